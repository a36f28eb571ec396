"""One slice as PNG, TIFF or BMP, with no word beside its pixels but that of labels."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.PngImagePlugin import PngImageFile, PngInfo
from PIL.TiffImagePlugin import TiffImageFile

from napari_sam_med.core.storage.atomic_files import replacing
from napari_sam_med.errors import FileWriteError, ImageError
from napari_sam_med.io.formats import suffix_from_path
from napari_sam_med.io.label_marks import MARK

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

FORMATS = {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP"}
OPENED_BY = {"PNG": PngImageFile, "TIFF": TiffImageFile, "BMP": BmpImageFile}
"""Readers of what was just written; ``Image.open`` takes large pictures for bombs."""
HELD = {
    "PNG": ("uint8", "uint16"),
    "TIFF": ("uint8", "uint16", "int32", "float32"),
    "BMP": ("uint8",),
}


def write_picture(
    path: Path,
    array: npt.NDArray[np.generic],
    *,
    overwrite: bool,
    are_labels: bool = False,
) -> None:
    """Write one slice as a picture and read it back.

    Parameters
    ----------
    path : Path
        Ends in .png, .tif, .tiff or .bmp.
    array : (1, H, W) number or (1, H, W, 3) uint8
        The slice.
    overwrite : bool
        Replace an existing file.
    are_labels : bool
        Whether PNG and TIFF say that the pixels are labels, see ``io.label_marks``.

    Raises
    ------
    ImageError
        If there are several slices, or the format cannot hold the numbers.
    FileWriteError
        If the file exists already or cannot be written.
    """
    check_one_slice(len(array))
    kind = FORMATS[suffix_from_path(path)]
    pixels = _as_held(array[0], kind)
    with replacing(path, overwrite=overwrite) as part:
        options = _options(kind, are_labels=are_labels)
        # through memory: libtiff takes no name that is not UTF-8
        packed = BytesIO()
        Image.fromarray(pixels).save(packed, format=kind, **options)
        part.write_bytes(packed.getbuffer())
        reader: Any = OPENED_BY[kind]
        with reader(BytesIO(part.read_bytes())) as back:
            if not np.array_equal(np.asarray(back), pixels):
                msg = (
                    f"{path} came back from the disk with other pixels than were "
                    "written; choose another place"
                )
                raise FileWriteError(msg)


def check_one_slice(count: int) -> None:
    """Refuse several slices for a picture.

    Raises
    ------
    ImageError
        If it is not one.
    """
    if count != 1:
        msg = f"{count} slices for a picture; choose .nii.gz, .nrrd or .mha"
        raise ImageError(msg)


def _options(kind: str, *, are_labels: bool) -> dict[str, Any]:
    """What Pillow is told beside the pixels."""
    if kind == "TIFF":
        marked = {"description": MARK} if are_labels else {}
        return {"compression": "tiff_adobe_deflate", **marked}
    if kind == "PNG" and are_labels:  # packed anyhow, and BMP never
        told = PngInfo()
        told.add_text("Comment", MARK)
        return {"pnginfo": told}
    return {}


def _as_held(pixels: npt.NDArray[np.generic], kind: str) -> npt.NDArray[np.generic]:
    """The same numbers in a type that the format has."""
    for name in HELD[kind]:
        with np.errstate(invalid="ignore"):
            stored = pixels.astype(name)
        if np.array_equal(stored, pixels):
            return np.ascontiguousarray(stored)
    msg = (
        f"numbers of type {pixels.dtype} from {pixels.min()} to {pixels.max()}; {kind} "
        f"holds {', '.join(HELD[kind])}, so choose .nii.gz, .nrrd or .mha"
    )
    raise ImageError(msg)
