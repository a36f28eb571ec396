"""Whether bfloat16 makes SAM's vision transformers faster here: measured, remembered.

Instructions alone do not tell: some processors have them and gain nothing.
"""

from __future__ import annotations

import json
import platform
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from segment_anything.modeling.image_encoder import Block

from napari_sam_med.core.storage.atomic_files import write_text
from napari_sam_med.errors import FileWriteError
from napari_sam_med.models.cache_folder import cache_folder
from napari_sam_med.models.sam.encoding.vit_encoding import block_output

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY = "precision.json"
# A block of ViT-B on a quarter of its tokens: a second for all rounds on two cores.
WIDTH, HEADS, SIDE = 768, 12, 32
ROUNDS = 3
# Digits are not given up for less than a fifth of the time.
WORTH = 0.8


def bfloat16_pays(measure: Callable[[], dict[str, float]] | None = None) -> bool:
    """Say whether this processor encodes faster in bfloat16.

    Parameters
    ----------
    measure : callable, optional
        Gives seconds by precision, ``fp32`` and ``bf16``; by default a transformer
        block is timed in both.

    Returns
    -------
    bool
        False without measuring if the processor has no such instructions.
        Measured once for each processor, release of torch and number of threads; the
        seconds stand in ``precision.json`` in the cache folder.
    """
    if measure is None:
        if not torch.ops.mkldnn._is_mkldnn_bf16_supported():  # noqa: SLF001
            return False
        measure = measured_seconds
    path, here = cache_folder() / MEMORY, _machine()
    known = _remembered(path)
    if here not in known:
        known[here] = measure()
        # where nothing can be written it is measured again next time
        with suppress(FileWriteError, OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, json.dumps(known, indent=2) + "\n")
    return known[here]["bf16"] <= WORTH * known[here]["fp32"]


def measured_seconds() -> dict[str, float]:
    """Time a transformer block in both precisions, in turn.

    Returns
    -------
    dict
        Seconds by ``fp32`` and ``bf16``, the least of three after one to warm up.
    """
    block = Block(WIDTH, HEADS, use_rel_pos=True, input_size=(SIDE, SIDE)).eval()
    tokens = torch.randn(1, SIDE, SIDE, WIDTH, generator=torch.Generator())
    times: dict[str, list[float]] = {"fp32": [], "bf16": []}
    with torch.inference_mode():
        for _ in range(1 + ROUNDS):
            for name, seconds in times.items():
                start = time.perf_counter()
                with torch.autocast("cpu", torch.bfloat16, enabled=name == "bf16"):
                    block_output(block, tokens)
                seconds.append(time.perf_counter() - start)
    return {name: min(seconds[1:]) for name, seconds in times.items()}


def _machine() -> str:
    processor = platform.processor() or platform.machine()
    with suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8") as file:
        named = (line for line in file if line.startswith("model name"))
        processor = next(named, processor).partition(":")[2].strip() or processor
    return f"{processor}, torch {torch.__version__}, {torch.get_num_threads()} threads"


def _remembered(path: Path) -> dict[str, dict[str, float]]:
    """Read what was measured; a damaged file is measured anew."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: seconds for name, seconds in found.items() if _is_whole(seconds)}


def _is_whole(seconds: object) -> bool:
    return isinstance(seconds, dict) and all(
        isinstance(seconds.get(name), int | float) for name in ("fp32", "bf16")
    )
