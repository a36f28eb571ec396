"""From layers to what a benchmark run reads: pairs, and the values in them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from napari.layers import Image, Labels, Layer

from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.grids import check_covers, on_grid
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import DatasetError, GeometryError, ImageError
from napari_sam_med.gui.napari_io import (
    LayerFrame,
    is_ours,
    place_of,
    shape_of,
    shape_zyx,
    voxels_of,
)
from napari_sam_med.gui.views.benchmark_values import PairValue

SEARCH_S = 0.02
"""Longest search for a label in an array, so that the window stays alive."""


@dataclass(frozen=True, slots=True)
class LayerGrid:
    """Name, voxels and fill of a layer, for pairing.

    Parameters
    ----------
    name : str
    geometry : Geometry
        Where the layer lies.
    shape : (Z, Y, X)
        Numbers of voxels.
    filled : bool
        False for a labels layer on which nothing is drawn.
    is_flat : bool
        2-D: one slice that lies at no depth.
    """

    name: str
    geometry: Geometry
    shape: tuple[int, int, int]
    filled: bool = True
    is_flat: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LayerPair:
    """What a run takes from two layers; layers themselves stay on the GUI thread.

    Parameters
    ----------
    name : str
        Stands in the results as the image.
    image : (Y, X) or (Z, Y, X), colour with a last axis of 3 or 4
    labels : (Y, X) or (Z, Y, X)
    image_name : str
        The layer's, for messages.
    image_place, labels_place : str
        What the two layers are known by, however they are renamed.
    rgb : bool
        Whether the image's last axis is colour.
    geometry, labels_geometry : Geometry
        Where the two lie; the labels are brought onto the image's grid.
    modality, patient : str
        Empty if unknown.
    window : Window or None
        The contrast limits shown; None for colour.
    label_names : mapping of int to str
        Names of the labels, as far as known.
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


def data_layers(layers: Iterable[Layer]) -> tuple[list[Image], list[Labels]]:
    """Sort out image and labels layers, without those that the docks made."""
    real = [layer for layer in layers if not is_ours(layer)]
    images = [layer for layer in real if isinstance(layer, Image)]
    return images, [layer for layer in real if isinstance(layer, Labels)]


def grid_of(layer: Image | Labels) -> LayerGrid | None:
    """Describe a layer for pairing; None for one that no run can take.

    Notes
    -----
    Labels are searched for a fiftieth of a second; a lazy array, or one in which none
    was found until then, counts as filled.
    """
    try:
        geometry = _volume_frame(layer).geometry
    except (GeometryError, ImageError):
        return None
    filled = not isinstance(layer, Labels) or _may_be_filled(voxels_of(layer))
    return LayerGrid(
        layer.name, geometry, shape_zyx(layer), filled, is_flat=layer.ndim == 2
    )


def pairs_by_place(
    images: Sequence[LayerGrid], labels: Sequence[LayerGrid]
) -> list[PairValue]:
    """Put each labels layer with the image on whose voxels it lies.

    Parameters
    ----------
    images, labels : sequence of LayerGrid
        In the order of the layer list.

    Returns
    -------
    list of PairValue
        Of several such images the one of the likest name. Labels layers without one
        are left out; pairs with nothing drawn on the labels layer are not ticked.

    Examples
    --------
    >>> place = Geometry()
    >>> ct, mr = (
    ...     LayerGrid("ct_1", place, (9, 8, 7)),
    ...     LayerGrid("mr_1", place, (9, 8, 7)),
    ... )
    >>> [pair] = pairs_by_place([ct, mr], [LayerGrid("mr_1_labels", place, (9, 8, 7))])
    >>> pair.image
    'mr_1'
    """
    pairs = []
    for truth in labels:
        alike = [image for image in images if not _difference(image, truth)]
        if alike:
            best = max(alike, key=lambda image: _likeness(image.name, truth.name))
            pairs.append(PairValue(best.name, truth.name, checked=truth.filled))
    return pairs


def pair_from_layers(image: Image, labels: Labels, name: str) -> LayerPair:
    """Take what a run needs from two layers; nothing is copied.

    Parameters
    ----------
    image : Image
        What is segmented.
    labels : Labels
        The truth.
    name : str
        How the results call the pair.

    Returns
    -------
    LayerPair

    Raises
    ------
    ImageError
        If a layer has more than three dimensions.
    GeometryError
        If a layer is sheared.
    DatasetError
        If the labels do not lie on the image's voxels.
    """
    geometry, labels_geometry = (
        _volume_frame(layer).geometry for layer in (image, labels)
    )
    grid, truth = (
        LayerGrid(layer.name, place, shape_zyx(layer), is_flat=layer.ndim == 2)
        for layer, place in ((image, geometry), (labels, labels_geometry))
    )
    difference = _difference(grid, truth)
    if difference:
        msg = f"{labels.name} does not lie on {image.name}: {difference}"
        raise DatasetError(msg)
    metadata = {**labels.metadata, **image.metadata}
    return LayerPair(
        name=name,
        image=voxels_of(image),
        labels=voxels_of(labels),
        image_name=image.name,
        image_place=place_of(image),
        labels_place=place_of(labels),
        rgb=image.rgb,
        geometry=geometry,
        labels_geometry=labels_geometry,
        modality=str(metadata.get("modality", "")),
        patient=str(metadata.get("patient", "")),
        window=None if image.rgb else Window(*map(float, image.contrast_limits)),
        label_names=dict(labels.metadata.get("label_names", {})),
    )


def labelled_volume(pair: LayerPair) -> LabelledVolume:
    """Check the values of a pair and freeze them; may take a second, off the GUI.

    Parameters
    ----------
    pair : LayerPair
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
    image = np.asarray(pair.image)
    if pair.rgb:
        image = _as_8_bit(image[..., :3])
    flat = image.ndim == (3 if pair.rgb else 2)
    labels = np.array(pair.labels)
    labels = labels[None] if labels.ndim == 2 else labels
    volume = Volume(
        image[None] if flat else image, pair.geometry, pair.name, pair.modality
    )
    return LabelledVolume(
        volume,
        cast(
            "npt.NDArray[np.integer]",
            on_grid(labels, pair.labels_geometry, pair.geometry, volume.shape_zyx),
        ),
        pair.name,
        patient=pair.patient,
        label_names=pair.label_names,
        window=pair.window,
    )


def _volume_frame(layer: Image | Labels) -> LayerFrame:
    shape = shape_of(layer)
    if len(shape) not in (2, 3):
        msg = (
            f"{layer.name} has {len(shape)} dimensions {shape}; slices and volumes are "
            "accepted, so split it first (right click, Split Stack)"
        )
        raise ImageError(msg)
    return LayerFrame.of(layer)


def _difference(image: LayerGrid, labels: LayerGrid) -> str:
    """Say why labels are no truth of an image; empty if each voxel has its own."""
    if image.is_flat != labels.is_flat and max(image.shape[0], labels.shape[0]) > 1:
        return "one is a flat slice and the other a volume; choose labels drawn on it"
    try:
        check_covers(labels.geometry, labels.shape, image.geometry, image.shape)
    except GeometryError as error:
        return str(error)
    return ""


def _may_be_filled(array: Any) -> bool:
    """Whether a label is found, or the time for the search ends before all is seen."""
    if not isinstance(array, np.ndarray):
        return True
    end = time.perf_counter() + SEARCH_S
    parts = np.atleast_3d(array)
    return any(part.any() or time.perf_counter() > end for part in parts)


def _as_8_bit(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Turn colour as napari shows it, floats from 0 to 1, into bytes."""
    if image.dtype.kind == "f":
        image = np.rint(np.clip(image, 0, 1) * 255)
    bytes_: npt.NDArray[np.uint8] = image.astype(np.uint8)
    return bytes_


def _likeness(first: str, second: str) -> float:
    return SequenceMatcher(None, first.lower(), second.lower()).ratio()
