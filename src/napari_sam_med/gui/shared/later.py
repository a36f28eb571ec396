"""What must wait for another turn of Qt's loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from napari.components import ViewerModel
from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QWidget

SHORT_S = 0.002
"""A step that took longer has drawn something, which is painted before the next one."""


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


class Turns:
    """Does several things one after the other, in turns of Qt's loop that stay short.

    Between two turns the window draws and hears the mouse. A step that finds nothing to
    do shares a turn with the next one.

    Parameters
    ----------
    parent : QObject
        Takes the timer with it when it goes.
    steps : sequence of callable
        What is done, in this order.
    """

    def __init__(self, parent: QObject, steps: Sequence[Callable[[], None]]) -> None:
        self._steps = tuple(steps)
        self._to_come: list[Callable[[], None]] = []
        self._is_asked_again = False
        self._timer = later(parent, 0, self._on_turn)
        self._waits = False

    def add(self, step: Callable[[], None]) -> None:
        """Do something more each time, after all others."""
        self._steps = (*self._steps, step)

    @property
    def is_done(self) -> bool:
        """Whether no step is still to come."""
        return not self._to_come and not self._is_asked_again

    def start(self, wait_ms: int = 0) -> None:
        """Do all steps from the next turn on; once more after those under way.

        Parameters
        ----------
        wait_ms : int
            Milliseconds before the first step, unless ``start`` is called without it
            before they are over.
        """
        if self._to_come and not self._waits:
            self._is_asked_again = True
            return
        self._to_come = list(self._steps)
        self._waits = wait_ms > 0
        self._timer.start(wait_ms)

    def run(self) -> None:
        """Do all steps now."""
        self.stop()
        for step in self._steps:
            step()

    def stop(self) -> None:
        """Leave the steps that are still to come."""
        self._timer.stop()
        self._to_come = []
        self._is_asked_again = self._waits = False

    def _on_turn(self) -> None:
        begun = time.perf_counter()
        self._waits = False
        while self._to_come:
            step = self._to_come.pop(0)
            if self._to_come:
                self._timer.start(0)
            elif self._is_asked_again:
                self._is_asked_again = False
                self.start()
            step()
            # asked after a step: on a busy machine no time may be left before the first
            if time.perf_counter() - begun >= SHORT_S:
                break


def soon(act: Callable[[], None]) -> None:
    """Do something in the next turn, whoever is gone by then."""
    QTimer.singleShot(0, act)


def paint_in_next_turn(window: QWidget) -> None:
    """Leave a window as it is seen until the next turn, which paints all of it.

    For what takes tens of milliseconds by itself: without a graphics card painting
    takes as long again, and in between the window hears the mouse.
    """
    window.setUpdatesEnabled(False)
    timer = later(window, 0, lambda: window.setUpdatesEnabled(True))
    timer.timeout.connect(timer.deleteLater)
    timer.start()


def remove_layers(viewer: ViewerModel, layers: Sequence[Layer]) -> None:
    """Take layers out of a viewer, in one turn; those that are gone are left out.

    napari 0.9 crashes if it draws after its lowest layer went and the new lowest one
    goes then, so that layers that belong together have to go before the next drawing.
    """
    for layer in layers:
        if layer in viewer.layers:
            viewer.layers.remove(layer)
