"""How much memory there is, asked before a header is believed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from napari_sam_med.errors import ImageError
from napari_sam_med.io.formats import shown

_MEMINFO = Path("/proc/meminfo")


def check_memory(n_bytes: int, path: Path) -> None:
    """Refuse an image that this machine cannot hold.

    Parameters
    ----------
    n_bytes : int
        What reading it takes.
    path : Path
        For the message.

    Raises
    ------
    ImageError
        If less is free.
    """
    free = _free_bytes()
    if free is not None and n_bytes > free:
        msg = (
            f"{shown(path)} needs {n_bytes / 1e9:.3g} GB of memory, {free / 1e9:.3g} "
            "GB are free; close other programs, crop the image or save it smaller"
        )
        raise ImageError(msg)


def empty_bytes(n_bytes: int, path: Path) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Make room for an image's bytes.

    Parameters
    ----------
    n_bytes : int
        How many.
    path : Path
        For the message.

    Returns
    -------
    (n_bytes,) uint8
        Not initialised.

    Raises
    ------
    ImageError
        If the memory is not there.
    """
    check_memory(n_bytes, path)
    try:
        return np.empty(n_bytes, np.uint8)
    except (MemoryError, ValueError) as error:
        raise ImageError(no_memory(path)) from error


def no_memory(path: Path) -> str:
    """Say that an image did not fit, where the allocation itself failed."""
    return (
        f"{shown(path)} needs more memory than is free; close other programs, crop the "
        "image or save it smaller"
    )


def _free_bytes() -> int | None:
    """Ask Linux; elsewhere all of the memory; None if the system does not tell."""
    try:
        text = _MEMINFO.read_text("ascii")
    except OSError:
        text = ""
    found = re.search(r"MemAvailable:\s*(\d+) kB", text)
    return int(found[1]) * 1024 if found else _whole_memory()


def _whole_memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):  # Windows has no sysconf
        return None
