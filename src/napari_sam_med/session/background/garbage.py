"""When Python looks for objects that only hold one another."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MANY_MODULES = 100
"""torch alone brings a thousand modules; a model of a family that is loaded, none."""


@contextmanager
def one_collection() -> Iterator[None]:
    """Import what is imported inside with one garbage collection at the end.

    Python looks through all objects whenever their number has grown by a quarter. With
    torch in memory, 600,000 objects, this stops all threads for a third of a second:
    four times during a first load, and once more at any later moment, such as while an
    object is followed through a volume.
    """
    if not gc.isenabled():
        yield
        return
    before = len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        if len(sys.modules) - before >= MANY_MODULES:
            gc.collect()
