"""Files that the dock writes, asked for in dialogs and written on another thread."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from napari.layers import Image, Labels
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_sam_med.errors import PromptError
from napari_sam_med.gui.label_export import LabelsToWrite, write_label_files
from napari_sam_med.gui.label_outputs import LabelledView, write_outputs
from napari_sam_med.session.messages import Answer, Done, Failed, Loaded, Task
from napari_sam_med.session.replay import Record, save_records
from napari_sam_med.session.session import PromptSession
from napari_sam_med.session.status import Phase, Status

LABEL_FILES = "NIfTI (*.nii.gz *.nii);;NRRD (*.nrrd);;MetaImage (*.mha)"
SEGMENTATION = "DICOM-SEG, with the patient's name and number (*.dcm)"
OTHER_FILES = "Statistics of the objects (*.csv);;Picture of this slice (*.png)"
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
        Takes each task for another thread.
    """

    def __init__(self, parent: QWidget, post: Callable[[Task], None]) -> None:
        self._parent = parent
        self._post = post

    def ask_for_weights(self) -> Path | None:
        """Let a person choose a weights file; None if the dialog was left."""
        name, _ = QFileDialog.getOpenFileName(
            self._parent, "Weights of this model", "", WEIGHT_FILES
        )
        return Path(name) if name else None

    def export(
        self, labels: Labels, image: Image, session: PromptSession, time: int | None
    ) -> None:
        """Write a Labels layer where it lies now, or what can be told of its objects.

        Parameters
        ----------
        labels, image : layers
            What is written, and on what it was drawn.
        session : PromptSession
            Knows the slice that is shown, and the model.
        time : int or None
            The time point that is shown.

        Raises
        ------
        SamMedError
            If the layer is no slice, volume or time series, or is sheared; or for a
            table or picture if it lies on another grid than the image.
        """
        from napari_sam_med.io.export import with_suffix_of_filter

        suggested = f"{safe_name(labels.name)}.nii.gz"
        name, chosen = QFileDialog.getSaveFileName(
            self._parent, "Export labels", suggested, filters_for(image)
        )
        if not name:
            return
        path = with_suffix_of_filter(Path(name), chosen)
        asked_for = path == Path(name)  # the dialog has not asked about another name
        prompt_image = session.image
        if path.suffix.lower() in (".csv", ".png") and prompt_image is not None:
            view = LabelledView.of(labels, image, prompt_image, session.plane, time)
            write = partial(_write_outputs, path, view, overwrite=asked_for)
        else:
            made_by = algorithm_of(session.model)
            taken = LabelsToWrite.of(labels, image, made_by)
            write = partial(_write_labels, path, taken, overwrite=asked_for)
        self._post(Task(EXPORT, write, must_finish=True))

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
        suggested = f"{safe_name(records[0].image)}_prompts.json"
        name, _ = QFileDialog.getSaveFileName(
            self._parent, "Save prompts", suggested, PROMPT_FILES
        )
        if name:
            save = partial(_save_records, Path(name), tuple(records))
            self._post(Task(SAVE, save, must_finish=True))

    def status_from(self, answer: Answer) -> Status | None:
        """Say how a task of ours ended; None for any other answer."""
        if isinstance(answer, Done) and answer.name in (EXPORT, SAVE):
            return Status(Phase.READY, f"Saved {answer.value}")
        if isinstance(answer, Failed) and answer.what in (EXPORT, SAVE):
            return Status(Phase.ERROR, answer.message)
        return None


def filters_for(image: Image) -> str:
    """Give the formats that labels of an image can be exported to, for a dialog."""
    from napari_sam_med.io.detect import is_dicom_file

    files = image.metadata.get("files", ())
    is_dicom = bool(files) and is_dicom_file(Path(files[0]))
    return ";;".join([LABEL_FILES, *([SEGMENTATION] if is_dicom else []), OTHER_FILES])


def algorithm_of(model: Loaded | None) -> tuple[str, str]:
    """Name and version of what made the labels; the weights are the version."""
    if model is None:
        return ("napari-sam-med", "")
    return (f"napari-sam-med {model.name}", model.sha256[:16])


def safe_name(title: str) -> str:
    """Make a file name of a layer's title, which may hold any character."""
    return re.sub(r"[^\w.-]+", "_", title).strip("._") or "labels"


def _write_labels(path: Path, labels: LabelsToWrite, *, overwrite: bool) -> str:
    """Run on another thread."""
    paths = write_label_files(path, labels, overwrite=overwrite)
    return " and ".join(str(each) for each in (paths[0], paths[-1])[: len(paths)])


def _write_outputs(path: Path, view: LabelledView, *, overwrite: bool) -> str:
    """Run on another thread."""
    return str(write_outputs(path, view, overwrite=overwrite))


def _save_records(path: Path, records: Sequence[Record]) -> Path:
    """Run on another thread."""
    save_records(path, records)
    return path
