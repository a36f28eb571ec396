"""From a checkpoint to the weights that ship."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from safetensors.torch import save as serialised

from napari_sam_med.core.storage.atomic_files import replacing
from napari_sam_med.training import run_checkpoints

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "sam."


def export(run_dir: Path, path: Path) -> dict[str, str]:
    """Write the averaged weights of a run in half precision.

    Parameters
    ----------
    run_dir : pathlib.Path
        Folder of a run, with its checkpoint.
    path : pathlib.Path
        Safetensors file to write; an old one is replaced in one move.

    Returns
    -------
    dict of str to str
        The metadata in the file: model, steps, parameters.

    Raises
    ------
    CheckpointError
        If there is no checkpoint, or it is damaged.
    FileWriteError
        If the disk does not take the file; an old one is then as it was.
    """
    stored = run_checkpoints.read(run_dir)
    state = {
        name.removeprefix(PREFIX): value.to(torch.float16).contiguous()
        for name, value in stored["average"].items()
        if name.startswith(PREFIX)
    }
    metadata = {
        "model": "nano",
        "steps": str(stored["step"]),
        "parameters": str(sum(value.numel() for value in state.values())),
    }
    with replacing(path) as part:
        part.write_bytes(serialised(state, metadata=metadata))
    return metadata
