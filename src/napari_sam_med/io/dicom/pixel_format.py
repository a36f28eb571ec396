"""How the pixels of a file are stored, checked against what the file holds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydicom.config import IGNORE
from pydicom.uid import UID

from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.io.dicom.elements import PIXELS
from napari_sam_med.io.dicom.headers import NATIVE

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.io.dicom.headers import Header

GREY = ("MONOCHROME1", "MONOCHROME2")
COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
PALETTE = "PALETTE COLOR"
BITS = (1, 8, 16, 32)
MOST_COMPRESSED = 10_000
"""Times; a blank 512 x 512 slice in JPEG 2000 is about 2,600 times smaller than its
pixels, and a header that claims far more than that claims what the file cannot hold."""

MOST_FRAMES = 100_000
"""In one file; the longest dynamic series have about 20,000, and each is an object."""


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """The image pixel description of one file.

    Parameters
    ----------
    shape : (rows, columns, samples)
    n_frames : int
    photometric : str
        Such as ``MONOCHROME2``.
    bits : (allocated, stored, high)
    signed : bool
    planar : bool
        Whether the samples of a colour image lie in planes.
    kind : str
        ``integer``, ``float32`` or ``float64``.
    """

    shape: tuple[int, int, int]
    n_frames: int
    photometric: str
    bits: tuple[int, int, int]
    signed: bool
    planar: bool
    kind: str

    @property
    def colour(self) -> bool:
        """Whether the pixels become RGB."""
        return self.photometric not in GREY

    @property
    def dtype(self) -> np.dtype:
        """Of one stored sample, in this machine's byte order."""
        if self.kind != "integer":
            return np.dtype(self.kind)
        size = max(1, self.bits[0] // 8)
        return np.dtype(f"{'i' if self.signed else 'u'}{size}")

    @property
    def frame_bits(self) -> int:
        """Bits of one frame as it lies in an uncompressed file."""
        rows, columns, samples = self.shape
        if self.kind != "integer":
            return rows * columns * self.dtype.itemsize * 8
        if self.photometric == "YBR_FULL_422":  # two luminances share two colours
            return rows * columns * 2 * self.bits[0]
        return rows * columns * samples * self.bits[0]


def format_of(header: Header) -> PixelFormat:
    """Describe the pixels of a file.

    Parameters
    ----------
    header : Header
        Of a file with pixels.

    Returns
    -------
    PixelFormat

    Raises
    ------
    FileReadError
        If an attribute is damaged, or the file is shorter than its pixels.
    ImageError
        If the pixels are of a kind that is not read.
    """
    held = header.attributes
    pixels = header.pixels
    kind = PIXELS[pixels.tag] if pixels else "integer"
    shape = (
        held.whole("Rows", 0),
        held.whole("Columns", 0),
        held.whole("SamplesPerPixel", 1),
    )
    default = {"float32": 32, "float64": 64}.get(kind, 16)
    allocated = held.whole("BitsAllocated", default)
    stored = held.whole("BitsStored", allocated)
    found = PixelFormat(
        shape=shape,
        n_frames=held.whole("NumberOfFrames", 1),
        photometric=held.text("PhotometricInterpretation") or "MONOCHROME2",
        bits=(allocated, stored, held.whole("HighBit", stored - 1)),
        signed=held.whole("PixelRepresentation", 0) == 1,
        planar=held.whole("PlanarConfiguration", 0) == 1,
        kind=kind,
    )
    _check(found, header)
    return found


def allocate(
    shape: tuple[int, ...], dtype: npt.DTypeLike, name: str
) -> npt.NDArray[np.generic]:
    """Make an array of zeros, unless the machine cannot hold it.

    Parameters
    ----------
    shape : tuple of int
        Of the array.
    dtype : dtype
        Of the array.
    name : str
        Of the image, for the message.

    Returns
    -------
    array of ``shape`` and ``dtype``

    Raises
    ------
    ImageError
        If there is not so much memory.
    """
    needed = float(np.prod(shape, dtype=float)) * np.dtype(dtype).itemsize
    try:
        if needed <= _memory():
            return np.zeros(shape, dtype)
    except MemoryError:
        pass  # as the machine's memory, so a limit that somebody set
    msg = (
        f"{name} needs {needed / 2**30:.3g} GiB of memory, more than this machine has; "
        "give a part of it"
    )
    raise ImageError(msg)


def _memory() -> float:
    """Bytes of this machine; infinite where the system does not tell (Windows)."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return float("inf")


def _check(found: PixelFormat, header: Header) -> None:
    rows, columns, _ = found.shape
    if rows < 1 or columns < 1 or found.n_frames < 1:
        msg = (
            f"{header.file}: Rows, Columns and NumberOfFrames are {rows}, {columns} "
            f"and {found.n_frames}; each must be 1 or more"
        )
        raise FileReadError(msg)
    faults = _faults(found)
    if found.n_frames > MOST_FRAMES:
        msg = (
            f"{header.file} has {found.n_frames} frames; at most {MOST_FRAMES} are read"
        )
        raise ImageError(msg)
    if faults:
        msg = (
            f"{header.file} has {' and '.join(faults)}; grey values of 1, 8, 16 or 32 "
            "bits or floats, palette and RGB/YBR colours are read, so convert it"
        )
        raise ImageError(msg)
    _check_size(found, header)


def _faults(found: PixelFormat) -> list[str]:
    samples = found.shape[2]
    allocated, stored, high = found.bits
    faults = []
    if found.photometric not in (*GREY, *COLOUR, PALETTE):
        faults.append(f"PhotometricInterpretation {found.photometric}")
    if samples != (3 if found.photometric in COLOUR else 1):
        faults.append(f"{samples} samples a pixel in {found.photometric}")
    if found.kind == "integer":
        if allocated not in BITS or (allocated == 1 and (found.signed or samples > 1)):
            faults.append(f"BitsAllocated {allocated}")
        elif not (1 <= stored <= allocated and stored - 1 <= high < allocated):
            faults.append(f"BitsStored {stored} with HighBit {high} of {allocated}")
    elif found.colour:
        faults.append(f"{found.kind} pixels in {found.photometric}")
    return faults


def _check_size(found: PixelFormat, header: Header) -> None:
    pixels = header.pixels
    if pixels is None:
        return
    needed = (found.frame_bits * found.n_frames + 7) // 8
    left = header.size - pixels.offset
    if pixels.length is None:
        most = left * MOST_COMPRESSED
    elif header.syntax in NATIVE:
        most = min(pixels.length, left)
    else:
        name = UID(header.syntax, validation_mode=IGNORE).name
        msg = f"{header.file} is {name} without its frames; export the image again"
        raise FileReadError(msg)
    if needed > most:
        rows, columns, _ = found.shape
        msg = (
            f"{header.file} ends too early: {found.n_frames} frames of {rows} x "
            f"{columns} need {needed} bytes and {most} are there; copy it again"
        )
        raise FileReadError(msg)
