"""Run, Cancel, how far it is, and what went wrong."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_sam_med.gui.views.benchmark_values import Progress
from napari_sam_med.gui.views.plain_labels import WrappedLabel

MESSAGE_LINES = 3
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
        self.message = WrappedLabel(parent=self)
        self.message.setMinimumHeight(MESSAGE_LINES * self.fontMetrics().lineSpacing())
        self.run_button.clicked.connect(self.run_requested)
        self.cancel_button.clicked.connect(self.cancel_requested)
        row = QHBoxLayout()
        row.addWidget(self.run_button)
        row.addWidget(self.cancel_button)
        row.addWidget(self.progress_bar, stretch=1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.message)
        self.set_running(running=False)

    def set_running(self, *, running: bool) -> None:
        """Offer Cancel while a run goes on, Run otherwise."""
        self.run_button.setEnabled(not running)
        self.cancel_button.setEnabled(running)
        if running:
            self.progress_bar.setRange(0, 0)  # Qt's "busy", until the first case ends
            self.progress_bar.setFormat("loading")
        elif self.progress_bar.maximum() == 0:
            self.progress_bar.setRange(0, 1)
            self.progress_bar.reset()

    def set_progress(self, progress: Progress) -> None:
        """Show how many cases are done and how long the rest will take."""
        self.progress_bar.setRange(0, max(progress.total, progress.done, 1))
        self.progress_bar.setFormat(progress_text(progress))
        self.progress_bar.setValue(progress.done)

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
