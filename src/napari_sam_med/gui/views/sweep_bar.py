"""Computing embeddings ahead, saving, exporting."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)


class SweepBar(QWidget):
    """Precompute with its progress, and two buttons that write files."""

    prepare_requested = Signal()
    stop_requested = Signal()
    export_requested = Signal()
    save_requested = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._is_running = False
        self.prepare = QPushButton("Precompute embeddings")
        self.prepare.setToolTip(
            "Compute the embedding of each slice of this orientation, this one first,\n"
            "so that each later click is answered at once"
        )
        self.progress = QProgressBar()
        self.progress.setVisible(False)
        self.export = QPushButton("Export labels …")
        self.export.setToolTip("Save the labels with the image's geometry")
        self.save = QPushButton("Save prompts …")
        self.save.setToolTip("Save what you accepted, to be asked of another model")
        for button in (self.prepare, self.export, self.save):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        ahead = QHBoxLayout()
        ahead.addWidget(self.progress, 1)
        ahead.addWidget(self.prepare)
        files = QHBoxLayout()
        files.addWidget(self.export)
        files.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(ahead)
        layout.addLayout(files)
        self.prepare.clicked.connect(self._on_prepare)
        self.export.clicked.connect(self.export_requested)
        self.save.clicked.connect(self.save_requested)

    def set_progress(self, done: int, total: int, seconds_left: float) -> None:
        """Show how far precomputing is."""
        self._is_running = True
        self.progress.setVisible(True)
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.progress.setFormat(f"%v of %m, {_told(seconds_left)} left" if done else "")
        self.prepare.setText("Stop")

    def set_idle(self) -> None:
        """Show that nothing is being precomputed."""
        self._is_running = False
        self.progress.setVisible(False)
        self.prepare.setText("Precompute embeddings")

    def set_possible(self, *, prepare: bool, export: bool, save: bool) -> None:
        """Grey out what cannot be done now."""
        self.prepare.setEnabled(prepare)
        self.export.setEnabled(export)
        self.save.setEnabled(save)

    def _on_prepare(self) -> None:
        (self.stop_requested if self._is_running else self.prepare_requested).emit()


def _told(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
