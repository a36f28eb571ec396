"""Which image is prompted, by which model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

from napari_sam_med.gui.views.options import Option, OptionBox


class SourceBar(QWidget):
    """Two lists, and a button to give a model's weights by hand."""

    image_chosen = Signal(str)
    model_chosen = Signal(str)
    weights_requested = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.images = OptionBox()
        self.images.setPlaceholderText("open an image first")
        self.models = OptionBox()
        self.weights = QToolButton()
        self.weights.setText("…")
        self.weights.setToolTip("Load this model from a weights file of your own")
        self.weights.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(5)
        layout.setColumnStretch(1, 1)
        layout.addWidget(QLabel("Image"), 0, 0)
        layout.addWidget(self.images, 0, 1, 1, 2)
        layout.addWidget(QLabel("Model"), 1, 0)
        layout.addWidget(self.models, 1, 1)
        layout.addWidget(self.weights, 1, 2)
        self.images.chosen.connect(self.image_chosen)
        self.models.chosen.connect(self.model_chosen)
        self.weights.clicked.connect(self.weights_requested)

    def set_images(self, options: Sequence[Option], key: str) -> None:
        """List the images of the viewer and show which one is prompted."""
        self.images.set_options(options, key)

    def set_models(self, options: Sequence[Option], key: str) -> None:
        """List the models and show which one answers."""
        self.models.set_options(options, key)
