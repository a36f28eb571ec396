"""Where a NIfTI header puts its voxels: sform, qform or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import GeometryError
from napari_sam_med.io.formats import shown
from napari_sam_med.io.volume_formats.places import corners_apart, geometry_from_matrix

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.core.geometry import Geometry

_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
"""Millimetres in a unit of length, by its code in nifti1.h; 0 says nothing: mm."""
_LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_TOO_LONG = 1e-3
"""The squares of b, c and d may exceed 1 by rounding of single precision, not more."""
_DIFFER = 0.01
"""Of a spacing; sform and pixdim of one file that differ more are a contradiction."""


def nifti_geometry(
    head: np.void, shape_zyx: tuple[int, int, int], path: Path
) -> tuple[Geometry, tuple[str, ...]]:
    """Find where the voxels lie, in LPS millimetres.

    Parameters
    ----------
    head : record
        A NIfTI 1 or 2 header.
    shape_zyx : (Z, Y, X)
        Numbers of voxels.
    path : Path
        For messages.

    Returns
    -------
    geometry : Geometry
    notes : tuple of str
        What was put right or contradicts itself.

    Raises
    ------
    GeometryError
        If a spacing is 0 or below, the quaternion is none, or the axes of the matrix
        that counts are not at right angles.

    Notes
    -----
    Where sform and qform are both set the sform is taken, as nibabel does, and a note
    tells if they differ. (ITK takes the qform then, unless the sform's code is 1.) A
    sheared sform is refused even if there is a qform: the sform is the newer statement.
    A file that sets neither starts at the origin with axes along LPS, as ITK has it.
    The quaternion's formula is that of nifti1.h, method 2.
    """
    spacing = _spacing(head, shape_zyx, path)
    notes: tuple[str, ...] = ()
    unit = int(head["xyzt_units"]) & 7
    if unit not in _MM:
        notes = (f"{shown(path)} has an unknown unit of length; mm are taken",)
    qform = _qform(head, spacing, path) if int(head["qform_code"]) > 0 else None
    if int(head["sform_code"]) > 0:
        matrix = np.vstack(
            [head["srow_x"], head["srow_y"], head["srow_z"], [0, 0, 0, 1]]
        )
        notes += _contradictions(matrix, qform, spacing, shape_zyx, path)
    elif qform is not None:
        matrix = qform
    else:
        matrix = _LPS_FROM_RAS @ np.diag([*spacing, 1.0])
        said = "does not say where it lies; its axes are taken to run left, back and up"
        notes += (f"{shown(path)} {said}",)
    scale = np.diag([*[_MM.get(unit, 1.0)] * 3, 1.0])
    with np.errstate(invalid="ignore", over="ignore"):  # refused as not finite
        matrix = scale @ _LPS_FROM_RAS @ matrix
    geometry, put_right = geometry_from_matrix(matrix, shape_zyx, path)
    return geometry, notes + put_right


def _spacing(
    head: np.void, shape_zyx: tuple[int, int, int], path: Path
) -> npt.NDArray[np.float64]:
    spacing = np.array(head["pixdim"][1:4], dtype=np.float64)
    for i, size in enumerate(reversed(shape_zyx)):
        if size == 1 and spacing[i] == 0:
            spacing[i] = 1.0  # what flat images leave out
    if not (np.isfinite(spacing).all() and (spacing > 0).all()):
        msg = (
            f"{shown(path)} has voxels of {spacing.tolist()} mm (pixdim); give three "
            "positive sizes in its header"
        )
        raise GeometryError(msg)
    return spacing


def _qform(
    head: np.void, spacing: npt.NDArray[np.float64], path: Path
) -> npt.NDArray[np.float64]:
    b, c, d = (float(head[f"quatern_{name}"]) for name in "bcd")
    squares = b * b + c * c + d * d
    if not squares <= 1 + _TOO_LONG:  # false for NaN too
        msg = (
            f"{shown(path)} has the quaternion {b}, {c}, {d}, which is no rotation; "
            "mend its header"
        )
        raise GeometryError(msg)
    a = np.sqrt(max(0.0, 1.0 - squares))
    if squares > 1:
        b, c, d = np.array([b, c, d]) / np.sqrt(squares)
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ]
    handed = -1.0 if float(head["pixdim"][0]) < 0 else 1.0
    matrix[:3, :3] *= spacing * [1.0, 1.0, handed]
    matrix[:3, 3] = [float(head[f"qoffset_{axis}"]) for axis in "xyz"]
    return matrix


def _contradictions(
    sform: npt.NDArray[np.float64],
    qform: npt.NDArray[np.float64] | None,
    spacing: npt.NDArray[np.float64],
    shape_zyx: tuple[int, int, int],
    path: Path,
) -> tuple[str, ...]:
    """Say where the sform, which is taken, disagrees with the rest of the header."""
    if not np.isfinite(sform).all():
        return ()  # refused later
    if qform is not None and np.isfinite(qform).all():
        apart = corners_apart(sform, qform, shape_zyx)
        if apart > min(spacing) / 2:
            return (
                f"the sform and the qform of {shown(path)} place it up to {apart:.3g} "
                "apart; the sform is taken, other programs may take the qform",
            )
    columns = np.linalg.norm(sform[:3, :3], axis=0)
    if (np.abs(columns - spacing) > _DIFFER * spacing).any():
        told = " x ".join(f"{size:.4g}" for size in columns)
        return (f"the sform of {shown(path)}, {told}, is taken and not its pixdim",)
    return ()
