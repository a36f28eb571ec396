"""An image in memory with its place in the patient."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.prompts import check_unmasked, is_other
from napari_sam_med.errors import GeometryError, ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

PIECE = 1 << 18
"""Elements; copies of that many stay in a processor's cache, a volume's do not."""


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """Voxels and geometry; a 2-D image is a volume of one slice.

    Parameters
    ----------
    array : (Z, Y, X) number, or (Z, Y, X, 3) uint8 for colour
    geometry : Geometry
    name : str
        File or series name without folders and suffixes; stands in result rows.
    modality : str
        DICOM modality such as ``CT``, ``MR``, ``US``, ``DX``; empty if unknown.
    files : tuple of Path
        What it was read from; of a DICOM series the files in the order of the slices.
    notes : tuple of str
        What reading had to put right, one sentence each, for the person to see.
    time : int or None
        Which time point of ``files`` it is, from 0, if they hold several.

    Raises
    ------
    ImageError
        If the array is of another shape, empty, or not numeric, or masks a voxel.
    GeometryError
        If the geometry is none.
    """

    array: npt.NDArray[np.generic]
    geometry: Geometry = field(default_factory=Geometry)
    name: str = ""
    modality: str = ""
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    time: int | None = None

    def __post_init__(self) -> None:
        array = self.array
        if not hasattr(array, "dtype"):
            msg = f"a {type(array).__name__} where voxels are asked for; give an array"
            raise ImageError(msg)
        if is_other(self.geometry, Geometry):
            msg = (
                f"a {type(self.geometry).__name__} where the place of voxels is asked "
                "for; give Geometry(spacing_xyz, origin_xyz, direction)"
            )
            raise GeometryError(msg)
        check_unmasked(array, "voxels", ImageError)
        colour = array.ndim == 4 and array.shape[-1] == 3 and array.dtype == np.uint8
        numeric = array.dtype.kind in "buif"
        if not (array.ndim == 3 or colour) or array.size == 0 or not numeric:
            msg = (
                f"array of shape {array.shape} and type {array.dtype}; give (z, y, x) "
                "numbers or (z, y, x, 3) uint8"
            )
            raise ImageError(msg)

    @property
    def shape_zyx(self) -> tuple[int, int, int]:
        """Number of voxels along z, y and x."""
        z, y, x = self.array.shape[:3]
        return (z, y, x)


@dataclass(frozen=True, slots=True, eq=False)
class TimeSeries:
    """Volumes of one place at several times, or one alone.

    Parameters
    ----------
    array : (T, Z, Y, X) number, or (T, Z, Y, X, 3) uint8 for colour
    geometry : Geometry
        Of each of the volumes.
    name, modality, files, notes
        As those of `Volume`.

    Raises
    ------
    ImageError
        As `Volume`.
    """

    array: npt.NDArray[np.generic]
    geometry: Geometry = field(default_factory=Geometry)
    name: str = ""
    modality: str = ""
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.array.ndim < 4 or len(self.array) == 0:
            msg = f"array of shape {self.array.shape}; give (t, z, y, x) numbers"
            raise ImageError(msg)
        self.at(0)

    def at(self, time: int) -> Volume:
        """Return the volume of one time, a view into the array."""
        return Volume(
            self.array[time],
            self.geometry,
            self.name,
            self.modality,
            self.files,
            self.notes,
            time if len(self.array) > 1 else None,
        )


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """One DICOM series that could be read.

    Parameters
    ----------
    uid : str
        SeriesInstanceUID.
    description : str
        SeriesDescription; empty if the header does not say.
    modality : str
        Such as ``CT``; empty if the header does not say.
    n_files : int
        How many files belong to it.
    n_times : int
        How many volumes lie at the same place.
    """

    uid: str
    description: str
    modality: str
    n_files: int
    n_times: int = 1


def check_finite(array: npt.NDArray[np.generic], name: str) -> None:
    """Refuse NaN and infinite voxels, which no window can show.

    Parameters
    ----------
    array : any shape, number
        The voxels; looked at slice by slice, so that nothing of their size is made.
    name : str
        What to call the image in the message.

    Raises
    ------
    ImageError
        If a voxel is NaN or infinite.
    """
    if array.dtype.kind != "f":
        return
    bad = sum(
        int(part.size - np.count_nonzero(np.isfinite(part)))
        for part in slices_of(array)
    )
    if bad:
        msg = (
            f"{name} has {bad} NaN or infinite voxels; only finite numbers are "
            "accepted, so replace them (for instance with the lowest value) first"
        )
        raise ImageError(msg)


def slices_of(array: npt.NDArray[np.generic]) -> Iterator[npt.NDArray[np.generic]]:
    """Give an array in pieces small enough for temporary copies, as views.

    Parameters
    ----------
    array : any shape
        Numbers.

    Yields
    ------
    ndarray
        Slices along the first axes, of at most `PIECE` elements where an axis is left
        to cut.

    Examples
    --------
    >>> [part.shape for part in slices_of(np.zeros((2, 3, 4)))]
    [(2, 3, 4)]
    """
    if array.ndim == 0 or array.size <= PIECE:
        yield array
        return
    rows = PIECE // max(1, array.size // len(array))
    if rows < 1:
        for part in array:
            yield from slices_of(part)
        return
    for start in range(0, len(array), rows):
        yield array[start : start + rows]
