"""The training loop: batches painted ahead in a process, checkpoints, a JSONL log."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader

from napari_sam_med.core.signals.ctrl_c import ctrl_c_held_back
from napari_sam_med.core.storage.atomic_files import write_text
from napari_sam_med.core.storage.run_lock import RunLock
from napari_sam_med.errors import FileWriteError
from napari_sam_med.models.nano.nano_network import build_nano, load_nano_state
from napari_sam_med.training import run_checkpoints
from napari_sam_med.training.batches import Batch, PaintedBatches
from napari_sam_med.training.config import MOST_STEPS, learning_rate, part_done
from napari_sam_med.training.logs import LOG_NAME, steps_in_log
from napari_sam_med.training.optimiser import MatrixOptimiser
from napari_sam_med.training.pool.pool_loop import run_pool
from napari_sam_med.training.run_checkpoints import RunState
from napari_sam_med.training.run_records import RunRecords, check_finite
from napari_sam_med.training.steps import Trainee, mixed_precision, step_losses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from napari_sam_med.training.config import TrainConfig
    from napari_sam_med.training.run_records import StepReport

STEP_STREAM = 3
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
PR_SET_PDEATHSIG = 1
AHEAD = 2


def train(
    config: TrainConfig,
    out_dir: Path,
    *,
    resume: bool = False,
    start_from: Path | None = None,
    on_step: Callable[[StepReport], None] | None = None,
) -> None:
    """Train nano.

    Parameters
    ----------
    config : TrainConfig
        The run; see `load_config` and `ending`.
    out_dir : pathlib.Path
        Gets ``checkpoint.pt`` and ``log.jsonl``.
    resume : bool
        Go on from the checkpoint in `out_dir`; without one, start.
    start_from : pathlib.Path, optional
        Safetensors with the weights to begin with instead of random ones; not asked
        for when a checkpoint is resumed.
    on_step : callable, optional
        Told of every logged step: of each one, or of some where a pool is used.

    Raises
    ------
    DatasetError
        If the processes that paint end, or this system has none of the kind.
    FileWriteError
        If `out_dir` holds a run and `resume` is false, or is no folder.
    RunError
        If another process trains in `out_dir`.
    FileReadError
        If the log of the run is damaged.
    CheckpointError
        If the checkpoint or the weights are damaged or another model's, or the run
        was begun with another seed or configuration, or gradients are no longer finite.
    """
    exists = check_folder(out_dir, resume=resume)
    _prepare_cpu(config.threads)
    precision = torch.get_float32_matmul_precision()
    if torch.cuda.is_available():
        torch.set_float32_matmul_precision("high")
    lock = RunLock(out_dir)
    try:
        state = _start(config, None if exists else start_from)
        if exists:
            run_checkpoints.restore(state, out_dir)
        out_dir.mkdir(parents=True, exist_ok=True)
        lock.take()
        check_folder(out_dir, resume=resume)  # another run may have begun meanwhile
        _trim_log(out_dir, state.step)
        _run(config, state, out_dir, on_step)
    finally:
        lock.release()
        # scipy's k-d trees never end, and crash, where the smallest numbers are 0
        torch.set_flush_denormal(False)
        torch.set_float32_matmul_precision(precision)


def check_folder(out_dir: Path, *, resume: bool) -> bool:
    """Refuse a folder that a run cannot begin, or go on, in.

    Parameters
    ----------
    out_dir : pathlib.Path
        Of the run.
    resume : bool
        Whether it is to go on.

    Returns
    -------
    bool
        Whether it holds a checkpoint.

    Raises
    ------
    FileWriteError
        If it is a file, cannot be made, or holds a run and `resume` is false.
    """
    if out_dir.exists() and not out_dir.is_dir():
        msg = f"{out_dir} is a file; give a folder for the run"
        raise FileWriteError(msg)
    above = (out_dir, *out_dir.absolute().parents)
    there = next(each for each in above if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        msg = f"{out_dir} cannot be written in {there}; give another folder"
        raise FileWriteError(msg)
    exists = (out_dir / run_checkpoints.NAME).exists()
    if exists and not resume:
        msg = f"{out_dir} holds another run; give --resume or another folder"
        raise FileWriteError(msg)
    return exists


def _prepare_cpu(threads: int) -> None:
    """Make small steps fast: no page faults, no denormals, few threads.

    glibc gives large tensors back to the kernel and faults them in again in every
    step, up to a third of the time; mallopt makes it keep them.
    """
    cv2.setNumThreads(1)
    torch.set_flush_denormal(True)
    if threads:
        torch.set_num_threads(threads)
    if sys.platform == "linux" and platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def _start(config: TrainConfig, weights: Path | None) -> RunState:
    """Build model and optimiser from the seed, or from weights."""
    torch.manual_seed(config.seed)
    trainee = Trainee(build_nano())
    if weights is not None:
        load_nano_state(trainee.sam, weights)
    if torch.cuda.is_available():
        trainee.cuda()
    trainee.sam.image_encoder.requires_grad_(config.train_encoder)
    optimiser = MatrixOptimiser(
        trainee.parameters(), config.learning_rate, config.weight_decay
    )
    return RunState.fresh(trainee, optimiser, config)


def _trim_log(out_dir: Path, step: int) -> None:
    """Drop log lines of steps that a kill has undone."""
    path = out_dir / LOG_NAME
    if not path.exists():
        return
    kept = [f"{line}\n" for at, line in steps_in_log(path) if at <= step]
    write_text(path, "".join(kept))


def _batches(config: TrainConfig, size: int, first: int) -> Iterable[Batch]:
    """Paint the batches from step `first` on, a little ahead, in processes.

    A thread would hold up the training's own Python by a sixth.
    """
    steps = range(first, MOST_STEPS if config.minutes else config.steps)
    return DataLoader(
        PaintedBatches(config, size),
        batch_size=None,
        sampler=steps,
        num_workers=config.painters,
        prefetch_factor=AHEAD,
        worker_init_fn=_end_with_parent,
    )


def _end_with_parent(_worker: int) -> None:
    """Have Linux end the painter when the training is killed, whatever it waits for."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _run(
    config: TrainConfig,
    state: RunState,
    out_dir: Path,
    on_step: Callable[[StepReport], None] | None,
) -> None:
    """Do the steps that are left, logging and saving on the way."""
    with (out_dir / LOG_NAME).open("a", encoding="utf-8") as log:
        records = RunRecords(config, out_dir, log, on_step)
        if config.pool:
            run_pool(config, state, records)
            return
        size = state.trainee.sam.image_encoder.img_size
        with ctrl_c_held_back():
            batches = iter(_batches(config, size, state.step))
        for batch in batches:
            if part_done(config, state.step, state.seconds) >= 1:
                break
            records.keep(state, _step(config, state, batch))


def _step(config: TrainConfig, state: RunState, batch: Batch) -> dict[str, float]:
    """Take one optimiser step."""
    started = time.perf_counter()
    rng = np.random.default_rng([config.seed, STEP_STREAM, state.step])
    rate = learning_rate(config, state.step, state.seconds)
    for group in state.optimiser.param_groups:
        group["lr"] = rate
    state.trainee.train()
    if state.step >= config.late_from:
        config = replace(config, loss=config.late_loss)
    with mixed_precision(state.trainee.sam, config):
        parts = step_losses(state.trainee, batch, config, rng)
    state.optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(parts["loss"])
    norm = torch.nn.utils.clip_grad_norm_(state.trainee.parameters(), config.clip_norm)
    check_finite(float(norm), state.step + 1)
    state.optimiser.step()
    state.step += 1
    state.follow(config.ema_decay)
    state.seconds += time.perf_counter() - started
    values = {name: round(float(value.detach()), 5) for name, value in parts.items()}
    return {
        **values,
        "norm": round(float(norm), 4),
        "rate": rate,
        "seconds": round(state.seconds, 2),
    }
