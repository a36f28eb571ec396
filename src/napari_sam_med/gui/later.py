"""What must wait for another turn of Qt's loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import napari
from napari.components import ViewerModel
from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer


def later(parent: QObject, wait_ms: int, act: Callable[[], None]) -> QTimer:
    """Make a timer that acts once, ``wait_ms`` after it was started last.

    Parameters
    ----------
    parent : QObject
        Takes the timer with it when it goes.
    wait_ms : int
        Milliseconds; 0 for the next turn.
    act : callable
        What is done.
    """
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(wait_ms)
    timer.timeout.connect(act)
    return timer


def soon(act: Callable[[], None]) -> None:
    """Do something in the next turn, whoever is gone by then."""
    QTimer.singleShot(0, act)


def remove_if_open(viewer: ViewerModel, layers: Sequence[Layer]) -> None:
    """Take layers out of a viewer; one that is closing is left alone."""
    if napari.current_viewer() is not viewer:
        return
    for layer in layers:
        if layer in viewer.layers:
            viewer.layers.remove(layer)
