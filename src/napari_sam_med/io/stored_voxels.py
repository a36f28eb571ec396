"""How an image's voxels lie in its files, and the one way in which they are read."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import slices_of
from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.io.detect import open_regular
from napari_sam_med.io.formats import shown
from napari_sam_med.io.memory import check_memory, empty_bytes, no_memory
from napari_sam_med.io.streams import (
    DEFLATE_AT_MOST,
    DamagedError,
    ShortError,
    pieces,
    read_into,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

_TEXT_COST = 80
"""Bytes of memory for each byte of numbers written as text, at most."""
_LINE_END = 2
"""Bytes that a text editor or a transfer as text adds; more may be voxels of others."""
_DRAIN = 1 << 26
"""Bytes beyond the voxels that are unpacked to reach the check sum."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the bytes of the voxels are.

    Parameters
    ----------
    files : tuple of Path
        One, or several that each hold the same share, in order.
    start : int
        Bytes of each file before the packed or raw voxels.
    skip : int
        Bytes to pass over after unpacking.
    encoding : str
        ``raw``, ``gzip``, ``zlib``, ``bzip2`` or ``text``.
    """

    files: tuple[Path, ...]
    start: int = 0
    skip: int = 0
    encoding: str = "raw"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A header that was checked: all that reading the voxels needs.

    Parameters
    ----------
    path : Path
        The file that was asked for.
    source : Source
    dtype : dtype
        With the file's byte order.
    shape : tuple of int
        As the file stores it, the slowest axis first.
    axes : str
        A letter for each axis of ``shape``: ``t`` time, ``z``, ``y``, ``x``, ``c``
        channel.
    geometry : Geometry
    slope, intercept : float
        Value = slope * stored + intercept.
    notes : tuple of str
        What was put right.
    """

    path: Path
    source: Source
    dtype: np.dtype
    shape: tuple[int, ...]
    axes: str
    geometry: Geometry = field(default_factory=Geometry)
    slope: float = 1.0
    intercept: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def n_times(self) -> int:
        """Number of time points."""
        return self._size("t")

    @property
    def n_channels(self) -> int:
        """Numbers for each voxel."""
        return self._size("c")

    @property
    def is_scaled(self) -> bool:
        """Whether the values are others than the stored numbers."""
        return (self.slope, self.intercept) != (1.0, 0.0)

    def _size(self, axis: str) -> int:
        return self.shape[self.axes.index(axis)] if axis in self.axes else 1


def read_stored(
    image: StoredImage, time: int | None = None
) -> tuple[npt.NDArray[np.generic], tuple[str, ...]]:
    """Read the voxels of one time point, or of all.

    Parameters
    ----------
    image : StoredImage
        A checked header.
    time : int or None
        From 0; None reads all.

    Returns
    -------
    array : (T, Z, Y, X) number or (T, Z, Y, X, 3) uint8
        In the image's own values; T is 1 where a time was given.
    notes : tuple of str
        Those of the header and of reading.

    Raises
    ------
    FileReadError
        If the file ends too early or is damaged.
    ImageError
        If the memory does not suffice, or the channels are no colour.
    """
    _check_channels(image)
    first = image.axes[0] == "t" and time is not None
    shape = (1, *image.shape[1:]) if first else image.shape
    n_bytes = math.prod(shape) * image.dtype.itemsize
    whole = math.prod(image.shape) * image.dtype.itemsize
    _check_size(image, whole)
    before = n_bytes * (time or 0) if first else 0
    extra = math.prod(shape) * _scaled_type(image).itemsize if image.is_scaled else 0
    check_memory(n_bytes + extra, image.path)
    flat, spare = _read_flat(image, before, n_bytes, whole)
    array = _in_order(flat.reshape(shape), image.axes)
    if time is not None and not first:
        array = array[time : time + 1]
    notes = image.notes
    if spare > _LINE_END:
        notes = (
            *notes,
            f"{shown(image.path)} holds {spare} bytes more than its header describes",
        )
    if image.n_channels == 4:
        array = array[..., :3]
        notes = (*notes, f"the transparency of {shown(image.path)} is left out")
    return _native(_scaled(array, image)), notes


def _check_channels(image: StoredImage) -> None:
    colour = image.n_channels in (3, 4) and image.dtype == np.uint8
    if image.n_channels != 1 and not colour:
        msg = (
            f"{shown(image.path)} has {image.n_channels} channels of {image.dtype}; "
            "give one channel, or 8-bit RGB"
        )
        raise ImageError(msg)


def _check_size(image: StoredImage, whole: int) -> None:
    """Compare what the header promises with what the files can hold."""
    source = image.source
    if whole == 0 or whole % len(source.files):
        msg = (
            f"{shown(image.path)} has no voxels for each of its files; check the header"
        )
        raise FileReadError(msg)
    most = {"gzip": DEFLATE_AT_MOST, "zlib": DEFLATE_AT_MOST}.get(source.encoding, 1)
    for file in source.files:
        with open_regular(file) as opened:
            size = max(0, opened.seek(0, 2) - source.start)
        if source.encoding == "text":
            check_memory(size * _TEXT_COST, image.path)
        elif source.encoding != "bzip2":  # which packs zeros without bound
            needed, there = whole // len(source.files), size * most - source.skip
            if there < needed:
                raise FileReadError(_too_short(image, needed, max(0, there)))


def _too_short(
    image: StoredImage, needed: int, there: int, unit: str = "bytes of voxels"
) -> str:
    return (
        f"{shown(image.path)} ends too early: its header promises {needed} {unit}, at "
        f"most {there} are there; get the whole file again"
    )


def _unchecked(image: StoredImage) -> str:
    return (
        f"{shown(image.path)} ends too early: the check sum behind its packed voxels "
        "is missing or cut, so that nothing tells whether they are right; get the "
        "whole file again"
    )


def _read_flat(
    image: StoredImage, before: int, n_bytes: int, whole: int
) -> tuple[npt.NDArray[np.generic], int]:
    """Read ``n_bytes`` after ``before``; and count the bytes behind the last voxel."""
    source = image.source
    if source.encoding == "text":
        count = n_bytes // image.dtype.itemsize
        return _from_text(image)[before // image.dtype.itemsize :][:count], 0
    room = empty_bytes(n_bytes, image.path)
    if source.encoding == "raw" and len(source.files) == 1:
        spare = _read_raw(image, room, before, whole)
    else:
        spare = _unpack(image, room, before, whole)
    return room.view(image.dtype), spare


def _read_raw(
    image: StoredImage, room: npt.NDArray[np.uint8], before: int, whole: int
) -> int:
    start = image.source.start + image.source.skip
    with open_regular(image.source.files[0]) as file:
        size = file.seek(0, 2) - start
        file.seek(start + before)
        done = 0
        while done < room.size:
            got = read_into(file, room[done:])
            if not got:
                raise FileReadError(_too_short(image, whole, size))
            done += got
    return size - whole


def _unpack(
    image: StoredImage, room: npt.NDArray[np.uint8], before: int, whole: int
) -> int:
    """Fill ``room``, and go on to the end, where the check sum is compared."""
    target, position = room.data, -before
    try:
        for part in _unpacked(image, whole):
            low, high = max(0, position), min(room.size, position + len(part))
            if low < high:
                target[low:high] = part[low - position : high - position]
            position += len(part)
            if position > whole - before + _DRAIN:
                break
    except ShortError as error:
        found = position + before
        msg = _unchecked(image) if found >= whole else _too_short(image, whole, found)
        raise FileReadError(msg) from error
    except DamagedError as error:
        msg = f"{shown(image.path)} is damaged ({error}); get the whole file again"
        raise FileReadError(msg) from error
    if position < whole - before:
        raise FileReadError(_too_short(image, whole, position + before))
    return position + before - whole


def _unpacked(image: StoredImage, whole: int) -> Iterator[memoryview]:
    """Give the voxels' bytes, file after file, each after what is to be skipped."""
    source = image.source
    share = whole // len(source.files)
    with ExitStack() as stack:
        for number, path in enumerate(source.files, start=1):
            file = stack.enter_context(open_regular(path))
            file.seek(source.start)
            position = -source.skip
            last = number == len(source.files)
            for part in pieces(file, source.encoding):
                end = len(part) if last else min(len(part), share - position)
                start = min(len(part), max(0, -position))
                if start < end:
                    yield memoryview(part)[start:end]
                position += len(part)
            if position < share:
                raise FileReadError(_too_short(image, share, max(0, position)))


def _from_text(image: StoredImage) -> npt.NDArray[np.generic]:
    words: list[bytes] = []
    for path in image.source.files:
        with open_regular(path) as file:
            file.seek(image.source.start)
            words += file.read().split()
    count = math.prod(image.shape)
    if len(words) < count:
        raise FileReadError(_too_short(image, count, len(words), "voxels"))
    number = float if image.dtype.kind == "f" else _whole
    try:
        values = [number(word) for word in words[:count]]
        return np.array(values, image.dtype.newbyteorder("="))
    except (ValueError, OverflowError) as error:
        msg = (
            f"{shown(image.path)} has voxels that are no {image.dtype} ({error}); "
            "check the file"
        )
        raise FileReadError(msg) from error


def _whole(word: bytes) -> int:
    """Read an integer, also one written as 3.0 or 3e0."""
    if word.lstrip(b"+-").isdigit():
        return int(word)
    value = float(word)
    if not value.is_integer():
        msg = f"{value} is not whole"
        raise ValueError(msg)
    return int(value)


def _in_order(array: npt.NDArray[np.generic], axes: str) -> npt.NDArray[np.generic]:
    """Bring the file's axes into the order t, z, y, x and, for colours, c."""
    for missing in (axis for axis in "tz" if axis not in axes):
        array, axes = array[None], missing + axes
    array = array.transpose([axes.index(axis) for axis in "tzyxc" if axis in axes])
    if "c" in axes and array.shape[-1] == 1:
        array = array[..., 0]
    return np.ascontiguousarray(array)


def _native(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Turn the bytes of each number in place, and half precision into single."""
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if array.dtype.isnative:
        return array
    return array.byteswap(inplace=True).view(array.dtype.newbyteorder("="))


def _scaled_type(image: StoredImage) -> np.dtype:
    """Single precision holds all 16-bit numbers; larger ones need double."""
    single = image.dtype.itemsize <= 2 or image.dtype.newbyteorder("=") == np.float32
    return np.dtype(np.float32 if single else np.float64)


def _scaled(
    array: npt.NDArray[np.generic], image: StoredImage
) -> npt.NDArray[np.generic]:
    if not image.is_scaled:
        return array
    try:
        values = np.empty(array.shape, _scaled_type(image))
    except MemoryError as error:
        raise ImageError(no_memory(image.path)) from error
    with np.errstate(over="ignore", invalid="ignore"):  # found as not finite later
        for part, target in zip(slices_of(array), slices_of(values), strict=True):
            np.copyto(
                target,
                part.astype(np.float64) * image.slope + image.intercept,
                casting="same_kind",
            )
    return values
