"""From layers to what a benchmark run reads: pairs, and the values in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.layers import Image, Labels, Layer

from napari_sam_med.bench.datasets import LabelledVolume
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import DatasetError, ImageError
from napari_sam_med.gui.layers import is_ours, place_of, spacing_of
from napari_sam_med.gui.views.benchmark_values import PairValue


@dataclass(frozen=True, slots=True)
class LayerShape:
    """Name, size and fill of a layer, for pairing.

    Parameters
    ----------
    name : str
    shape : tuple of int
        Of the voxels, without a colour axis.
    filled : bool
        False for a labels layer on which nothing is drawn.
    """

    name: str
    shape: tuple[int, ...]
    filled: bool = True


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
    geometry : Geometry
        With the layer's spacing; place and direction do not matter here.
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
    modality: str
    patient: str
    window: Window | None
    label_names: Mapping[int, str]


def data_layers(layers: Iterable[Layer]) -> tuple[list[Image], list[Labels]]:
    """Sort out image and labels layers, without those that the docks made."""
    real = [layer for layer in layers if not is_ours(layer)]
    images = [layer for layer in real if isinstance(layer, Image)]
    return images, [layer for layer in real if isinstance(layer, Labels)]


def shape_of(layer: Image | Labels) -> LayerShape:
    """Describe a layer for pairing.

    Notes
    -----
    Only arrays in memory are searched for labels; a lazy one counts as filled.
    """
    array = _array(layer)
    shape = tuple(int(n) for n in array.shape[: layer.ndim])
    in_memory = isinstance(layer, Labels) and isinstance(array, np.ndarray)
    return LayerShape(layer.name, shape, filled=not in_memory or bool(array.any()))


def pairs_by_shape(
    images: Sequence[LayerShape], labels: Sequence[LayerShape]
) -> list[PairValue]:
    """Put each labels layer with the image of the same shape and the likest name.

    Parameters
    ----------
    images, labels : sequence of LayerShape
        In the order of the layer list.

    Returns
    -------
    list of PairValue
        Labels layers without such an image are left out; pairs with nothing drawn on
        the labels layer are not ticked.

    Examples
    --------
    >>> ct, mr = LayerShape("ct_1", (9, 8, 7)), LayerShape("mr_1", (9, 8, 7))
    >>> [pair] = pairs_by_shape([ct, mr], [LayerShape("mr_1_labels", (9, 8, 7))])
    >>> pair.image
    'mr_1'
    """
    pairs = []
    for truth in labels:
        alike = [image for image in images if image.shape == truth.shape]
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
        If the image has more than three dimensions.
    DatasetError
        If the labels are of another shape.
    """
    _check_shapes(image, labels)
    metadata = {**labels.metadata, **image.metadata}
    z, y, x = spacing_of(image)
    return LayerPair(
        name=name,
        image=_array(image),
        labels=_array(labels),
        image_name=image.name,
        image_place=place_of(image),
        labels_place=place_of(labels),
        rgb=image.rgb,
        geometry=Geometry((x, y, z)),
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
    """
    image = np.asarray(pair.image)
    if pair.rgb:
        image = _as_8_bit(image[..., :3])
    flat = image.ndim == (3 if pair.rgb else 2)
    labels = np.array(pair.labels)
    volume = Volume(
        image[None] if flat else image, pair.geometry, pair.name, pair.modality
    )
    return LabelledVolume(
        volume,
        labels[None] if flat else labels,
        pair.name,
        patient=pair.patient,
        label_names=pair.label_names,
        window=pair.window,
    )


def _check_shapes(image: Image, labels: Labels) -> None:
    shape, truth = shape_of(image).shape, shape_of(labels).shape
    if len(shape) not in (2, 3):
        msg = (
            f"{image.name} has {len(shape)} dimensions {shape}; slices and volumes are "
            "accepted, so split it first (right click, Split Stack)"
        )
        raise ImageError(msg)
    if shape != truth:
        msg = (
            f"{labels.name} has shape {truth} and {image.name} {shape}; labels must "
            "have the shape of their image, so choose the labels drawn on it"
        )
        raise DatasetError(msg)


def _array(layer: Layer) -> npt.NDArray[Any]:
    """The voxels, of several resolutions the finest."""
    array: npt.NDArray[Any] = layer.data[0] if layer.multiscale else layer.data
    return array


def _as_8_bit(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Turn colour as napari shows it, floats from 0 to 1, into bytes."""
    if image.dtype.kind == "f":
        image = np.rint(np.clip(image, 0, 1) * 255)
    bytes_: npt.NDArray[np.uint8] = image.astype(np.uint8)
    return bytes_


def _likeness(first: str, second: str) -> float:
    return SequenceMatcher(None, first.lower(), second.lower()).ratio()
