"""Which prompts of a slice belong to which of its boxes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.ports import Capabilities
from napari_sam_med.core.prompts import NEGATIVE, Prompts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.session.kinds.placed_strokes import PlacedStroke

Box = tuple[float, float, float, float]
ALL_KINDS = Capabilities()


class SecondBox(StrEnum):
    """What a further box on a slice is."""

    OBJECT = "object"
    PART = "part"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A click, or the points of a line, in the order of drawing.

    Parameters
    ----------
    order : float
        Grows from mark to mark.
    points_rc : (N, 2) float64
        In pixels of the slice.
    label : int
        1 on the object, 0 on the background.
    stroke : PlacedStroke or None
        The line, if it is one.
    """

    order: float
    points_rc: npt.NDArray[np.float64]
    label: int
    stroke: PlacedStroke | None = None

    @classmethod
    def of_stroke(cls, stroke: PlacedStroke) -> Mark:
        """Take a line for its points."""
        points = np.reshape(np.array(stroke.points_rc, dtype=np.float64), (-1, 2))
        return cls(stroke.after - 0.5, points, stroke.label, stroke)

    @property
    def middle_rc(self) -> npt.NDArray[np.float64]:
        """Where it lies, (2,)."""
        drawn = self.points_rc if self.stroke is None else self.stroke.path_rc
        return np.asarray(np.mean(drawn, axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class SliceObject:
    """What is asked about one object of a slice.

    Parameters
    ----------
    prompts : Prompts
        Points and box.
    strokes : tuple of PlacedStroke
        The lines among what is asked.
    """

    prompts: Prompts
    strokes: tuple[PlacedStroke, ...] = ()


def objects_on_slice(
    boxes: Sequence[Box], marks: Sequence[Mark], able: Capabilities = ALL_KINDS
) -> tuple[SliceObject, ...]:
    """Put together what is asked of a model about a slice.

    Parameters
    ----------
    boxes : sequence of (row0, col0, row1, col1)
        Of the slice; each is about an object, or a part of one.
    marks : sequence of Mark
        Of the slice. With several boxes, each counts for the box that it lies in or is
        nearest to, of several the smallest.
    able : Capabilities
        What the model takes: a lasso is asked as a box, or as points by a model that
        takes no boxes.

    Returns
    -------
    tuple of SliceObject
        One for each box, or one without a box; empty if nothing can be asked.
    """
    ordered = sorted(marks, key=lambda mark: mark.order)
    if len(boxes) < 2:
        found = _object_of(boxes[0] if boxes else None, ordered, able)
        return () if found is None else (found,)
    owners = [_nearest(boxes, mark.middle_rc) for mark in ordered]
    each = (
        _object_of(
            box, [m for m, own in zip(ordered, owners, strict=True) if own == k], able
        )
        for k, box in enumerate(boxes)
    )
    return tuple(one for one in each if one is not None)


def _object_of(
    box: Box | None, marks: Sequence[Mark], able: Capabilities
) -> SliceObject | None:
    strokes = tuple(m.stroke for m in marks if m.stroke is not None)
    lassos = [each for each in strokes if each.is_closed and each.label != NEGATIVE]
    if box is None and lassos and able.boxes:
        box = _round(lassos)
    kept = [m for m in marks if _gives_points(m, has_box=box is not None, able=able)]
    points = [point for mark in kept for point in mark.points_rc]
    labels = [mark.label for mark in kept for _ in mark.points_rc]
    if box is None and not points:
        return None
    return SliceObject(Prompts(points, labels, box), strokes)


def _gives_points(mark: Mark, *, has_box: bool, able: Capabilities) -> bool:
    """Whether points stand for it.

    A lasso is a box and a mask. A point on it adds nothing to those (mean Dice with
    ``nano`` .72 without and .70 with it, ``benchmarks/prompt_kinds.py --every 5``), but
    does to the box alone (.71 and .72) and to the mask alone, which is no prompt.
    """
    if mark.stroke is None or not mark.stroke.is_closed:
        return True
    has_both = has_box and able.masks
    return able.points and (mark.label == NEGATIVE or not has_both)


def _round(lassos: Sequence[PlacedStroke]) -> Box:
    """Box round the pixels that lassos hold."""
    corners = np.concatenate([np.array(each.path_rc) for each in lassos])
    row0, col0 = np.ceil(corners.min(axis=0)).tolist()
    row1, col1 = np.floor(corners.max(axis=0)).tolist()
    return (row0, col0, max(row0, row1), max(col0, col1))


def _nearest(boxes: Sequence[Box], point_rc: npt.NDArray[np.float64]) -> int:
    corners = np.array(boxes)
    outside = np.maximum(corners[:, :2] - point_rc, point_rc - corners[:, 2:])
    far = np.linalg.norm(np.maximum(outside, 0), axis=1)
    areas = np.prod(corners[:, 2:] - corners[:, :2] + 1, axis=1)
    return int(np.lexsort((areas, far))[0])
