"""Regular grids of points, for segmenting everything on a slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import PromptError

if TYPE_CHECKING:
    import numpy.typing as npt


def point_grid(shape_hw: tuple[int, int], side: int) -> npt.NDArray[np.float64]:
    """Spread points evenly over a slice.

    Parameters
    ----------
    shape_hw : (height, width)
        Of the slice, in pixels.
    side : int
        Points along each side.

    Returns
    -------
    (side * side, 2) float64
        Row and column, in pixels, row by row.

    Raises
    ------
    PromptError
        If ``side`` is not positive.

    Notes
    -----
    The points of segment_anything's ``build_point_grid``: the centres of equal cells,
    as fractions of the sides, times the sides.

    Examples
    --------
    >>> point_grid((8, 4), side=2).tolist()
    [[2.0, 1.0], [2.0, 3.0], [6.0, 1.0], [6.0, 3.0]]
    """
    if side < 1:
        msg = f"a grid of {side} points a side; give 1 or more"
        raise PromptError(msg)
    fractions = (np.arange(side) + 0.5) / side
    rows, cols = (np.minimum(fractions * n, n - 0.5) for n in shape_hw)
    grid = np.meshgrid(rows, cols, indexing="ij")
    return np.stack(grid, axis=-1).reshape(-1, 2)
