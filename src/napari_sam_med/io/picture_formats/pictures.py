"""PNG, JPEG, TIFF and BMP: pages of pixels, without a place in a patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from napari_sam_med.core.volumes import slices_of
from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.io.detect import Kind, first_bytes, open_regular
from napari_sam_med.io.formats import lossy_labels, shown
from napari_sam_med.io.memory import no_memory
from napari_sam_med.io.picture_formats.pillow_pages import pages_by_pillow
from napari_sam_med.io.picture_formats.tiff import read_tiff

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

_ALPHA_CHANNELS = (2, 4)


def read_picture(
    path: Path, kind: Kind, *, as_labels: bool = False
) -> tuple[npt.NDArray[np.generic], tuple[str, ...]]:
    """Read all pages of a picture file.

    Parameters
    ----------
    path : Path
        PNG, JPEG, TIFF (one or several pages) or BMP, of any size that memory holds.
    kind : Kind
        Which of these.
    as_labels : bool
        Return the numbers that are stored: a palette's indices instead of its colours,
        grey of 2 or 4 bits as it is, not stretched to 8, and grey whose 0 is white not
        turned round.

    Returns
    -------
    array : (Z, Y, X) number, or (Z, Y, X, 3) uint8
        A page is a slice, its pixels as they are stored: an orientation in the
        metadata is not followed, and said. Of an animated PNG, and of a JPEG with
        several pictures, the first is taken, and that is said. Transparency is left
        out; a colour picture whose three channels are the same everywhere comes back
        as grey.
    notes : tuple of str

    Raises
    ------
    FileReadError
        If the file is damaged or of a kind that cannot be read.
    ImageError
        If the pages differ in size, or do not fit into memory, or labels are packed
        as JPEG.
    """
    if as_labels and kind is Kind.JPEG:
        raise ImageError(lossy_labels(path))
    try:
        found = read_tiff(path, as_labels=as_labels) if kind is Kind.TIFF else None
        if found is not None:
            pages, notes = found
        else:
            pages, notes = pages_by_pillow(path, kind, as_labels=as_labels)
            if kind is Kind.PNG and _has_wide_colours(path):
                pages = _wide_colours(path)[None]
        return _as_grey_or_rgb(pages, notes, path)
    except MemoryError as error:
        raise ImageError(no_memory(path)) from error


def _has_wide_colours(path: Path) -> bool:
    """Whether a PNG has several channels of 16 bits, of which Pillow keeps 8."""
    head = first_bytes(path)
    return head[24:25] == b"\x10" and head[25:26] in (b"\x02", b"\x04", b"\x06")


def _wide_colours(path: Path) -> npt.NDArray[np.generic]:
    """(Y, X, 3) uint16; the file was found sound by Pillow before."""
    with open_regular(path) as file:
        stored = np.frombuffer(file.read(), np.uint8)
    try:
        pixels = cv2.imdecode(stored, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        msg = f"{shown(path)} cannot be read as a picture of 16 bits; save it with 8"
        raise FileReadError(msg) from error
    if pixels is None or pixels.ndim != 3 or pixels.dtype != np.uint16:
        msg = f"{shown(path)} cannot be read as a picture of 16 bits; save it with 8"
        raise FileReadError(msg)
    return np.ascontiguousarray(pixels[..., 2::-1])


def _as_grey_or_rgb(
    pages: npt.NDArray[np.generic], notes: tuple[str, ...], path: Path
) -> tuple[npt.NDArray[np.generic], tuple[str, ...]]:
    """Leave out transparency, make one channel of equal ones, and 8 bits of 16."""
    if pages.ndim == 3:
        return pages, notes
    if pages.shape[-1] in _ALPHA_CHANNELS:
        pages = pages[..., : pages.shape[-1] - 1]
        notes = (*notes, f"the transparency of {shown(path)} is left out")
    if _are_equal(pages):
        return np.ascontiguousarray(pages[..., 0]), notes
    if pages.dtype == np.uint16 and pages.shape[-1] == 3:
        said = "has colours of 16 bits, of which the upper 8 are kept"
        return (pages // 256).astype(np.uint8), (*notes, f"{shown(path)} {said}")
    if pages.dtype != np.uint8 or pages.shape[-1] != 3:
        msg = (
            f"{shown(path)} has {pages.shape[-1]} channels of {pages.dtype}; give one "
            "channel, or RGB of 8 or 16 bits"
        )
        raise ImageError(msg)
    return np.ascontiguousarray(pages), notes


def _are_equal(pages: npt.NDArray[np.generic]) -> bool:
    rows = pages.reshape(-1, *pages.shape[2:]) if pages.flags.c_contiguous else pages
    return all(bool((part == part[..., :1]).all()) for part in slices_of(rows))
