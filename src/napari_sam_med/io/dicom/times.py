"""Several images at one position: which time point each belongs to."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import GeometryError
from napari_sam_med.io.dicom.frames import CLOCKS, COUNTERS, KINDS, TEXT_KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.io.dicom.frames import DicomFrame

CLOSE = 1e-3
"""Millimetres; nearer along the normal is the same position."""


def split_times(
    frames: Sequence[DicomFrame], along: npt.NDArray[np.float64], path: Path
) -> tuple[tuple[DicomFrame, ...], ...]:
    """Sort frames by position, and those at one position into time points.

    Parameters
    ----------
    frames : sequence of DicomFrame
        With positions.
    along : (N,) float
        Their positions along the normal, in millimetres.
    path : Path
        For messages.

    Returns
    -------
    (T, Z) DicomFrame
        By time and slice; one time point if no position repeats. Time points are in
        the order of the first attributes that tell all images of each slice apart:
        first those with the same values at every slice, then clocks. All images of a
        time point are of one kind (echo, b-value, magnitude or phase).

    Raises
    ------
    GeometryError
        If slices have different numbers of images, or nothing tells these apart in
        the same way at every slice.
    """
    order = np.argsort(along, kind="stable")
    slices: list[list[DicomFrame]] = []
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
    ordered = _ordered(slices)
    if ordered is not None:
        return tuple(zip(*ordered, strict=True))
    msg = (
        f"the DICOM series in {path} has {counts.pop()} images at one position (such "
        f"as {slices[0][0].name} and {slices[0][1].name}) and no time, echo or b-value "
        "that tells them apart alike at every position; keep one image for each "
        "position"
    )
    raise GeometryError(msg)


def _ordered(slices: list[list[DicomFrame]]) -> list[list[DicomFrame]] | None:
    """Each slice's images by the first attributes that tell them apart."""
    kinds = tuple(
        key
        for key in KINDS
        if any(len({_value(f, key) for f in s}) > 1 for s in slices)
    )
    single = [(key,) for key in (*COUNTERS[:2], *KINDS)]
    joint = [kinds, *((*kinds, key) for key in (*COUNTERS, *CLOCKS))]
    for keys in (*single, *joint):
        found = _sorted_by(slices, keys)
        if found is not None and _of_one_kind(found, kinds):
            return found
    for clock in CLOCKS:
        if all(clock in frame.keys for images in slices for frame in images):
            found = _sorted_by(slices, (*kinds, clock), running=True)
            if found is not None and _of_one_kind(found, kinds):
                return found
    return None


def _sorted_by(
    slices: list[list[DicomFrame]], keys: tuple[str, ...], *, running: bool = False
) -> list[list[DicomFrame]] | None:
    """Each slice's images by what tells all apart, alike unless ``running``."""
    ordered = []
    first: list[tuple[float | str, ...]] = []
    for images in slices:
        valued = [(tuple(_value(f, key) for key in keys), f) for f in images]
        valued.sort(key=lambda pair: pair[0])
        values = [value for value, _ in valued]
        first = first or values
        if any(a == b for a, b in pairwise(values)) or (
            values != first and not running
        ):
            return None
        ordered.append([frame for _, frame in valued])
    return ordered


def _varies(slices: list[list[DicomFrame]], key: str) -> bool:
    return any(len({_value(frame, key) for frame in each}) > 1 for each in slices)


def _of_one_kind(ordered: list[list[DicomFrame]], kinds: tuple[str, ...]) -> bool:
    return all(
        len({tuple(_value(f, key) for key in kinds) for f in images}) == 1
        for images in zip(*ordered, strict=True)
    )


def _value(frame: DicomFrame, key: str) -> float | str:
    """Value of an attribute; one that is absent comes first, as b = 0 often is."""
    return frame.keys.get(key, "" if key in TEXT_KEYS else -np.inf)
