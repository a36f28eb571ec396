"""The one border between napari's world and the patient: where a layer's voxels lie.

napari's world axes are (z, y, x): the patient's LPS millimetres (x, y, z) in reverse.
A layer's own axes are (z, y, x), (y, x), or (t, z, y, x).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.layers import Labels, Layer

from napari_sam_med.core.geometry import Geometry, corners_zyx
from napari_sam_med.errors import GeometryError, ImageError

ROLE = "napari_sam_med"
"""Key in the metadata of layers that the docks make for themselves."""
AXES = ("t", "z", "y", "x")
SPACE, TIME = "mm", "pixel"
"""napari has no unit for the number of a time point but the pixel."""
CLOSEST_MM = 1e-3
"""Farther than that from the stored header, a layer has been moved."""
SPACING_DIGITS = 9
"""Of a millimetre; turning a layer leaves rounding, which is no other spacing."""


def place_of(layer: Layer) -> str:
    """Name a layer for as long as it lives, whatever its title."""
    return str(layer.unique_id)


def is_ours(layer: Layer) -> bool:
    """Whether a dock made this layer for itself, so that no list should offer it."""
    return ROLE in layer.metadata


def voxels_of(layer: Layer) -> npt.NDArray[Any]:
    """The layer's array, of several resolutions the finest; not copied."""
    array: npt.NDArray[Any] = layer.data[0] if layer.multiscale else layer.data
    return array


def voxels_now(layer: Layer, time: int | None = None) -> npt.NDArray[Any]:
    """Give the layer's array for another thread, whoever draws on it meanwhile.

    An array that is in memory is copied, a lazy one is not; of a layer with time points
    it may be one of these.
    """
    array = voxels_of(layer) if time is None else voxels_of(layer)[time]
    return array.copy() if isinstance(array, np.ndarray) else array


def is_in_mm(layer: Layer) -> bool:
    """Whether a layer's spacing is known to be a length, as its units say.

    A picture has a geometry too, which counts its pixels.
    """
    return all(unit.is_compatible_with(SPACE) for unit in layer.units[-2:])


def counts_pixels(layer: Layer) -> bool:
    """Whether a layer has no spacing at all, as pictures have none."""
    return not is_in_mm(layer) and bool(np.all(layer.scale[-2:] == 1))


def shape_of(layer: Layer) -> tuple[int, ...]:
    """Numbers of voxels along the layer's own axes, without a colour axis."""
    return tuple(int(n) for n in voxels_of(layer).shape[: layer.ndim])


def shape_zyx(layer: Layer) -> tuple[int, int, int]:
    """Numbers of voxels along z, y and x; one slice for a 2-D layer."""
    z, y, x = ((1,) * 3 + shape_of(layer))[-3:]
    return (z, y, x)


@dataclass(frozen=True, slots=True, eq=False)
class LayerFrame:
    """Where the voxels of a layer lie, in millimetres along napari's world axes.

    Parameters
    ----------
    matrix : (n + 1, n + 1) float64
        From indices along the layer's n axes to the world, in millimetres; a time axis
        counts its points.
    name : str
        The layer's, for messages.

    Raises
    ------
    ImageError
        If the layer has other than 2, 3 or 4 axes, or time is mixed with space.
    """

    matrix: npt.NDArray[np.float64]
    name: str = "the layer"

    def __post_init__(self) -> None:
        if self.ndim not in (2, 3, 4):
            msg = (
                f"{self.name} has {self.ndim} dimensions; a slice (2), a volume (3) or "
                "volumes over time (4) are accepted, so split it first (right click, "
                "Split Stack)"
            )
            raise ImageError(msg)
        time = self.matrix[:-1, :-1][: self.ndim - 3]
        space = self.matrix[:-1, :-1][self.ndim - 3 :, : self.ndim - 3]
        if self.ndim == 4 and (np.any(time[:, 1:]) or np.any(space)):
            msg = f"the first axis of {self.name} is turned into the others; reset it"
            raise ImageError(msg)

    @classmethod
    def of(cls, layer: Layer) -> LayerFrame:
        """Read a layer's transforms as they are now.

        Raises
        ------
        ImageError
            If the layer has other than 2, 3 or 4 axes, a unit that is no length, or
            time mixed with space.
        """
        millimetres = _millimetres(layer.units[-3:], layer.name)
        factors = np.ones(layer.ndim)
        factors[-len(millimetres) :] = millimetres
        matrix = world_matrix(layer)
        matrix[:-1] *= factors[:, None]
        return cls(matrix, layer.name)

    @classmethod
    def of_attributes(cls, ndim: int, attributes: Mapping[str, Any]) -> LayerFrame:
        """Read what napari hands to a writer in place of a layer.

        Parameters
        ----------
        ndim : int
            Axes of the layer's data.
        attributes : mapping
            ``scale``, ``translate``, ``rotate``, ``shear``, ``affine``, ``units`` and
            ``name``, each as far as known.

        Raises
        ------
        ImageError
            As ``of``.
        """
        known = ("scale", "translate", "rotate", "shear", "affine", "units", "name")
        given = {
            key: attributes[key] for key in known if attributes.get(key) is not None
        }
        return cls.of(Labels(np.zeros((1,) * ndim, np.uint8), **given))

    @classmethod
    def on(
        cls, geometry: Geometry, *, n_times: int = 0, is_flat: bool = False
    ) -> LayerFrame:
        """Place an image that was read from a file, its axes ordered by ``axes_of``.

        Parameters
        ----------
        geometry : Geometry
            The file's.
        n_times : int
            Above 0 for (T, Z, Y, X).
        is_flat : bool
            One slice, shown as (Y, X). It lies in the patient if it is axial; the
            others start at the origin, since napari shows a flat layer in no other
            plane.
        """
        matrix = np.eye(4)
        axes = (0, 1, 2) if is_flat else axes_of(geometry)
        matrix[:3, :3] = geometry.matrix[2::-1, 2::-1][:, list(axes)]
        matrix[:3, 3] = geometry.origin_xyz[::-1]
        if is_flat:
            flat = matrix[1:, 1:]
            across = np.abs(np.concatenate([matrix[0, 1:3], matrix[1:3, 0]]))
            if across.max() > CLOSEST_MM:
                flat = np.diag([*geometry.spacing_zyx[1:], 1.0])
            matrix = flat
        if n_times:
            matrix = np.block(
                [[np.eye(1), np.zeros((1, 4))], [np.zeros((4, 1)), matrix]]
            )
        return cls(matrix)

    @property
    def ndim(self) -> int:
        """Axes of the layer."""
        return len(self.matrix) - 1

    @property
    def spacing_zyx(self) -> tuple[float, float, float]:
        """Millimetres between voxels along the layer's axes; 1 across a 2-D layer.

        Raises
        ------
        GeometryError
            If the layer is scaled by 0 or not finite.
        """
        steps = np.linalg.norm(self._space[:3, :3], axis=0)
        if not (np.isfinite(self.matrix).all() and (steps > 0).all()):
            msg = f"{self.name} has a scale of 0 or none; set its scale anew"
            raise GeometryError(msg)
        z, y, x = (round(float(step), SPACING_DIGITS) for step in steps)
        return (z, y, x)

    @property
    def geometry(self) -> Geometry:
        """Where the layer's (Z, Y, X) voxels lie, in LPS.

        Raises
        ------
        GeometryError
            If the layer is sheared, or scaled by 0.
        """
        _ = self.spacing_zyx
        space = self._space
        matrix = np.eye(4)
        matrix[:3, :3] = space[2::-1, 2::-1]
        matrix[:3, 3] = space[2::-1, 3]
        try:
            return Geometry.from_matrix(matrix)
        except GeometryError as error:
            msg = f"{self.name}: {error}"
            raise GeometryError(msg) from error

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of a napari layer that lies here."""
        n = self.ndim
        linear = self.matrix[:-1, :-1]
        scale = np.linalg.norm(linear, axis=0)
        placed: dict[str, Any] = {"scale": tuple(scale)}
        if np.array_equal(linear, np.diag(scale)):
            placed["translate"] = tuple(self.matrix[:-1, -1])
        else:
            affine = self.matrix.copy()
            affine[:-1, :-1] = linear / scale
            placed["affine"] = affine
        units = (TIME,) * (n - 3) + (SPACE,) * min(n, 3)
        return placed | {"units": units, "axis_labels": AXES[-n:]}

    @property
    def _space(self) -> npt.NDArray[np.float64]:
        """(4, 4) over z, y and x."""
        space = np.eye(4)
        n = min(self.ndim, 3)
        space[3 - n :, 3 - n :] = self.matrix[-n - 1 :, -n - 1 :]
        return space


def world_matrix(layer: Layer) -> npt.NDArray[np.float64]:
    """(n + 1, n + 1) from a layer's indices to the world, in the layer's own units."""
    zero = np.asarray(layer.data_to_world(np.zeros(layer.ndim)), dtype=float)
    matrix = np.eye(layer.ndim + 1)
    for axis, step in enumerate(np.eye(layer.ndim)):
        matrix[:-1, axis] = layer.data_to_world(step) - zero
    matrix[:-1, -1] = zero
    # Differences of large numbers leave rounding where a header has an exact 0.
    matrix[np.abs(matrix) < 1e-12 * np.abs(matrix[:, :-1]).max(initial=0)] = 0
    return matrix


def axes_of(geometry: Geometry) -> tuple[int, int, int]:
    """Order a file's axes so that each lies closest to napari's z, y and x.

    Parameters
    ----------
    geometry : Geometry
        The file's.

    Returns
    -------
    three int
        For each axis of the layer the axis of the file's array (z, y, x).

    Notes
    -----
    napari cuts a layer along its own axes and draws the cut with the two by two part of
    its transform: of an affine that exchanges axes nothing would be left to be seen.

    Examples
    --------
    >>> coronal = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))
    >>> axes_of(Geometry(direction=coronal))
    (1, 0, 2)
    """
    towards = np.abs(np.asarray(geometry.direction))[::-1, ::-1]
    best = max(
        permutations(range(3)),
        key=lambda order: round(float(np.prod(towards[range(3), order])), 9),
    )
    z, y, x = best
    return (z, y, x)


def stored_grid(
    layer_frame: LayerFrame, shape: Sequence[int], metadata: Mapping[str, Any]
) -> tuple[Geometry, tuple[int, int, int]] | None:
    """Give the grid of the file that a layer came from, where it still agrees.

    Parameters
    ----------
    layer_frame : LayerFrame
        Where the layer lies now.
    shape : (Z, Y, X)
        Of the layer.
    metadata : mapping
        The layer's; ``geometry`` and ``shape`` are the file's.

    Returns
    -------
    (Geometry, (Z, Y, X)) or None
        None if the layer was moved, scaled or cropped since, or came from no file.
    """
    stored, full = metadata.get("geometry"), metadata.get("shape")
    if not isinstance(stored, Geometry) or full is None:
        return None
    full = tuple(int(n) for n in full)
    if layer_frame.ndim == 2:
        made = LayerFrame.on(stored, is_flat=True).matrix
        same = full == tuple(shape) and np.allclose(
            made, layer_frame.matrix, rtol=0, atol=CLOSEST_MM
        )
        return (stored, full) if same else None
    axes = axes_of(stored)
    if tuple(full[axis] for axis in axes) != tuple(shape):
        return None
    corners = corners_zyx(shape)
    here = layer_frame.matrix[-4:-1, -4:] @ np.c_[corners, np.ones(8)].T
    there = np.empty_like(corners)
    there[:, list(axes)] = corners
    moved = np.abs(stored.world_xyz_from_zyx(there)[:, ::-1] - here.T).max()
    return (stored, full) if moved < CLOSEST_MM else None


def _millimetres(units: Sequence[Any], name: str) -> list[float]:
    """Millimetres in each unit; a pixel counts as one, as napari counts it."""
    factors = []
    for unit in units:
        if unit.is_compatible_with(TIME):
            factors.append(1.0)
        elif unit.is_compatible_with(SPACE):
            factors.append(float((1.0 * unit).to(SPACE).magnitude))
        else:
            msg = f"{name} has the unit {unit}; give lengths (mm) or pixels"
            raise ImageError(msg)
    return factors
