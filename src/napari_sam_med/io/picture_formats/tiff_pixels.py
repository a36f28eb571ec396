"""The pixels of TIFF pages in strips or tiles, raw or deflated."""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from napari_sam_med.errors import FileReadError
from napari_sam_med.io.formats import shown
from napari_sam_med.io.memory import empty_bytes
from napari_sam_med.io.streams import DEFLATE_AT_MOST, read_into

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.io.picture_formats.tiff_tags import ByteOrder, TiffPage

PLAIN, DEFLATE = 1, (8, 32946)
_KINDS = {1: "u", 2: "i", 3: "f"}
_SIZES = {"u": (8, 16, 32, 64), "i": (8, 16, 32, 64), "f": (16, 32, 64)}
_WHITE_IS_ZERO = 0
_DIFFERENCES, _FLOAT_DIFFERENCES = 2, 3


def dtype_of(page: TiffPage) -> np.dtype | None:
    """Say which numbers a page holds; None if numpy has no such type."""
    kind = _KINDS.get(page.sample_format, "")
    bits = set(page.bits)
    if len(bits) != 1 or (n_bits := bits.pop()) not in _SIZES.get(kind, ()):
        return None
    return np.dtype(f"{kind}{n_bits // 8}")


def read_pixels(
    file: BinaryIO,
    order: ByteOrder,
    pages: list[TiffPage],
    path: Path,
    *,
    as_stored: bool = False,
) -> npt.NDArray[np.generic]:
    """Read pages of one size and kind into one array.

    Parameters
    ----------
    file : binary file
        The TIFF.
    order : str
        ``<`` or ``>``.
    pages : list of TiffPage
        Whose numbers `dtype_of` knows, raw or deflated.
    path : Path
        For messages.
    as_stored : bool
        Leave the numbers of pages where 0 is white as they are, as labels need them.

    Returns
    -------
    (Z, Y, X, C) number
        0 is black: pages where it is white are turned round, if unsigned.

    Raises
    ------
    FileReadError
        If a strip or tile is missing, too short or damaged.
    ImageError
        If the memory does not suffice.
    """
    dtype = (dtype_of(pages[0]) or np.dtype("u1")).newbyteorder(order)
    shape = (len(pages), *pages[0].shape)
    for number, page in enumerate(pages):
        _check_blocks(page, dtype, f"page {number} of {shown(path)}")
    array = empty_bytes(math.prod(shape) * dtype.itemsize, path).view(dtype)
    array = array.reshape(shape)
    for page, target in zip(pages, array, strict=True):
        for number in range(len(page.offsets)):
            _read_block(file, page, number, target, path)
        turned = page.photometric == _WHITE_IS_ZERO and not as_stored
        if turned and dtype.kind == "u":
            np.subtract(np.iinfo(dtype).max, target, out=target)
    if not dtype.isnative:
        array = array.byteswap(inplace=True).view(dtype.newbyteorder("="))
    return array


def _check_blocks(page: TiffPage, dtype: np.dtype, name: str) -> None:
    """Compare the strips or tiles with the size, before memory is taken for it."""
    (height, width, channels), (rows, cols) = page.shape, page.block
    n_blocks = -(-height // rows) * -(-width // cols) if rows and cols else -1
    most = 1 if page.packed == PLAIN else DEFLATE_AT_MOST
    there = int(page.counts.sum()) * most
    if n_blocks != len(page.offsets) or there < (
        height * width * channels * dtype.itemsize
    ):
        msg = (
            f"{name} ends too early or is damaged: parts of it are missing; get the "
            "whole file again"
        )
        raise FileReadError(msg)


def _read_block(
    file: BinaryIO,
    page: TiffPage,
    number: int,
    target: npt.NDArray[np.generic],
    path: Path,
) -> None:
    """Read one strip or tile to its place; tiles at the edges are larger than that."""
    (_, width, channels), (rows, cols) = page.shape, page.block
    row, col = divmod(number, -(-width // cols))
    row, col = row * rows, col * cols
    here = target[row : row + rows, col : col + cols]
    stored_rows = rows if page.is_tiled else len(here)
    n_bytes = stored_rows * cols * channels * target.dtype.itemsize
    file.seek(int(page.offsets[number]))
    count = int(page.counts[number])
    if count * (1 if page.packed == PLAIN else DEFLATE_AT_MOST) < n_bytes:
        raise FileReadError(_too_short(path))
    if page.packed == PLAIN and page.predictor == 1 and here.flags.c_contiguous:
        got = read_into(file, here.reshape(-1).view(np.uint8))
        if got < here.nbytes:
            raise FileReadError(_too_short(path))
        return
    data = file.read(count)
    if page.packed in DEFLATE:
        data = _inflated(data, n_bytes, path)
    if len(data) < n_bytes:
        raise FileReadError(_too_short(path))
    raw = np.frombuffer(data, np.uint8, n_bytes).reshape(stored_rows, -1)
    block = _without_prediction(raw, page, target.dtype)
    here[...] = block.reshape(stored_rows, cols, channels)[: len(here), : here.shape[1]]


def _inflated(data: bytes, n_bytes: int, path: Path) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, n_bytes)
    except zlib.error as error:
        msg = f"{shown(path)} is damaged ({error}); get the whole file again"
        raise FileReadError(msg) from error


def _without_prediction(
    raw: npt.NDArray[np.uint8], page: TiffPage, dtype: np.dtype
) -> npt.NDArray[np.generic]:
    """Sum up what is stored as differences (TIFF 6.0, section 14; its supplement 3)."""
    rows, channels = len(raw), page.shape[2]
    if page.predictor == _DIFFERENCES:
        native = raw.view(dtype).astype(dtype.newbyteorder("="))
        summed = np.cumsum(
            native.reshape(rows, -1, channels), axis=1, dtype=native.dtype
        )
        return summed.reshape(rows, -1)
    if page.predictor == _FLOAT_DIFFERENCES:
        stored = raw.reshape(rows, -1, channels)
        summed = np.cumsum(stored, axis=1, dtype=np.uint8)
        planes = summed.reshape(rows, dtype.itemsize, -1)  # the highest byte first
        turned = np.ascontiguousarray(planes.transpose(0, 2, 1)).reshape(rows, -1)
        return turned.view(dtype.newbyteorder(">"))
    return raw.view(dtype)


def _too_short(path: Path) -> str:
    return f"{shown(path)} ends too early: a part of a page is too short; get it again"
