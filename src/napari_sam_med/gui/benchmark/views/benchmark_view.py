"""The widget of the dock "SAM Benchmark": set-up, results and the run strip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_sam_med.gui.benchmark.views.benchmark_pairs import PairsTable
from napari_sam_med.gui.benchmark.views.benchmark_results import BenchmarkResults
from napari_sam_med.gui.benchmark.views.benchmark_values import (
    BenchmarkForm,
    ModelValue,
    Progress,
)
from napari_sam_med.gui.shared.widgets.activity import Activity
from napari_sam_med.gui.shared.widgets.forms import Choice, form_of
from napari_sam_med.gui.shared.widgets.message_area import MessageArea
from napari_sam_med.gui.shared.widgets.plain_labels import WrappedLabel, plain_tip
from napari_sam_med.gui.shared.widgets.scrolling import LEAST_WIDTH_PX, ScrolledColumn

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


ERROR_COLOUR = "#ff7b72"


class RunBar(QWidget):
    """The strip at the foot of the dock that is always in sight."""

    run_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.run_button = QPushButton("Run", self)
        self.run_button.setObjectName("benchmark_run")
        self.cancel_button = QPushButton("Cancel", self)
        self.cancel_button.setToolTip("Stop after the case that is running")
        self.progress_bar = QProgressBar(self)
        self.activity = Activity("Benchmark", self)
        self.message = WrappedLabel(parent=self)
        self.run_button.clicked.connect(self.run_requested)
        self.cancel_button.clicked.connect(self.cancel_requested)
        row = QHBoxLayout()
        row.addWidget(self.run_button)
        row.addWidget(self.cancel_button)
        row.addWidget(self.progress_bar, stretch=1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(MessageArea(self.message))
        self.set_running(running=False)

    def set_running(self, *, running: bool) -> None:
        """Offer Cancel while a run goes on, Run otherwise."""
        self.run_button.setEnabled(not running)
        self.cancel_button.setEnabled(running)
        if running:
            self.activity.show(0, 0)
            self.progress_bar.setRange(0, 0)  # Qt's "busy", until the first case ends
            self.progress_bar.setFormat("loading")
        else:
            self.activity.end()
        if not running and self.progress_bar.maximum() == 0:
            self.progress_bar.setRange(0, 1)
            self.progress_bar.reset()

    def set_progress(self, progress: Progress) -> None:
        """Show how many cases are done and how long the rest will take."""
        self.progress_bar.setRange(0, max(progress.total, progress.done, 1))
        self.progress_bar.setFormat(progress_text(progress))
        self.progress_bar.setValue(progress.done)
        if self.cancel_button.isEnabled():
            self.activity.show(progress.done, max(progress.total, progress.done))

    def show_message(self, text: str, *, error: bool = False) -> None:
        """Say one sentence under the buttons; an empty one takes the last away."""
        self.message.setText(text)
        self.message.setStyleSheet(f"color: {ERROR_COLOUR}" if error else "")


def progress_text(progress: Progress) -> str:
    """One line for the progress bar.

    Examples
    --------
    >>> progress_text(Progress(3, 12, 75.4))
    'case 3 of 12, 1:15 left'
    >>> progress_text(Progress(3, 12))
    'case 3 of 12'
    """
    text = f"case {progress.done} of {progress.total}"
    if progress.seconds_left is None:
        return text
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return f"{text}, {clock} left"


class BenchmarkView(QWidget):
    """Two tabs over one strip of buttons; it only holds the parts together."""

    came_to_front = Signal(bool)

    def __init__(
        self,
        profiles: Mapping[str, str],
        selections: Mapping[str, str],
        parent: Any = None,
    ) -> None:
        """Build it; both mappings are names with explanations for the tooltips."""
        super().__init__(parent)
        self.setObjectName("SAM Benchmark")
        self.setMinimumWidth(LEAST_WIDTH_PX)
        self.results_controller: Any = None
        self.tabs = QTabWidget(self)
        self.setup = BenchmarkSetup(profiles)
        self.results = BenchmarkResults(selections)
        self.run_bar = RunBar()
        self.tabs.addTab(self.setup, "Set up")
        self.tabs.addTab(self.results, "Results")
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs, stretch=1)
        layout.addWidget(self.run_bar)

    def showEvent(self, event: Any) -> None:
        """Qt: its tab came to the front."""
        super().showEvent(event)
        self.came_to_front.emit(True)  # noqa: FBT003 - Qt's way

    def hideEvent(self, event: Any) -> None:
        """Qt: another tab came to the front."""
        super().hideEvent(event)
        self.came_to_front.emit(False)  # noqa: FBT003 - Qt's way

    def set_running(self, *, running: bool) -> None:
        """Lock the form while a run goes on."""
        self.setup.setEnabled(not running)
        self.results.open_button.setEnabled(not running)
        self.run_bar.set_running(running=running)

    def show_results(self) -> None:
        """Bring the results to the front."""
        self.tabs.setCurrentWidget(self.results)
