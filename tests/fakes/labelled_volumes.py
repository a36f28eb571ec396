"""Small labelled volumes that need no file."""

import numpy as np

from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume


def made_volume(name, *, seed=0, slices=3, spacing_xyz=(1.0, 1.0, 1.0)):
    """Noise with, on each slice, class 1 in two parts and class 2 touching it."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((slices, 40, 48), dtype=np.uint8)
    for index in range(slices):
        labels[index, 5 : 18 + index, 6:16] = 1
        labels[index, 28:36, 30:38] = 1
        labels[index, 5:15, 16 : 24 + 2 * index] = 2
    image = (labels * 60 + rng.integers(0, 60, labels.shape)).astype(np.int16)
    return LabelledVolume(
        Volume(image, Geometry(spacing_xyz), name),
        labels,
        name,
        patient=name.split("_")[0],
    )
