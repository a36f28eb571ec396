"""Files that the dock writes, asked for in dialogs and written on another thread."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from napari.layers import Image, Labels
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_sam_med.core.storage.atomic_files import check_not_read
from napari_sam_med.errors import FileWriteError, PromptError
from napari_sam_med.gui.labels.label_export import LabelsToWrite, write_label_files
from napari_sam_med.gui.labels.label_outputs import LabelledView, write_outputs
from napari_sam_med.gui.prompting.views.precompute_bar import ExportSettings
from napari_sam_med.gui.shared.last_folder import (
    ask_where_to_save,
    begin_in,
    keep_folder,
)
from napari_sam_med.session.background.messages import (
    Answer,
    Done,
    Failed,
    Loaded,
    Task,
)
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.replay import Record, save_records
from napari_sam_med.session.status import Phase, Status

LABEL_FILES = "NIfTI (*.nii.gz *.nii);;NRRD (*.nrrd);;MetaImage (*.mha)"
SEGMENTATION = "DICOM-SEG, with the patient's name and number (*.dcm)"
OTHER_FILES = "Statistics of the objects (*.csv);;Picture of this slice (*.png)"
PROMPT_FILES = ("Prompts", ".json")
WEIGHT_FILES = "Weights (*.pth *.pt *.safetensors);;All files (*)"
EXPORT, SAVE, WEIGHTS = "export", "save", "weights"


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
            self._parent, "Weights of this model", begin_in(WEIGHTS), WEIGHT_FILES
        )
        keep_folder(WEIGHTS, name)
        return Path(name) if name else None

    def export(
        self,
        labels: Labels,
        image: Image,
        session: PromptSession,
        time: int | None,
        wanted: ExportSettings,
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
        wanted : ExportSettings
            The format to suggest, and what is written beside the labels.

        Raises
        ------
        SamMedError
            If the layer is no slice, volume or time series, or is sheared; or for a
            table or picture if it lies on another grid than the image; or if the file
            is the image's own.
        """
        from napari_sam_med.io.writing.export import with_suffix_of_filter

        filters = filters_for(image)
        first = filter_of(wanted.format, filters)
        suggested = f"{safe_name(labels.name)}{wanted.format}"
        name, chosen = QFileDialog.getSaveFileName(
            self._parent, "Export labels", begin_in(EXPORT, suggested), filters, first
        )
        keep_folder(EXPORT, name)
        if not name:
            return
        path = with_suffix_of_filter(Path(name), chosen)
        check_not_read([path], map(Path, image.metadata.get("files", ())))
        asked_for = path == Path(name)  # the dialog has not asked about another name
        prompt_image = session.image
        if path.suffix.lower() in (".csv", ".png") and prompt_image is not None:
            view = LabelledView.of(labels, image, prompt_image, session.plane, time)
            write = partial(_write_outputs, path, view, overwrite=asked_for)
        else:
            made_by = algorithm_of(session.model)
            taken = replace(
                LabelsToWrite.of(labels, image, made_by), labelmap=wanted.labelmap
            )
            added = {}
            if wanted.added and prompt_image is not None:
                view = LabelledView.of(labels, image, prompt_image, session.plane, time)
                added = {path_beside(path, end): view for end in wanted.added}
            write = partial(_write_labels, path, taken, added, overwrite=asked_for)
        self._post(Task(EXPORT, write, must_finish=True))

    def save_prompts(self, records: Sequence[Record]) -> None:
        """Write accepted prompts as JSON.

        Raises
        ------
        PromptError
            If nothing was accepted on this image.
        FileWriteError
            As ``ask_where_to_save``.
        """
        if not records:
            msg = "no mask of this image was accepted; accept one before saving"
            raise PromptError(msg)
        suggested = f"{safe_name(records[0].image)}_prompts.json"
        path = ask_where_to_save(
            self._parent, "Save prompts", SAVE, suggested, PROMPT_FILES
        )
        if path is not None:
            save = partial(_save_records, path, tuple(records))
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


def filter_of(suffix: str, filters: str) -> str:
    """Give the filter of a dialog that has a suffix.

    Raises
    ------
    FileWriteError
        If there is none: only images that came from DICOM have DICOM-SEG.
    """
    for each in filters.split(";;"):
        if f"*{suffix}" in each:
            return each
    msg = (
        f"labels of this image cannot be written as {suffix}, which needs an image "
        "opened from DICOM files; choose another format for the export"
    )
    raise FileWriteError(msg)


def path_beside(path: Path, suffix: str) -> Path:
    """Give a file of labels another suffix.

    Examples
    --------
    >>> path_beside(Path("liver.nii.gz"), ".csv").name
    'liver.csv'
    """
    from napari_sam_med.io.formats import suffix_from_path

    stem = path.name[: len(path.name) - len(suffix_from_path(path))]
    return path.with_name(stem + suffix)


def algorithm_of(model: Loaded | None) -> tuple[str, str]:
    """Name and version of what made the labels; the weights are the version."""
    if model is None:
        return ("napari-sam-med", "")
    return (f"napari-sam-med {model.name}", model.sha256[:16])


def safe_name(title: str) -> str:
    """Make a file name of a layer's title, which may hold any character."""
    return re.sub(r"[^\w.-]+", "_", title).strip("._") or "labels"


def _write_labels(
    path: Path,
    labels: LabelsToWrite,
    added: Mapping[Path, LabelledView],
    *,
    overwrite: bool,
) -> str:
    """Run on another thread; what is added was not asked about: it replaces nothing."""
    from napari_sam_med.core.storage.atomic_files import check_free

    for each in added:
        check_free(each, overwrite=False)
    written = write_label_files(path, labels, overwrite=overwrite)
    paths = written.paths + [
        write_outputs(each, view, overwrite=False) for each, view in added.items()
    ]
    told = " and ".join(str(each) for each in (paths[0], paths[-1])[: len(paths)])
    return f"{told}; of its segments {written.segments}" if written.segments else told


def _write_outputs(path: Path, view: LabelledView, *, overwrite: bool) -> str:
    """Run on another thread."""
    return str(write_outputs(path, view, overwrite=overwrite))


def _save_records(path: Path, records: Sequence[Record]) -> Path:
    """Run on another thread."""
    save_records(path, records)
    return path
