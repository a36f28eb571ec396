"""A person at the real program: mouse and keys go where the screen shows things."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import napari
import numpy as np
from qtpy.QtCore import QEvent, QModelIndex, QPoint, QPointF, Qt, QTimer
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QScrollArea,
    QTableWidget,
    QWidget,
)

from napari_sam_med.gui.prompting.views.prompts_view import PromptsView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
PATIENCE_S = 120.0
GLANCE_MS = 25
NOTCH = 120
TICK_PX = 9
DIALOG_MS = 500


class LostError(Exception):
    """The person does not find what the program should show."""


class Person:
    """Hands and eyes; knows nothing of what is behind the screen."""

    def __init__(self) -> None:
        (self.view,) = self._views()
        self.window = self.view.window()
        (self.canvas,) = self.window.findChildren(QOpenGLWidget)
        self.window.activateWindow()
        self.wait(lambda: self.view.status.phase in ("ready", "idle"))

    @classmethod
    def can_begin(cls) -> bool:
        return any(each.isVisible() for each in cls._views())

    @staticmethod
    def _views() -> list[PromptsView]:
        return [
            each for each in QApplication.allWidgets() if isinstance(each, PromptsView)
        ]

    @property
    def viewer(self) -> napari.Viewer:
        return napari.current_viewer()

    @property
    def told(self) -> str:
        return self.view.status.text.text()

    # eyes

    def wait(self, seen: Callable[[], object], what: str = "") -> None:
        until = time.monotonic() + PATIENCE_S
        while not seen():
            if time.monotonic() > until:
                raise LostError(what)
            QTest.qWait(GLANCE_MS)

    def wait_for(self, text: str) -> None:
        self.wait(lambda: text in self.told, f"{text} is not told, but {self.told}")

    # hands

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
        """Hit a key: whatever has the focus gets it."""
        target = QApplication.focusWidget() or self.window.focusWidget()
        if target is None:
            msg = "no widget has the focus"
            raise LostError(msg)
        QTest.keyClick(target, key, modifier)
        QTest.qWait(GLANCE_MS)

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """Click on what is seen there, after scrolling to it."""
        self.scroll_to(widget)
        where = widget.mapToGlobal(widget.rect().center() if at is None else at)
        hit = QApplication.widgetAt(where)
        if hit is None or not (hit is widget or widget.isAncestorOf(hit)):
            msg = f"{hit} lies over {widget}"
            raise LostError(msg)
        if not hit.isEnabled():
            msg = f"{widget} is grey: {self.told}"
            raise LostError(msg)
        QTest.mouseClick(hit, LEFT, NONE, hit.mapFromGlobal(where))
        QTest.qWait(GLANCE_MS)

    def scroll_to(self, widget: QWidget) -> None:
        """Roll the wheel over the dock until a widget is in sight."""
        self.wait(widget.isVisible, f"{widget} does not come in sight; {self.told}")
        area = widget.parent()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parent()
        for _ in range(100):
            if area is None:
                return
            port = area.viewport()
            place = port.mapFromGlobal(widget.mapToGlobal(widget.rect().center()))
            if port.rect().adjusted(0, 8, 0, -8).contains(place):
                return
            self._roll(area, NOTCH if place.y() < 8 else -NOTCH)
        msg = f"{widget} at {place} cannot be scrolled to"
        raise LostError(msg)

    def _roll(self, area: QScrollArea, angle: int) -> None:
        """Turn the wheel over the scroll bar of a part of the screen."""
        bar = area.verticalScrollBar()
        at = QPointF(bar.rect().center())
        event = QWheelEvent(
            at,
            QPointF(bar.mapToGlobal(at.toPoint())),
            QPoint(),
            QPoint(0, angle),
            Qt.MouseButton.NoButton,
            NONE,
            Qt.ScrollPhase.NoScrollPhase,
            False,  # noqa: FBT003
        )
        QApplication.sendEvent(bar, event)
        QTest.qWait(GLANCE_MS)

    def choose(self, box: QComboBox, text: str) -> None:
        """Open a list and click on one of its lines."""
        self.click(box)
        lines = box.view()
        self.wait(lines.isVisible, f"{box} does not open")
        # Qt takes a quick second click for the end of the first
        QTest.qWait(QApplication.doubleClickInterval() + 100)
        line = lines.model().index(box.findText(text), 0)
        lines.scrollTo(line)
        QTest.qWait(GLANCE_MS)
        place = lines.visualRect(line).center()
        QTest.mouseClick(lines.viewport(), LEFT, NONE, place)
        self.wait(lambda: box.currentText() == text, f"{text} is not chosen")

    def click_on_cell(self, table: QTableWidget, row: int, column: int) -> None:
        self._click_in(table, row, column, 0.5)

    def click_on_tick(self, table: QTableWidget, row: int, column: int) -> None:
        """Click on a tick, which stands at the left of its cell."""
        self._click_in(table, row, column, 0.0)

    def _click_in(self, table: QTableWidget, row: int, column: int, part: float):
        self.scroll_to(table)
        item = table.item(row, column)
        table.scrollToItem(item)
        cell = table.visualItemRect(item)
        x = cell.left() + max(TICK_PX, round(part * cell.width()))
        QTest.mouseClick(
            table.viewport(), LEFT, NONE, QPoint(x, round(cell.center().y()))
        )
        QTest.qWait(GLANCE_MS)

    def click_on_line(self, lines: QAbstractItemView, index: QModelIndex) -> None:
        lines.scrollTo(index)
        place = lines.visualRect(index).center()
        QTest.mouseClick(lines.viewport(), LEFT, NONE, place)
        QTest.qWait(GLANCE_MS)

    # the canvas

    def hover(self, place: QPoint, buttons: Qt.MouseButton = Qt.MouseButton.NoButton):
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(place),
            QPointF(self.canvas.mapToGlobal(place)),
            Qt.MouseButton.NoButton,
            buttons,
            NONE,
        )
        QApplication.sendEvent(self.canvas, event)
        QTest.qWait(GLANCE_MS)
        QApplication.processEvents()  # a busy machine may have slept through the wait

    def places(self, drawn: Sequence[Sequence[float]]) -> list[QPoint]:
        """Find what is drawn at (n, 2) world positions: the cursor tells its own."""
        size = self.canvas.size()
        probes = [QPoint(x, y) for x, y in ((20, 20), (size.width() - 20, 20))]
        probes.append(QPoint(20, size.height() - 20))
        axes = list(self.viewer.dims.displayed)
        self.hover(self.canvas.rect().center())
        seen = [self._seen_at(probe)[axes] for probe in probes]
        pixels = np.array([(each.x(), each.y()) for each in probes], dtype=float)
        known = np.column_stack([np.array(seen), np.ones(3)])
        onto = np.linalg.solve(known, pixels)
        found = [np.append(np.array(each), 1.0) @ onto for each in drawn]
        return [QPoint(round(x), round(y)) for x, y in found]

    def _seen_at(self, place: QPoint) -> np.ndarray:
        """Move the mouse, and read where it is once napari has noticed."""
        before = tuple(self.viewer.cursor.position)

        def noticed() -> bool:
            self.hover(place)
            return tuple(self.viewer.cursor.position) != before

        self.wait(noticed, "the cursor does not move")
        QTest.qWait(GLANCE_MS)
        return np.array(self.viewer.cursor.position)

    def click_at(
        self, drawn: Sequence[float], modifier: Qt.KeyboardModifier = NONE
    ) -> None:
        (place,) = self.places([drawn])
        QTest.mouseClick(self.canvas, LEFT, modifier, place)
        QTest.qWait(GLANCE_MS)

    def drag(self, drawn: Sequence[Sequence[float]]) -> None:
        """Press at the first place, move over the others, let go at the last."""
        start, *others = self.places(drawn)
        self.hover(start)
        QTest.mousePress(self.canvas, LEFT, NONE, start)
        before = start
        for place in others:
            for part in (0.25, 0.5, 0.75, 1.0):
                step = QPointF(before) + QPointF(place - before) * part
                self.hover(step.toPoint(), LEFT)
            before = place
        QTest.mouseRelease(self.canvas, LEFT, NONE, before)
        QTest.qWait(GLANCE_MS)

    def save_as(self, button: QWidget, path: str) -> None:
        """Type a name into the dialog that a button opens, and confirm."""
        self.scroll_to(button)
        QTimer.singleShot(DIALOG_MS, lambda: self._fill(path))
        self.click(button)

    def _fill(self, path: str) -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, QFileDialog):
            msg = f"{dialog} is no dialog for files"
            raise LostError(msg)
        field = dialog.findChild(QLineEdit, "fileNameEdit")
        field.selectAll()
        QTest.keyClicks(field, path)
        QTest.keyClick(field, Qt.Key.Key_Return)
