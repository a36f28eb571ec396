"""Small pictures of a mask on its slice, as arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

MARGIN = 0.35
SMALLEST_SIDE = 24.0
TINT = 0.5


def view_of(
    masks: npt.NDArray[np.bool_], spacing_rc: tuple[float, float]
) -> tuple[float, float, float]:
    """Choose the square part of a slice that shows all masks.

    Parameters
    ----------
    masks : (K, H, W) bool
        The candidates.
    spacing_rc : (row, column)
        Millimetres between pixels.

    Returns
    -------
    row, column, side : float
        Centre in pixels and side in millimetres; the whole slice if nothing is masked.
    """
    rows, cols = np.nonzero(masks.any(axis=0))
    if rows.size == 0:
        height, width = masks.shape[1:]
        rows, cols = np.array([0, height - 1]), np.array([0, width - 1])
    extent = max(np.ptp(rows) * spacing_rc[0], np.ptp(cols) * spacing_rc[1])
    side = max(float(extent) * (1 + MARGIN), SMALLEST_SIDE * min(spacing_rc))
    row, col = ((where.min() + where.max()) / 2 for where in (rows, cols))
    return (float(row), float(col), side)


def thumbnail(
    image: npt.NDArray[np.uint8],
    mask: npt.NDArray[np.bool_],
    view: tuple[float, float, float],
    spacing_rc: tuple[float, float],
    colour: tuple[int, int, int],
    size_px: int,
) -> npt.NDArray[np.uint8]:
    """Draw a part of a slice with its mask tinted and outlined.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8
        The slice as the user sees it.
    mask : (H, W) bool
        One candidate.
    view : (row, column, side)
        As ``view_of`` gives it.
    spacing_rc : (row, column)
        Millimetres between pixels.
    colour : (red, green, blue)
        Of the tint, 0 to 255.
    size_px : int
        Side of the picture.

    Returns
    -------
    (size_px, size_px, 3) uint8
        Square pixels; black outside the slice.
    """
    row, col, side = view
    steps = (np.arange(size_px) + 0.5) / size_px - 0.5
    places = np.stack(
        np.meshgrid(
            row + steps * side / spacing_rc[0],
            col + steps * side / spacing_rc[1],
            indexing="ij",
        )
    )
    colours = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    picture = np.stack(
        [
            ndimage.map_coordinates(colours[..., c].astype(np.float32), places, order=1)
            for c in range(3)
        ],
        axis=-1,
    )
    inside = ndimage.map_coordinates(mask.astype(np.float32), places, order=1) > 0.5
    edge = inside & ~ndimage.binary_erosion(inside, border_value=1)
    tint = np.array(colour, dtype=np.float32)
    picture[inside] = (1 - TINT) * picture[inside] + TINT * tint
    picture[edge] = tint
    drawn: npt.NDArray[np.uint8] = np.rint(picture).astype(np.uint8)
    return drawn
