"""From a few slices to a volume: start, stop, accept, discard."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from napari_sam_med.core.storage.documents import OPEN
from napari_sam_med.gui.prompting.views.rows.key_tips import KeyTip
from napari_sam_med.gui.prompting.views.write_bar import ACCEPT_STYLE
from napari_sam_med.gui.shared.widgets.activity import Activity
from napari_sam_med.gui.shared.widgets.forms import Choice, form_of, setting


class PropagateRange(StrEnum):
    """How far an object is followed."""

    WHOLE = "whole"
    UP = "up"
    DOWN = "down"
    HERE = "here"


class PropagateMethod(StrEnum):
    """How an object is followed."""

    PROJECTION = "projection"
    VIDEO = "video"
    INTERPOLATION = "interpolation"


RANGES = {
    PropagateRange.WHOLE: Choice("whole volume", "Both ways from the prompted slices"),
    PropagateRange.UP: Choice("up", "To higher slice numbers only"),
    PropagateRange.DOWN: Choice("down", "To lower slice numbers only"),
    PropagateRange.HERE: Choice(
        "to this slice", "Between the prompted slices and the one you see, not beyond"
    ),
}
METHODS = {
    PropagateMethod.PROJECTION: Choice(
        "projection", "Each slice is prompted from its neighbour's mask; any model"
    ),
    PropagateMethod.VIDEO: Choice("video", "For models that follow an object"),
    PropagateMethod.INTERPOLATION: Choice(
        "interpolation", "Between given slices, by their shapes alone"
    ),
}
STOPS = {"method": PropagateMethod.PROJECTION, "stops": True}


@dataclass(frozen=True, slots=True)
class PropagateForm:
    """How an object is followed; a field with a `setting` is a line of the form."""

    __pydantic_config__ = OPEN

    reach: PropagateRange = field(
        default=PropagateRange.WHOLE,
        metadata=setting("Range", "How far", choices=RANGES),
    )
    method: PropagateMethod = field(
        default=PropagateMethod.PROJECTION,
        metadata=setting("Method", "How", choices=METHODS),
    )
    stops: bool = field(
        default=True,
        metadata=setting(
            "Stop where the object ends",
            "Off: go on to the end of the range",
            needs={"method": PropagateMethod.PROJECTION},
        ),
    )
    least_score: float = field(
        default=0.35,
        metadata=setting(
            "Stop below score", "Predicted IoU", most=1, step=0.05, needs=STOPS
        ),
    )


class PropagateBar(QWidget):
    """A button that starts and stops, two that decide, and a form."""

    start_requested = Signal()
    stop_requested = Signal()
    accept_requested = Signal()
    discard_requested = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.is_running = False
        self.activity = Activity("Propagating", self)
        self.start = _button(
            "Propagate", propagate="Follow this object through the volume, as a preview"
        )
        self.accept = _button("Accept", accept="Write the preview, one step of undo")
        self.accept.setStyleSheet(ACCEPT_STYLE)
        self.discard = _button("Discard", discard="Throw the preview away")
        self.form = form_of(PropagateForm)
        self.options = QToolButton()
        self.options.setArrowType(Qt.ArrowType.DownArrow)
        self.options.setCheckable(True)
        self.options.setToolTip("Range, method and stop rule")
        self.options.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.options.toggled.connect(self.form.native.setVisible)
        self.form.native.setVisible(False)
        line = QHBoxLayout()
        line.setSpacing(3)
        for button in (self.start, self.accept, self.discard):
            line.addWidget(button, 1)
        line.addWidget(self.options)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(line)
        layout.addWidget(self.form.native)
        self.start.clicked.connect(self._on_start)
        self.accept.clicked.connect(self.accept_requested)
        self.discard.clicked.connect(self.discard_requested)

    @property
    def settings(self) -> PropagateForm:
        """How the object is to be followed."""
        return self.form.get_value()

    def set_state(self, *, can_start: bool, is_running: bool, slices: int) -> None:
        """Show whether it runs, and how many slices wait for a decision."""
        self.is_running = is_running
        if is_running:
            self.activity.show(slices, 0)
        else:
            self.activity.end()
        self.start.setText("Stop" if is_running else "Propagate")
        self.start.setEnabled(can_start or is_running)
        waits = slices > 0 and not is_running
        for button in (self.accept, self.discard):
            button.setVisible(waits)
        self.accept.setText(f"Accept {slices}")

    def _on_start(self) -> None:
        (self.stop_requested if self.is_running else self.start_requested).emit()


def _button(text: str, **tips: str) -> QPushButton:
    button = QPushButton(text)
    KeyTip(button, **tips)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
