"""Whether packing has changed the numbers of a DICOM file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.config import IGNORE
from pydicom.uid import (
    JPEG2000,
    UID,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
)

from napari_sam_med.errors import ImageError
from napari_sam_med.io.dicom.headers import open_pixels
from napari_sam_med.io.formats import lossy_labels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_sam_med.io.dicom.headers import Header

ALWAYS = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless)
START, STYLE = b"\xff\x4f\xff\x51", b"\xff\x52"
"""Of a JPEG 2000 codestream, and of how it is coded (ISO/IEC 15444-1, A.4 and A.6)."""
TRANSFORM_AT = 13
"""Bytes from the start of the coding style to its wavelet, where 0 is the one with
rounding (table A.20)."""
LOOKED_AT = 1 << 16


def check_lossless(headers: Iterable[Header]) -> None:
    """Refuse labels that were packed with loss.

    Parameters
    ----------
    headers : iterable of Header
        Of sound files.

    Raises
    ------
    ImageError
        If one is packed so.
    FileReadError
        If one cannot be read any more.

    Notes
    -----
    LossyImageCompression alone says nothing of labels that are stored plainly: they
    take it over from the image that they were drawn on.
    """
    for header in headers:
        syntax = UID(header.syntax, validation_mode=IGNORE)
        if syntax in ALWAYS or (syntax == JPEG2000 and _is_rounded(header)):
            raise ImageError(lossy_labels(header.file, syntax.name))


def _is_rounded(header: Header) -> bool:
    """Whether JPEG 2000, which may be either, lost something."""
    if header.attributes.text("LossyImageCompression") == "01":
        return True
    with open_pixels(header) as opened:
        opened.seek(header.pixels.offset if header.pixels else 0)
        head = opened.read(LOOKED_AT)
    style = head.find(STYLE, head.find(START) + len(START))
    return style < 0 or head[style + TRANSFORM_AT : style + TRANSFORM_AT + 1] == b"\0"
