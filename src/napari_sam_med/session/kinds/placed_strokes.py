"""Lines that a person drew in a slice: scribbles, and lassos, which are closed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.prompts import NEGATIVE, POSITIVE
from napari_sam_med.core.strokes.lassos import deepest_point, enclosed
from napari_sam_med.core.strokes.scribbles import as_path, points_along
from napari_sam_med.errors import PromptError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.core.planes import SlicePlane

Path = tuple[tuple[float, float], ...]
DIGITS = 3
"""A hand is not steadier than a thousandth of a pixel, and files stay short."""
MOST_VERTICES = 5000
"""Of a line in a file; a mouse gives some hundreds."""


@dataclass(frozen=True, slots=True)
class PlacedStroke:
    """A line that lies in one slice, and the points that stand for it.

    Parameters
    ----------
    axis, index : int
        Which slice.
    path_rc : tuple of (row, column)
        Vertices, in pixels of that slice.
    points_rc : tuple of (row, column)
        What a model is asked in its stead, so that a later version asks the same.
    label : int
        1 for what is on the object, 0 for the background.
    is_closed : bool
        Whether it is a lasso: its inside is meant.
    after : int
        How many points of the object were there when it was drawn: models hear
        prompts in the order they were made.
    """

    axis: int
    index: int
    path_rc: Path
    points_rc: Path
    label: int = POSITIVE
    is_closed: bool = False
    after: int = 0

    @classmethod
    def scribble(
        cls,
        path_rc: npt.ArrayLike,
        label: int,
        plane: SlicePlane,
        shape_hw: tuple[int, int],
    ) -> PlacedStroke:
        """Make a scribble of what was drawn.

        Parameters
        ----------
        path_rc : (N, 2) float
            Vertices; what lies outside the slice is moved to its border.
        label : int
            1 on the object, 0 on the background.
        plane : SlicePlane
            The slice.
        shape_hw : (height, width)
            Of the slice.

        Raises
        ------
        PromptError
            If there is no vertex.
        """
        path = _inside(path_rc, shape_hw)
        points = points_along(path, plane.spacing_rc, shape_hw)
        return cls(plane.axis, plane.index, _packed(path), _packed(points), label)

    @classmethod
    def lasso(
        cls,
        path_rc: npt.ArrayLike,
        label: int,
        plane: SlicePlane,
        shape_hw: tuple[int, int],
    ) -> PlacedStroke:
        """Make a lasso of what was drawn, closed by a straight line.

        Parameters
        ----------
        path_rc, label, plane, shape_hw
            As ``scribble`` takes them.

        Raises
        ------
        PromptError
            If no pixel's centre lies inside.
        """
        path = _inside(path_rc, shape_hw)
        inside = enclosed(path, shape_hw)
        if not inside.any():
            msg = "the lasso holds no pixel; draw it round the object, larger"
            raise PromptError(msg)
        points = np.array([deepest_point(inside, plane.spacing_rc)])
        packed = _packed(path), _packed(points)
        return cls(plane.axis, plane.index, *packed, label, is_closed=True)

    def lies_on(self, plane: SlicePlane) -> bool:
        """Whether it counts in a slice."""
        return (self.axis, self.index) == (plane.axis, plane.index)

    def shifted(
        self, by_rc: Sequence[float], shape_hw: tuple[int, int]
    ) -> PlacedStroke:
        """Move it, as far as its slice reaches."""
        path, points = np.array(self.path_rc), np.reshape(self.points_rc, (-1, 2))
        all_rc = np.concatenate([path, points])
        room = np.array(shape_hw) - 1 - all_rc.max(axis=0)
        by = np.clip(by_rc, np.minimum(-all_rc.min(axis=0), 0), np.maximum(room, 0))
        return replace(self, path_rc=_packed(path + by), points_rc=_packed(points + by))


def outlined(
    strokes: Sequence[PlacedStroke],
    shape_hw: tuple[int, int],
    start: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.bool_] | None:
    """Give the mask that lassos of one slice mean together.

    Parameters
    ----------
    strokes : sequence of PlacedStroke
        Scribbles among them are of no concern.
    shape_hw : (height, width)
        Of the slice.
    start : (H, W) bool or None
        The object's own mask, which a lasso on the object replaces.

    Returns
    -------
    (H, W) bool or None
        What lassos on the object hold, or the start, less what lassos on the background
        hold; None if nothing is left.
    """
    lassos = [each for each in strokes if each.is_closed]
    on_object = [each for each in lassos if each.label != NEGATIVE]
    mask = None if start is None else np.array(start, dtype=bool)
    if on_object:
        mask = np.any([enclosed(each.path_rc, shape_hw) for each in on_object], axis=0)
    if mask is None:
        return None
    for each in lassos:
        if each.label == NEGATIVE:
            mask &= ~enclosed(each.path_rc, shape_hw)
    return mask if mask.any() else None


def _inside(
    path_rc: npt.ArrayLike, shape_hw: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """Clip to the slice; of vertices that follow each other at one place one stays."""
    path = np.clip(as_path(path_rc), 0, np.array(shape_hw) - 1)
    path = np.round(path, DIGITS)
    moved = np.any(np.diff(path, axis=0) != 0, axis=1)
    return np.asarray(path[np.concatenate([[True], moved])])


def _packed(path: npt.NDArray[np.float64]) -> Path:
    return tuple((float(row), float(col)) for row, col in path.round(DIGITS))
