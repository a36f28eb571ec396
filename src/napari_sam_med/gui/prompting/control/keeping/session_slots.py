"""Whom the keeping of sessions asks for what is not its own."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from napari.layers import Labels

from napari_sam_med.session.background.messages import Task


@dataclass(frozen=True, slots=True, eq=False)
class SessionSlots:
    """Whom ``SessionActions`` asks.

    Parameters
    ----------
    guard : callable
        Does something, tells of an error of ours, and draws what may have changed.
    go_to : callable
        Shows another slice of the orientation that is shown.
    show_objects : callable
        Brings what is said of objects to a Labels layer, given labels that it holds.
    post : callable
        Takes tasks for another thread.
    """

    guard: Callable[[Callable[[], None]], None]
    go_to: Callable[[int], None]
    show_objects: Callable[[Labels, Collection[int]], None]
    post: Callable[[Task], None]
