"""How a file says by itself that it holds labels, whatever its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.io.detect import Kind, first_bytes, kind_of, open_regular
from napari_sam_med.io.picture_formats.tiff_tags import tiff_pages
from napari_sam_med.io.volume_formats.nifti import has_label_intent

if TYPE_CHECKING:
    from pathlib import Path

MARK = "labels (napari-sam-med)"
"""What our own label files carry: NIfTI as its description, NRRD as a key/value pair,
MetaImage and PNG as a comment, TIFF as its description. BMP has no place for it."""
_HELD_IN_HEAD = (Kind.NIFTI, Kind.NRRD, Kind.METAIMAGE, Kind.PNG)


def says_labels(path: Path) -> bool:
    """Whether a file's header says that its voxels are labels.

    Parameters
    ----------
    path : Path
        A file or folder of any accepted format.

    Returns
    -------
    bool
        True for label files that this package wrote, and for NIfTI files of anybody
        with the intent "label"; DICOM has its own class of labels and is not asked.

    Raises
    ------
    FileReadError
        If the file cannot be read, or is of an unknown format.
    """
    kind = kind_of(path)
    if kind is Kind.TIFF:
        with open_regular(path) as file:
            _, pages = tiff_pages(file, path)
        return MARK.encode() in pages[0].description
    if kind not in _HELD_IN_HEAD:
        return False
    is_marked = MARK.encode() in first_bytes(path)
    return is_marked or (kind is Kind.NIFTI and has_label_intent(path))
