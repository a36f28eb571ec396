"""What ``segment`` is told on the command line, and the prompts made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from cyclopts import Parameter
from rich.table import Table

from napari_sam_med.cli.choices import (
    LARGEST_LABEL,
    box_from_text,
    points_from_texts,
)
from napari_sam_med.cli.outputs import Beside, check_beside, refuse_unused
from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.prompts import POSITIVE, Prompts
from napari_sam_med.errors import ImageError, PromptError

Candidate = Literal["best", "1", "2", "3"]
Method = Literal["projection", "video", "interpolation"]
SIGNED = Parameter(negative=(), allow_leading_hyphen=True)
"""Several numbers, of which the first may be negative: no option, whatever it looks."""

LONGEST_INDEX = 9
"""Digits of a slice number; int() refuses thousands of them with another error."""


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Where:
    """The slice or slices, and what of their intensities the model sees.

    Parameters
    ----------
    axis
        Array axis that slices are counted along, in the order that the file stores: 0
        (z), 1 (y) or 2 (x). Of axial slices, as CT mostly has them, 0 gives axial, 1
        coronal and 2 sagittal ones.
    slice
        Number of the slice along --axis, the first one being 0: --axis 1 --slice 120
        is the 121st coronal slice of an axial CT. May be left out where there is only
        one slice.
    window
        Intensities shown as black and white, LOW,HIGH; by default those of the
        modality, or the image's percentiles.
    propagate
        Follow the object from the prompted slices through the volume.
    range
        FIRST:LAST, the first and the last slice of the object; by default its ends are
        found. Only with --propagate.
    method
        projection prompts each slice from its neighbour, with any model; video lets a
        video model follow the object; interpolation fills the slices between prompted
        ones without a model. Only with --propagate, which takes projection by default.
    """

    axis: Literal[0, 1, 2] = 0
    slice: int | None = None
    window: Annotated[str | None, SIGNED] = None
    propagate: Annotated[bool, Parameter(negative=())] = False
    range: str | None = None
    method: Method | None = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Asked:
    """What is prompted, and of whom.

    Parameters
    ----------
    point
        ROW,COLUMN of a click on the object, or ROW,COLUMN,0 for one on the
        background; may be given several times, and several at once with blanks between
        ("10,20 30,40"), the quick way for hundreds. With --propagate, ROW,COLUMN@SLICE
        is a click on another slice than --slice.
    box
        ROW0,COL0,ROW1,COL1, inclusive; of several, given as points are, each holds a
        part of the object.
        With --propagate, ROW0,COL0,ROW1,COL1@SLICE is a box on another slice.
    scribble
        "ROW,COLUMN ROW,COLUMN ...", a line over the object, or with ,0 at its end over
        the background; may be given several times. On a single slice.
    lasso
        "ROW,COLUMN ROW,COLUMN ...", a closed line round the object, or with ,0 at its
        end round what is not. On a single slice.
    model
        A name of `models list`, or NAME=FILE with a checkpoint.
    candidate
        The mask to keep: the one with the best predicted IoU, or by its number.
    device
        auto, cpu, cuda or mps.
    """

    point: Annotated[tuple[str, ...], SIGNED] = ()
    box: Annotated[tuple[str, ...], SIGNED] = ()
    scribble: Annotated[tuple[str, ...], SIGNED] = ()
    lasso: Annotated[tuple[str, ...], SIGNED] = ()
    model: str = "nano"
    candidate: Candidate = "best"
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in ("point", "box"):
            apart = [one for text in getattr(self, name) for one in _apart(text)]
            object.__setattr__(self, name, tuple(apart))


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


ANYWHERE, UNASKED = Where(), Asked()


@dataclass(frozen=True, slots=True, eq=False)
class Segmented:
    """What a command found.

    Parameters
    ----------
    mask : (Z, Y, X) bool
        The object.
    plane : SlicePlane
        The slice that shows it best.
    table : Table
        What to tell of it.
    """

    mask: npt.NDArray[np.bool_]
    plane: SlicePlane
    table: Table


def check_kept(keep: Kept, beside: Beside) -> None:
    """Refuse outputs that could not be written, before work is spent on them.

    Raises
    ------
    ImageError
        If the label is no label, or an option would change nothing.
    FileWriteError
        If a file cannot be written.
    """
    from napari_sam_med.io.writing.export import check_target

    check_target(keep.out, overwrite=keep.overwrite)
    check_beside(beside, keep.out, overwrite=keep.overwrite)
    is_dicom = keep.out.suffix.lower() == ".dcm"
    if not is_dicom:
        refuse_unused({"--labelmap": keep.labelmap}, "a DICOM-SEG (--out FILE.dcm)")
    if not is_dicom and beside.statistics is None:
        wanted = "a DICOM-SEG (--out FILE.dcm) and --statistics"
        refuse_unused({"--name": bool(keep.name)}, wanted)
    if not 1 <= keep.label <= LARGEST_LABEL:
        msg = f"label {keep.label}; give 1 to {LARGEST_LABEL} (0 is the background)"
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
        Empty if there are only scribbles and lassos.

    Raises
    ------
    PromptError
        If there is none, one is malformed or names a slice, or points come with
        several boxes.
    """
    named = next((text for text in (*asked.point, *asked.box) if "@" in text), None)
    if named is not None:
        msg = f"'{named}' names a slice; only --propagate takes prompts of several"
        raise PromptError(msg)
    if not (asked.point or asked.box) and (asked.scribble or asked.lasso):
        return []
    points, labels = points_from_texts(asked.point)
    boxes = [np.array(box_from_text(text)) for text in asked.box]
    if len(boxes) > 1 and len(points):
        msg = "points and several boxes do not go together; give points or one box"
        raise PromptError(msg)
    if not boxes:
        return [Prompts(points, labels)]
    return [Prompts(points, labels, box) for box in boxes]


def check_positive(prompts: Sequence[Prompts], line_labels: Sequence[int] = ()) -> None:
    """Refuse to ask where an object is by what it is not.

    Parameters
    ----------
    prompts : sequence of Prompts
        Of one slice.
    line_labels : sequence of int
        Of scribbles and lassos there.

    Raises
    ------
    PromptError
        If all is on the background.
    """
    on_object = any(each.box_rc is not None or each.labels.any() for each in prompts)
    if not on_object and POSITIVE not in line_labels:
        msg = (
            "all prompts are on the background, which asks for no object; add a point, "
            "a box or a line on the object"
        )
        raise PromptError(msg)


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


def check_unused(where: Where) -> None:
    """Refuse options that mean nothing without ``--propagate``.

    Raises
    ------
    ImageError
        If there is one.
    """
    for name, value in (("--range", where.range), ("--method", where.method)):
        if value is not None:
            msg = f"{name} {value} is for --propagate only; add it or leave {name} out"
            raise ImageError(msg)


def prompts_by_slice(asked: Asked, where: Where) -> dict[int, list[Prompts]]:
    """Build the prompts of each slice; those without a slice are on ``--slice``.

    Parameters
    ----------
    asked, where : Asked, Where
        What was typed.

    Returns
    -------
    dict of int to list of Prompts
        As ``prompts_from_asked`` builds them for one slice.

    Raises
    ------
    PromptError
        As ``prompts_from_asked`` and ``check_positive``; if a slice is no whole number,
        or none is named.
    """
    if asked.scribble or asked.lasso:
        msg = (
            "--scribble and --lasso are for a single slice; leave --propagate out, or "
            "give points or boxes"
        )
        raise PromptError(msg)
    points, boxes = (_by_slice(texts, where) for texts in (asked.point, asked.box))
    if not points and not boxes:
        prompts_from_asked(asked)
    found: dict[int, list[Prompts]] = {}
    for index in sorted({*points, *boxes}):
        here = tuple(points.get(index, ())), tuple(boxes.get(index, ()))
        found[index] = prompts_from_asked(replace(asked, point=here[0], box=here[1]))
        check_positive(found[index])
    if where.slice is not None and where.slice not in found:
        msg = f"--slice {where.slice} is of no prompt: each names its own; leave it out"
        raise PromptError(msg)
    return found


def index_range(text: str | None) -> tuple[int, int] | None:
    """Read ``FIRST:LAST``.

    Raises
    ------
    ImageError
        If the text is something else.
    """
    if text is None:
        return None
    first, _, last = text.partition(":")
    if not (_is_index(first) and _is_index(last)):
        msg = f"range '{text}'; give FIRST:LAST, two slice numbers such as 10:40"
        raise ImageError(msg)
    return int(first), int(last)


def _by_slice(texts: tuple[str, ...], where: Where) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = {}
    for text in texts:
        prompt, at, index = text.rpartition("@")
        if not at:
            prompt = text
            index = "" if where.slice is None else str(where.slice)
        if not _is_index(index):
            msg = (
                f"prompt '{text}' has no slice; give its number with --slice or "
                "behind an @, such as 120,80@40"
            )
            raise PromptError(msg)
        found.setdefault(int(index), []).append(prompt)
    return found


def _apart(text: str) -> list[str]:
    """Part several prompts; blanks beside a comma or an @ are within one."""
    return re.split(r"(?<![,@\s])\s+(?![,@\s])", text.strip())


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_INDEX
