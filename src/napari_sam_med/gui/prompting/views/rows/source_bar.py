"""Which image is prompted, and which model answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QToolButton, QWidget

from napari_sam_med.gui.shared.widgets.options import Option, OptionBox


class SourceBar(QWidget):
    """Two lists, a switch that keeps the image, and a button for a model's weights."""

    image_chosen = Signal(str)
    pin_changed = Signal()
    model_chosen = Signal(str)
    weights_requested = Signal()
    labels_requested = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.images = OptionBox()
        self.images.setPlaceholderText("open an image first")
        self.pin = QToolButton()
        self.pin.setText("Pin")
        self.pin.setCheckable(True)
        self.pin.setToolTip(
            "Go on prompting this image, whichever image is selected or on top"
        )
        self.pin.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.models = OptionBox()
        self.weights = QToolButton()
        self.weights.setText("…")
        self.weights.setToolTip("Load this model from a weights file of your own")
        self.weights.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.to_labels = QPushButton("Turn into labels")
        self.to_labels.setToolTip(
            "This image holds few different whole numbers, as label images do.\n"
            "If it is one, it becomes a Labels layer, and is prompted no more"
        )
        self.to_labels.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.to_labels.setVisible(False)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(4)
        layout.setColumnStretch(1, 1)
        layout.addWidget(QLabel("Image"), 0, 0)
        layout.addWidget(self.images, 0, 1)
        layout.addWidget(self.pin, 0, 2)
        layout.addWidget(self.to_labels, 1, 1)
        layout.addWidget(QLabel("Model"), 2, 0)
        layout.addWidget(self.models, 2, 1)
        layout.addWidget(self.weights, 2, 2)
        self.images.chosen.connect(self.image_chosen)
        self.models.chosen.connect(self.model_chosen)
        self.weights.clicked.connect(self.weights_requested)
        self.pin.toggled.connect(self.pin_changed)
        self.to_labels.clicked.connect(self.labels_requested)

    @property
    def is_pinned(self) -> bool:
        """Whether the image stays the one that is prompted."""
        return bool(self.pin.isChecked())

    def set_images(self, options: Sequence[Option], key: str) -> None:
        """List the images of the viewer and show which one is prompted."""
        self.images.set_options(options, key)

    def set_models(self, options: Sequence[Option], key: str) -> None:
        """List the models and show which one answers."""
        self.models.set_options(options, key)
