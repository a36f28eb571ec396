"""A slice with its labels as a picture, the way up that radiologists look at it."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.planes import SquareGrid
from napari_sam_med.core.windows import default_window
from napari_sam_med.errors import ImageError

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.geometry import Geometry
    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.core.volumes import Volume
    from napari_sam_med.core.windows import Window

GOLDEN = 0.618033988749895
"""Steps of the golden ratio keep hues of any number of labels far apart."""
L, P, S = 0, 1, 2
"""Places of an LPS vector's components."""


@dataclass(frozen=True, slots=True)
class Look:
    """How labels lie over the image.

    Parameters
    ----------
    opacity : float
        Of the filled labels, 0 to 1; the outline is opaque. 0 leaves outlines only.
    upright : bool
        Turn the slice as radiologists look at it: front or head up, the patient's left
        or back to the right. Otherwise rows and columns stay those of the array.
    """

    opacity: float = 0.35
    upright: bool = True


def picture_of_slice(
    image: Volume,
    labels: npt.NDArray[np.integer],
    plane: SlicePlane,
    *,
    window: Window | None = None,
    look: Look = Look(),  # frozen
) -> npt.NDArray[np.uint8]:
    """Draw labels over a slice.

    Parameters
    ----------
    image : Volume
        Grey or colour.
    labels : (Z, Y, X) integer
        On the image's grid; 0 is the background.
    plane : SlicePlane
        Which slice.
    window : Window or None
        Intensities shown as black and white; by default those of the modality, or
        the volume's percentiles.
    look : Look
        How.

    Returns
    -------
    (H, W, 3) uint8
        RGB with square pixels.

    Raises
    ------
    ImageError
        If image and labels are of different shapes, or there is no such slice.
    """
    if labels.shape != image.shape_zyx:
        msg = f"labels of shape {labels.shape} for an image of shape {image.shape_zyx}"
        raise ImageError(msg)
    shown = np.asarray(plane.take(image.array))
    if image.array.ndim == 3:
        chosen = window or default_window(image.array, image.modality)
        shown = chosen.apply(shown)
    drawn = np.asarray(plane.take(labels))
    height, width = drawn.shape
    grid = SquareGrid.of((height, width), plane.spacing_rc)
    # a view on a reversed or broadcast array is no input for the resampling
    square = grid.image_to_square(np.ascontiguousarray(shown, dtype=np.uint8))
    if square.ndim == 2:
        square = np.stack([square] * 3, axis=-1)
    picture = _painted(square, _enlarged(drawn, grid), look.opacity)
    return upright(picture, image.geometry, plane.axis) if look.upright else picture


def colour_of(label: int) -> tuple[int, int, int]:
    """Give the colour of a label, the same in every picture.

    Parameters
    ----------
    label : int
        From 1.

    Returns
    -------
    (red, green, blue)
        0 to 255 each.

    Examples
    --------
    >>> colour_of(1) == colour_of(1), colour_of(1) == colour_of(2)
    (True, False)
    """
    red, green, blue = colorsys.hsv_to_rgb((label - 1) * GOLDEN % 1.0, 0.85, 1.0)
    return (round(red * 255), round(green * 255), round(blue * 255))


def upright(
    picture: npt.NDArray[np.uint8], geometry: Geometry, axis: int
) -> npt.NDArray[np.uint8]:
    """Turn a slice as radiologists look at it, by quarter turns and mirroring.

    Parameters
    ----------
    picture : (H, W, 3) uint8
        Rows and columns are the two array axes left, in array order.
    geometry : Geometry
        Of the volume.
    axis : 0, 1 or 2
        Array axis that the slice is taken across.

    Returns
    -------
    (H, W, 3) or (W, H, 3) uint8
        Down is the patient's back, or the feet where head and feet are in the slice;
        right is the patient's left, or the back.
    """
    directions = np.transpose(geometry.direction)[::-1]  # of the array's z, y and x
    row, col = (d for number, d in enumerate(directions) if number != axis)
    across = int(np.abs(np.cross(row, col)).argmax())
    # what points down and right where the slice is cut across x, y or z
    down, right = {
        L: (-_unit(S), _unit(P)),
        P: (-_unit(S), _unit(L)),
        S: (_unit(P), _unit(L)),
    }[across]
    if abs(row @ right) > abs(col @ right):
        picture, row, col = picture.transpose(1, 0, 2), col, row
    if row @ down < 0:
        picture = picture[::-1]
    if col @ right < 0:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)


def _painted(
    square: npt.NDArray[np.uint8], drawn: npt.NDArray[np.integer], opacity: float
) -> npt.NDArray[np.uint8]:
    picture = square.astype(np.float32)
    inside = drawn > 0
    labels, which = np.unique(drawn[inside], return_inverse=True)
    known = [colour_of(label) for label in labels.tolist()]
    colours = np.array(known, np.float32).reshape(-1, 3)[which]
    picture[inside] = (1 - opacity) * picture[inside] + opacity * colours
    rim = _rim_of(drawn)
    picture[rim] = colours[rim[inside]]
    return np.rint(picture).astype(np.uint8)


def _rim_of(drawn: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Mark labelled pixels beside another label or none, or at the picture's border.

    An object that the border cuts is closed there.
    """
    around = np.pad(drawn, 1)
    above, below = around[:-2, 1:-1], around[2:, 1:-1]
    left, right = around[1:-1, :-2], around[1:-1, 2:]
    same = [drawn == other for other in (above, below, left, right)]
    rim: npt.NDArray[np.bool_] = (drawn > 0) & ~np.logical_and.reduce(same)
    return rim


def _enlarged(
    drawn: npt.NDArray[np.integer], grid: SquareGrid
) -> npt.NDArray[np.integer]:
    """Give each square pixel the label of the slice's pixel that it lies in."""
    rows, cols = (
        np.minimum(((np.arange(n) + 0.5) / factor).astype(int), size - 1)
        for n, factor, size in zip(
            grid.square_hw, grid.factor_rc, grid.shape_hw, strict=True
        )
    )
    enlarged: npt.NDArray[np.integer] = drawn[rows[:, None], cols[None, :]]
    return enlarged


def _unit(axis: int) -> npt.NDArray[np.float64]:
    unit: npt.NDArray[np.float64] = np.eye(3)[axis]
    return unit
