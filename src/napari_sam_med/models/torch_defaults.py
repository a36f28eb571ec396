"""What torch computes with, whatever the program around us has set."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = ("cpu", "cuda", "mps")
"""Of devices that autocast may be on for."""

# A forked process has none of the threads that torch computes with, and would wait for
# them for ever; torch's own loaders of data set the same in theirs.
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))


class _SharedDefault:
    """The default type, which all threads of a process share, held while one computes.

    The first to come changes it and the last to go puts it back: one that came between
    would otherwise find the other's, and lose it on the way.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._count = 0
        self._before = torch.float32

    @contextmanager
    def held(self) -> Iterator[None]:
        """Compute with float32 meanwhile."""
        with self._lock:
            if not self._count:
                self._before = torch.get_default_dtype()
                _set_default(torch.float32)
            self._count += 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1
                if not self._count:
                    _set_default(self._before)


_DEFAULT = _SharedDefault()


@contextmanager
def as_torch_begins() -> Iterator[None]:
    """Load or ask a model with float32, no autocast and no default device.

    A program may set all three for its own networks. Ours would fail with them, or
    answer with other masks.
    """
    with ExitStack() as stack:
        stack.enter_context(_DEFAULT.held())
        for kind in KINDS:
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        yield


def _set_default(dtype: torch.dtype) -> None:
    if torch.get_default_dtype() != dtype:
        torch.set_default_dtype(dtype)
