"""Loads torch's libraries so that an open OpenGL window does not bring them down."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from napari_sam_med.core.ports import Segmenter


def load_beside_gl(
    load: Callable[..., Segmenter], *arguments: Any, **options: Any
) -> Segmenter:
    """Load a model in a process that shows a viewer.

    Parameters
    ----------
    load : callable
        Returns the model and may import torch.
    *arguments, **options
        For ``load``.

    Notes
    -----
    ``OMP_WAIT_POLICY`` is read when torch is imported. Without PASSIVE its threads
    spin between two small operations, which makes a busy machine many times slower.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import_triton_apart()
    return load(*arguments, **options)


def import_triton_apart() -> None:
    """Import triton, if it is installed, with its own LLVM rather than Mesa's.

    Notes
    -----
    Mesa's OpenGL drivers bring a libLLVM whose symbols are global once a window is
    open. torchvision imports triton, whose LLVM is another version; its symbols would
    be resolved to Mesa's, and the process ends in a segmentation fault (found with
    napari 0.9.2, torch 2.15 and llvmpipe). ``RTLD_DEEPBIND`` lets a library prefer its
    own symbols; where it does not exist (macOS, Windows) neither does the clash.
    """
    deep = getattr(os, "RTLD_DEEPBIND", None)
    if deep is None or "triton" in sys.modules or find_spec("triton") is None:
        return
    before = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_NOW | deep)
    try:
        import_module("triton")
    finally:
        sys.setdlopenflags(before)
