"""Files that the dock writes, asked for in dialogs and written on the model thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from napari.layers import Image, Labels
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.errors import PromptError
from napari_sam_med.gui.files import geometry_from_layer
from napari_sam_med.session.jobs import Answer, Done, Failed, Request, Task
from napari_sam_med.session.replay import Record, save_records
from napari_sam_med.session.status import Phase, Status

LABEL_FILES = "NIfTI (*.nii.gz *.nii);;NRRD (*.nrrd);;MetaImage (*.mha)"
PROMPT_FILES = "Prompts (*.json)"
WEIGHT_FILES = "Weights (*.pth *.pt *.safetensors);;All files (*)"
EXPORT, SAVE = "export", "save"


class PromptFiles:
    """Asks where to, and hands the writing over.

    Parameters
    ----------
    parent : QWidget
        Over which dialogs open.
    post : callable
        Takes each task for the model thread.
    """

    def __init__(self, parent: QWidget, post: Callable[[Request], None]) -> None:
        self._parent = parent
        self._post = post

    def ask_for_weights(self) -> Path | None:
        """Let a person choose a weights file; None if the dialog was left."""
        name, _ = QFileDialog.getOpenFileName(
            self._parent, "Weights of this model", "", WEIGHT_FILES
        )
        return Path(name) if name else None

    def export(self, labels: Labels, image: Image) -> None:
        """Write a Labels layer as a label image in the image's place.

        Raises
        ------
        GeometryError
            If the layer's scale is no spacing.
        """
        suggested = f"{labels.name.replace(' ', '_')}.nii.gz"
        name, _ = QFileDialog.getSaveFileName(
            self._parent, "Export labels", suggested, LABEL_FILES
        )
        if name:
            geometry = _geometry_of(labels, image)
            write = partial(_write_labels, Path(name), labels.data.copy(), geometry)
            self._post(Task(EXPORT, write))

    def save_prompts(self, records: Sequence[Record]) -> None:
        """Write accepted prompts as JSON.

        Raises
        ------
        PromptError
            If nothing was accepted on this image.
        """
        if not records:
            msg = "no mask of this image was accepted; accept one before saving"
            raise PromptError(msg)
        suggested = f"{records[0].image}_prompts.json"
        name, _ = QFileDialog.getSaveFileName(
            self._parent, "Save prompts", suggested, PROMPT_FILES
        )
        if name:
            self._post(Task(SAVE, partial(_save_records, Path(name), tuple(records))))

    def status_from(self, answer: Answer) -> Status | None:
        """Say how a task of ours ended; None for any other answer."""
        if isinstance(answer, Done) and answer.name in (EXPORT, SAVE):
            return Status(Phase.READY, f"Saved {answer.value}")
        if isinstance(answer, Failed) and answer.what in (EXPORT, SAVE):
            return Status(Phase.ERROR, answer.message)
        return None


def _geometry_of(labels: Labels, image: Image) -> Geometry:
    stored = [layer.metadata.get("geometry") for layer in (labels, image)]
    for geometry in stored:
        if isinstance(geometry, Geometry):
            return geometry
    return geometry_from_layer(
        {"scale": labels.scale, "translate": labels.translate, "metadata": {}}
    )


def _write_labels(
    path: Path,
    labels: npt.NDArray[np.integer],
    geometry: Geometry,
    model: Segmenter | None,
) -> Path:
    """Run on the model thread; the dialog has asked before it gave an existing name."""
    from napari_sam_med.io.export import write_labels

    del model
    write_labels(path, labels, geometry, overwrite=True)
    return path


def _save_records(
    path: Path, records: Sequence[Record], model: Segmenter | None
) -> Path:
    """Run on the model thread."""
    del model
    save_records(path, records)
    return path
