"""PNG, JPEG, TIFF and BMP, whose pixel types SimpleITK partly loses (palettes)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageSequence

from napari_sam_med.errors import FileReadError, ImageError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

_GREY_MODES = ("1", "L", "I", "F", "I;16", "I;16L", "I;16B", "I;16N")


def read_picture(
    path: Path, *, palette_as_labels: bool = False
) -> npt.NDArray[np.generic]:
    """Read all pages of a picture file.

    Parameters
    ----------
    path : Path
        PNG, JPEG, TIFF (one or several pages) or BMP.
    palette_as_labels : bool
        Return a palette's indices instead of its colours, as label files mean them.

    Returns
    -------
    (Z, Y, X) number, or (Z, Y, X, 3) uint8
        A page is a slice. Transparency is left out; a colour picture whose three
        channels are the same everywhere comes back as grey.

    Raises
    ------
    FileReadError
        If Pillow cannot read the file.
    ImageError
        If the pages differ in size.
    """
    try:
        with Image.open(path) as image:
            frames = (frame.copy() for frame in ImageSequence.Iterator(image))
            pages = [_page(f, palette_as_labels=palette_as_labels) for f in frames]
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        msg = f"{path} cannot be read as a picture ({error}); check the file"
        raise FileReadError(msg) from error
    if len({page.shape for page in pages}) != 1:
        msg = (
            f"{path} has pages of different sizes or kinds; save the pages that belong "
            "together as files of their own"
        )
        raise ImageError(msg)
    return _grey_if_equal(np.stack(pages))


def _page(frame: Image.Image, *, palette_as_labels: bool) -> npt.NDArray[np.generic]:
    if frame.mode in _GREY_MODES or (frame.mode == "P" and palette_as_labels):
        return np.asarray(frame)
    if frame.mode == "LA":
        return np.asarray(frame.getchannel("L"))
    return np.asarray(frame.convert("RGB"))


def _grey_if_equal(pages: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    if pages.ndim == 4 and (pages == pages[..., :1]).all():
        return np.ascontiguousarray(pages[..., 0])
    return pages
