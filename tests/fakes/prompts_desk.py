"""What tests of the dock "SAM Prompts" share: a viewer, driven by mouse and keys."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from fakes.patient_bot import PATIENCE_MS
from napari_sam_med.gui.docks import make_prompts_dock
from napari_sam_med.session.background.serial_worker import WorkerClient
from napari_sam_med.session.background.services import Services

SHAPE = (12, 60, 80)
SCALE = (5.0, 0.8, 0.8)
ORDERS = {0: (0, 1, 2), 1: (1, 0, 2), 2: (2, 0, 1)}
LOAD_MS = 120_000
LAST = 1000  # a job of this rank is done when there is no other
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class PromptsDesk:
    """A viewer with an image and the dock; mouse and keys as people use them."""

    def __init__(self, viewer, qtbot, shelf, place=None) -> None:
        self.viewer, self.qtbot = viewer, qtbot
        window = viewer.window._qt_window
        if window.isVisible():  # napari's fixture goes on before it is on the screen
            assert QTest.qWaitForWindowExposed(window, PATIENCE_MS)
        self.services = Services()
        # no two slices alike, which would share one embedding
        array = np.linspace(0, 1, np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
        self.image = viewer.add_image(
            array, name="ct", contrast_limits=(0, 1), **(place or {"scale": SCALE})
        )
        self.view = make_prompts_dock(viewer, shelf, self.services)
        viewer.window.add_dock_widget(self.view, name="SAM Prompts")
        self.session = self.view.controller.session
        qtbot.waitUntil(lambda: self.session.model is not None, timeout=LOAD_MS)

    @property
    def canvas(self):
        return self.viewer.window._qt_viewer.canvas.native

    def go_to(self, axis: int, index: int) -> None:
        self.viewer.dims.order = ORDERS[axis]
        self.viewer.dims.set_current_step(axis, index)
        self.viewer.reset_view()
        QApplication.processEvents()

    def click(self, modifier=NONE, off=(0, 0)) -> None:
        place = self.canvas.rect().center() + QPoint(*off)
        QTest.mouseClick(self.canvas, LEFT, modifier, place)
        self.settle()

    def drag(self, start, end) -> None:
        start, end = np.array(start), np.array(end)
        self.draw([start, *(start + (end - start) * k for k in (0.3, 0.6, 1.0))])

    def draw(self, offsets, modifier=NONE) -> None:
        """Press at the first place, move through the others, and let go."""
        centre = QPointF(self.canvas.rect().center())
        places = [centre + QPointF(*map(float, each)) for each in offsets]
        QTest.mousePress(self.canvas, LEFT, modifier, places[0].toPoint())
        for place in places[1:]:
            self.move(place, modifier)
        QTest.mouseRelease(self.canvas, LEFT, modifier, places[-1].toPoint())
        self.settle()

    def move(self, place, modifier=NONE) -> None:
        """Move with the left button pressed, and wait until napari has heard of it.

        napari hears one move in 5 ms, the last of those that came.
        """
        self.slide(place, modifier)
        QTest.qWait(15)
        QApplication.processEvents()  # a busy machine may have slept through the wait

    def slide(self, place, modifier=NONE) -> None:
        """Move with the left button pressed, which QTest.mouseMove does not carry."""
        place = QPointF(place)
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            place,
            QPointF(self.canvas.mapToGlobal(place.toPoint())),
            Qt.MouseButton.NoButton,
            LEFT,
            modifier,
        )
        QApplication.sendEvent(self.canvas, event)

    def key(self, key, modifier=NONE) -> None:
        QTest.keyClick(self.canvas, key, modifier)
        self.settle()

    def settle(self) -> None:
        QApplication.processEvents()
        drawing = self.view.controller.drawing
        self.qtbot.waitUntil(lambda: drawing.is_done)

    def rest(self) -> None:
        """Wait until no thread has anything to do, and all that came is taken over."""
        rest(self.services, self.qtbot)
        self.settle()

    def wait_for_candidates(self, timeout: int = PATIENCE_MS) -> None:
        self.qtbot.waitUntil(
            lambda: self.session.is_fresh and self.view.controller.drawing.is_done,
            timeout=timeout,
        )

    def choose_model(self, name: str) -> None:
        box = self.view.source.models
        box.showPopup()
        lines = box.view()
        line = lines.model().index(box.findData(name), 0)
        # by the keyboard: a pointer that rests on the list may change the line
        lines.setCurrentIndex(line)
        QTest.keyClick(lines, Qt.Key.Key_Return)
        QApplication.processEvents()
        assert box.key == name

    def shows(self, widget) -> bool:
        """Whether it would be seen; tests' windows are never on the screen."""
        return widget.isVisibleTo(self.view)

    def press(self, button) -> None:
        """Press a button once all is drawn, which a person waits for as well."""
        self.settle()
        assert self.shows(button)
        assert button.isEnabled()
        QTest.mouseClick(button, LEFT)
        self.settle()

    def send(self, signal, *values) -> None:
        """Do what a button does, and wait until all is drawn."""
        signal.emit(*values)
        self.settle()

    def wait_for_model(self, name: str, timeout: int = PATIENCE_MS) -> None:
        self.qtbot.waitUntil(
            lambda: getattr(self.session.model, "name", "") == name, timeout=timeout
        )
        self.settle()

    @property
    def told(self) -> str:
        return self.view.status.text.text()


def rest(services, qtbot) -> None:
    """Wait until threads have done what was asked of them, and all has been heard."""
    for worker in (services.models.worker, services.files, services.sessions):
        ends = []
        client = WorkerClient(worker, ends.append)
        client.open()
        client.submit(lambda: None, "rest", rank=LAST)
        qtbot.waitUntil(lambda ends=ends: bool(ends))
        client.close()
    QApplication.processEvents()
