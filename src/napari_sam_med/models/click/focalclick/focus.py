"""Where FocalClick looks twice: the region that the last click changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam_med.models.click.click_values import ClickCrop, ClickPoint

if TYPE_CHECKING:
    import numpy.typing as npt

_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=np.int64)
_FEWEST_PIXELS = 10
_SQUARE_SHARE = 0.2

_Box = tuple[float, float, float, float]


def changed_region(
    predicted: npt.NDArray[np.bool_], previous: npt.NDArray[np.bool_], click: ClickPoint
) -> npt.NDArray[np.bool_]:
    """Find what changed at a click.

    Parameters
    ----------
    predicted, previous : (H, W) bool
        The object now and before.
    click : ClickPoint
        The last click, in pixels of the masks.

    Returns
    -------
    (H, W) bool
        The 8-connected part of the difference under the click; where nothing changed
        under it, everything that did not change.

    Notes
    -----
    The second case is a quirk of XavierCHEN34/ClickSEG, kept because its results
    depend on it.
    """
    parts, _ = ndimage.label(predicted ^ previous, structure=_EIGHT_NEIGHBOURS)
    return np.asarray(parts == parts[int(click.row), int(click.col)])


def focus_crop(
    predicted: npt.NDArray[np.bool_],
    previous: npt.NDArray[np.bool_],
    click: ClickPoint,
    *,
    target: ClickCrop,
    ratio: float,
) -> ClickCrop:
    """Choose the crop that the refiner redraws.

    Parameters
    ----------
    predicted, previous : (H, W) bool
        The coarse network's object, and the object before the click.
    click : ClickPoint
        The last click, in pixels of the image.
    target : ClickCrop
        ClickCrop that the coarse network saw; the focus crop stays inside.
    ratio : float
        Size of the crop relative to the region's box.

    Returns
    -------
    ClickCrop
        At least one pixel.

    Notes
    -----
    Rules of XavierCHEN34/ClickSEG (``isegm/inference/predictors/focalclick.py``).
    """
    box = _focus_box(predicted, previous, click)
    height, width = predicted.shape
    rows = _widened(box[0], box[1], ratio, size=height)
    cols = _widened(box[2], box[3], ratio, size=width)
    row0, row1 = max(rows[0], target.row0), min(rows[1], target.row1 + 1)
    col0, col1 = max(cols[0], target.col0), min(cols[1], target.col1 + 1)
    # A box one pixel thin at the border shrinks to nothing: keep that pixel.
    return ClickCrop(row0, max(row1 - 1, row0), col0, max(col1 - 1, col0))


def _focus_box(
    predicted: npt.NDArray[np.bool_], previous: npt.NDArray[np.bool_], click: ClickPoint
) -> _Box:
    """Box of the region that deserves a second look, before it is widened."""
    whole = _box(predicted)
    if not previous.any():
        return whole
    changed = _box(changed_region(predicted, previous, click))
    height, width = whole[1] - whole[0], whole[3] - whole[2]
    too_low = changed[1] - changed[0] < height / 3
    if not too_low and changed[3] - changed[2] >= width / 3:
        return changed
    half = _SQUARE_SHARE * max(height, width)
    return click.row - half, click.row + half, click.col - half, click.col + half


def _box(mask: npt.NDArray[np.bool_]) -> _Box:
    """First and last row, first and last column; the whole picture for a speck."""
    if np.count_nonzero(mask) < _FEWEST_PIXELS:
        return 0, mask.shape[0], 0, mask.shape[1]
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]), int(cols[0]), int(cols[-1])


def _widened(first: float, last: float, ratio: float, *, size: int) -> tuple[int, int]:
    """Widen an interval about its centre; the end is exclusive, 0 .. size."""
    centre, half = 0.5 * (first + last), 0.5 * ratio * (last - first + 1)
    return max(0, int(centre - half)), min(size, int(centre + half))
