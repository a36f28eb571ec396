"""Which objects and prompts a batch asks for."""

import numpy as np
import pytest

from napari_sam_med.models.sam.batched_decoder import CORNER_LOW
from napari_sam_med.training.batches import assemble, is_compact
from napari_sam_med.training.painting.scenes import Scene

SIZE = 128


def disc(row, col, radius):
    rows, cols = np.indices((SIZE, SIZE))
    return (rows - row) ** 2 + (cols - col) ** 2 <= radius**2


RING = disc(40, 40, 30) & ~disc(40, 40, 22)
PARTS = disc(90, 30, 15) | disc(90, 90, 15)
SOLID = disc(40, 90, 28) & ~disc(30, 80, 6)


@pytest.mark.parametrize(
    ("mask", "compact"), [(SOLID, True), (RING, False), (PARTS, False)]
)
def test_a_ring_and_two_parts_are_not_compact_but_a_blemished_disc_is(mask, compact):
    assert is_compact(mask) == compact


def test_boxes_go_more_often_round_compact_objects_than_points_do():
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    masks = np.stack([RING, PARTS, SOLID])
    scene = Scene(image, masks, np.zeros((SIZE, SIZE), np.int16), "focus")
    batch = assemble(np.random.default_rng(1), [scene], 1500, 2)
    boxed = (batch.prompts.labels == CORNER_LOW).any(1)
    compact = np.array([is_compact(mask) for mask in batch.masks])
    assert compact[boxed].mean() > compact[~boxed].mean() + 0.06
    assert compact[boxed].mean() < 1
