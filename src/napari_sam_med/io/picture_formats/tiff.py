"""TIFF pages of any number type, unpacked here; what Pillow reads as well is left."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.io.detect import open_regular
from napari_sam_med.io.formats import lossy_labels, shown
from napari_sam_med.io.picture_formats.tiff_pixels import (
    DEFLATE,
    PLAIN,
    dtype_of,
    read_pixels,
)
from napari_sam_med.io.picture_formats.tiff_tags import TiffPage, tiff_pages

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_SMALLER_COPY, _MASK = 1, 4
_JPEG = (6, 7)
_IMAGEJ = re.compile(rb"\AImageJ=.*?^images=(\d{1,9})\s*$", re.DOTALL | re.MULTILINE)


def is_packed_as_jpeg(path: Path) -> bool:
    """Whether a page of a TIFF file is packed as JPEG.

    Raises
    ------
    FileReadError
        If the file is damaged.
    """
    with open_regular(path) as file:
        return any(page.packed in _JPEG for page in tiff_pages(file, path)[1])


def read_tiff(
    path: Path, *, as_labels: bool = False
) -> tuple[npt.NDArray[np.generic], tuple[str, ...]] | None:
    """Read a TIFF whose pixels are plain numbers, raw or deflated.

    Parameters
    ----------
    path : Path
        A TIFF or BigTIFF.
    as_labels : bool
        Return the numbers that are stored, also where 0 is white.

    Returns
    -------
    (array, notes) or None
        (Z, Y, X) numbers or (Z, Y, X, C); half precision becomes single. None if the
        pixels are packed or coloured in another way, which Pillow reads.

    Raises
    ------
    FileReadError
        If a page is missing or damaged.
    ImageError
        If pages differ in size or kind, numbers have a type that nobody reads, or do
        not fit into memory, or labels are packed as JPEG.
    """
    with open_regular(path) as file:
        order, all_pages = tiff_pages(file, path)
        pages = [p for p in all_pages if not p.subfile & (_SMALLER_COPY | _MASK)]
        pages = pages or all_pages
        if as_labels and any(page.packed in _JPEG for page in pages):
            raise ImageError(lossy_labels(path))
        _check_count(pages, path)
        if len({page.kind for page in pages}) > 1:
            msg = (
                f"{shown(path)} has pages of different sizes or kinds; save the pages "
                "that belong together as files of their own"
            )
            raise ImageError(msg)
        if not all(_is_plain(page) for page in pages):
            pillow_reads = not any(_is_misread(p) or _is_no_colour(p) for p in pages)
            if len(pages) == len(all_pages) and pillow_reads:
                return None
            raise ImageError(_cannot(pages[0], path))
        notes = _notes(pages, len(all_pages), path)
        array = read_pixels(file, order, pages, path, as_stored=as_labels)
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    return (array[..., 0] if array.shape[-1] == 1 else array), notes


def _check_count(pages: list[TiffPage], path: Path) -> None:
    """Compare ImageJ's count of images, which has one directory for huge stacks."""
    told = _IMAGEJ.match(pages[0].description)
    if told and int(told[1]) != len(pages):
        msg = (
            f"{shown(path)} should have {int(told[1])} pages, {len(pages)} are there; "
            "get the whole file again, or save it as a stack of pages"
        )
        raise FileReadError(msg)


def _is_plain(page: TiffPage) -> bool:
    """Whether `tiff_pixels` unpacks the page."""
    channels, dtype = page.shape[2], dtype_of(page)
    grey = page.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO) and channels <= 2
    colour = page.photometric == _RGB and channels in (3, 4)
    if dtype is None or not (grey or colour) or page.fill_order != 1:
        return False
    packed = page.packed in (PLAIN, *DEFLATE) and (page.planes == 1 or channels == 1)
    return packed and page.predictor in (1, 3 if dtype.kind == "f" else 2)


def _is_misread(page: TiffPage) -> bool:
    """Whether Pillow would take the numbers for others (signed bytes, wide colours)."""
    signed_bytes = page.sample_format == 2 and page.bits[0] == 8
    unsigned_32 = page.sample_format == 1 and page.bits[0] == 32
    wide_colours = page.shape[2] > 1 and page.bits[0] > 8
    return signed_bytes or unsigned_32 or wide_colours


def _is_no_colour(page: TiffPage) -> bool:
    """Whether several numbers a pixel are no colour and no grey with transparency."""
    grey = page.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO)
    channels = page.shape[2]
    return grey and (channels > 2 or (channels == 2 and page.planes != 1))


def _cannot(page: TiffPage, path: Path) -> str:
    """Say what it is about a page that nobody here reads."""
    channels, bits = page.shape[2], page.bits[0]
    has = f"{shown(path)} has {channels} channel{'s' * (channels > 1)} of {bits} bits"
    if _is_no_colour(page):
        return f"{has} that are no colour; save one, or each as a page of its own"
    if page.packed not in (PLAIN, *DEFLATE):
        said = f"packed in the way of number {page.packed}, which is not read"
        return f"{has}, {said}; save it without packing"
    if page.planes != 1 and channels > 1:
        return (
            f"{has} marked as a colour's, each in a plane of its own; save slices as "
            "pages, and colours with 8 bits or pixel by pixel"
        )
    return (
        f"{has} in a form that is not read (photometric interpretation "
        f"{page.photometric}, sample format {page.sample_format}, predictor "
        f"{page.predictor}, fill order {page.fill_order}); save it as plain grey or RGB"
    )


def _notes(pages: list[TiffPage], n_all: int, path: Path) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if any(page.orientation in range(2, 9) for page in pages):
        said = "is marked as turned; its pixels are taken as they are stored"
        notes += (f"{shown(path)} {said}",)
    if len(pages) < n_all:
        said = f"{n_all - len(pages)} pages that are smaller copies or masks"
        notes += (f"{said} in {shown(path)} are left out",)
    held = _beside_slices(pages[0])
    if held and len(pages) > 1:
        said = f"holds {' and '.join(held)} in turn; each page is taken as a slice"
        notes += (f"{shown(path)} {said}",)
    return notes


def _beside_slices(page: TiffPage) -> list[str]:
    """What ImageJ or OME say that the pages are beside slices."""
    text = page.description
    if text.startswith(b"ImageJ="):
        counts = [
            re.search(rb"^%s=(\d{1,9})" % name, text, re.MULTILINE)
            for name in (b"channels", b"frames")
        ]
        sizes = [int(count[1]) if count else 1 for count in counts]
        n_images = 1
    elif b"<OME" in text:
        sizes = [
            max((int(n) for n in re.findall(rb'\bSize%s="(\d{1,9})"' % axis, text)),
                default=1)
            for axis in (b"C", b"T")
        ]  # fmt: skip
        n_images = len(re.findall(rb"<(?:\w+:)?Image\s", text))
        sizes[0] = 1 if page.shape[2] > 1 else sizes[0]  # a pixel's own colours
    else:
        return []
    counted = zip((*sizes, n_images), ("channels", "times", "images"), strict=True)
    return [f"{n} {name}" for n, name in counted if n > 1]
