"""Embeddings ahead of time, and the files that the dock writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from qtpy.QtCore import QSettings, Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_sam_med.core.storage.documents import OPEN
from napari_sam_med.gui.prompting.views.rows.embedding_options import EmbeddingOptions
from napari_sam_med.gui.shared.widgets.activity import Activity
from napari_sam_med.gui.shared.widgets.forms import (
    Choice,
    FormMemory,
    SettingsForm,
    form_of,
    setting,
)

MOST_SLICES = 100_000  # of any image; the session refuses slices that are not there
EXPORT_KEY = "prompts/export"


class LabelFormat(StrEnum):
    """Files for labels, by their suffix."""

    NIFTI = ".nii.gz"
    NRRD = ".nrrd"
    METAIMAGE = ".mha"
    DICOM_SEG = ".dcm"


FORMATS = {
    LabelFormat.NIFTI: Choice("NIfTI (.nii.gz)"),
    LabelFormat.NRRD: Choice("NRRD (.nrrd)"),
    LabelFormat.METAIMAGE: Choice("MetaImage (.mha)"),
    LabelFormat.DICOM_SEG: Choice("DICOM-SEG (.dcm)", "For images opened from DICOM"),
}


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What an export writes; a field with a `setting` is a line of the form."""

    __pydantic_config__ = OPEN

    format: LabelFormat = field(
        default=LabelFormat.NIFTI,
        metadata=setting(
            "Format", "Suggested by the dialog that follows", choices=FORMATS
        ),
    )
    labelmap: bool = field(
        default=False,
        metadata=setting(
            "As one image of numbers (LABELMAP)",
            "Not one of bits for each segment; few programs read it",
            needs={"format": LabelFormat.DICOM_SEG},
        ),
    )
    statistics: bool = field(
        default=False,
        metadata=setting(
            "Add statistics (.csv)", "Size, place and intensities of each object"
        ),
    )
    picture: bool = field(
        default=False,
        metadata=setting(
            "Add a picture (.png)", "The slice that is shown, with its labels"
        ),
    )

    @property
    def added(self) -> tuple[str, ...]:
        """Suffixes of the files that are written beside the labels."""
        wanted = {".csv": self.statistics, ".png": self.picture}
        return tuple(suffix for suffix, is_on in wanted.items() if is_on)


class SliceChoice(StrEnum):
    """Which slices of the shown orientation are meant."""

    ALL = "all"
    RANGE = "range"


SLICES = {
    SliceChoice.ALL: Choice("all slices"),
    SliceChoice.RANGE: Choice("a range"),
}
RANGE = {"slices": SliceChoice.RANGE}


@dataclass(frozen=True, slots=True)
class PrecomputeSettings:
    """Which embeddings are computed; a field with a `setting` is a line of the form."""

    __pydantic_config__ = OPEN

    slices: SliceChoice = field(
        default=SliceChoice.ALL,
        metadata=setting("Slices", "Of the orientation you see", choices=SLICES),
    )
    first: int = field(
        default=0, metadata=setting("First slice", most=MOST_SLICES, needs=RANGE)
    )
    last: int = field(
        default=0, metadata=setting("Last slice", most=MOST_SLICES, needs=RANGE)
    )

    @property
    def wanted(self) -> range | None:
        """Numbers of the slices; None for all."""
        if self.slices is SliceChoice.ALL:
            return None
        return range(self.first, self.last + 1)


class PrecomputeBar(QWidget):
    """Precompute with its progress, and two buttons that write files.

    Parameters
    ----------
    settings : QSettings, optional
        Where the settings of export and embeddings are remembered.
    """

    precompute_requested = Signal()
    stop_requested = Signal()
    export_requested = Signal()
    save_requested = Signal()

    def __init__(self, settings: QSettings | None = None, parent: Any = None) -> None:
        super().__init__(parent)
        self.is_running = False
        self._slices = (0, 0)
        self.activity = Activity("Precomputing embeddings", self)
        self.precompute = _button(
            "Precompute embeddings",
            "Let the model embed the slices of this orientation, this one first,\n"
            "so that each later click is answered at once",
        )
        self.progress = QProgressBar()
        self.progress.setVisible(False)
        self.export = _button("Export labels …", "Save the labels where the image lies")
        self.save = _button(
            "Save prompts …", "Save what you accepted, to be asked of another model"
        )
        memory = None if settings is None else FormMemory(settings, EXPORT_KEY)
        self.export_form = form_of(ExportSettings, memory=memory)
        self.precompute_form = form_of(PrecomputeSettings)
        self.export_options = _options(self.export_form, "What an export writes")
        self.embeddings = EmbeddingOptions(settings)
        self.precompute_options = _options(self.precompute_form, "Which slices")
        self.precompute_options.toggled.connect(self.embeddings.setVisible)
        self.embeddings.setVisible(False)
        self._lay_out()
        self.precompute.clicked.connect(self._on_precompute)
        self.export.clicked.connect(self.export_requested)
        self.save.clicked.connect(self.save_requested)

    @property
    def export_settings(self) -> ExportSettings:
        """What an export writes."""
        return self.export_form.get_value()

    @property
    def precompute_settings(self) -> PrecomputeSettings:
        """Which embeddings are computed."""
        return self.precompute_form.get_value()

    def set_slices(self, axis: int, count: int) -> None:
        """Say across which axis of the array the shown slices lie, and how many."""
        if (axis, count) == self._slices:
            return
        self._slices = (axis, count)
        whole = PrecomputeSettings(last=count - 1)
        self.precompute_form.value = whole
        tip = f"Which slices of axis {axis}: 0 to {count - 1}"
        self.precompute_options.setToolTip(tip)

    def set_progress(self, done: int, total: int, seconds_left: float) -> None:
        """Show how far it is."""
        self.is_running = True
        self.activity.show(done, total)
        self.progress.setVisible(True)
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.progress.setFormat(f"%v of %m, {_told(seconds_left)} left" if done else "")
        self.precompute.setText("Stop")

    def set_idle(self) -> None:
        """Show that nothing is computed ahead."""
        self.is_running = False
        self.activity.end()
        self.progress.setVisible(False)
        self.precompute.setText("Precompute embeddings")

    def set_possible(self, *, precompute: bool, export: bool, save: bool) -> None:
        """Grey out what cannot be done now."""
        self.precompute.setEnabled(precompute)
        self.export.setEnabled(export)
        self.save.setEnabled(save)

    def _lay_out(self) -> None:
        ahead, files = QHBoxLayout(), QHBoxLayout()
        ahead.addWidget(self.progress, 1)
        ahead.addWidget(self.precompute, 1)
        ahead.addWidget(self.precompute_options)
        files.addWidget(self.export, 1)
        files.addWidget(self.save, 1)
        files.addWidget(self.export_options)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(ahead)
        layout.addWidget(self.precompute_form.native)
        layout.addWidget(self.embeddings)
        layout.addLayout(files)
        layout.addWidget(self.export_form.native)

    def _on_precompute(self) -> None:
        (self.stop_requested if self.is_running else self.precompute_requested).emit()


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button


def _options(form: SettingsForm, tip: str) -> QToolButton:
    """Make a button that shows and hides a form."""
    button = QToolButton()
    button.setArrowType(Qt.ArrowType.DownArrow)
    button.setCheckable(True)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.toggled.connect(form.native.setVisible)
    form.native.setVisible(False)
    return button


def _told(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
