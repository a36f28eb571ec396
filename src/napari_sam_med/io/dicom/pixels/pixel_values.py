"""Stored numbers of all frames as the values that they stand for, in one array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam_med.errors import FileReadError, GeometryError
from napari_sam_med.io.dicom.pixel_format import allocate, format_of
from napari_sam_med.io.dicom.pixels.jpeg import JpegDecoder
from napari_sam_med.io.dicom.pixels.stored_pixels import FrameReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.io.dicom.frames import DicomFrame
    from napari_sam_med.io.dicom.headers import Header
    from napari_sam_med.io.dicom.pixel_format import PixelFormat

RADIOGRAPHS = ("CR", "DX", "IO", "MG", "PX", "RF", "RG", "XA")
"""Modalities whose numbers are film-like brightness, unless something rescales them."""
_HOLDING = (np.int16, np.uint16, np.int32, np.uint32, np.int64)


def read_values(
    frames: Sequence[Sequence[DicomFrame]], path: Path
) -> tuple[npt.NDArray[np.generic], tuple[str, ...]]:
    """Read frames into one array of values.

    Parameters
    ----------
    frames : (T, Z) DicomFrame
        All of one size and kind.
    path : Path
        What was asked for, for messages.

    Returns
    -------
    (T, Z, rows, columns) number, or (T, Z, rows, columns, 3) uint8
        slope * stored + intercept of each frame, in the stored type where that holds
        them, else in the smallest of int16, uint16 and int32; numbers that are not
        whole are float32, or float64 where 32 bits are stored. Radiographs stored
        with white as 0 (MONOCHROME1) are turned round if nothing rescales them.
    tuple of str
        What was put right.

    Raises
    ------
    FileReadError
        If a file is damaged or shorter than its pixels.
    ImageError
        If the pixels are of a kind that is not read, or need too much memory.
    GeometryError
        If frames differ in size or kind.

    Notes
    -----
    One array of the stored type is filled frame by frame, and rescaled in place where
    the values need no more bytes: the peak is about one volume.
    """
    formats = {f.header: format_of(f.header) for slices in frames for f in slices}
    first = _check_alike(formats, path)
    luts = {header: _modality_lut(header) for header in formats}
    dtype = np.result_type(*(each.dtype for each in formats.values()))
    if first.colour:
        dtype = np.dtype(np.uint8)
    elif any(lut is not None for lut in luts.values()):
        dtype = np.dtype(np.int32)
    turned = first.photometric == "MONOCHROME1" and _are_brightness(frames, luts)
    shape = (len(frames), len(frames[0]), *first.shape[:2], *([3] * first.colour))
    stored = allocate(shape, dtype, str(path))
    places: dict[Header, dict[int, tuple[int, int]]] = {h: {} for h in formats}
    for t, slices in enumerate(frames):
        for z, frame in enumerate(slices):
            places[frame.header][frame.index] = (t, z)
    with JpegDecoder() as jpeg:
        for header, described in formats.items():
            with FrameReader(header, described, jpeg) as reader:
                for index, place in sorted(places[header].items()):
                    pixels = reader.frame(index)
                    lut = luts[header]
                    if turned:
                        pixels = _inverted(pixels, described)
                    stored[place] = pixels if lut is None else lut(pixels)
    notes = _notes(first, turned=turned)
    return (stored if first.colour else _rescaled(stored, frames, path)), notes


def _check_alike(formats: dict[Header, PixelFormat], path: Path) -> PixelFormat:
    """Refuse files that differ from the most; name one."""
    kinds = {
        header: (each.shape, each.photometric, each.bits[0], each.kind)
        for header, each in formats.items()
    }
    listed = list(kinds.values())
    usual = max(listed, key=listed.count) if len(set(listed)) > 1 else listed[0]
    for header, kind in kinds.items():
        if kind[0] != usual[0]:
            what = f"of {_size(kind[0])} among slices of {_size(usual[0])}"
        elif kind != usual:
            what = f"{kind[1]} with {kind[2]} bits among {usual[1]} with {usual[2]}"
        else:
            continue
        msg = (
            f"the DICOM series in {path} has slices of different size or kind: "
            f"{header.file} is {what}; keep those in a folder of their own"
        )
        raise GeometryError(msg)
    return next(iter(formats.values()))


def _size(shape: tuple[int, int, int]) -> str:
    rows, columns, samples = shape
    return f"{rows} x {columns} pixels{' in colour' if samples > 1 else ''}"


class _Lut:
    """A modality lookup table (PS3.3, C.11.1.1.1)."""

    def __init__(self, first: int, table: npt.NDArray[np.generic]) -> None:
        self._first, self._table = first, table

    def __call__(self, stored: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        index = stored.astype(np.int64) - self._first
        return self._table[np.clip(index, 0, len(self._table) - 1)]


def _modality_lut(header: Header) -> _Lut | None:
    for item in header.attributes.items("ModalityLUTSequence")[:1]:
        described = item.numbers("LUTDescriptor", 3)
        data = item.data("LUTData")
        if described is None or not data:
            break
        entries = int(described[0]) % 2**16 or 2**16  # 0 stands for 65,536
        wide = described[2] > 8 or len(data) >= 2 * entries
        order = ">" if item.big else "<"
        table = np.frombuffer(data[: entries * (1 + wide)], f"{order}u{1 + wide}")
        if len(table) < entries:
            msg = (
                f"{header.file}: LUTData has {len(table)} entries of {entries}; the "
                "table is cut, so export the image again"
            )
            raise FileReadError(msg)
        first = int(described[1])
        signed = header.attributes.whole("PixelRepresentation", 0) == 1
        return _Lut(first - 2**16 if signed and first >= 2**15 else first, table)
    return None


def _rescaled(
    stored: npt.NDArray[np.generic], frames: Sequence[Sequence[DicomFrame]], path: Path
) -> npt.NDArray[np.generic]:
    exact: Any
    slopes = np.array([[frame.slope for frame in slices] for slices in frames])
    offsets = np.array([[frame.intercept for frame in slices] for slices in frames])
    if (slopes == 1).all() and (offsets == 0).all():
        return stored
    whole = all((numbers == np.rint(numbers)).all() for numbers in (slopes, offsets))
    if stored.dtype.kind == "f" or not whole:
        small = stored.dtype.itemsize <= 2
        dtype, exact = np.dtype(np.float32 if small else np.float64), np.float64
    else:
        dtype, exact = _whole_types(stored, slopes, offsets)
    if dtype.kind in "iu" and dtype.itemsize == stored.dtype.itemsize:
        target = stored.view(dtype)
    else:
        target = allocate(stored.shape, dtype, str(path))
    for at in np.ndindex(slopes.shape):
        slope, offset = exact(slopes[at]), exact(offsets[at])
        target[at] = stored[at].astype(exact) * slope + offset
    return target


def _whole_types(
    stored: npt.NDArray[np.generic],
    slopes: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.float64],
) -> tuple[np.dtype, Any]:
    """Type that holds whole values, stored's own if it does, and one to compute in."""
    axes = tuple(range(2, stored.ndim))
    ends = np.stack([stored.min(axis=axes), stored.max(axis=axes)]).astype(float)
    values = ends * slopes + offsets
    low, high = float(values.min()), float(values.max())
    own: Any = stored.dtype.type
    for dtype in (own, *_HOLDING):
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            return np.dtype(dtype), np.int64
    return np.dtype(np.float64), np.float64


def _are_brightness(
    frames: Sequence[Sequence[DicomFrame]], luts: dict[Header, _Lut | None]
) -> bool:
    """Whether values mean no more than how bright a radiograph is to be shown.

    MONOCHROME1 is about display (PS3.3, C.7.6.3.1.2): counts and Hounsfield units stay.
    """
    rescaled = any((f.slope, f.intercept) != (1, 0) for each in frames for f in each)
    if rescaled or any(lut is not None for lut in luts.values()):
        return False
    return all(
        header.attributes.text("Modality") in RADIOGRAPHS
        and header.attributes.text("RescaleType") in ("", "US")  # unspecified units
        for header in luts
    )


def _notes(first: PixelFormat, *, turned: bool) -> tuple[str, ...]:
    notes = []
    if turned and first.kind == "integer":
        notes.append("grey is stored inverted (MONOCHROME1) and was turned round")
    elif first.photometric == "MONOCHROME1":
        notes.append(
            "the image is to be shown inverted (MONOCHROME1): values are as stored, "
            "and high ones are dark in other viewers"
        )
    if first.colour and first.photometric != "PALETTE COLOR" and first.bits[1] > 8:
        notes.append(f"colours of {first.bits[1]} bits were cut to 8")
    return tuple(notes)


def _inverted(
    stored: npt.NDArray[np.generic], described: PixelFormat
) -> npt.NDArray[np.generic]:
    """Turn grey round within the bits stored: 0 becomes the largest value."""
    if described.kind != "integer":
        return stored
    bits = described.bits[1]
    ends = -1 if described.signed else 2**bits - 1
    numbers: npt.NDArray[np.integer] = stored  # type: ignore[assignment]
    return (ends - numbers.astype(np.int64)).astype(stored.dtype)
