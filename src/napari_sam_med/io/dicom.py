"""DICOM: one file, or the one series of a folder, checked before it is stacked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError

from napari_sam_med.errors import FileReadError, GeometryError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

_TAGS = (
    "SeriesInstanceUID", "SeriesDescription", "SeriesNumber", "Modality",
    "Rows", "Columns", "PixelSpacing", "ImageOrientationPatient",
    "ImagePositionPatient",
)  # fmt: skip
_TOLERANCE = 0.02  # of a slice distance; more is a missing or shifted slice


@dataclass(frozen=True, slots=True)
class Series:
    """The files of one DICOM series, in the order of their positions.

    Parameters
    ----------
    files : tuple of Path
    uid : str
        SeriesInstanceUID.
    description : str
        SeriesDescription and the number of files, for messages.
    modality : str
        Such as ``CT``; empty if the header does not say.
    """

    files: tuple[Path, ...]
    uid: str
    description: str
    modality: str


def find_series(path: Path, uid: str | None = None) -> Series:
    """Find the series that ``path`` stands for, and check that it can be stacked.

    Parameters
    ----------
    path : Path
        One DICOM file, or a folder of them (other files in it are passed over).
    uid : str or None
        Which SeriesInstanceUID to take where the folder holds several.

    Returns
    -------
    Series

    Raises
    ------
    FileReadError
        If there is no DICOM image, several series and no choice, or not that series.
    GeometryError
        If slices differ in size, spacing or orientation, lie at the same position, or
        are not evenly spaced.
    """
    headers = _headers(path)
    groups: dict[str, list[tuple[Path, pydicom.Dataset]]] = {}
    for file, header in headers:
        groups.setdefault(str(header.get("SeriesInstanceUID", "")), []).append(
            (file, header)
        )
    chosen = _choose(path, groups, uid)
    ordered = _in_order(path, groups[chosen])
    first = ordered[0][1]
    return Series(
        files=tuple(file for file, _ in ordered),
        uid=chosen,
        description=_describe(groups[chosen]),
        modality=str(first.get("Modality", "")),
    )


def _headers(path: Path) -> list[tuple[Path, pydicom.Dataset]]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    found: list[tuple[Path, pydicom.Dataset]] = []
    for file in files:
        if file.is_file() and file.name != "DICOMDIR":
            try:
                header = pydicom.dcmread(file, specific_tags=list(_TAGS))
            except (InvalidDicomError, OSError, ValueError, AttributeError):
                continue
            if "Rows" in header:
                found.append((file, header))
    if not found:
        what = "holds no" if path.is_dir() else "is no readable"
        msg = f"{path} {what} DICOM image; give a DICOM file or a series folder"
        raise FileReadError(msg)
    return found


def _choose(
    path: Path,
    groups: dict[str, list[tuple[Path, pydicom.Dataset]]],
    uid: str | None,
) -> str:
    if uid is None and len(groups) == 1:
        return next(iter(groups))
    if uid in groups:
        return uid
    held = "; ".join(f"{_describe(group)}, UID {key}" for key, group in groups.items())
    asked = f"has no series {uid}" if uid else "holds several DICOM series"
    msg = f"{path} {asked} ({held}); keep one in the folder or choose one by its UID"
    raise FileReadError(msg)


def _describe(group: list[tuple[Path, pydicom.Dataset]]) -> str:
    header = group[0][1]
    title = str(header.get("SeriesDescription", "")) or "without description"
    return f"series {header.get('SeriesNumber', '?')} '{title}' of {len(group)} files"


def _in_order(
    path: Path, group: list[tuple[Path, pydicom.Dataset]]
) -> list[tuple[Path, pydicom.Dataset]]:
    if len(group) == 1:
        return group
    _check_alike(path, [header for _, header in group])
    normal = _normal(group[0][1])
    along = [
        float(np.dot(normal, np.asarray(header.ImagePositionPatient, dtype=float)))
        for _, header in group
    ]
    order = np.argsort(along, kind="stable")
    _check_even(path, np.diff(np.take(along, order)))
    return [group[i] for i in order]


def _check_alike(path: Path, headers: list[pydicom.Dataset]) -> None:
    needed = ("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing")
    faults = [
        f"files without {tag}"
        for tag in needed
        if any(tag not in header for header in headers)
    ]
    if len({(header.Rows, header.Columns) for header in headers}) > 1:
        faults.append("slices of different size")
    for tag in ("ImageOrientationPatient", "PixelSpacing"):
        values = [header[tag].value for header in headers if tag in header]
        if values and not np.allclose(values, values[0], rtol=0, atol=1e-3):
            faults.append(f"slices of different {tag}")
    if faults:
        msg = (
            f"the DICOM series in {path} has {' and '.join(faults)}; only parallel "
            "slices of one size make a volume, so keep those in a folder of their own"
        )
        raise GeometryError(msg)


def _normal(header: pydicom.Dataset) -> npt.NDArray[np.float64]:
    axes = np.asarray(header.ImageOrientationPatient, dtype=float)
    normal: npt.NDArray[np.float64] = np.cross(axes[:3], axes[3:])
    return normal


def _check_even(path: Path, steps: npt.NDArray[np.float64]) -> None:
    usual = float(np.median(steps))
    if np.min(steps) < 1e-3:
        msg = (
            f"the DICOM series in {path} has several slices at one position (4-D: "
            "phases, echoes or copies); keep one image for each position"
        )
        raise GeometryError(msg)
    if np.max(np.abs(steps - usual)) > _TOLERANCE * usual:
        msg = (
            f"the slices of the DICOM series in {path} are {np.min(steps):.3g} to "
            f"{np.max(steps):.3g} mm apart; slices must be evenly spaced, so check "
            "for missing files"
        )
        raise GeometryError(msg)
