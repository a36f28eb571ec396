"""Images and labels that belong together by the place where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam_med.bench.data.labelled_volumes import LabelledVolume, labels_on_image
from napari_sam_med.core.grids import check_covers
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from napari_sam_med.core.geometry import Geometry
    from napari_sam_med.core.windows import Window


@dataclass(frozen=True, slots=True)
class PlacedGrid:
    """Name, voxels and fill of an image or of labels, for pairing.

    Parameters
    ----------
    name : str
    geometry : Geometry
        Where it lies.
    shape : (Z, Y, X)
        Numbers of voxels.
    filled : bool
        False for labels on which nothing is drawn.
    is_flat : bool
        2-D: one slice that lies at no depth.
    """

    name: str
    geometry: Geometry
    shape: tuple[int, int, int]
    filled: bool = True
    is_flat: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PlacedPair:
    """An image and labels in memory, as they are drawn; `labelled` checks them.

    Parameters
    ----------
    name : str
        Stands in the results as the image.
    image : (Y, X) or (Z, Y, X), colour with a last axis of 3 or 4
    labels : (Y, X) or (Z, Y, X)
    image_name : str
        The image's own, for messages.
    image_place, labels_place : str
        What the two are known by, however they are renamed.
    rgb : bool
        Whether the image's last axis is colour.
    geometry, labels_geometry : Geometry
        Where the two lie; the labels are brought onto the image's grid.
    modality, patient : str
        Empty if unknown.
    window : Window or None
        What is shown of the intensities; None for colour.
    label_names : mapping of int to str
        Names of the labels, as far as known.
    in_pixels : bool
        Whether the image has no spacing, as pictures have none.
    """

    name: str
    image: npt.NDArray[Any]
    labels: npt.NDArray[Any]
    image_name: str
    image_place: str
    labels_place: str
    rgb: bool
    geometry: Geometry
    labels_geometry: Geometry
    modality: str
    patient: str
    window: Window | None
    label_names: Mapping[int, str]
    in_pixels: bool = False

    def labelled(self) -> LabelledVolume:
        """Check the values and freeze them; may take a second.

        Returns
        -------
        LabelledVolume
            Its labels are copied, since a person may go on painting.

        Raises
        ------
        ImageError
            If voxels are NaN or infinite.
        DatasetError
            If nothing is labelled.
        GeometryError
            If labelled voxels lie outside the image.
        """
        image = np.asarray(self.image)
        if self.rgb:
            image = _as_8_bit(image[..., :3])
        flat = image.ndim == (3 if self.rgb else 2)
        labels = np.array(self.labels)
        labels = labels[None] if labels.ndim == 2 else labels
        volume = Volume(
            image[None] if flat else image, self.geometry, self.name, self.modality
        )
        return LabelledVolume(
            volume,
            labels_on_image(labels, self.labels_geometry, volume, self.name),
            self.name,
            patient=self.patient,
            label_names=self.label_names,
            window=self.window,
            in_pixels=self.in_pixels,
        )


def pairs_by_place(
    images: Sequence[PlacedGrid], labels: Sequence[PlacedGrid]
) -> list[tuple[PlacedGrid, PlacedGrid]]:
    """Put labels with the image on whose voxels they lie.

    Parameters
    ----------
    images, labels : sequence of PlacedGrid
        In the order in which they are shown.

    Returns
    -------
    list of (image, labels)
        Of several such images the one of the likest name. Labels without one are left
        out.

    Examples
    --------
    >>> from napari_sam_med.core.geometry import Geometry
    >>> place = Geometry()
    >>> ct, mr, drawn = (
    ...     PlacedGrid(name, place, (9, 8, 7)) for name in ("ct_1", "mr_1", "mr_1_seg")
    ... )
    >>> [(image, _)] = pairs_by_place([ct, mr], [drawn])
    >>> image.name
    'mr_1'
    """
    pairs = []
    for truth in labels:
        alike = [image for image in images if not difference_of(image, truth)]
        if alike:
            best = max(alike, key=lambda image: _likeness(image.name, truth.name))
            pairs.append((best, truth))
    return pairs


def difference_of(image: PlacedGrid, labels: PlacedGrid) -> str:
    """Say why labels are no truth of an image.

    Parameters
    ----------
    image, labels : PlacedGrid
        Where the two lie.

    Returns
    -------
    str
        Empty if each voxel has a label of its own.
    """
    if image.is_flat != labels.is_flat and max(image.shape[0], labels.shape[0]) > 1:
        return "one is a flat slice and the other a volume; choose labels drawn on it"
    try:
        check_covers(labels.geometry, labels.shape, image.geometry, image.shape)
    except GeometryError as error:
        return str(error)
    return ""


def _as_8_bit(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Turn colour as napari shows it, floats from 0 to 1, into bytes."""
    if image.dtype.kind == "f":
        image = np.rint(np.clip(image, 0, 1) * 255)
    bytes_: npt.NDArray[np.uint8] = image.astype(np.uint8)
    return bytes_


def _likeness(first: str, second: str) -> float:
    return SequenceMatcher(None, first.lower(), second.lower()).ratio()
