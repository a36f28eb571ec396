"""From layers to the values that a benchmark run reads."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer

from napari_sam_med.bench.data.placed_pairs import (
    PlacedGrid,
    PlacedPair,
    difference_of,
    pairs_by_place,
)
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import DatasetError, GeometryError, ImageError
from napari_sam_med.gui.benchmark.views.benchmark_values import PairValue
from napari_sam_med.gui.napari_io import (
    LayerFrame,
    counts_pixels,
    is_ours,
    place_of,
    shape_of,
    shape_zyx,
    voxels_of,
)

SEARCH_S = 0.02
"""Longest search for a label in an array, so that the window stays alive."""


def data_layers(layers: Iterable[Layer]) -> tuple[list[Image], list[Labels]]:
    """Sort out image and labels layers, without those that the docks made."""
    real = [layer for layer in layers if not is_ours(layer)]
    images = [layer for layer in real if isinstance(layer, Image)]
    return images, [layer for layer in real if isinstance(layer, Labels)]


def grid_of(layer: Image | Labels) -> PlacedGrid | None:
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
    return PlacedGrid(
        layer.name, geometry, shape_zyx(layer), filled, is_flat=layer.ndim == 2
    )


def ticked_pairs(
    images: Sequence[PlacedGrid], labels: Sequence[PlacedGrid]
) -> list[PairValue]:
    """Offer each labels layer with the image on whose voxels it lies.

    Parameters
    ----------
    images, labels : sequence of PlacedGrid
        In the order of the layer list.

    Returns
    -------
    list of PairValue
        Pairs with nothing drawn on the labels layer are not ticked.
    """
    return [
        PairValue(image.name, truth.name, checked=truth.filled)
        for image, truth in pairs_by_place(images, labels)
    ]


def pair_from_layers(image: Image, labels: Labels, name: str) -> PlacedPair:
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
    PlacedPair

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
        PlacedGrid(layer.name, place, shape_zyx(layer), is_flat=layer.ndim == 2)
        for layer, place in ((image, geometry), (labels, labels_geometry))
    )
    difference = difference_of(grid, truth)
    if difference:
        msg = f"{labels.name} does not lie on {image.name}: {difference}"
        raise DatasetError(msg)
    metadata = {**labels.metadata, **image.metadata}
    return PlacedPair(
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
        in_pixels=counts_pixels(image),
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


def _may_be_filled(array: Any) -> bool:
    """Whether a label is found, or the time for the search ends before all is seen."""
    if not isinstance(array, np.ndarray):
        return True
    end = time.perf_counter() + SEARCH_S
    parts = np.atleast_3d(array)
    return any(part.any() or time.perf_counter() > end for part in parts)
