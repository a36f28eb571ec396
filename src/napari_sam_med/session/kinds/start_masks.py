"""Masks that a model goes on from: an object's own, or what a person outlined."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import PromptError

if TYPE_CHECKING:
    import numpy.typing as npt

FAST = 1
"""zlib's level: a mask of 512 x 512 pixels packs in 0.3 ms to less than 1 kB."""
MOST_PIXELS = 1 << 28
"""Of a slice in a file; damaged numbers would take memory without end."""


@dataclass(frozen=True, slots=True)
class StartMask:
    """A mask of one slice, packed, so that two are equal if their pixels are.

    Parameters
    ----------
    shape_hw : (height, width)
        Of the slice, in pixels.
    data : bytes
        Its bits, compressed.

    Examples
    --------
    >>> mask = np.array([[True, False], [True, True]])
    >>> StartMask.of(mask).mask().tolist()
    [[True, False], [True, True]]
    """

    shape_hw: tuple[int, int]
    data: bytes

    @classmethod
    def of(cls, mask: npt.NDArray[np.bool_]) -> StartMask:
        """Pack a mask (H, W) bool."""
        bits = np.packbits(np.ascontiguousarray(mask, dtype=bool))
        shape_hw = (mask.shape[0], mask.shape[1])
        return cls(shape_hw, zlib.compress(bits.tobytes(), FAST))

    def mask(self) -> npt.NDArray[np.bool_]:
        """Unpack it, (H, W) bool.

        Raises
        ------
        PromptError
            If the data are damaged, as they may be in a file.
        """
        size = int(np.prod(self.shape_hw, dtype=np.int64))
        wanted = -(-size // 8)
        if not 0 < size <= MOST_PIXELS:
            msg = f"a starting mask of {self.shape_hw} pixels cannot be used"
            raise PromptError(msg)
        try:
            bits = zlib.decompressobj().decompress(self.data, wanted + 1)
        except zlib.error as error:
            msg = f"the starting mask is damaged ({error})"
            raise PromptError(msg) from error
        if len(bits) != wanted:
            msg = f"the starting mask has {len(bits)} bytes instead of {wanted}"
            raise PromptError(msg)
        unpacked = np.unpackbits(np.frombuffer(bits, np.uint8), count=size)
        return unpacked.astype(bool).reshape(self.shape_hw)

    def text(self) -> str:
        """Write the data as text, for a file."""
        return base64.b64encode(self.data).decode("ascii")

    @classmethod
    def from_text(cls, shape_hw: tuple[int, int], text: str) -> StartMask:
        """Read what ``text`` gave.

        Raises
        ------
        PromptError
            If it is no such text, or the mask is damaged.
        """
        try:
            found = cls(shape_hw, base64.b64decode(text, validate=True))
        except ValueError as error:
            msg = f"the starting mask is damaged ({error})"
            raise PromptError(msg) from error
        found.mask()
        return found
