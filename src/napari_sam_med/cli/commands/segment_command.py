"""``segment``: one object on one slice, into a label file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from cyclopts import Parameter
from rich.table import Table

from napari_sam_med.cli.choices import (
    box_from_text,
    model_choice,
    points_from_texts,
    window_from_text,
)
from napari_sam_med.cli.inputs import ANY, Which, as_typed, read_image
from napari_sam_med.cli.outputs import (
    NOTHING,
    Beside,
    Labelled,
    check_beside,
    tell_written,
    write_beside,
)
from napari_sam_med.cli.terminal import Console
from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.slice_view import EmbeddedSlice, SliceView
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import default_window
from napari_sam_med.errors import ImageError, PromptError

Candidate = Literal["best", "1", "2", "3"]
SIGNED = Parameter(negative=(), allow_leading_hyphen=True)
"""Several numbers, of which the first may be negative: no option, whatever it looks."""


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Where:
    """The slice, and what of its intensities the model sees.

    Parameters
    ----------
    axis
        Array axis that the slice is taken across: 0 (z), 1 (y) or 2 (x).
    slice
        Number of the slice along that axis, from 0; may be left out where there is
        only one.
    window
        Intensities shown as black and white, LOW,HIGH; by default those of the
        modality, or the image's percentiles.
    """

    axis: Literal[0, 1, 2] = 0
    slice: int | None = None
    window: Annotated[str | None, SIGNED] = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Asked:
    """What is prompted, and of whom.

    Parameters
    ----------
    point
        ROW,COLUMN of a click on the object, or ROW,COLUMN,0 for one on the
        background; may be given several times.
    box
        ROW0,COL0,ROW1,COL1, inclusive; of several, each holds a part of the object.
    model
        A name of `models list`, or NAME=FILE with a checkpoint.
    candidate
        The mask to keep: the one with the best predicted IoU, or by its number.
    device
        auto, cpu, cuda or mps.
    """

    point: Annotated[tuple[str, ...], SIGNED] = ()
    box: Annotated[tuple[str, ...], SIGNED] = ()
    model: str = "nano"
    candidate: Candidate = "best"
    device: str = "auto"


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Kept:
    """Where the mask goes.

    Parameters
    ----------
    out
        Label file to write (.nii.gz, .nii, .nrrd, .mha, or .png for a single slice),
        with the image's geometry; or .dcm for a DICOM-SEG of a DICOM image. A DICOM-SEG
        carries the patient's name and identifiers, as its standard demands; no other
        file does.
    label
        Number that the object gets in it.
    name
        What the object is called, such as liver, in a DICOM-SEG and the statistics.
    labelmap
        Write a DICOM-SEG as one image of numbers (LABELMAP), which few programs read.
    overwrite
        Replace existing files.
    """

    out: Path
    label: Annotated[int, Parameter(negative=())] = 1
    name: str = ""
    labelmap: Annotated[bool, Parameter(negative=())] = False
    overwrite: Annotated[bool, Parameter(negative=())] = False


def segment(
    image: Path,
    /,
    *,
    keep: Kept,
    where: Where = Where(),
    ask: Asked = Asked(),
    which: Which = ANY,
    beside: Beside = NOTHING,
) -> int:
    """Segment one object on one slice.

    Parameters
    ----------
    image
        NIfTI, NRRD, MHA, DICOM (file or folder), PNG, JPEG, TIFF or BMP.
    keep
        Where the mask goes.
    where
        Which slice.
    ask
        What is prompted.
    which
        Which image of several.
    beside
        What else is written.
    """
    from napari_sam_med.io.writing.export import (
        check_source,
        provenance_of,
        write_labels,
    )

    prompts = prompts_from_asked(ask)
    choice = model_choice(ask.model, device=ask.device)
    check_kept(keep, beside)
    volume = read_image(image, which)
    names = {keep.label: as_typed(keep.name)} if keep.name else {}
    provenance = provenance_of(volume, names, model=choice.name, labelmap=keep.labelmap)
    check_source(keep.out, provenance)
    plane = plane_of(volume, where)
    answers = _predict(volume, plane, where, prompts, choice.load())
    slot = slot_of(answers, ask.candidate)
    mask = np.any([answer.masks[slot] for answer in answers], axis=0)
    labels = np.zeros(volume.shape_zyx, np.uint16)
    labels[plane.put(labels, mask)] = keep.label
    write_labels(
        keep.out,
        labels,
        volume.geometry,
        overwrite=keep.overwrite,
        provenance=provenance,
    )
    _show(answers, slot, plane, keep.out)
    found = Labelled(volume, labels, names)
    window = window_from_text(where.window) if where.window else None
    more = write_beside(beside, found, plane, window=window, overwrite=keep.overwrite)
    tell_written(more)
    return 0


def check_kept(keep: Kept, beside: Beside) -> None:
    """Refuse outputs that could not be written, before work is spent on them.

    Raises
    ------
    ImageError
        If the label is no label.
    FileWriteError
        If a file cannot be written.
    """
    from napari_sam_med.io.writing.export import check_target

    check_target(keep.out, overwrite=keep.overwrite)
    check_beside(beside, keep.out, overwrite=keep.overwrite)
    if not 1 <= keep.label <= 65535:
        msg = f"label {keep.label}; give 1 to 65535 (0 is the background)"
        raise ImageError(msg)


def prompts_from_asked(asked: Asked) -> list[Prompts]:
    """Build one set of prompts for each box, or one without a box.

    Parameters
    ----------
    asked : Asked
        What was typed.

    Returns
    -------
    list of Prompts

    Raises
    ------
    PromptError
        If there is none, one is malformed, or points come with several boxes.
    """
    points, labels = points_from_texts(asked.point)
    boxes = [np.array(box_from_text(text)) for text in asked.box]
    if len(boxes) > 1 and len(points):
        msg = "points and several boxes do not go together; give points or one box"
        raise PromptError(msg)
    if not boxes:
        return [Prompts(points, labels)]
    return [Prompts(points, labels, box) for box in boxes]


def plane_of(volume: Volume, where: Where) -> SlicePlane:
    """Find the slice that was asked for.

    Raises
    ------
    ImageError
        If the volume has no such slice, or several and none was named.
    """
    count = volume.shape_zyx[where.axis]
    index = 0 if where.slice is None and count == 1 else where.slice
    if index is None or not 0 <= index < count:
        asked = "no slice was named" if index is None else f"there is no slice {index}"
        msg = f"{asked}; axis {where.axis} has 0 to {count - 1}, give one with --slice"
        raise ImageError(msg)
    return SlicePlane.of(volume.geometry, where.axis, index)


def slot_of(answers: list[Candidates], candidate: Candidate) -> int:
    """Choose the candidate; of several boxes the one with the best mean score.

    Raises
    ------
    PromptError
        If the model gave fewer candidates.
    """
    if candidate == "best":
        return int(np.mean([answer.scores for answer in answers], axis=0).argmax())
    slot, count = int(candidate) - 1, len(answers[0])
    if slot >= count:
        msg = f"candidate {candidate} of {count}; give best or 1 to {count}"
        raise PromptError(msg)
    return slot


def _predict(
    volume: Volume,
    plane: SlicePlane,
    where: Where,
    prompts: list[Prompts],
    model: Segmenter,
) -> list[Candidates]:
    window = window_from_text(where.window) if where.window else None
    if volume.array.ndim == 3 and window is None:
        window = default_window(volume.array, volume.modality)
    view = SliceView.of(volume, plane, window)
    for prompt in prompts:
        prompt.check_inside(view.shape_hw)  # before the model is kept busy
    return EmbeddedSlice.of(model, view).predict_many(prompts)


def _show(answers: list[Candidates], slot: int, plane: SlicePlane, out: Path) -> None:
    table = Table(title=f"Slice {plane.index} across axis {plane.axis}")
    for heading in ("candidate", "predicted IoU", "pixels", ""):
        table.add_column(heading, justify="right")
    for number in range(len(answers[0])):
        score = float(np.mean([answer.scores[number] for answer in answers]))
        mask = np.any([answer.masks[number] for answer in answers], axis=0)
        kept = "kept" if number == slot else ""
        table.add_row(str(number + 1), f"{score:.3f}", str(int(mask.sum())), kept)
    console = Console()
    console.print(table)
    console.print(f"Written to {out}", soft_wrap=True, highlight=False)
