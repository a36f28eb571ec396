"""The form that says what the next benchmark run does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_sam_med.gui.views.benchmark_groups import SettingGroups
from napari_sam_med.gui.views.benchmark_pairs import PairsTable
from napari_sam_med.gui.views.benchmark_values import BenchmarkForm, ModelValue
from napari_sam_med.gui.views.plain_labels import plain_tip

AXES = ("0: slices as stored (axial)", "1: across rows (coronal)", "2: (sagittal)")


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
        self.profile = QComboBox(self)
        for row, (name, hint) in enumerate(profiles.items()):
            self.profile.addItem(name)
            self.profile.setItemData(row, hint, Qt.ItemDataRole.ToolTipRole)
        self.groups = SettingGroups(self)
        self.axis = QComboBox(self)
        self.axis.addItems(AXES)
        self.folder = QLineEdit(self)
        self.folder.setPlaceholderText("a temporary folder")
        self.browse_button = QPushButton("...", self)
        self.browse_button.setToolTip("Choose the folder in which the run is stored")
        self._lay_out()
        self._connect()
        self.set_form(BenchmarkForm())

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
        self.profile.setCurrentIndex(max(0, self.profile.findText(form.profile)))
        self.groups.set_form(form)
        self.axis.setCurrentIndex(form.axis)
        self.folder.setText(form.folder)

    def form(self) -> BenchmarkForm:
        """Return the settings as they stand."""
        ticked = Qt.CheckState.Checked
        form = BenchmarkForm(
            models=tuple(
                _name_of(i) for i in self._tickable() if i.checkState() == ticked
            ),
            profile=self.profile.currentText(),
            axis=self.axis.currentIndex(),
            folder=self.folder.text().strip(),
        )
        return self.groups.fill(form)

    def _tickable(self) -> list[QListWidgetItem]:
        items = (self.models.item(row) for row in range(self.models.count()))
        return [i for i in items if i.flags() & Qt.ItemFlag.ItemIsUserCheckable]

    def _lay_out(self) -> None:
        folder = _in_a_row(self.folder, self.browse_button)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Models", self.models)
        form.addRow("Profile", self.profile)
        form.addRow("Settings", self.groups)
        form.addRow("Slice axis", self.axis)
        form.addRow("Store in", folder)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel("Images and their truth"))
        layout.addWidget(self.pairs, stretch=1)
        layout.addLayout(form)

    def _connect(self) -> None:
        self.groups.changed.connect(self.form_changed)
        self.browse_button.clicked.connect(self._on_browse)
        for signal in (
            self.models.itemChanged,
            self.profile.currentIndexChanged,
            self.axis.currentIndexChanged,
            self.folder.textChanged,
        ):
            signal.connect(self._on_changed)

    def _on_changed(self, _changed: object) -> None:
        self.form_changed.emit()

    def _on_browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, "Folder for the run", self.folder.text()
        )
        if chosen:
            self.folder.setText(chosen)


def _name_of(item: QListWidgetItem) -> str:
    return str(item.data(Qt.ItemDataRole.UserRole))


def _state(*, on: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked


def _in_a_row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for number, widget in enumerate(widgets):
        row.addWidget(widget, stretch=1 if number == 0 else 0)
    return row
