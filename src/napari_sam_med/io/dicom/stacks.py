"""Frames in the order of their positions, with the geometry of the whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.geometry import MOST_SKEW, Geometry, orthonormal
from napari_sam_med.errors import GeometryError
from napari_sam_med.io.dicom.oddities import (
    of_other_distance,
    of_other_kinds,
    turned,
)
from napari_sam_med.io.dicom.projection import projection_spacing
from napari_sam_med.io.dicom.times import split_times

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.io.dicom.frames import DicomFrame

ROUNDED = 0.02
"""Millimetres a position may be off an even grid by: scanners write two decimals, so
each of three coordinates is off by 0.005, at the slice and at the ends of the grid."""
UNEVEN = 0.02
"""Parts of a slice distance a position may be off by along the normal; more is a gap.
Above `ROUNDED` a note tells of it."""
MOST_SHIFT = 0.05
"""Millimetres a slice may be shifted in its plane: what positions rounded to one
decimal are off by. More is another place."""
ALIKE = 1e-3
"""Difference of direction cosines and parts of a spacing that three decimals explain;
more is refused."""
SAME = 1e-4
"""The same for four decimals, which most scanners write at least; more is told of."""


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Which frame lies where.

    Parameters
    ----------
    frames : (T, Z) DicomFrame
        By time and slice.
    geometry : Geometry
    notes : tuple of str
        What had to be put right.
    """

    frames: tuple[tuple[DicomFrame, ...], ...]
    geometry: Geometry
    notes: tuple[str, ...] = ()


def stack_frames(frames: Sequence[DicomFrame], path: Path) -> Stack:
    """Put the frames of one series in order.

    Parameters
    ----------
    frames : sequence of DicomFrame
        At least one.
    path : Path
        What was asked for, for messages.

    Returns
    -------
    Stack
        Slices in the direction of the cross product of the row and column axes.

    Raises
    ------
    GeometryError
        If frames differ in orientation or spacing, lie at one position with nothing
        to tell them apart, are not evenly spaced, or are sheared (gantry tilt).
    """
    if any(f.position is None or f.axes is None for f in frames):
        return _without_positions(frames, path)
    axes_from, spacing_of, unlike = _alike(frames, path)
    axes = axes_of(axes_from)
    direction = orthonormal(np.column_stack([*axes, np.cross(*axes)]))
    unit = np.asarray(direction)
    positions = np.array([frame.position for frame in frames])
    times = split_times(frames, positions @ unit[:, 2], path)
    firsts = np.array([frame.position for frame in times[0]])
    if len(frames) == 1:
        distance, notes = _thickness(frames[0])
    else:
        _check_same_place(times, path)
        distance, notes = _distance(times[0], firsts, unit, path)
    rows, columns, found = _spacing(spacing_of)
    spacing = (columns, rows, distance)
    geometry = Geometry(spacing, tuple(firsts[0].tolist()), direction)
    notes += turned(axes_from, geometry, len(times[0]))
    notes += of_other_kinds(times[0])
    return Stack(times, geometry, (*found, *unlike, *notes))


def axes_of(frame: DicomFrame) -> npt.NDArray[np.float64]:
    """Directions along a row and down a column.

    Parameters
    ----------
    frame : DicomFrame
        With axes.

    Returns
    -------
    (2, 3) float64
        Of unit length.

    Raises
    ------
    GeometryError
        If they are not of unit length, or not at right angles.
    """
    axes: npt.NDArray[np.float64]
    axes = np.reshape(np.asarray(frame.axes, dtype=float), (2, 3))
    lengths = np.linalg.norm(axes, axis=1)
    # Ten times what rounding to three decimals does to a length.
    if not np.allclose(lengths, 1, rtol=0, atol=1e-2):
        msg = (
            f"{frame.name}: ImageOrientationPatient has directions of length "
            f"{lengths[0]:.3g} and {lengths[1]:.3g}; they must be 1"
        )
        raise GeometryError(msg)
    axes = axes / lengths[:, None]
    skew = abs(float(axes[0] @ axes[1]))
    if skew > MOST_SKEW:
        msg = (
            f"{frame.name}: the rows and columns of ImageOrientationPatient are "
            f"{np.degrees(np.arcsin(min(1.0, skew))):.3g} degrees off the right angle"
        )
        raise GeometryError(msg)
    return axes


def _alike(
    frames: Sequence[DicomFrame], path: Path
) -> tuple[DicomFrame, DicomFrame, list[str]]:
    """Frames of the usual axes and the usual spacing, and notes; names odd ones."""
    faults, notes = [], []
    axes = np.array([axes_of(frame) for frame in frames])
    usual = _most_common(axes)
    odd = np.abs(axes - axes[usual]).max(axis=(1, 2))
    if odd.max() > ALIKE:
        name = frames[int((odd > ALIKE).argmax())].name
        faults.append(f"slices of different ImageOrientationPatient ({name}")
    elif odd.max() > SAME:
        notes.append(_unlike("ImageOrientationPatient", odd, frames))
    spacings = [frame.spacing for frame in frames if frame.spacing is not None]
    spacing_of = frames[0]
    if 0 < len(spacings) < len(frames):
        lacks = next(frame.name for frame in frames if frame.spacing is None)
        faults.append(f"files without PixelSpacing ({lacks}")
    elif spacings:
        values = np.array(spacings)
        spacing_of = frames[_most_common(values)]
        differ = np.abs(values / np.asarray(spacing_of.spacing) - 1).max(axis=1)
        if differ.max() > ALIKE:
            name = frames[int((differ > ALIKE).argmax())].name
            faults.append(f"slices of different PixelSpacing ({name}")
        elif differ.max() > SAME:
            notes.append(_unlike("PixelSpacing", differ, frames))
    if faults:
        listed = " and ".join(f"{fault} is one)" for fault in faults)
        msg = (
            f"the DICOM series in {path} has {listed}; only parallel slices of one "
            "size make a volume, so keep those in a folder of their own"
        )
        raise GeometryError(msg)
    return frames[usual], spacing_of, notes


def _unlike(
    tag: str, off: npt.NDArray[np.float64], frames: Sequence[DicomFrame]
) -> str:
    return (
        f"{tag} of {frames[int(off.argmax())].name} is off that of the other slices by "
        f"{off.max():.2g} parts; the usual one was taken for all"
    )


def _most_common(values: npt.NDArray[np.float64]) -> int:
    """Index of the one in the middle of the most that are alike to two decimals."""
    keys = [tuple(np.round(v, 2).ravel().tolist()) for v in values]
    most = Counter(keys).most_common(1)[0][0]
    alike = np.array([at for at, key in enumerate(keys) if key == most])
    middle = np.median(values[alike], axis=0)
    off = np.abs(values[alike] - middle).reshape(len(alike), -1).max(axis=1)
    return int(alike[int(off.argmin())])


def _check_same_place(times: tuple[tuple[DicomFrame, ...], ...], path: Path) -> None:
    """Refuse time points whose slices are shifted in their plane."""
    first = np.array([frame.position for frame in times[0]])
    for slices in times[1:]:
        off = np.abs(np.array([frame.position for frame in slices]) - first).max(axis=1)
        if off.max() > ROUNDED:
            msg = (
                f"{slices[int(off.argmax())].name} of the DICOM series in {path} is "
                f"shifted in its plane by {off.max():.3g} mm against other images of "
                "this slice; keep one image for each position"
            )
            raise GeometryError(msg)


def _distance(
    slices: tuple[DicomFrame, ...],
    positions: npt.NDArray[np.float64],
    unit: npt.NDArray[np.float64],
    path: Path,
) -> tuple[float, list[str]]:
    """Millimetres between slices, checked to be even and along the normal."""
    if len(slices) == 1:
        return _thickness(slices[0])
    last = len(slices) - 1
    step = (positions[-1] - positions[0]) / last
    along, across = step @ unit[:, 2], step @ unit[:, :2]
    shift = float(np.linalg.norm(across))
    notes = []
    if shift * last > max(ROUNDED, MOST_SKEW * along * last):
        angle = np.degrees(np.arctan2(shift, along))
        msg = (
            f"the slices of the DICOM series in {path} are shifted along a direction "
            f"{angle:.3g} degrees off their normal (gantry tilt); only stacks at right "
            "angles are read, so resample it first"
        )
        raise GeometryError(msg)
    if shift * last > ROUNDED:
        notes.append(
            f"the slices lie {np.degrees(np.arctan2(shift, along)):.2g} degrees off "
            "their normal, which was taken as rounding: the last one is off by "
            f"{shift * last:.2g} mm"
        )
    moved = positions - np.outer(np.arange(last + 1), step)
    off = off_grid(moved - moved[0], unit[:, 2])
    _check_even(slices, off, along, path)
    notes += of_other_distance(slices[0], float(along))
    return float(along), [*notes, *off.notes(along)]


@dataclass(frozen=True, slots=True, eq=False)
class OffGrid:
    """How far positions are off an even grid, in millimetres.

    Parameters
    ----------
    along, across : (N,) float
        Along the normal and in the plane.
    """

    along: npt.NDArray[np.float64]
    across: npt.NDArray[np.float64]

    def is_uneven(self, distance: float) -> bool:
        """Whether there is a gap in slices ``distance`` mm apart."""
        most = max(UNEVEN * distance, min(ROUNDED, distance / 4))
        return bool(self.along.max() > most)

    @property
    def is_shifted(self) -> bool:
        """Whether a slice is shifted in its plane."""
        return bool(self.across.max() > MOST_SHIFT)

    def notes(self, distance: float) -> tuple[str, ...]:
        """Tell of what is more than rounding to two decimals."""
        most = float(np.hypot(self.along, self.across).max())
        if most <= ROUNDED:
            return ()
        return (
            f"the slices are not quite even: one is {most:.2g} mm off its place in "
            f"slices {distance:.4g} mm apart",
        )


def off_grid(off: npt.NDArray[np.float64], normal: npt.NDArray[np.float64]) -> OffGrid:
    """Split distances from a grid.

    Parameters
    ----------
    off : (N, 3) float
        Millimetres from the place on the grid.
    normal : (3,) float
        Of the slices, of unit length.

    Returns
    -------
    OffGrid
    """
    along = off @ normal
    return OffGrid(np.abs(along), np.linalg.norm(off - np.outer(along, normal), axis=1))


def _check_even(
    slices: tuple[DicomFrame, ...], off: OffGrid, along: float, path: Path
) -> None:
    """Refuse slices off the even grid."""
    if off.is_shifted and not off.is_uneven(along):
        msg = (
            f"{slices[int(off.across.argmax())].name} of the DICOM series in {path} is "
            f"shifted in its plane by {off.across.max():.3g} mm against the other "
            "slices; only stacks of slices above each other are read"
        )
        raise GeometryError(msg)
    if not off.is_uneven(along):
        return
    positions = np.array([frame.position for frame in slices])
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    widest = int(steps.argmax())
    msg = (
        f"the slices of the DICOM series in {path} are {steps.min():.3g} to "
        f"{steps.max():.3g} mm apart, the widest step from {slices[widest].name} to "
        f"{slices[widest + 1].name}; slices must be evenly spaced, so check for "
        "missing files"
    )
    raise GeometryError(msg)


def _thickness(frame: DicomFrame) -> tuple[float, list[str]]:
    """Millimetres that one slice is thick."""
    for name, value in (
        ("SliceThickness", frame.thickness),
        ("SpacingBetweenSlices", frame.between),
    ):
        if value is not None and value < 0 and name == "SliceThickness":
            msg = f"{frame.name}: {name} is {value:g}; it must be above 0"
            raise GeometryError(msg)
        if value:
            return abs(value), []
    return 1.0, ["the header states no slice thickness: 1 mm was taken"]


def _spacing(frame: DicomFrame) -> tuple[float, float, list[str]]:
    if frame.spacing is not None:
        rows, columns = frame.spacing
        return rows, columns, []
    found = projection_spacing(frame.header)
    return found.rows, found.columns, list(found.notes)


def _without_positions(frames: Sequence[DicomFrame], path: Path) -> Stack:
    """Place one image, or the frames of one file, that say not where they lie."""
    first = frames[0]
    stated = any(frame.position is not None for frame in frames)
    if len(frames) > 1 and (stated or frames[-1].header is not first.header):
        lacking = next(f for f in frames if f.position is None or f.axes is None)
        tag = "ImagePositionPatient" if lacking.position is None else ""
        tag = tag or "ImageOrientationPatient"
        msg = (
            f"the DICOM series in {path} has files without {tag} ({lacking.name} is "
            "one); only slices with a position make a volume, so give one file"
        )
        raise GeometryError(msg)
    rows, columns, notes = _spacing(first)
    times = _by_vectors(frames, path)
    if len(times[0]) == 1:
        depth = abs(first.thickness or 0.0) or 1.0
    else:
        depth = abs(first.between or 0.0) or 1.0
        notes.append(
            f"the {len(times[0])} frames have no positions: they are shown as slices "
            f"{depth:.3g} mm apart"
        )
    origin = (0.0, 0.0, 0.0)
    if len(frames) == 1 and first.position is not None:
        x, y, z = first.position
        origin = (x, y, z)
        notes.append("the header states no orientation: an axial one was taken")
    return Stack(times, Geometry((columns, rows, depth), origin), tuple(notes))


def _by_vectors(
    frames: Sequence[DicomFrame], path: Path
) -> tuple[tuple[DicomFrame, ...], ...]:
    """Frames by time and slice as their vectors say, else in the order of the file."""
    times: dict[float | str, dict[float | str, DicomFrame]] = {}
    for frame in frames:
        time = frame.keys.get("TemporalPositionIndex", 0)
        at = frame.keys.get("SliceVector", 0 if time else frame.index)
        times.setdefault(time, {})[at] = frame
    slices = {tuple(sorted(held)) for held in times.values()}
    if len(slices) > 1 or sum(map(len, times.values())) != len(frames):
        msg = (
            f"the {len(frames)} frames of {path} are not one for each slice and time "
            "by their SliceVector and TimeSlotVector; export the image again"
        )
        raise GeometryError(msg)
    return tuple(
        tuple(held[at] for at in sorted(held)) for _, held in sorted(times.items())
    )
