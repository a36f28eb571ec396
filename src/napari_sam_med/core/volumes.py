"""An image in memory with its place in the patient."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.errors import ImageError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt


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

    Raises
    ------
    ImageError
        If the array is of another shape, empty, or not numeric.
    """

    array: npt.NDArray[np.generic]
    geometry: Geometry = field(default_factory=Geometry)
    name: str = ""
    modality: str = ""
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        array = self.array
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


def check_finite(array: npt.NDArray[np.generic], name: str) -> None:
    """Refuse NaN and infinite voxels, which no window can show.

    Parameters
    ----------
    array : any shape, number
        The voxels.
    name : str
        What to call the image in the message.

    Raises
    ------
    ImageError
        If a voxel is NaN or infinite.
    """
    if array.dtype.kind != "f":
        return
    bad = int(array.size - np.count_nonzero(np.isfinite(array)))
    if bad:
        msg = (
            f"{name} has {bad} NaN or infinite voxels; only finite numbers are "
            "accepted, so replace them (for instance with the lowest value) first"
        )
        raise ImageError(msg)
