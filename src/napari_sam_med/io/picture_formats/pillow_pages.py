"""Pictures through Pillow: only the formats we name, of any size, without turning."""

from __future__ import annotations

import re
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ExifTags import Base
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.io.detect import Kind, open_regular
from napari_sam_med.io.formats import shown
from napari_sam_med.io.memory import check_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    import numpy.typing as npt

_PLUGINS: dict[Kind, Callable[[BinaryIO], Image.Image]] = {
    Kind.PNG: PngImageFile, Kind.JPEG: JpegImageFile,
    Kind.BMP: BmpImageFile, Kind.TIFF: TiffImageFile,
}  # fmt: skip
"""The only formats that Pillow may read; for others it starts outside programs."""
_DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, ArithmeticError,
    AttributeError, RuntimeError, AssertionError, struct.error,
)  # fmt: skip
"""What Pillow's plugins raise where the bytes of a file are wrong (found by trying)."""
_GREY_MODES = ("1", "L", "I", "F", "I;16", "I;16L", "I;16B", "I;16N")
_STRETCHED = {"L;2": 85, "L;4": 17}
"""What Pillow multiplies grey of 2 and 4 bits by, so that the largest becomes 255."""
_TURNED_ROUND = re.compile("[1L];[124]?I")
"""How Pillow unpacks grey of up to 8 bits where 0 is white: it makes 0 black."""
_BYTES_OF_PIXEL = 8
"""Pillow's own 4 bytes for a colour, and at most as many of the array."""
_LOCK = threading.Lock()


def pages_by_pillow(
    path: Path, kind: Kind, *, as_labels: bool = False
) -> tuple[npt.NDArray[np.generic], tuple[str, ...]]:
    """Read all pages.

    Parameters
    ----------
    path : Path
        A regular file.
    kind : Kind
        PNG, JPEG, TIFF or BMP.
    as_labels : bool
        Return the numbers that are stored: a palette's indices instead of its colours,
        grey of 2 or 4 bits as it is, not stretched to 8, and grey whose 0 is white not
        turned round.

    Returns
    -------
    array : (Z, Y, X) number or (Z, Y, X, 3) uint8
    notes : tuple of str

    Raises
    ------
    FileReadError
        If Pillow cannot read the file.
    ImageError
        If pages differ in size or kind, or do not fit into memory.
    """
    try:
        with _any_size(), open_regular(path) as file:
            pages, notes = _pages(file, kind, path, as_labels)
    except (FileReadError, ImageError):
        raise
    except _DAMAGE as error:
        reason = ascii(" ".join(str(error).split()) or type(error).__name__)[1:-1]
        msg = f"{shown(path)} cannot be read as a picture ({reason}); check the file"
        raise FileReadError(msg) from error
    if len({(page.shape, page.dtype) for page in pages}) != 1:
        msg = (
            f"{shown(path)} has pages of different sizes or kinds; save the pages that "
            "belong together as files of their own"
        )
        raise ImageError(msg)
    return (pages[0][None] if len(pages) == 1 else np.stack(pages)), notes


def _pages(
    file: BinaryIO,
    kind: Kind,
    path: Path,
    as_labels: bool,  # noqa: FBT001
) -> tuple[list[npt.NDArray[np.generic]], tuple[str, ...]]:
    image = _PLUGINS[kind](file)
    n_pages = getattr(image, "n_frames", 1) if kind is Kind.TIFF else 1
    check_memory(image.width * image.height * _BYTES_OF_PIXEL * n_pages, path)
    beside = _first_of_several(image, kind)  # before a page is loaded
    pages, turned = [], False
    for number in range(n_pages):
        if n_pages > 1:
            image.seek(number)
        raw_mode = _raw_mode(image) if as_labels else ""  # getexif loads a PNG
        step = _STRETCHED.get(raw_mode[:3], 1)  # L;2I, L;4R are other orders of bits
        orientation = image.getexif().get(Base.Orientation, 1)
        page = _page(image, as_labels=as_labels)
        if _TURNED_ROUND.match(raw_mode):
            page = np.logical_not(page) if page.dtype == bool else 255 - page
        if step > 1:
            page = page // step
        if kind is Kind.TIFF:  # the one format that Pillow turns by itself
            page = _turned_back(page, orientation)
        pages.append(np.ascontiguousarray(page))
        turned = turned or orientation in range(2, 9)
    said = [beside] if beside else []
    if turned:
        said.append("is marked as turned; its pixels are taken as they are stored")
    return pages, tuple(f"{shown(path)} {each}" for each in said)


def _first_of_several(image: Image.Image, kind: Kind) -> str:
    """Say that a file holds further pictures, which are no slices; empty if it is not.

    The frames of an animated PNG, and what cameras put behind a JPEG (MPO).
    """
    count = getattr(image, "n_frames", 1)
    if kind is Kind.PNG and count > 1:
        return (
            f"is animated and holds {count} pictures, of which the first is taken; "
            "save slices as the pages of a TIFF"
        )
    if kind is Kind.JPEG and "mp" in image.info:
        return "holds further pictures behind the first, which is taken"
    return ""


def _page(image: Image.Image, *, as_labels: bool) -> npt.NDArray[np.generic]:
    image.load()
    if image.mode in _GREY_MODES or (image.mode == "P" and as_labels):
        return np.asarray(image)
    if image.mode == "LA":
        return np.asarray(image.getchannel("L"))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _raw_mode(image: Image.Image) -> str:
    """How Pillow will unpack the numbers of a page that is not yet loaded."""
    tiles = getattr(image, "tile", ())
    args = tiles[0][3] if tiles else ""
    raw_mode = args if isinstance(args, str) else (args or ("",))[0]
    return str(raw_mode)


def _turned_back(
    page: npt.NDArray[np.generic], orientation: int
) -> npt.NDArray[np.generic]:
    """Undo what an EXIF orientation made Pillow do."""
    undone = {
        2: page[:, ::-1], 3: page[::-1, ::-1], 4: page[::-1],
        5: np.swapaxes(page, 0, 1), 6: np.rot90(page),
        7: np.swapaxes(page[::-1, ::-1], 0, 1), 8: np.rot90(page, -1),
    }  # fmt: skip
    return undone.get(orientation, page)


@contextmanager
def _any_size() -> Iterator[None]:
    """Let Pillow open large pictures, whose size is compared with the memory here."""
    with _LOCK:
        limit = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit
