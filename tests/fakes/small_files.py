"""Small image and label files with a bright block on each slice."""

import numpy as np

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.writing.export import write_labels, write_volume

TILTED = ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, 1.0))
GEOMETRY = Geometry((0.8, 0.8, 5.0), (1.0, 2.0, 3.0), TILTED)


def blocks(n_slices):
    """A dark volume with one bright block on each slice, and its labels."""
    labels = np.zeros((n_slices, 24, 32), np.uint8)
    labels[:, 6:15, 8:20] = 1
    noise = np.random.default_rng(0).integers(0, 20, labels.shape)
    return (labels * 150 + noise).astype(np.uint8), labels


def write_pair(folder, name="a.nii.gz", n_slices=2):
    image, labels = blocks(n_slices)
    images = folder / "images" / name
    write_volume(images, Volume(image, GEOMETRY))
    write_labels(folder / "labels" / name, labels, GEOMETRY)
    return images
