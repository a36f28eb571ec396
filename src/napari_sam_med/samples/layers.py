"""The phantoms as napari's File > Open Sample wants them: plain tuples, no napari."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam_med.core.windows import default_window
from napari_sam_med.samples.ct import ct_abdomen
from napari_sam_med.samples.mr import mr_head
from napari_sam_med.samples.us import us_lesion
from napari_sam_med.samples.xray import xray_chest

if TYPE_CHECKING:
    from napari_sam_med.samples.sample import Sample

LayerData = tuple[Any, dict[str, Any], str]


def open_ct() -> list[LayerData]:
    """CT-like abdomen: image and labels."""
    return layers_from_sample(ct_abdomen())


def open_mr() -> list[LayerData]:
    """T1-like head: image and labels."""
    return layers_from_sample(mr_head())


def open_xray() -> list[LayerData]:
    """Chest radiograph: image and labels."""
    return layers_from_sample(xray_chest())


def open_us() -> list[LayerData]:
    """Ultrasound-like lesion: image and labels."""
    return layers_from_sample(us_lesion())


def layers_from_sample(sample: Sample) -> list[LayerData]:
    """Turn a sample into an Image and a Labels layer.

    Parameters
    ----------
    sample : Sample
        A volume of one slice becomes two-dimensional layers.

    Returns
    -------
    list of two (data, attributes, layer type)
        ``scale`` is the spacing in millimetres in array order; ``metadata`` holds the
        geometry, the modality, and the labels' names.
    """
    volume = sample.volume
    window = default_window(volume.array, volume.modality)
    flat = len(volume.array) == 1
    place = {"geometry": volume.geometry, "modality": volume.modality, "path": ""}
    spacing = volume.geometry.spacing_zyx
    shared: dict[str, Any] = {"scale": spacing[1:] if flat else spacing}
    image = volume.array[0] if flat else volume.array
    labels = sample.labels[0] if flat else sample.labels
    image_attributes = {
        "name": volume.name,
        "contrast_limits": (window.low, window.high),
        "colormap": "gray",
        "metadata": place,
    }
    labels_attributes = {
        "name": f"{volume.name} labels",
        "metadata": place | {"label_names": dict(sample.names)},
    }
    return [
        (image, shared | image_attributes, "image"),
        (labels, shared | labels_attributes, "labels"),
    ]
