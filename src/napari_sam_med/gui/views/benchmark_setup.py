"""The form that says what the next benchmark run does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_sam_med.gui.shared.forms import Choice, form_of
from napari_sam_med.gui.shared.scrolling import ScrolledColumn
from napari_sam_med.gui.views.benchmark_pairs import PairsTable
from napari_sam_med.gui.views.benchmark_values import BenchmarkForm, ModelValue
from napari_sam_med.gui.views.plain_labels import plain_tip

HEADING_STYLE = "font-weight: bold; padding-top: 4px;"


class BenchmarkSetup(QWidget):
    """Pairs, models, rules and the output folder."""

    form_changed = Signal()

    def __init__(self, profiles: Mapping[str, str], parent: Any = None) -> None:
        """Build the form; ``profiles`` are names of rules with their explanations."""
        super().__init__(parent)
        self.pairs = PairsTable(self)
        self.models = QListWidget(self)
        self.models.setObjectName("benchmark_models")
        self.models.setMaximumHeight(130)
        self.models.setMinimumHeight(70)
        rules = {name: Choice(name, hint) for name, hint in profiles.items()}
        self.settings = form_of(BenchmarkForm, choices={"profile": rules})
        self._lay_out()
        self.models.itemChanged.connect(self._on_changed)
        self.settings.changed.connect(self._on_changed)

    def set_models(self, models: Sequence[ModelValue]) -> None:
        """Offer these models; those that cannot be loaded are shown but not tickable.

        A tick stays where the model is still offered.
        """
        ticked = self.form().models
        self.models.clear()
        for model in models:
            text = f"{model.name}   ({model.only} only)" if model.only else model.name
            item = QListWidgetItem(text)
            item.setData(Qt.ItemDataRole.UserRole, model.name)
            item.setToolTip(plain_tip(model.note))
            if model.available:
                item.setFlags(
                    Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable
                )
                item.setCheckState(_state(on=model.name in ticked))
            else:
                item.setText(f"{model.name}   (not here)")
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.models.addItem(item)

    def set_form(self, form: BenchmarkForm) -> None:
        """Show these settings; unknown models and profiles are left out."""
        for item in self._tickable():
            item.setCheckState(_state(on=_name_of(item) in form.models))
        self.settings.value = form

    def form(self) -> BenchmarkForm:
        """Return the settings as they stand."""
        on = Qt.CheckState.Checked
        ticked = [_name_of(i) for i in self._tickable() if i.checkState() == on]
        return replace(self.settings.get_value(), models=tuple(ticked))

    def _tickable(self) -> list[QListWidgetItem]:
        items = (self.models.item(row) for row in range(self.models.count()))
        return [i for i in items if i.flags() & Qt.ItemFlag.ItemIsUserCheckable]

    def _lay_out(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        for title, part in (
            ("Images and their truth", self.pairs),
            ("Models", self.models),
            ("Settings", self.settings.native),
        ):
            heading = QLabel(title)
            heading.setStyleSheet(HEADING_STYLE)
            layout.addWidget(heading)
            layout.addWidget(part)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(ScrolledColumn(content))

    def _on_changed(self, _changed: object) -> None:
        self.form_changed.emit()


def _name_of(item: QListWidgetItem) -> str:
    return str(item.data(Qt.ItemDataRole.UserRole))


def _state(*, on: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
