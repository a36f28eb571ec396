"""Small volumes with one bright solid in them, and a real model that finds it."""

import numpy as np

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.embedding import Embedding
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.ports import Capabilities, ModelInfo, Segmenter
from napari_sam_med.core.volumes import Volume

SHAPE = (15, 48, 56)
SPACING_ZYX = (3.0, 1.0, 1.0)


def ellipsoid(
    shape=SHAPE,
    centre=(7.0, 22.0, 26.0),
    radii_mm=(16.0, 11.0, 13.0),
    spacing=SPACING_ZYX,
):
    """Voxels of an ellipsoid, (Z, Y, X) bool."""
    places = np.indices(shape, dtype=float)
    offsets = [
        (place - middle) * step / radius
        for place, middle, step, radius in zip(
            places, centre, spacing, radii_mm, strict=True
        )
    ]
    return sum(offset**2 for offset in offsets) < 1


def scan_of(truth, spacing=SPACING_ZYX, seed=0):
    """A noisy volume in which the object is brighter than its surroundings."""
    rng = np.random.default_rng(seed)
    array = np.where(truth, 150, 70) + rng.normal(0, 8, truth.shape)
    return Volume(array.astype(np.uint8), Geometry(spacing[::-1]), "solid")


def box_of(mask):
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return (rows[0], cols[0], rows[-1], cols[-1])


class ThresholdSegmenter(Segmenter):
    """What is brighter than 110 inside the box, which may be a few pixels too small.

    It takes boxes only, answers with one candidate, and counts what it is asked.
    """

    def __init__(self):
        self.n_embed = self.n_predict = 0

    @property
    def info(self):
        able = Capabilities(points=False, masks=False, n_candidates=1)
        return ModelInfo("threshold", capabilities=able)

    def embed(self, image):
        self.n_embed += 1
        return Embedding(self.name, image, (), image.shape[:2])

    def predict(self, embedding, prompts):
        self.n_predict += 1
        row0, col0, row1, col1 = prompts.box_rc.astype(int)
        window = np.s_[max(0, row0 - 2) : row1 + 3, max(0, col0 - 2) : col1 + 3]
        mask = np.zeros(embedding.shape_hw, dtype=bool)
        mask[window] = embedding.image[window] > 110
        filled = mask[window].mean()
        score = np.array([0.9 if filled > 0.3 else 0.2], dtype=np.float32)
        logits = np.where(mask, 4.0, -4.0)[None].astype(np.float32)
        return Candidates(mask[None], score, logits)
