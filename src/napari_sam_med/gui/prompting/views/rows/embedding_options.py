"""Whether embeddings are computed unasked, and kept on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qtpy.QtCore import QSettings, Qt, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_sam_med.core.storage.documents import OPEN
from napari_sam_med.gui.shared.widgets.forms import FormMemory, form_of, setting
from napari_sam_med.gui.shared.widgets.plain_labels import PlainLabel

MEMORY_KEY = "prompts/embeddings"
MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """What happens unasked; a field with a `setting` is a line of the form."""

    __pydantic_config__ = OPEN

    prefetch: bool = field(
        default=True,
        metadata=setting(
            "Embed neighbouring slices while idle",
            "The slice you see, crops round the mask you see and two slices on each "
            "side, with models that take less than a second for one",
        ),
    )
    on_disk: bool = field(
        default=False,
        metadata=setting(
            "Keep embeddings on disk",
            "In half precision, so that masks may differ by a few pixels; the longest "
            "unused are deleted at 4 GB",
        ),
    )


class EmbeddingOptions(QWidget):
    """A form, the size of what is on disk, and a button that deletes it.

    Parameters
    ----------
    settings : QSettings, optional
        Where the form is remembered.
    """

    shown = Signal()
    changed = Signal()
    clear_requested = Signal()

    def __init__(self, settings: QSettings | None = None, parent: Any = None) -> None:
        super().__init__(parent)
        memory = None if settings is None else FormMemory(settings, MEMORY_KEY)
        self.form = form_of(EmbeddingSettings, memory=memory)
        self.size = PlainLabel()
        self.clear = QPushButton("Delete")
        self.clear.setToolTip("Delete all embeddings on disk")
        self.clear.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        line = QHBoxLayout()
        line.addWidget(self.size, 1)
        line.addWidget(self.clear)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.form.native)
        layout.addLayout(line)
        self.form.changed.connect(lambda _value: self.changed.emit())
        self.clear.clicked.connect(self.clear_requested)
        self.set_size(0)

    @property
    def settings(self) -> EmbeddingSettings:
        """What is set."""
        return self.form.get_value()

    def set_size(self, n_bytes: int) -> None:
        """Say how much lies on disk."""
        self.size.setText(f"On disk: {n_bytes / MEGABYTE:,.0f} MB")
        self.clear.setEnabled(n_bytes > 0)

    def showEvent(self, event: QShowEvent) -> None:
        """Qt: the size may be another than it was."""
        super().showEvent(event)
        self.shown.emit()
