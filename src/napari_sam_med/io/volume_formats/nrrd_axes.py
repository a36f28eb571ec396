"""What the axes of an NRRD are, and where they lie in the patient."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import FileReadError, GeometryError, ImageError
from napari_sam_med.io.formats import shown
from napari_sam_med.io.volume_formats.places import geometry_from_matrix
from napari_sam_med.io.volume_formats.text_headers import (
    affine,
    real_numbers,
    wrong_field,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.core.geometry import Geometry

_LPS_FROM = {
    "left-posterior-superior": (1, 1, 1), "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1), "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1), "las": (1, -1, 1),
}  # fmt: skip
_UNSAID = ("", "scanner-xyz", "3d-right-handed", "3d-left-handed")
_CHANNELS = (
    "rgb-color", "rgba-color", "3-color", "4-color", "vector", "2-vector", "3-vector",
    "4-vector", "covariant-vector", "normal", "3-normal", "3-gradient", "complex",
    "quaternion", "hsv-color", "xyz-color",
)  # fmt: skip
_COLOURS = ("rgb-color", "rgba-color", "3-color", "4-color", "vector")
"""ITK calls colours a ``vector``."""
_SPATIAL = ("domain", "space", "", "???", "none")
_VECTOR = re.compile(r"\(([^()]*)\)|(none)", re.IGNORECASE)
_MM = {"mm": 1.0, "millimeter": 1.0, "cm": 10.0, "m": 1000.0, "um": 0.001,
       "micron": 0.001, "\N{MICRO SIGN}m": 0.001}  # fmt: skip

_Vector = tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class NrrdAxes:
    """The axes of an NRRD, in C order.

    Parameters
    ----------
    shape : tuple of int
        The slowest axis first; axes of one element that lie nowhere are left out.
    axes : str
        As those of `io.stored.StoredImage`.
    geometry : Geometry
    notes : tuple of str
    """

    shape: tuple[int, ...]
    axes: str
    geometry: Geometry
    notes: tuple[str, ...]


def nrrd_axes(fields: dict[str, str], sizes: tuple[int, ...], path: Path) -> NrrdAxes:
    """Tell space, time and channels apart.

    Parameters
    ----------
    fields : dict
        Of the header.
    sizes : tuple of int
        The fastest axis first.
    path : Path
        For messages.

    Returns
    -------
    NrrdAxes

    Raises
    ------
    FileReadError, ImageError, GeometryError
        As `io.nrrd.open_nrrd`.

    Notes
    -----
    An axis with a space direction is spatial; without directions one whose kind is
    ``domain`` or unsaid, up to three. Kinds of colours and vectors are channels, and
    all others (``list``, ``time``) are what a time point is chosen from.
    """
    n = len(sizes)
    kinds = fields.get("kinds", "").lower().split() or [""] * n
    if len(kinds) != n:
        text = fields.get("kinds", "")
        raise FileReadError(wrong_field(path, "kinds", text, f"{n} kinds"))
    directions = _directions(fields, n, path)
    spatial = _spatial(directions, kinds, fields, path)
    if len(spatial) not in (2, 3):
        msg = f"{shown(path)} has {len(spatial)} axes in space; 2 or 3 are accepted"
        raise ImageError(msg)
    letters = dict(zip(spatial, "xyz", strict=False))
    for i in range(n):
        if i not in letters and sizes[i] > 1:
            letters[i] = "c" if kinds[i] in _CHANNELS else "t"
            if kinds[i] in _CHANNELS and kinds[i] not in _COLOURS:
                msg = (
                    f"{shown(path)} has {sizes[i]} channels of the kind {kinds[i]}, "
                    "which is no RGB; give one channel, or 8-bit RGB"
                )
                raise ImageError(msg)
    axes = "".join(letters.get(i, "") for i in range(n))
    if len(set(axes)) != len(axes):
        msg = (
            f"{shown(path)} has axes of the kinds {' '.join(kinds)} and sizes {sizes}; "
            "beside space one of time or layers and one of channels is accepted"
        )
        raise ImageError(msg)
    shape = tuple(sizes[i] for i in range(n) if i in letters)
    geometry, notes = _geometry(fields, sizes, directions, spatial, path)
    return NrrdAxes(shape[::-1], axes[::-1], geometry, notes)


def _directions(
    fields: dict[str, str], n_axes: int, path: Path
) -> list[_Vector] | None:
    """Each axis's step in space, None for axes that have none."""
    text = fields.get("space directions")
    if text is None:
        return None
    found = [
        None
        if none
        else real_numbers(inner.replace(",", " "), "space directions", path)
        for inner, none in _VECTOR.findall(text)
    ]
    if all(vector is None or len(vector) == 4 for vector in found):
        found = [_without_time(vector) for vector in found]
    lengths = {len(vector) for vector in found if vector is not None}
    if len(found) != n_axes or lengths not in ({2}, {3}):
        wanted = f"{n_axes} vectors of 3 numbers, or none"
        raise GeometryError(wrong_field(path, "space directions", text, wanted))
    return found


def _without_time(vector: _Vector) -> _Vector:
    """Three numbers of four, as ITK writes 4-D; None for the axis of time."""
    if vector is None or not any(vector[:3]):
        return None
    return vector[:3] if vector[3] == 0 else vector


def _spatial(
    directions: list[_Vector] | None,
    kinds: list[str],
    fields: dict[str, str],
    path: Path,
) -> list[int]:
    if directions is not None:
        return [i for i, vector in enumerate(directions) if vector is not None]
    nowhere = _without_spacing(fields, len(kinds), path)
    spatial = [
        i for i, kind in enumerate(kinds) if kind in _SPATIAL and i not in nowhere
    ]
    return spatial[:3]


def _for_axes(
    fields: dict[str, str], name: str, n_axes: int, path: Path
) -> list[float]:
    """One number for each axis; NaN where the header says that there is none."""
    try:
        values = [float(word) for word in fields[name].split()]
    except ValueError:
        values = []
    if len(values) != n_axes:
        wanted = f"{n_axes} numbers"
        raise GeometryError(wrong_field(path, name, fields[name], wanted))
    return values


def _without_spacing(fields: dict[str, str], n_axes: int, path: Path) -> set[int]:
    if n_axes <= 3:
        return set()
    return {
        i
        for name in ("spacings", "axis mins")
        if name in fields
        for i, value in enumerate(_for_axes(fields, name, n_axes, path))
        if math.isnan(value)
    }


def _geometry(
    fields: dict[str, str],
    sizes: tuple[int, ...],
    directions: list[_Vector] | None,
    spatial: list[int],
    path: Path,
) -> tuple[Geometry, tuple[str, ...]]:
    notes: tuple[str, ...] = ()
    flips, said = _flips(fields, path)
    text = fields.get("space origin", "").strip("() ").replace(",", " ")
    begins: tuple[float, ...] = ()
    if directions is not None:
        columns = np.transpose([directions[i] or () for i in spatial])
        notes = said
    else:
        steps, notes = _upright(fields, sizes, spatial, path)
        columns = np.diag(steps)
    if "axis mins" in fields:
        if directions is not None or text:
            wanted = "left out where space directions or space origin is given"
            mins = fields["axis mins"]
            raise GeometryError(wrong_field(path, "axis mins", mins, wanted))
        begins = _first_centres(fields, sizes, spatial, steps, path)
    origin = real_numbers(text, "space origin", path) or begins
    origin = origin or (0.0,) * len(columns)
    if len(origin) == 4 and len(columns) == 3:
        origin = origin[:3]  # the fourth is a time
    if len(origin) != len(columns):
        wanted = f"{len(columns)} numbers"
        raise GeometryError(wrong_field(path, "space origin", text, wanted))
    scale, unit_notes = _scale(fields, "space units", range(len(columns)), path)
    steps_scale = scale
    if directions is None and _units(fields, "units"):
        steps_scale, unit_notes = _scale(fields, "units", spatial, path)
    columns = columns * steps_scale[:, None]
    origin_mm = np.array(origin) * (steps_scale if begins else scale)
    matrix = np.diag([*flips, 1.0]) @ affine(columns, origin_mm)
    shape_zyx = (1, *(sizes[i] for i in reversed(spatial)))[-3:]
    geometry, put_right = geometry_from_matrix(matrix, shape_zyx, path)
    return geometry, notes + unit_notes + put_right


def _flips(
    fields: dict[str, str], path: Path
) -> tuple[tuple[int, int, int], tuple[str, ...]]:
    space = fields.get("space", "").lower().removesuffix("-time").removesuffix("t")
    if space in _LPS_FROM:
        return _LPS_FROM[space], ()
    if space not in _UNSAID:
        wanted = "LPS, RAS or LAS"
        raise GeometryError(wrong_field(path, "space", space, wanted))
    note = f"{shown(path)} does not say which space it lies in; LPS is taken"
    return (1, 1, 1), (note,)


def _upright(
    fields: dict[str, str], sizes: tuple[int, ...], spatial: list[int], path: Path
) -> tuple[list[float], tuple[str, ...]]:
    """Steps along upright axes, of a header without directions."""
    note = f"{shown(path)} does not say where it lies in space; LPS axes are taken"
    if "axis mins" in fields:
        note = f"{shown(path)} does not say which way its axes run; LPS axes are taken"
    ranged = _ranged(fields, sizes, spatial, path)
    size = f"{shown(path)} does not say how large its voxels are; 1 mm is taken"
    if "spacings" not in fields:
        if ranged:
            return ranged, (note,)
        return [1.0] * len(spatial), (note, size)
    values = _for_axes(fields, "spacings", len(sizes), path)
    steps = [1.0 if math.isnan(values[i]) else values[i] for i in spatial]
    if not all(0 < step < math.inf for step in steps):
        text, wanted = fields["spacings"], "positive numbers in mm"
        raise GeometryError(wrong_field(path, "spacings", text, wanted))
    if ranged and not np.allclose(steps, ranged, rtol=_ROUNDING, atol=0):
        told = " ".join(f"{step:.5g}" for step in ranged)
        wanted = f"{told}, as axis mins, axis maxs and centers say"
        raise GeometryError(wrong_field(path, "spacings", fields["spacings"], wanted))
    if any(math.isnan(values[i]) for i in spatial):
        return steps, (note, size)
    return steps, (note,)


_ROUNDING = 1e-3
"""Of a spacing; what four written digits leave open."""


def _is_node(fields: dict[str, str], n_axes: int, axis: int) -> bool:
    """Whether an axis's ends are the centres of voxels; else their borders.

    Borders where nothing is said, as ITK's NrrdImageIO takes it.
    """
    words = fields.get("centers", "").lower().split()
    return len(words) == n_axes and words[axis] == "node"


def _ranged(
    fields: dict[str, str], sizes: tuple[int, ...], spatial: list[int], path: Path
) -> list[float]:
    """Steps from where each axis begins and ends; empty if that is not said."""
    if not {"axis mins", "axis maxs"} <= fields.keys():
        return []
    n = len(sizes)
    low, high = (
        _for_axes(fields, name, n, path) for name in ("axis mins", "axis maxs")
    )
    steps = []
    for i in spatial:
        parts = sizes[i] - 1 if _is_node(fields, n, i) else sizes[i]
        if math.isnan(high[i]):
            return []
        steps.append((high[i] - low[i]) / parts if parts else 1.0)
    if not all(0 < step < math.inf for step in steps):
        text, wanted = fields["axis maxs"], "numbers above those of axis mins"
        raise GeometryError(wrong_field(path, "axis maxs", text, wanted))
    return steps


def _first_centres(
    fields: dict[str, str],
    sizes: tuple[int, ...],
    spatial: list[int],
    steps: list[float],
    path: Path,
) -> tuple[float, ...]:
    """Centre of the first voxel, from where the axes begin."""
    n = len(sizes)
    low = _for_axes(fields, "axis mins", n, path)
    if not all(math.isfinite(low[i]) for i in spatial):
        text, wanted = fields["axis mins"], "finite numbers along the axes in space"
        raise GeometryError(wrong_field(path, "axis mins", text, wanted))
    return tuple(
        low[i] if _is_node(fields, n, i) else low[i] + step / 2
        for i, step in zip(spatial, steps, strict=True)
    )


def _units(fields: dict[str, str], name: str) -> list[str]:
    """Units in their order; empty if none is said, and blank where one is not."""
    units = [
        "" if unit in ("", "???") else unit
        for unit in re.findall(r'"([^"]*)"', fields.get(name, "").lower())
    ]
    return units if any(units) else []


def _scale(
    fields: dict[str, str], name: str, axes: Sequence[int], path: Path
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Millimetres in the header's unit of each of some axes."""
    units = _units(fields, name)
    as_mm = np.ones(len(axes))
    if not units:
        return as_mm, ()
    said = set(units) & set(_MM)
    usual = said.pop() if len(said) == 1 else ""  # of axes whose unit is not said
    if len(units) == 1:
        units = units * (max(axes) + 1)
    chosen = [units[i] or usual for i in axes if i < len(units)]
    if len(chosen) == len(axes) and all(unit in _MM for unit in chosen):
        return np.array([_MM[unit] for unit in chosen]), ()
    if not any(chosen) and name == "units":  # only an axis of time has one
        return as_mm, ()
    return as_mm, (f"{shown(path)} has an unknown unit of length; mm are taken",)
