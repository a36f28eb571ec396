"""What the text headers of MetaImage and NRRD have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import FileReadError, GeometryError
from napari_sam_med.io.detect import open_regular
from napari_sam_med.io.formats import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

LONGEST = 1 << 20
"""Bytes; headers with the names of hundreds of segments have some 100 kB."""
MOST_AXES = 6
LARGEST = 1 << 40
"""Voxels along an axis; more is damage, and products of it stay exact."""


def read_head(path: Path) -> bytes:
    """Read the part of a file that its text header can be in."""
    with open_regular(path) as file:
        return file.read(LONGEST)


def whole_numbers(text: str, name: str, path: Path) -> tuple[int, ...]:
    """Turn a field such as ``256 256 18`` into numbers.

    Parameters
    ----------
    text : str
        The field's value.
    name : str
        The field's name, for the message.
    path : Path
        For the message.

    Returns
    -------
    tuple of int

    Raises
    ------
    FileReadError
        If something else than decimal numbers stands there.
    """
    try:
        return tuple(int(word) for word in text.split())
    except ValueError as error:
        raise FileReadError(wrong_field(path, name, text, "whole numbers")) from error


def real_numbers(text: str, name: str, path: Path) -> tuple[float, ...]:
    """Turn a field such as ``0.8 0.8 5`` into finite numbers; see `whole_numbers`.

    Parameters
    ----------
    text, name, path
        As there.

    Returns
    -------
    tuple of float

    Raises
    ------
    GeometryError
        If something else than finite numbers stands there.
    """
    try:
        values = tuple(float(word) for word in text.split())
    except ValueError:
        values = (float("nan"),)
    if not np.isfinite(values).all():
        raise GeometryError(wrong_field(path, name, text, "finite numbers"))
    return values


def sizes_from(text: str, n_axes: int, name: str, path: Path) -> tuple[int, ...]:
    """Turn the field with the numbers of voxels into these.

    Parameters
    ----------
    text : str
        The field's value.
    n_axes : int
        How many there must be.
    name : str
        The field's name.
    path : Path
        For messages.

    Returns
    -------
    tuple of int
        From 1.

    Raises
    ------
    FileReadError
        If there are others.
    """
    sizes = whole_numbers(text, name, path)
    if len(sizes) != n_axes or not all(0 < size < LARGEST for size in sizes):
        wanted = f"{n_axes} numbers from 1"
        raise FileReadError(wrong_field(path, name, text, wanted))
    return sizes


def wrong_field(path: Path, name: str, text: str, wanted: str) -> str:
    """Say which field of a header is wrong."""
    short = text if len(text) <= 60 else f"{text[:60]}..."
    shown_text = ascii(shown(short)).replace("\\n", " ")
    return f"{shown(path)} has {shown_text} for {name}; it must be {wanted}"


def data_files(names: Sequence[str], path: Path, field: str) -> tuple[Path, ...]:
    """Find the voxels' files that a header names.

    Parameters
    ----------
    names : sequence of str
        Relative to the header's folder.
    path : Path
        The header.
    field : str
        Where they are named.

    Returns
    -------
    tuple of Path

    Raises
    ------
    FileReadError
        If one lies outside the header's folder: a header from elsewhere must not make
        other files readable as images.
    """
    files = []
    for name in names:
        pure = Path(name.strip())
        if not pure.name or pure.is_absolute() or ".." in pure.parts or "\0" in name:
            wanted = "a file in the header's folder, so put both into one"
            raise FileReadError(wrong_field(path, field, name, wanted))
        files.append(path.parent / pure)
    if not files:
        raise FileReadError(wrong_field(path, field, "", "the name of a file"))
    return tuple(files)


def start_of_last(
    files: Sequence[Path], n_bytes: int, path: Path, *, least: int = 0
) -> int:
    """Find where the voxels start in files that end with them.

    Parameters
    ----------
    files : sequence of Path
        Each with the same share of the voxels.
    n_bytes : int
        Of all voxels.
    path : Path
        The header, for messages.
    least : int
        Where a header ends that stands in the same file.

    Returns
    -------
    int
        Bytes before the voxels, the same in each file.

    Raises
    ------
    FileReadError
        If a file is too short, or its start is not as long as the others'.
    """
    sizes = set()
    for file in files:
        with open_regular(file) as opened:
            sizes.add(opened.seek(0, 2))
    if len(sizes) > 1:
        msg = (
            f"{shown(path)} has voxels that end files of {min(sizes)} to {max(sizes)} "
            "bytes; give files that are equally long"
        )
        raise FileReadError(msg)
    start = sizes.pop() - n_bytes // len(files)
    if start < least:
        msg = (
            f"{shown(path)} ends too early: its header promises {n_bytes} bytes of "
            f"voxels, {least - start} are missing from a file; get the whole file again"
        )
        raise FileReadError(msg)
    return start


def affine(columns: npt.ArrayLike, origin: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """(4, 4) from the steps along the axes (columns) and the place of the first voxel.

    Two axes of a plane get a third, upright one of 1 mm.
    """
    matrix = np.eye(4)
    values = np.asarray(columns, dtype=float)
    n = values.shape[0]
    matrix[:n, : values.shape[1]] = values
    place = np.asarray(origin, dtype=float)
    matrix[: len(place), 3] = place
    return matrix
