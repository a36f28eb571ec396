"""Where a network runs, and in which precision its encoder computes."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from napari_sam_med.errors import ModelError
from napari_sam_med.models.load_options import check_device_name

PRECISIONS = ("fp32", "bf16", "auto")


def device_from_name(name: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda`` (or ``cuda:1``) or ``mps`` into a device.

    Parameters
    ----------
    name : str
        ``auto`` takes the first of CUDA, Apple's MPS and the CPU that is there.

    Returns
    -------
    torch.device

    Raises
    ------
    ModelError
        If the name is another, or this machine has no such device.
    """
    check_device_name(name)
    kind = name.partition(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available()}
    there["mps"] = torch.backends.mps.is_available()
    if kind == "auto":
        return torch.device(next(k for k in ("cuda", "mps", "cpu") if there[k]))
    if not there[kind]:
        msg = f"device '{name}' is not on this machine; give 'auto' or 'cpu'"
        raise ModelError(msg)
    return torch.device(name)


def encoder_precision(
    precision: str, device: torch.device
) -> AbstractContextManager[object]:
    """Context in which an image encoder runs.

    Parameters
    ----------
    precision : str
        ``fp32``; ``bf16``: autocast to bfloat16; ``auto``: bfloat16 on CUDA devices
        that have it, else float32.
    device : torch.device
        Where the encoder runs.

    Raises
    ------
    ModelError
        If the precision is another.
    """
    if precision not in PRECISIONS:
        msg = f"precision '{precision}'; give one of {', '.join(PRECISIONS)}"
        raise ModelError(msg)
    if precision == "auto":
        fast = device.type == "cuda" and torch.cuda.is_bf16_supported()
        precision = "bf16" if fast else "fp32"
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)
