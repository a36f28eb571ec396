"""The phantoms as napari's File > Open Sample wants them."""

from __future__ import annotations

from pathlib import Path

from napari_sam_med.core.volumes import Volume
from napari_sam_med.gui.opening.readers import (
    LayerTuple,
    layer_from_labels,
    layer_from_volume,
)
from napari_sam_med.samples.ct import ct_abdomen
from napari_sam_med.samples.mr import mr_head
from napari_sam_med.samples.sample import Sample
from napari_sam_med.samples.us import us_lesion
from napari_sam_med.samples.xray import xray_chest


def open_ct() -> list[LayerTuple]:
    """CT-like abdomen: image and labels."""
    return layers_from_sample(ct_abdomen())


def open_mr() -> list[LayerTuple]:
    """T1-like head: image and labels."""
    return layers_from_sample(mr_head())


def open_xray() -> list[LayerTuple]:
    """Chest radiograph: image and labels."""
    return layers_from_sample(xray_chest())


def open_us() -> list[LayerTuple]:
    """Ultrasound-like lesion: image and labels."""
    return layers_from_sample(us_lesion())


def layers_from_sample(sample: Sample) -> list[LayerTuple]:
    """Turn a sample into an Image and a Labels layer, as if read from files.

    Parameters
    ----------
    sample : Sample
        A volume of one slice becomes two-dimensional layers.

    Returns
    -------
    list of two (data, attributes, layer type)
        In the place of the sample's geometry; the labels know their names.
    """
    volume = sample.volume
    labels = Volume(sample.labels, volume.geometry, volume.name, volume.modality)
    nowhere = Path(volume.name)
    layers = [
        layer_from_volume(volume, nowhere),
        layer_from_labels(labels, nowhere, sample.names),
    ]
    for _, attributes, _ in layers:
        attributes["metadata"]["files"] = ()
    return layers
