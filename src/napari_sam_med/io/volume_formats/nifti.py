"""NIfTI 1 and 2, as one file or as a pair of header and image, plain or gzipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from nibabel.nifti1 import header_dtype as nifti1_fields
from nibabel.nifti2 import header_dtype as nifti2_fields

from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.io.detect import first_bytes, is_gzip
from napari_sam_med.io.formats import shown
from napari_sam_med.io.stored_voxels import Source, StoredImage
from napari_sam_med.io.volume_formats.nifti_geometry import nifti_geometry

if TYPE_CHECKING:
    from pathlib import Path

_TYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4",
    1024: "i8", 1280: "u8", 128: "u1", 2304: "u1",
}  # fmt: skip
"""Data types by their codes in nifti1.h; 128 and 2304 are RGB and RGBA."""
_CHANNELS = {128: 3, 2304: 4}
_REFUSED = {1: "single bits", 32: "complex numbers", 1536: "128-bit numbers",
            1792: "complex numbers", 2048: "complex numbers"}  # fmt: skip
_COLOURS = (2003, 2004)
"""``NIFTI_INTENT_RGB_VECTOR`` and ``NIFTI_INTENT_RGBA_VECTOR`` of nifti1.h."""
_VECTOR = 1007
"""``NIFTI_INTENT_VECTOR``; ITK writes colours as vectors of three bytes."""
LABEL_INTENT = 1002
"""``NIFTI_INTENT_LABEL`` of nifti1.h."""
_LAYOUTS = (
    (nifti1_fields, 344, (b"n+1\0", b"ni1\0")),
    (nifti2_fields, 4, (b"n+2\0", b"ni2\0")),
)


def open_nifti(path: Path) -> StoredImage:
    """Read and check a header.

    Parameters
    ----------
    path : Path
        Of a file that `io.detect` took for NIfTI.

    Returns
    -------
    StoredImage
        With axes t, z, y, x, and c for colours and vectors.

    Raises
    ------
    FileReadError
        If sizes, type or offset are damaged.
    ImageError
        If numbers are complex, of 128 bits or single bits, or there are over five
        dimensions.
    GeometryError
        If a spacing is 0 or below, or the axes are not at right angles.
    """
    head = _header(path)
    code = int(head["datatype"])
    if code not in _TYPES:
        what = _REFUSED.get(code, f"data type {code}")
        msg = f"{shown(path)} holds {what}; save real numbers of 8 to 64 bits"
        raise ImageError(msg)
    sizes = _sizes(head, path)
    notes: tuple[str, ...] = ()
    if int(head["bitpix"]) != _bits(code):
        said = f"its header counts {int(head['bitpix'])} bits a voxel for {_bits(code)}"
        notes = (f"{shown(path)} may be damaged: {said}",)
    # colours are never scaled (nifti1.h, on scl_slope)
    slope, intercept = (1.0, 0.0) if code in _CHANNELS else _scaling(head, path)
    x, y, z, t, channels = sizes
    geometry, placed = nifti_geometry(head, (z, y, x), path)
    if channels > 1 and code in _CHANNELS:
        msg = f"{shown(path)} has {channels} colours for each voxel; give one"
        raise ImageError(msg)
    intent = int(head["intent_code"])
    if intent == _VECTOR and channels == 3 and _TYPES[code] == "u1":
        notes += (f"the vectors of three bytes in {shown(path)} are taken for colours",)
    elif channels in (3, 4) and intent not in _COLOURS:
        number = np.dtype(_TYPES[code])
        msg = (
            f"{shown(path)} has {channels} channels of {number} that it does not call "
            "colours; give one channel, or 8-bit RGB"
        )
        raise ImageError(msg)
    shape: tuple[int, ...] = (channels, t, z, y, x)
    axes = "ctzyx"
    if code in _CHANNELS:
        shape, axes = (t, z, y, x, _CHANNELS[code]), "tzyxc"
    elif channels == 1:
        shape, axes = shape[1:], axes[1:]
    dtype = np.dtype(_TYPES[code]).newbyteorder(_order(head))
    source = _source(head, path)
    return StoredImage(
        path, source, dtype, shape, axes, geometry, slope, intercept, notes + placed
    )


def has_label_intent(path: Path) -> bool:
    """Whether a header says that its voxels are labels (``NIFTI_INTENT_LABEL``).

    Parameters
    ----------
    path : Path
        Of a file that `io.detect` took for NIfTI.

    Raises
    ------
    FileReadError
        If the header is damaged.
    """
    return int(_header(path)["intent_code"]) == LABEL_INTENT


def _header(path: Path) -> np.void:
    """Read the header as a record, in whichever byte order makes its size right."""
    head = first_bytes(path)
    for fields, at, marks in _LAYOUTS:
        for layout in (fields.newbyteorder("<"), fields.newbyteorder(">")):
            if len(head) < layout.itemsize or head[at : at + 4] not in marks:
                continue
            record: np.void = np.frombuffer(head, layout, 1)[0]
            if int(record["sizeof_hdr"]) == layout.itemsize:
                return record
    msg = (
        f"{shown(path)} has a NIfTI header that is cut off or damaged (its size is "
        "neither 348 nor 540); get the whole file again"
    )
    raise FileReadError(msg)


def _bits(code: int) -> int:
    return 8 * np.dtype(_TYPES[code]).itemsize * _CHANNELS.get(code, 1)


def _order(head: np.void) -> Literal["<", ">"]:
    """Byte order of the header, which is also that of the voxels."""
    stored = head.dtype["dim"].base
    return "<" if stored.newbyteorder("<") == stored else ">"


def _sizes(head: np.void, path: Path) -> tuple[int, int, int, int, int]:
    """Numbers of voxels along x, y, z, of times, and of channels."""
    dims = [int(n) for n in head["dim"]]
    used = dims[1 : 1 + dims[0]] if 1 <= dims[0] <= 7 else []
    if not used or min(used) < 1:
        msg = (
            f"{shown(path)} has dimensions {dims}; they are damaged, get the file again"
        )
        raise FileReadError(msg)
    used += [1] * (7 - len(used))
    if max(used[5:]) > 1:
        msg = (
            f"{shown(path)} has {dims[0]} dimensions {used}; volumes and time series "
            "(3-D, 4-D) are accepted, so save one part"
        )
        raise ImageError(msg)
    x, y, z, t, channels = used[:5]
    return x, y, z, t, channels


def _scaling(head: np.void, path: Path) -> tuple[float, float]:
    """Slope and intercept; a slope of 0 or NaN says that there are none (nifti1.h)."""
    slope, intercept = float(head["scl_slope"]), float(head["scl_inter"])
    if slope == 0 or not np.isfinite(slope):
        return 1.0, 0.0
    if not np.isfinite(intercept):
        msg = f"{shown(path)} has the slope {slope} and intercept {intercept}; mend it"
        raise ImageError(msg)
    return slope, intercept


def _source(head: np.void, path: Path) -> Source:
    """Find the voxels: behind the header, or in the image file of a pair."""
    mark = bytes(head["magic"])[:3]
    offset = float(head["vox_offset"])
    pair = mark in (b"ni1", b"ni2")
    least = 0 if pair else int(head["sizeof_hdr"]) + 4
    if offset == 0:
        offset = least  # nibabel reads it so too
    if not np.isfinite(offset) or offset < least or offset != int(offset):
        msg = f"{shown(path)} has its voxels at byte {offset}; the header is damaged"
        raise FileReadError(msg)
    file = _image_of_pair(path) if pair else path
    encoding = "gzip" if is_gzip(file) else "raw"
    return Source((file,), 0, int(offset), encoding)


def _image_of_pair(path: Path) -> Path:
    stem = path.name[: -len(".gz")] if path.name.lower().endswith(".gz") else path.name
    whole = path.with_name(stem)
    for suffix in (".img", ".img.gz", ".IMG"):
        if whole.with_suffix(suffix).exists():
            return whole.with_suffix(suffix)
    msg = (
        f"{shown(path)} is the header of a pair and its image file "
        f"{shown(whole.with_suffix('.img').name)} is not beside it; put it there"
    )
    raise FileReadError(msg)
