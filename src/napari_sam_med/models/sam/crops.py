"""Crops of an image, and low-resolution logits moved between them.

The logits of a SAM network are a square grid over the square that an image is padded
to at its bottom or right: one of its cells is the longer side divided by the cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

# Below, a crop enlarged to a network's input is interpolation alone. Not measured.
SMALLEST_CROP_PX = 24
# Sides differ by a fifth and positions by a sixteenth of the side, so that a box that
# moves by a pixel from click to click keeps its crop; a test says so. Not measured.
SIDE_STEP = 2**0.25
POSITION_STEPS = 16
# A probability of 0.0003: background beyond doubt, and no outlier to the prompt
# encoder, whose logits are of the order of 10. Not measured.
OUTSIDE_LOGIT = -8.0
# The mean of looks is taken on a grid this much finer than the logits, one cell for
# each pixel of nano's input, so that moving logits blurs little. Not measured.
FINER = 4
# Of the logits that are given back: 1 MB for each candidate. Not measured.
MOST_CELLS = 512


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle of an image, square where the image allows it.

    Parameters
    ----------
    row0, col0 : int
        First pixel.
    height, width : int
        In pixels.
    """

    row0: int
    col0: int
    height: int
    width: int

    @classmethod
    def whole(cls, shape_hw: tuple[int, int]) -> Crop:
        """Take all of an image."""
        return cls(0, 0, *shape_hw)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index an image."""
        rows = slice(self.row0, self.row0 + self.height)
        return rows, slice(self.col0, self.col0 + self.width)

    @property
    def area(self) -> int:
        """In pixels."""
        return self.height * self.width

    @property
    def side(self) -> int:
        """Of the square that it is padded to, in pixels."""
        return max(self.height, self.width)

    def contains(self, points_rc: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Say which points, (N, 2), lie on the crop's pixels."""
        origin = np.array([self.row0, self.col0])
        inside = points_rc - origin
        high = np.array([self.height, self.width]) - 0.5
        return np.asarray(((inside >= -0.5) & (inside <= high)).all(axis=1))


def crop_round(
    box_rc: npt.NDArray[np.float64], shape_hw: tuple[int, int], margin: float
) -> Crop:
    """Choose the crop for an object.

    Side and position are rounded, so that a box that moves a little from click to
    click keeps its crop, and the embedding of it.

    Parameters
    ----------
    box_rc : (4,) float
        ``(row0, col0, row1, col1)``, inclusive pixels.
    shape_hw : (height, width)
        Of the image.
    margin : float
        Side of the crop in multiples of the longer side of the box.

    Returns
    -------
    Crop

    Examples
    --------
    >>> crop_round(np.array([40.0, 40, 59, 49]), (200, 300), 2.0)
    Crop(row0=31, col0=26, height=38, width=38)
    """
    low, high = box_rc[:2], box_rc[2:] + 1
    wanted = max(float((high - low).max()) * margin, SMALLEST_CROP_PX)
    side = SIDE_STEP ** np.round(np.log(wanted) / np.log(SIDE_STEP))
    size = np.minimum(np.round(side), shape_hw)
    step = max(1.0, side / POSITION_STEPS)
    origin = np.round(((low + high) / 2 - size / 2) / step) * step
    origin = np.clip(np.round(origin), 0, np.array(shape_hw) - size)
    return Crop(*(int(value) for value in (*origin, *size)))


def grid_from_grid(
    logits: npt.NDArray[np.float32], source: Crop, target: Crop, cells: int
) -> npt.NDArray[np.float32]:
    """Bring the logits of one crop into the grid of another.

    Parameters
    ----------
    logits : (K, g, g) float32
        Over the square of `source`.
    source, target : Crop
        Of the same image.
    cells : int
        Along each side of the new grid.

    Returns
    -------
    (K, cells, cells) float32
        Over the square of `target`; `OUTSIDE_LOGIT` where `source` does not reach.
    """
    return _moved(logits, source, target, target.side / cells, (cells, cells))


def pixels_from_grid(
    logits: npt.NDArray[np.float32], source: Crop, target: Crop
) -> npt.NDArray[np.float32]:
    """Interpolate the logits of one crop at the pixels of another inside it.

    Parameters
    ----------
    logits : (K, g, g) float32
        Over the square of `source`.
    source, target : Crop
        Of the same image.

    Returns
    -------
    (K, height, width) float32
        At the pixels of `target`.
    """
    return _moved(logits, source, target, 1.0, (target.height, target.width))


def _moved(
    logits: npt.NDArray[np.float32],
    source: Crop,
    target: Crop,
    to_px: float,
    shape_hw: tuple[int, int],
) -> npt.NDArray[np.float32]:
    """Sample at a grid of `shape_hw` points, `to_px` image pixels apart."""
    from_px = source.side / logits.shape[-1]
    scale = to_px / from_px
    row, col = (
        (0.5 * to_px + ahead) / from_px - 0.5
        for ahead in (target.row0 - source.row0, target.col0 - source.col0)
    )
    turn = np.array([[scale, 0, col], [0, scale, row]])
    outside = target.area > source.area
    border = cv2.BORDER_CONSTANT if outside else cv2.BORDER_REPLICATE
    found = []
    for each in logits:
        grid = np.ascontiguousarray(each)
        if scale > 1:
            grid = cv2.blur(grid, (round(scale),) * 2, borderType=cv2.BORDER_REPLICATE)
        found.append(
            cv2.warpAffine(
                grid,
                turn,
                shape_hw[::-1],
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=border,
                borderValue=OUTSIDE_LOGIT,
            )
        )
    return np.stack(found)
