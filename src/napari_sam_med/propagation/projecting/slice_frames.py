"""The part of a slice that is worked on: round the object, and no farther."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.slice_view import SliceView

MARGIN = 0.4
"""Of the object's longer side, on each side of it: frames are 1.8 times as wide as the
object. With the true box of every slice, frames of 1.6, 2.0 and 2.5 times gave nano a
mean Dice of 0.931, 0.930 and 0.930 on ten organs and tumours."""
SMALLEST_PX = 24
"""Side of the smallest frame; below, an enlarged image is interpolation alone."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle of a slice.

    Parameters
    ----------
    row0, col0 : int
        First pixel.
    row1, col1 : int
        One past the last pixel.
    """

    row0: int
    col0: int
    row1: int
    col1: int

    @classmethod
    def round_mask(
        cls,
        mask: npt.NDArray[np.bool_],
        spacing_rc: tuple[float, float],
        reach_mm: float,
    ) -> Frame:
        """Choose the frame round a mask that is not empty.

        Parameters
        ----------
        mask : (H, W) bool
            The object on a slice near by.
        spacing_rc : (row, column)
            Millimetres between pixels.
        reach_mm : float
            Least distance between the object and the frame's border.

        Returns
        -------
        Frame
            Square in millimetres where the slice allows it.

        Examples
        --------
        >>> mask = np.zeros((100, 100), dtype=bool)
        >>> mask[40:60, 45:55] = True
        >>> Frame.round_mask(mask, (1.0, 1.0), reach_mm=2.0)
        Frame(row0=32, col0=32, row1=68, col1=68)
        """
        spacing = np.asarray(spacing_rc)
        ends = [np.flatnonzero(mask.any(axis=axis))[[0, -1]] for axis in (1, 0)]
        low, high = np.array(ends, dtype=float).T
        longer = float(((high - low + 1) * spacing).max())
        side = longer + 2 * max(MARGIN * longer, reach_mm)
        size = np.maximum(np.ceil(side / spacing), SMALLEST_PX)
        start = np.round((low + high + 1 - size) / 2)
        stop = np.minimum(start + size, mask.shape).astype(int)
        start = np.maximum(start, 0).astype(int)
        return cls(int(start[0]), int(start[1]), int(stop[0]), int(stop[1]))

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index a slice."""
        return slice(self.row0, self.row1), slice(self.col0, self.col1)

    @property
    def origin_rc(self) -> tuple[int, int]:
        """Row and column of the first pixel."""
        return self.row0, self.col0

    def view(self, view: SliceView) -> SliceView:
        """Look at this part of a slice only."""
        return replace(view, pixels=view.pixels[self.slices])

    def full(
        self, part: npt.NDArray[np.bool_], shape_hw: tuple[int, int]
    ) -> npt.NDArray[np.bool_]:
        """Put a mask of this part into a slice (H, W) that is empty otherwise."""
        mask = np.zeros(shape_hw, dtype=bool)
        mask[self.slices] = part
        return mask
