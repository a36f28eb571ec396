"""What propagation gives: a mask, a score and an origin for each slice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt


class Origin(StrEnum):
    """Where the mask of a slice came from; the values may be stored."""

    PROMPTED = "prompted"
    PROJECTED = "projected"
    VIDEO = "video"
    INTERPOLATED = "interpolated"


@dataclass(frozen=True, slots=True, eq=False)
class SliceMask:
    """The object on one slice, cropped to its box and packed; see ``of``.

    Parameters
    ----------
    index : int
        Slice along the axis of the propagation.
    score : float
        0 to 1, for review: predicted IoU of the model (1 where the mask was given); of
        an interpolated slice the Dice coefficient of the masks on both sides of it.
    origin : Origin
        Where the mask came from.
    shape_hw : (height, width)
        Of the slice.
    corner_rc, size_hw : (2,) int
        First pixel and size of the box that was kept; size (0, 0) of an empty mask.
    packed : (n,) uint8
        The pixels of the box in row-major order, eight a byte.
    """

    index: int
    score: float
    origin: Origin
    shape_hw: tuple[int, int]
    corner_rc: tuple[int, int]
    size_hw: tuple[int, int]
    packed: npt.NDArray[np.uint8]

    @classmethod
    def of(
        cls, index: int, mask: npt.NDArray[np.bool_], score: float, origin: Origin
    ) -> SliceMask:
        """Pack a mask (H, W) bool.

        Examples
        --------
        >>> mask = np.zeros((300, 300), dtype=bool)
        >>> mask[100:110, 50:60] = True
        >>> kept = SliceMask.of(7, mask, 0.9, Origin.PROJECTED)
        >>> kept.n_bytes, bool((kept.mask == mask).all())
        (13, True)
        """
        rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        height, width = mask.shape
        if not rows.size:
            empty = np.zeros(0, dtype=np.uint8)
            return cls(index, score, origin, (height, width), (0, 0), (0, 0), empty)
        corner = int(rows[0]), int(cols[0])
        own = mask[corner[0] : rows[-1] + 1, corner[1] : cols[-1] + 1]
        size = own.shape[0], own.shape[1]
        packed = np.packbits(own)
        return cls(index, score, origin, (height, width), corner, size, packed)

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """The mask (H, W) bool, unpacked anew each time."""
        full = np.zeros(self.shape_hw, dtype=bool)
        (row, col), (height, width) = self.corner_rc, self.size_hw
        bits = np.unpackbits(self.packed, count=height * width)
        full[row : row + height, col : col + width] = bits.reshape(height, width)
        return full

    @property
    def area_px(self) -> int:
        """Pixels of the object."""
        return int(np.bitwise_count(self.packed).sum())

    @property
    def n_bytes(self) -> int:
        """Bytes of the packed pixels."""
        return self.packed.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class Propagation:
    """One object through the slices of a volume.

    Parameters
    ----------
    axis : 0, 1 or 2
        The array axis that the slices are taken across.
    shape_zyx : (3,) int
        Of the volume.
    slices : tuple of SliceMask
        In the order of their indices, each index once; a slice that is not among them
        holds nothing of the object.

    Raises
    ------
    ImageError
        If slices come twice, are out of order, or are none of this volume.
    """

    axis: int
    shape_zyx: tuple[int, int, int]
    slices: tuple[SliceMask, ...]

    def __post_init__(self) -> None:
        indices = [each.index for each in self.slices]
        count = self.shape_zyx[self.axis]
        if indices != sorted(set(indices)) or any(not 0 <= i < count for i in indices):
            msg = f"slices {indices}; give each of 0 to {count - 1} once, in order"
            raise ImageError(msg)

    def __len__(self) -> int:
        return len(self.slices)

    def __iter__(self) -> Iterator[SliceMask]:
        return iter(self.slices)

    @property
    def masks(self) -> dict[int, npt.NDArray[np.bool_]]:
        """Masks (H, W) bool by slice, all unpacked at once."""
        return {each.index: each.mask for each in self.slices}

    @property
    def scores(self) -> dict[int, float]:
        """Scores by slice, see `SliceMask`."""
        return {each.index: each.score for each in self.slices}

    @property
    def origins(self) -> dict[int, Origin]:
        """Where each slice's mask came from."""
        return {each.index: each.origin for each in self.slices}

    def volume_mask(self) -> npt.NDArray[np.bool_]:
        """Put all masks in their places.

        Returns
        -------
        (Z, Y, X) bool
        """
        full = np.zeros(self.shape_zyx, dtype=bool)
        for each in self.slices:
            SlicePlane(self.axis, each.index).take(full)[...] = each.mask
        return full
