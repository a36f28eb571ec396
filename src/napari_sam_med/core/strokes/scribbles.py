"""Points along a line that a person drew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import PromptError

if TYPE_CHECKING:
    import numpy.typing as npt

MOST_POINTS = 4
"""``nano`` has learned from few points: over objects of the sample data, scribbled over
at random, the mean Dice of the best-scored mask is .737 with 1 point, .741 with 4, .731
with 8, .725 with 16 (``benchmarks/prompt_kinds.py --every 5``)."""

CELLS = 64
"""Points lie at least a cell of SAM's image embedding apart, of which there are 64
along the longer side of a slice; nearer ones say the same to a network."""


def points_along(
    path_rc: npt.ArrayLike,
    spacing_rc: tuple[float, float],
    shape_hw: tuple[int, int],
    most: int = MOST_POINTS,
) -> npt.NDArray[np.float64]:
    """Choose points along a line, equally far from each other.

    Parameters
    ----------
    path_rc : (N, 2) float
        Row and column of the line's vertices, in pixels of the slice.
    spacing_rc : (row, column)
        Millimetres between the slice's pixels; lengths are measured in millimetres.
    shape_hw : (height, width)
        Of the slice, in pixels.
    most : int
        How many points at most.

    Returns
    -------
    (M, 2) float64
        Each in the middle of one of M equal parts of the line, so that its ends, which
        are drawn carelessly, count less; one point for a line shorter than a cell.

    Raises
    ------
    PromptError
        If the line has no vertex, or is of another shape.

    Examples
    --------
    >>> points_along([(0, 0), (0, 8)], (1.0, 1.0), (64, 64)).tolist()
    [[0.0, 1.0], [0.0, 3.0], [0.0, 5.0], [0.0, 7.0]]
    """
    path = as_path(path_rc)
    steps_mm = np.hypot(*(np.diff(path, axis=0) * spacing_rc).T)
    along_mm = np.concatenate([[0.0], np.cumsum(steps_mm)])
    cell_mm = float(np.max(np.multiply(shape_hw, spacing_rc))) / CELLS
    count = min(most, 1 + int(along_mm[-1] / cell_mm))
    at = (np.arange(count) + 0.5) / count * along_mm[-1]
    return np.stack([np.interp(at, along_mm, path[:, k]) for k in (0, 1)], axis=1)


def as_path(path_rc: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Check the vertices of a line, (N, 2) with N at least 1.

    Raises
    ------
    PromptError
        If they are of another shape or not finite.
    """
    path = np.array(path_rc, dtype=np.float64)
    if path.ndim != 2 or path.shape[1] != 2 or not len(path):
        msg = f"a line of shape {path.shape}; give (N, 2): row and column of each"
        raise PromptError(msg)
    if not np.isfinite(path).all():
        msg = "a line with vertices that are not finite; give numbers in pixels"
        raise PromptError(msg)
    return path
