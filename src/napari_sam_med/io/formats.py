"""Which files are images, by their names: the only lists of suffixes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam_med.core.prompts import is_other

if TYPE_CHECKING:
    from napari_sam_med.errors import FileReadError, FileWriteError

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
NIFTI = (".nii.gz", ".nii", ".hdr")
METAIMAGE = (".mha", ".mhd")
NRRD = (".seg.nrrd", ".nrrd", ".nhdr")
VOLUMES = (*NIFTI, *NRRD, *METAIMAGE)
DICOM = (".dcm", ".dicom", ".ima")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
ACCEPTED = "NIfTI, NRRD, MHA/MHD, DICOM, PNG, JPEG, TIFF or BMP"


def as_path(path: object, error: type[FileReadError | FileWriteError]) -> Path:
    """Take what a caller gives as a path.

    Parameters
    ----------
    path : Path or str
        Whatever was given.
    error : FileReadError or FileWriteError
        To be raised for anything else, which callers without a type checker give.
    """
    if isinstance(path, str | os.PathLike) and not is_other(os.fspath(path), str):
        return Path(path)
    msg = f"a {type(path).__name__} is no path; give the path of a file or folder"
    raise error(msg)


def suffix_from_path(path: Path) -> str:
    """Return the file's known suffix in lower case, such as ``.nii.gz``.

    Parameters
    ----------
    path : Path
        Need not exist.

    Returns
    -------
    str
        Empty if the name ends in none of the known suffixes.

    Examples
    --------
    >>> from pathlib import Path
    >>> suffix_from_path(Path("scans/Liver.NII.GZ"))
    '.nii.gz'
    """
    name = path.name.lower()
    known = (s for s in (*PICTURES, *VOLUMES, *DICOM) if name.endswith(s))
    return next(known, "")


def name_from_path(path: Path) -> str:
    """Return the name without folders and known suffixes, as result rows show it.

    Parameters
    ----------
    path : Path
        A file or a DICOM folder; need not exist.

    Returns
    -------
    str
        Text that every encoding can hold, see `shown`.

    Examples
    --------
    >>> from pathlib import Path
    >>> name_from_path(Path("scans/patient.1.nii.gz"))
    'patient.1'
    """
    suffix = suffix_from_path(path)
    name = path.name[: len(path.name) - len(suffix)] if suffix else path.name
    return shown(name)


def is_image_file(path: Path) -> bool:
    """Whether the name ends as images do and does not start with a dot.

    Parameters
    ----------
    path : Path
        Need not exist.

    Returns
    -------
    bool
    """
    return bool(suffix_from_path(path)) and not path.name.startswith(".")


def shown(path: Path | str) -> str:
    r"""Return a path as text that can be printed and stored.

    Parameters
    ----------
    path : Path or str
        May hold bytes that are no text, which Python keeps as lone surrogates, and
        line ends and other control characters.

    Returns
    -------
    str
        With a replacement character for each of these.

    Examples
    --------
    >>> shown("caf\udce9.nii").isprintable()
    True
    """
    text = os.fspath(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else REPLACEMENT for c in text)


def lossy_labels(path: Path, packing: str = "JPEG") -> str:
    """Say why an image packed with loss holds no labels.

    Parameters
    ----------
    path : Path
        Of the image.
    packing : str
        What its packing is called.

    Returns
    -------
    str
        A sentence.
    """
    return (
        f"{shown(path)} is packed as {packing}, which changes the numbers at every "
        "edge, so that new labels would appear; give labels as PNG, TIFF or NIfTI"
    )
