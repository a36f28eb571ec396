"""Files whose packing has changed the numbers, so that none of them is a label."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.io.detect import Kind, kind_of
from napari_sam_med.io.formats import lossy_labels
from napari_sam_med.io.picture_formats.tiff import is_packed_as_jpeg

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def check_files_lossless(files: Iterable[Path]) -> None:
    """Refuse to take labels from files that are packed with loss.

    Parameters
    ----------
    files : iterable of Path
        What an image was read from. Those that are gone, or of another kind, say
        nothing.

    Raises
    ------
    ImageError
        If one is packed so.
    """
    for file in files:
        with suppress(FileReadError, OSError):
            _check_lossless(file)


def are_lossless(files: Iterable[Path]) -> bool:
    """Whether no file is packed with loss, see `check_files_lossless`."""
    try:
        check_files_lossless(files)
    except ImageError:
        return False
    return True


def _check_lossless(file: Path) -> None:
    kind = kind_of(file)
    if kind is Kind.JPEG or (kind is Kind.TIFF and is_packed_as_jpeg(file)):
        raise ImageError(lossy_labels(file))
    if kind is Kind.DICOM:
        # pydicom is slow to import, and most images are not DICOM
        from napari_sam_med.io.dicom.headers import read_header
        from napari_sam_med.io.dicom.pixels.lossy import check_lossless

        check_lossless([read_header(file)])
