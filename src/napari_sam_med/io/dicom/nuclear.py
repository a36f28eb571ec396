"""Frames of nuclear medicine: vectors say which slice and time each one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.errors import FileReadError

if TYPE_CHECKING:
    from napari_sam_med.io.dicom.attributes import Attributes
    from napari_sam_med.io.dicom.headers import Header

# All but the slice (PS3.3, C.8.4.8): frames that differ in one lie at one place.
_APART = (
    "EnergyWindowVector", "DetectorVector", "PhaseVector", "RotationVector",
    "RRIntervalVector", "TimeSlotVector", "AngularViewVector", "TimeSliceVector",
)  # fmt: skip


def frame_vectors(header: Header, n_frames: int) -> list[dict[str, float | str]]:
    """Say which slice and which time point each frame is.

    Parameters
    ----------
    header : Header
        Of any multi-frame file.
    n_frames : int
        How many frames it has.

    Returns
    -------
    list of dict
        Of each frame ``SliceVector``, from 1, where the file states it, and
        ``TemporalPositionIndex``, from 1, where frames differ in time slot, phase,
        energy window, detector or view.

    Raises
    ------
    FileReadError
        If a vector is damaged, or describes another number of frames.
    """
    held = header.attributes
    found: list[dict[str, float | str]] = [{} for _ in range(n_frames)]
    slices = _vector(header, held, "SliceVector", n_frames)
    for keys, number in zip(found, slices, strict=False):
        keys["SliceVector"] = number
    vectors = [_vector(header, held, keyword, n_frames) for keyword in _APART]
    varying = [vector for vector in vectors if len(set(vector)) > 1]
    if varying:
        places = list(zip(*varying, strict=True))
        ranks = {place: rank + 1.0 for rank, place in enumerate(sorted(set(places)))}
        for keys, place in zip(found, places, strict=True):
            keys["TemporalPositionIndex"] = ranks[place]
    return found


def _vector(
    header: Header, held: Attributes, keyword: str, n_frames: int
) -> tuple[float, ...]:
    values = held.numbers(keyword, 0) or ()
    if values and len(values) != n_frames:
        msg = (
            f"{header.file}: {keyword} holds {len(values)} numbers for {n_frames} "
            "frames; the header is damaged, so export the image again"
        )
        raise FileReadError(msg)
    return values
