"""Which prompts the next benchmark run simulates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QWidget,
)

from napari_sam_med.gui.views.benchmark_values import BenchmarkForm

MAX_CLICKS = 20
MAX_GRID, USUAL_GRID = 128, 32
MAX_DRAWS, USUAL_DRAWS = 100, 5
MAX_PERCENT = 100
NUMBER_PX = 104


class SettingGroups(QWidget):
    """Four boxes to tick, three of them with how many."""

    changed = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.modes = _tick(
            "Five modes", "One or more points, one or more boxes, a box round all"
        )
        self.with_clicks = _tick(
            "Clicks", "One after another, each where the mask is wrong"
        )
        self.clicks = _number(MAX_CLICKS, "Clicks on each object")
        self.with_everything = _tick(
            "Everything", "A grid of points, the best mask for each object"
        )
        self.everything = _number(MAX_GRID, "Points along each side of the slice")
        self.everything.setValue(USUAL_GRID)
        self.with_jitter = _tick("Jitter", "Boxes and points that are a little off")
        self.jitter = _number(MAX_DRAWS, "Prompts of each kind on each object")
        self.jitter.setValue(USUAL_DRAWS)
        self.percent = _number(MAX_PERCENT, "The most that they are off, by the side")
        self.percent.setSuffix(" %")
        self._lay_out()
        self._connect()

    def set_form(self, form: BenchmarkForm) -> None:
        """Show what a form asks for; how many stays where nothing is asked for."""
        self.modes.setChecked(form.modes)
        for tick, number, count in (
            (self.with_clicks, self.clicks, form.clicks),
            (self.with_everything, self.everything, form.everything),
            (self.with_jitter, self.jitter, form.jitter),
        ):
            tick.setChecked(count > 0)
            if count > 0:
                number.setValue(count)
        self.percent.setValue(form.jitter_percent)
        self._grey_out()

    def fill(self, form: BenchmarkForm) -> BenchmarkForm:
        """Give a form what is asked for here."""
        return replace(
            form,
            modes=self.modes.isChecked(),
            clicks=_count(self.with_clicks, self.clicks),
            everything=_count(self.with_everything, self.everything),
            jitter=_count(self.with_jitter, self.jitter),
            jitter_percent=self.percent.value(),
        )

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(0, 1)
        grid.addWidget(self.modes, 0, 0, 1, 2)
        for row, (tick, number) in enumerate(
            (
                (self.with_clicks, self.clicks),
                (self.with_everything, self.everything),
                (self.with_jitter, self.jitter),
            ),
            start=1,
        ):
            grid.addWidget(tick, row, 0)
            grid.addWidget(number, row, 1)
        off = QHBoxLayout()
        off.addStretch(1)
        off.addWidget(QLabel("off by up to"))
        grid.addLayout(off, 4, 0)
        grid.addWidget(self.percent, 4, 1)

    def _connect(self) -> None:
        for tick in (
            self.modes,
            self.with_clicks,
            self.with_everything,
            self.with_jitter,
        ):
            tick.toggled.connect(self._telling(self._grey_out))
        for number in (self.clicks, self.everything, self.jitter, self.percent):
            number.valueChanged.connect(self._telling(lambda: None))

    def _telling(self, act: Callable[[], None]) -> Callable[[object], None]:
        def changed(_value: object) -> None:
            """Slot of Qt: the new value is read when it is needed."""
            act()
            self.changed.emit()

        return changed

    def _grey_out(self) -> None:
        self.clicks.setEnabled(self.with_clicks.isChecked())
        self.everything.setEnabled(self.with_everything.isChecked())
        self.jitter.setEnabled(self.with_jitter.isChecked())
        self.percent.setEnabled(self.with_jitter.isChecked())


def _tick(text: str, hint: str) -> QCheckBox:
    box = QCheckBox(text)
    box.setToolTip(hint)
    return box


def _number(largest: int, hint: str) -> QSpinBox:
    number = QSpinBox()
    number.setRange(1, largest)
    number.setToolTip(hint)
    number.setMinimumWidth(NUMBER_PX)
    return number


def _count(tick: QCheckBox, number: QSpinBox) -> int:
    return int(number.value()) if tick.isChecked() else 0
