"""Prompt perturbation: boxes and points drawn near the exact ones."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import PromptError

if TYPE_CHECKING:
    import numpy.typing as npt


class BoxPerturbation(StrEnum):
    """How a box is perturbed: moved, grown or shrunk, or each edge by itself."""

    SHIFT = "shift"
    EXPAND = "expand"
    CORNERS = "corners"


def perturbed_box(
    box_rc: npt.NDArray[np.float64],
    kind: BoxPerturbation,
    amount_rc: tuple[float, float],
    shape_hw: tuple[int, int],
    rng: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Draw a box near another one.

    Parameters
    ----------
    box_rc : (4,) float64
        ``(row0, col0, row1, col1)``, inclusive pixels.
    kind : BoxPerturbation
        ``shift`` moves the whole box, ``expand`` moves opposite edges outwards or
        inwards alike, ``corners`` moves each edge by itself.
    amount_rc : (rows, columns)
        The most that an edge is moved, in pixels; evenly distributed up to it.
    shape_hw : (height, width)
        Of the slice; the box is cut to it.
    rng : numpy.random.Generator
        Where randomness comes from.

    Returns
    -------
    (4,) float64
        Whole pixels; at least one pixel remains.

    Raises
    ------
    PromptError
        If an amount is negative.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> box = np.array([10.0, 10.0, 20.0, 30.0])
    >>> moved = perturbed_box(box, BoxPerturbation.SHIFT, (3, 3), (50, 50), rng)
    >>> (moved[2:] - moved[:2]).tolist()
    [10.0, 20.0]
    """
    if min(amount_rc) < 0:
        msg = f"a perturbation of {amount_rc} pixels; give numbers from 0"
        raise PromptError(msg)
    draws = rng.uniform(-1, 1, 4)
    if kind is BoxPerturbation.SHIFT:
        draws[2:] = draws[:2]
    elif kind is BoxPerturbation.EXPAND:
        draws[2:] = -draws[:2]
    moved = np.rint(box_rc + np.rint(draws * np.tile(amount_rc, 2)))
    low, high = moved[:2], moved[2:]
    middle = np.rint((low + high) / 2)
    low, high = (np.where(low > high, middle, each) for each in (low, high))
    last = np.subtract(shape_hw, 1)
    corners = np.concatenate([np.clip(low, 0, last), np.clip(high, 0, last)])
    return corners.astype(np.float64)


def perturbed_point(
    region: npt.NDArray[np.bool_],
    point_rc: tuple[float, float],
    radius_px: float,
    rng: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Draw a pixel of a region near a point.

    Parameters
    ----------
    region : (H, W) bool
        The object, or its largest component; not empty.
    point_rc : (row, column)
        The exact point, a pixel of the region.
    radius_px : float
        The most that the point is moved.
    rng : numpy.random.Generator
        Where randomness comes from.

    Returns
    -------
    (2,) float64
        Row and column; every pixel of the region within the radius is equally likely.

    Raises
    ------
    PromptError
        If no pixel of the region lies within the radius.

    Examples
    --------
    >>> region = np.zeros((5, 5), dtype=bool)
    >>> region[2, 2:] = True
    >>> point = perturbed_point(region, (2, 2), 1.0, np.random.default_rng(3))
    >>> point.tolist() in ([2.0, 2.0], [2.0, 3.0])
    True
    """
    pixels = np.argwhere(region).astype(np.float64)
    near = pixels[np.hypot(*(pixels - point_rc).T) <= radius_px]
    if len(near) == 0:
        msg = f"no pixel of the object within {radius_px} of {point_rc}; enlarge it"
        raise PromptError(msg)
    drawn: npt.NDArray[np.float64] = near[rng.integers(len(near))]
    return drawn
