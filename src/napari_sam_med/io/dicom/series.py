"""Which files of a folder belong together, and whether each can be read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam_med.errors import FileReadError
from napari_sam_med.io.detect import first_bytes
from napari_sam_med.io.dicom.attributes import Attributes
from napari_sam_med.io.dicom.frames import frames_of
from napari_sam_med.io.dicom.headers import Header, read_header, starts_like_dicom
from napari_sam_med.io.dicom.oddities import check_together
from napari_sam_med.io.dicom.stacks import Stack, stack_frames

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

# Packed ones too: they are slices that nobody unpacked, or whose download broke off.
_SLICE_NAME = re.compile(
    r"\.(dcm|dicom|ima)(\.(gz|bz2|xz|zst|zip|part|partial|crdownload))?$", re.IGNORECASE
)
HOW_TO_CHOOSE = "keep one in the folder or choose one by its UID (--series UID)"


def image_headers(path: Path) -> list[Header]:
    """Read the headers of all images of a file or folder.

    Parameters
    ----------
    path : Path
        A file, or a folder whose subfolders are not entered.

    Returns
    -------
    list of Header
        In the order of the names. Damaged files are among them, with their fault, and
        so are files that by their name or place must be DICOM and do not start so;
        other files are not.

    Raises
    ------
    FileReadError
        If a folder or file cannot be read.
    """
    if path.is_dir():
        try:
            files = sorted(path.iterdir())
        except OSError as error:
            msg = f"{path} cannot be read ({error.strerror or error}); check the folder"
            raise FileReadError(msg) from error
        files = [file for file in files if file.name.upper() != "DICOMDIR"]
    else:
        files = [path]
    dicom = {file for file in files if starts_like_dicom(file)}
    bare = any(_is_bare(file) for file in dicom)
    headers = []
    for file in files:
        if file in dicom:
            header = read_header(file)
            if header.is_image or header.fault:
                headers.append(header)
        elif path.is_dir() and (fault := _why_suspect(file, beside_bare=bare)):
            headers.append(Header(file, Attributes(file, {}), "", None, 0, fault))
    return headers


def _is_bare(file: Path) -> bool:
    """Whether a name has no suffix; UIDs as names end in a dot and digits."""
    return not file.suffix or file.suffix[1:].isdigit()


def _why_suspect(file: Path, *, beside_bare: bool) -> str:
    """Why a file that does not start as DICOM may be a lost slice; empty if it is not.

    Hidden files are none: macOS writes ``._1.dcm`` beside ``1.dcm``.
    """
    if file.is_dir() or file.name.startswith("."):
        return ""
    bare = beside_bare and _is_bare(file)
    try:
        head = first_bytes(file)
    except FileReadError as error:
        if isinstance(error.__cause__, PermissionError):  # whatever it is called
            return f"it cannot be opened ({error.__cause__.strerror})"
        head, fault = b"", "it is no file that can be opened"
    else:
        fault = "it is empty or zeros where DICOM starts"
    if _SLICE_NAME.search(file.name):
        return f"it ends in {file.suffix} and does not start as DICOM does"
    # A sound file has DICM after its preamble, or an element at its start.
    return fault if bare and not any(head[:132]) else ""


def by_series(headers: Sequence[Header]) -> dict[str, list[Header]]:
    """Group headers by SeriesInstanceUID.

    Parameters
    ----------
    headers : sequence of Header
        Of any files.

    Returns
    -------
    dict of str to list of Header
        In the order of the first file of each.
    """
    groups: dict[str, list[Header]] = {}
    for header in headers:
        uid = header.attributes.text("SeriesInstanceUID")
        groups.setdefault(uid, []).append(header)
    return groups


@dataclass(frozen=True, slots=True, eq=False)
class ChosenSeries:
    """The files of one series.

    Parameters
    ----------
    headers : list of Header
        Of sound files, at least one.
    notes : tuple of str
        What lies beside it and was passed over.
    """

    headers: list[Header]
    notes: tuple[str, ...] = ()


def choose_series(
    path: Path, uid: str | None, *, as_labels: bool = False
) -> ChosenSeries:
    """Find the one series that is meant.

    Parameters
    ----------
    path : Path
        A file or folder.
    uid : str or None
        SeriesInstanceUID, needed where there are several. Segmentations beside images
        need none to be told from them.
    as_labels : bool
        Whether the segmentations are meant, and not the images.

    Returns
    -------
    ChosenSeries

    Raises
    ------
    FileReadError
        If there is no image, several series and no choice, not that one, or one of
        its files is damaged.
    """
    headers = image_headers(path)
    if not headers:
        what = "holds no" if path.is_dir() else "is no readable"
        msg = f"{path} {what} DICOM image; give a DICOM file or a series folder"
        if path.is_dir():
            msg += " (subfolders are not entered)"
        raise FileReadError(msg)
    unknown = [
        header
        for header in headers
        if header.fault and not header.attributes.text("SeriesInstanceUID")
    ]
    _check_sound(unknown)
    groups = by_series(headers)
    meant, notes = _meant(groups, as_labels=as_labels) if uid is None else ([uid], ())
    if len(meant) == 1 and meant[0] in groups:
        chosen = groups[meant[0]]
    else:
        held = "; ".join(f"{_describe(g)}, UID {key}" for key, g in groups.items())
        asked = f"has no series {uid}" if uid else "holds several DICOM series"
        msg = f"{path} {asked} ({held}); {HOW_TO_CHOOSE}"
        raise FileReadError(msg)
    _check_sound(chosen)
    return ChosenSeries(chosen, notes)


def _meant(
    groups: dict[str, list[Header]], *, as_labels: bool
) -> tuple[list[str], tuple[str, ...]]:
    """Tell images from segmentations of them, which other programs put beside them."""
    kinds: dict[bool, list[str]] = {True: [], False: []}
    for uid, group in groups.items():
        kinds[group[0].is_segmentation].append(uid)
    meant = kinds[as_labels]
    if not meant or len(meant) == len(groups):
        return list(groups), ()
    if as_labels:
        return meant, ("the segmentation was read, and not the images beside it",)
    beside = [header.file.name for uid in kinds[True] for header in groups[uid]]
    note = (
        f"DICOM segmentations lie beside the images and were left out "
        f"({', '.join(beside[:3])}); open them by name"
    )
    return meant, (note,)


def _check_sound(headers: list[Header]) -> None:
    for header in headers:
        if header.fault:
            msg = (
                f"{header.file} cannot be read: {header.fault}; copy it again, or take "
                "it out of the folder"
            )
            raise FileReadError(msg)


def _describe(group: list[Header]) -> str:
    held = group[0].attributes
    title = held.text("SeriesDescription") or "without description"
    number = held.text("SeriesNumber") or "?"
    return f"series {number} '{title}' of {len(group)} files"


def only_file(headers: Sequence[Header], path: Path) -> Header:
    """Take the one file of a segmentation.

    Parameters
    ----------
    headers : sequence of Header
        At least one.
    path : Path
        For the message.

    Returns
    -------
    Header

    Raises
    ------
    FileReadError
        If there are several.
    """
    if len(headers) > 1:
        msg = f"{path} holds {len(headers)} segmentations; give one of the files"
        raise FileReadError(msg)
    return headers[0]


def stack_series(headers: Sequence[Header], path: Path) -> Stack:
    """Put the frames of a series in order.

    Parameters
    ----------
    headers : sequence of Header
        Of sound files, at least one.
    path : Path
        What was asked for, for messages.

    Returns
    -------
    Stack

    Raises
    ------
    FileReadError, ImageError, GeometryError
        See `frames_of` and `stack_frames`.
    """
    check_together(headers, path)
    frames = [frame for header in headers for frame in frames_of(header)]
    return stack_frames(frames, path)


@dataclass(frozen=True, slots=True)
class SourceSlices:
    """Where the slices of a volume come from, for a segmentation to refer to.

    Parameters
    ----------
    stack : Stack
        Of one time point or more.
    shape_yx : (rows, columns)
    """

    stack: Stack
    shape_yx: tuple[int, int]


def source_slices(files: Iterable[Path]) -> SourceSlices:
    """Order the files of a volume again, without reading pixels.

    Parameters
    ----------
    files : iterable of Path
        ``Volume.files``.

    Returns
    -------
    SourceSlices

    Raises
    ------
    FileReadError, GeometryError
        As `read_dicom`.
    """
    headers = [read_header(file) for file in files]
    if not headers:
        msg = "no source files; give the DICOM files that the image was read from"
        raise FileReadError(msg)
    _check_sound(headers)
    held = headers[0].attributes
    stack = stack_series(headers, headers[0].file.parent)
    return SourceSlices(stack, (held.whole("Rows", 0), held.whole("Columns", 0)))
