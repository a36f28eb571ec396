"""The training loop over a pool: take scenes over, draw, step, look now and then."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_sam_med.training.config import learning_rate, part_done
from napari_sam_med.training.painting.phantoms import generate_all
from napari_sam_med.training.pool.painter_rings import IDLE_SECONDS, PainterRings
from napari_sam_med.training.pool.pool_steps import BOXES, PoolStep, draw_variant
from napari_sam_med.training.pool.scene_pool import ScenePool
from napari_sam_med.training.run_records import check_finite

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from napari_sam_med.training.config import TrainConfig
    from napari_sam_med.training.run_checkpoints import RunState
    from napari_sam_med.training.run_records import RunRecords

VARIANT_STREAM = 4
# Values stay on a GPU so long: to look at one waits for all that was asked before.
LOOK_EVERY = 50
# Scenes to begin with, in batches: fewer would be seen too often at first.
FIRST_BATCHES = 24


def run_pool(config: TrainConfig, state: RunState, records: RunRecords) -> None:
    """Do the steps that are left.

    Parameters
    ----------
    config : TrainConfig
        The run; its `pool` is not 0.
    state : RunState
        Changed in place.
    records : RunRecords
        Hears of each step on a CPU, of every fiftieth on a GPU.

    Raises
    ------
    CheckpointError
        If gradients are no longer finite.
    DatasetError
        If a painter has died.
    FileWriteError
        If the disk does not take what is recorded.
    """
    sam = state.trainee.sam
    device, size = torch.device(sam.device), int(sam.image_encoder.img_size)
    torch.manual_seed(config.seed + state.step)
    stream = _own_stream(device)
    seed = (config.seed, state.step)
    if device.type == "cuda":
        generate_all(config.painters)
    with stream, PainterRings(config.painters, size, seed) as rings:
        pool = ScenePool(size, config.pool, device)
        _fill(pool, rings, min(FIRST_BATCHES * config.images, pool.most))
        stepper = PoolStep(config, state)
        before = state.seconds
        started = time.perf_counter()
        while part_done(config, state.step, state.seconds) < 1:
            _fill(pool, rings, 1)
            rng = np.random.default_rng([config.seed, VARIANT_STREAM, state.step])
            drawn = pool.draw(config.images, config.prompts, BOXES)
            rate = learning_rate(config, state.step, state.seconds)
            variant = draw_variant(config, rng, state.step)
            state.trainee.train()
            found = stepper.take(drawn, variant, rate)
            state.step += 1
            state.follow(config.ema_decay)
            state.seconds = before + time.perf_counter() - started
            over = part_done(config, state.step, state.seconds) >= 1
            if over or device.type == "cpu" or state.step % LOOK_EVERY == 0:
                _look(state, records, found, {"rate": rate, "scenes": pool.seen})


def _own_stream(device: torch.device) -> AbstractContextManager[object]:
    """Give a stream on which graphs can be captured; the default one takes none."""
    if device.type != "cuda":
        return nullcontext()
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    return torch.cuda.stream(stream)


def _fill(pool: ScenePool, rings: PainterRings, least: int) -> None:
    """Take over what is painted, and wait until there are enough scenes."""
    while True:
        for scenes in rings.fresh():
            pool.take(scenes)
        if pool.seen >= least:
            return
        time.sleep(IDLE_SECONDS)


def _look(
    state: RunState,
    records: RunRecords,
    found: torch.Tensor,
    values: dict[str, float],
) -> None:
    """Record a step with its values."""
    loss, iou, corrected, norm = (round(value, 5) for value in found.tolist())
    check_finite(loss + norm, state.step)
    known = {"loss": loss, "iou": iou, "iou_corrected": corrected, "norm": norm}
    records.keep(state, {**known, **values, "seconds": round(state.seconds, 2)})
