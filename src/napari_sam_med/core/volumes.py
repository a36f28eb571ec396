"""An image in memory with its place in the patient."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import GeometryError, ImageError

if TYPE_CHECKING:
    import numpy.typing as npt

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the voxels of a volume lie, in millimetres, in LPS.

    Parameters
    ----------
    spacing_xyz : (3,) float
        Millimetres between voxel centres along the array's x, y and z axes.
    origin_xyz : (3,) float
        LPS position of the first voxel's centre, in millimetres.
    direction : (3, 3) float
        Row-major; column i is the LPS direction of the array's axis i (x, y, z), as
        SimpleITK's ``GetDirection`` gives it.

    Raises
    ------
    GeometryError
        If a spacing is not positive and finite, or the direction is singular.

    Examples
    --------
    >>> Geometry(spacing_xyz=(0.8, 0.8, 5.0)).spacing_zyx
    (5.0, 0.8, 0.8)
    """

    spacing_xyz: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin_xyz: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[tuple[float, float, float], ...] = IDENTITY

    def __post_init__(self) -> None:
        spacing = np.asarray(self.spacing_xyz, dtype=float)
        if spacing.shape != (3,) or not (np.isfinite(spacing) & (spacing > 0)).all():
            msg = f"spacing {self.spacing_xyz}; give three positive numbers in mm"
            raise GeometryError(msg)
        direction = np.asarray(self.direction, dtype=float)
        if direction.shape != (3, 3) or not abs(np.linalg.det(direction)) > 1e-6:
            msg = f"direction {self.direction}; give an invertible 3 x 3 matrix"
            raise GeometryError(msg)

    @property
    def spacing_zyx(self) -> tuple[float, float, float]:
        """Millimetres between voxels in array order, which is also napari's scale."""
        x, y, z = self.spacing_xyz
        return (z, y, x)

    def world_xyz_from_zyx(
        self, index_zyx: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Turn array indices into LPS millimetres.

        Parameters
        ----------
        index_zyx : (..., 3) float
            Voxel indices, centres at integers.

        Returns
        -------
        (..., 3) float64
            (x, y, z) in LPS millimetres.
        """
        scaled = np.asarray(index_zyx, dtype=float)[..., ::-1] * np.asarray(
            self.spacing_xyz
        )
        world: npt.NDArray[np.float64] = scaled @ np.transpose(self.direction)
        return np.add(world, self.origin_xyz)

    def matches(self, other: Geometry, *, tolerance: float = 1e-3) -> bool:
        """Whether two volumes lie in the same place, to ``tolerance`` mm and parts."""
        pairs = (
            (self.spacing_xyz, other.spacing_xyz),
            (self.origin_xyz, other.origin_xyz),
            (self.direction, other.direction),
        )
        return all(np.allclose(a, b, rtol=0, atol=tolerance) for a, b in pairs)


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

    Raises
    ------
    ImageError
        If the array is of another shape, empty, or not numeric.
    """

    array: npt.NDArray[np.generic]
    geometry: Geometry = field(default_factory=Geometry)
    name: str = ""
    modality: str = ""

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
