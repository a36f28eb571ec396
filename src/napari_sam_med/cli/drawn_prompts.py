"""Scribbles and lassos that are typed, beside points and a box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.cli.choices import points_from_texts
from napari_sam_med.core.prompts import NEGATIVE, POSITIVE, Prompts
from napari_sam_med.errors import PromptError

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.core.ports import Capabilities
    from napari_sam_med.session.kinds.placed_strokes import PlacedStroke
    from napari_sam_med.session.kinds.questions import ObjectQuestion

FEWEST = {"scribble": 1, "lasso": 3}


@dataclass(frozen=True, slots=True, eq=False)
class TypedLine:
    """A line in pixels of a slice.

    Parameters
    ----------
    path_rc : (N, 2) float64
        Its vertices.
    label : int
        1 on the object, 0 on the background.
    is_closed : bool
        Whether its inside is meant.
    """

    path_rc: npt.NDArray[np.float64]
    label: int
    is_closed: bool

    @classmethod
    def of(cls, text: str, kind: str) -> TypedLine:
        """Read ``ROW,COLUMN ROW,COLUMN ...``; with ``,0`` at its end on the background.

        Raises
        ------
        PromptError
            If the text is something else, or has too few vertices.
        """
        words = text.split()
        if len(words) < FEWEST[kind]:
            msg = (
                f"{kind} '{text}'; give {FEWEST[kind]} or more ROW,COLUMN with blanks "
                "between, in quotes"
            )
            raise PromptError(msg)
        path, labels = points_from_texts(words)
        label = NEGATIVE if labels[-1] == NEGATIVE else POSITIVE
        return cls(path, label, kind == "lasso")

    def placed(self, plane: SlicePlane, shape_hw: tuple[int, int]) -> PlacedStroke:
        """Put it on a slice.

        Raises
        ------
        PromptError
            If it lies outside the slice, or encloses no pixel.
        """
        from napari_sam_med.session.kinds.placed_strokes import PlacedStroke

        Prompts(self.path_rc, np.full(len(self.path_rc), 1)).check_inside(shape_hw)
        make = PlacedStroke.lasso if self.is_closed else PlacedStroke.scribble
        return make(self.path_rc, self.label, plane, shape_hw)


def lines_from_texts(
    scribbles: Sequence[str], lassos: Sequence[str]
) -> list[TypedLine]:
    """Read what was typed; raises PromptError as ``TypedLine.of``."""
    return [
        *(TypedLine.of(text, "scribble") for text in scribbles),
        *(TypedLine.of(text, "lasso") for text in lassos),
    ]


def questions_with(
    lines: Sequence[TypedLine],
    others: Sequence[Prompts],
    on: tuple[SlicePlane, tuple[int, int]],
    able: Capabilities,
) -> list[ObjectQuestion]:
    """Put points, a box and lines together as what is asked of a model.

    Parameters
    ----------
    lines : sequence of TypedLine
        Scribbles and lassos, asked as in the viewer.
    others : sequence of Prompts
        Points and a box; several boxes only if there is no line.
    on : (SlicePlane, (height, width))
        The slice.
    able : Capabilities
        What the model takes.

    Returns
    -------
    list of ObjectQuestion

    Raises
    ------
    PromptError
        If lines come with several boxes, or lie outside the slice.
    """
    from napari_sam_med.session.kinds.placed_strokes import outlined
    from napari_sam_med.session.kinds.questions import ObjectQuestion
    from napari_sam_med.session.kinds.slice_objects import Mark, objects_on_slice
    from napari_sam_med.session.kinds.start_masks import StartMask

    if not lines:
        return [ObjectQuestion(each) for each in others]
    if len(others) > 1:
        msg = "lines and several boxes do not go together; give lines or one box"
        raise PromptError(msg)
    marks, boxes = [], []
    for each in others:
        pairs = zip(each.points_rc, each.labels.tolist(), strict=True)
        marks += [Mark(k, point[None], label) for k, (point, label) in enumerate(pairs)]
        boxes += [] if each.box_rc is None else [_four(each.box_rc)]
    strokes = [line.placed(*on) for line in lines]
    marks += [Mark.of_stroke(stroke) for stroke in strokes]
    found = objects_on_slice(boxes, marks, able)
    mask = outlined(strokes, on[1]) if able.masks else None
    start = None if mask is None else StartMask.of(mask)
    if not found:
        msg = "a lasso on the background alone asks nothing; add a prompt on the object"
        raise PromptError(msg)
    return [ObjectQuestion(found[0].prompts, start)]


def _four(box_rc: npt.NDArray[np.float64]) -> tuple[float, float, float, float]:
    row0, col0, row1, col1 = box_rc.tolist()
    return row0, col0, row1, col1
