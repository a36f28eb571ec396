"""What is odd about slices that make a volume, and which make none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.geometry import corners_zyx
from napari_sam_med.errors import GeometryError
from napari_sam_med.io.dicom.frames import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_sam_med.core.geometry import Geometry
    from napari_sam_med.io.dicom.frames import DicomFrame
    from napari_sam_med.io.dicom.headers import Header

SAID_FROM_MM = 0.001
"""What six decimals of a direction cosine never move a corner by."""
ALIKE_DISTANCE = 0.02
"""Parts by which a stated distance of slices may differ from that of the positions."""


def turned(frame: DicomFrame, geometry: Geometry, n_slices: int) -> tuple[str, ...]:
    """Tell how far putting the axes at right angles moves a corner.

    Parameters
    ----------
    frame : DicomFrame
        Whose axes were taken.
    geometry : Geometry
        Of the volume.
    n_slices : int
        In the volume.

    Returns
    -------
    tuple of str
        One sentence, or none below `SAID_FROM_MM`.
    """
    held = frame.header.attributes
    shape = (n_slices, held.whole("Rows", 1), held.whole("Columns", 1))
    stated = np.reshape(np.asarray(frame.axes, dtype=float), (2, 3)).T
    off = (stated - np.asarray(geometry.direction)[:, :2]) * geometry.spacing_xyz[:2]
    corners = corners_zyx(shape)[:, 2:0:-1] - corners_zyx(shape)[:1, 2:0:-1]
    moved = float(np.linalg.norm(corners @ off.T, axis=1).max())
    if moved <= SAID_FROM_MM:
        return ()
    return (
        "the axes of ImageOrientationPatient are rounded and were put at right angles, "
        f"which moves voxels by at most {moved:.2g} mm",
    )


def of_other_kinds(frames: Sequence[DicomFrame]) -> tuple[str, ...]:
    """Tell of slices of one time point that are of several kinds.

    Parameters
    ----------
    frames : sequence of DicomFrame
        One for each position.

    Returns
    -------
    tuple of str
    """
    mixed = [key for key in KINDS if len({f.keys.get(key) for f in frames}) > 1]
    if not mixed:
        return ()
    return (
        f"the slices differ in {' and '.join(mixed)}: they may be of several images",
    )


def of_other_distance(frame: DicomFrame, distance: float) -> tuple[str, ...]:
    """Tell of a SpacingBetweenSlices that the positions do not bear out.

    Parameters
    ----------
    frame : DicomFrame
        Of any slice.
    distance : float
        Millimetres between positions.

    Returns
    -------
    tuple of str
    """
    stated = abs(frame.between or distance)
    if abs(stated / distance - 1) <= ALIKE_DISTANCE:
        return ()
    return (
        f"SpacingBetweenSlices is {stated:g} mm and the positions are "
        f"{distance:.4g} mm apart, which was taken: slices may be missing",
    )


def check_together(headers: Sequence[Header], path: Path) -> None:
    """Refuse files that cannot be of one volume.

    Parameters
    ----------
    headers : sequence of Header
        Of one SeriesInstanceUID, or all without.
    path : Path
        For the message.

    Raises
    ------
    GeometryError
        If they have several frames of reference; or several studies or patients,
        where no series says that they belong together.
    """
    keywords = ["FrameOfReferenceUID"]
    if not headers[0].attributes.text("SeriesInstanceUID"):
        keywords += ["StudyInstanceUID", "PatientID"]
    for keyword in keywords:
        values = [header.attributes.text(keyword) for header in headers]
        other = next((i for i, v in enumerate(values) if v != values[0]), None)
        if other is not None:
            msg = (
                f"the DICOM series in {path} has files of different {keyword} "
                f"({headers[0].file.name} and {headers[other].file.name}); only slices "
                "that belong together make a volume, so keep those in their own folder"
            )
            raise GeometryError(msg)
