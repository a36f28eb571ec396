"""Several images at one position: which time point each belongs to."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import GeometryError
from napari_sam_med.io.dicom.frames import NUMBER_KEYS, TEXT_KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.io.dicom.frames import Frame

CLOSE = 1e-3
"""Millimetres; nearer along the normal is the same position."""
# Echoes, b-values and phases are the same at every slice; clocks run on.
_SAME_EVERYWHERE = (
    "TemporalPositionIdentifier", "TemporalPositionIndex", "EchoTime",
    "EffectiveEchoTime", "DiffusionBValue",
)  # fmt: skip


def split_times(
    frames: Sequence[Frame], along: npt.NDArray[np.float64], path: Path
) -> tuple[tuple[Frame, ...], ...]:
    """Sort frames by position, and those at one position into time points.

    Parameters
    ----------
    frames : sequence of Frame
        With positions.
    along : (N,) float
        Their positions along the normal, in millimetres.
    path : Path
        For messages.

    Returns
    -------
    (T, Z) Frame
        By time and slice; one time point if no position repeats. Time points are in
        the order of the first attribute that tells all images of each slice apart.

    Raises
    ------
    GeometryError
        If slices have different numbers of images, or nothing tells these apart.
    """
    order = np.argsort(along, kind="stable")
    slices: list[list[Frame]] = []
    before = -np.inf
    for at in order:
        if along[at] - before > CLOSE:
            slices.append([])
            before = along[at]
        slices[-1].append(frames[at])
    counts = {len(each) for each in slices}
    if counts == {1}:
        return (tuple(each[0] for each in slices),)
    if len(counts) > 1:
        most = max(slices, key=len)
        msg = (
            f"the DICOM series in {path} has {min(counts)} to {max(counts)} images at "
            f"one position (such as {most[0].name} and {most[1].name}); keep the same "
            "number of images for each position"
        )
        raise GeometryError(msg)
    for key in (*NUMBER_KEYS, *TEXT_KEYS):
        ordered = _sorted_by(slices, key)
        if ordered is not None:
            return tuple(zip(*ordered, strict=True))
    msg = (
        f"the DICOM series in {path} has {counts.pop()} images at one position (such "
        f"as {slices[0][0].name} and {slices[0][1].name}) and no time, echo or b-value "
        "that tells them apart; keep one image for each position"
    )
    raise GeometryError(msg)


def _sorted_by(slices: list[list[Frame]], key: str) -> list[list[Frame]] | None:
    """Each slice's images in the order of an attribute, if it tells all apart."""
    ordered = []
    for images in slices:
        if any(key not in frame.keys for frame in images):
            return None
        ordered.append(sorted(images, key=lambda frame: frame.keys[key]))
        values = [frame.keys[key] for frame in ordered[-1]]
        if any(one == two for one, two in pairwise(values)):
            return None
        first = [frame.keys[key] for frame in ordered[0]]
        if key in _SAME_EVERYWHERE and values != first:
            return None
    return ordered
