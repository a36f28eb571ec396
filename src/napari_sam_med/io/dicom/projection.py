"""The size of a pixel where no slice has a position: radiographs and ultrasound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam_med.io.dicom.attributes import Attributes
    from napari_sam_med.io.dicom.headers import Header

_CENTIMETRES = 3  # PhysicalUnitsXDirection (PS3.3, C.8.5.5.1.15)
_TWO_DIMENSIONAL = 1  # RegionSpatialFormat (C.8.5.5.1.1); others are Doppler and M-mode


@dataclass(frozen=True, slots=True)
class PixelSize:
    """Millimetres between rows and between columns, and what to say about them."""

    rows: float
    columns: float
    notes: tuple[str, ...] = ()


def projection_spacing(header: Header) -> PixelSize:
    """Find the size of a pixel that a projection or a picture states.

    Parameters
    ----------
    header : Header
        Of an image without PixelSpacing in its planes.

    Returns
    -------
    PixelSize
        From PixelSpacing, ImagerPixelSpacing (divided by the magnification where it
        is stated), NominalScannedPixelSpacing, or the largest ultrasound region in
        centimetres; 1 mm with a note if none is there.

    Raises
    ------
    FileReadError
        If one of them is damaged, zero or negative.
    """
    held = header.attributes
    exact = held.positive("PixelSpacing", 2)
    if exact is not None:
        return PixelSize(exact[0], exact[1])
    detector = held.positive("ImagerPixelSpacing", 2)
    if detector is not None:
        return _at_the_patient(held, detector[0], detector[1])
    film = held.positive("NominalScannedPixelSpacing", 2)
    if film is not None:
        note = "pixels are as large as on the scanned film"
        return PixelSize(film[0], film[1], (note,))
    region = _from_regions(held)
    if region is not None:
        return region
    aspect = held.positive("PixelAspectRatio", 2)
    rows = aspect[0] / aspect[1] if aspect else 1.0
    note = "the header states no pixel size: 1 mm was taken, so lengths are not true"
    return PixelSize(rows, 1.0, (note,))


def _at_the_patient(held: Attributes, rows: float, columns: float) -> PixelSize:
    factor = held.positive("EstimatedRadiographicMagnificationFactor", 1)
    if factor is None:
        note = "pixel size is that at the detector; the patient is magnified there"
        return PixelSize(rows, columns, (note,))
    note = (
        f"pixel size is that at the detector divided by the estimated magnification "
        f"{factor[0]:g}"
    )
    return PixelSize(rows / factor[0], columns / factor[0], (note,))


def _from_regions(held: Attributes) -> PixelSize | None:
    """Pixel size of the largest two-dimensional region that is in centimetres."""
    sizes = []
    for region in held.items("SequenceOfUltrasoundRegions"):
        units = (
            region.whole("PhysicalUnitsXDirection", 0),
            region.whole("PhysicalUnitsYDirection", 0),
        )
        x, y = region.number("PhysicalDeltaX"), region.number("PhysicalDeltaY")
        flat = region.whole("RegionSpatialFormat", _TWO_DIMENSIONAL) == _TWO_DIMENSIONAL
        if flat and x and y and units == (_CENTIMETRES, _CENTIMETRES):
            # A negative one only says which way the axis runs.
            sizes.append((_area(region), abs(y) * 10, abs(x) * 10))
    if not sizes:
        return None
    _, rows, columns = max(sizes)
    notes: tuple[str, ...] = ()
    if len({size[1:] for size in sizes}) > 1:
        notes = ("pixel size is that of the largest ultrasound region; others differ",)
    return PixelSize(rows, columns, notes)


def _area(region: Attributes) -> float:
    x0, y0 = (region.whole(f"RegionLocationMin{a}0", 0) for a in "XY")
    x1, y1 = (region.whole(f"RegionLocationMax{a}1", 0) for a in "XY")
    return float((x1 - x0) * (y1 - y0))
