"""Masks into Labels layers, and back out of them."""

import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.errors import ImageError
from napari_sam_med.gui.labels.label_layers import (
    apply_edit,
    first_unused_label,
    labels_like,
    revert_edit,
    write_mask,
)

SHAPE = (6, 8, 10)
SCALE = (5.0, 0.8, 0.8)


def image_of(shape=SHAPE, **kwargs) -> Image:
    scale = kwargs.pop("scale", SCALE[3 - len(shape) :])
    return Image(np.zeros(shape), name="ct", scale=scale, **kwargs)


def labels_of(shape=SHAPE, dtype=np.uint8) -> Labels:
    return Labels(np.zeros(shape, dtype=dtype), name="organs")


class TestWriteMask:
    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_only_the_slice_is_written_in_each_orientation(self, axis):
        labels = labels_of()
        plane = SlicePlane(axis, 3)
        mask = np.zeros(np.delete(SHAPE, axis), dtype=bool)
        mask[1, 2] = mask[4, 5] = True
        write_mask(labels, plane, mask, 7, keep_others=True)
        expected = np.zeros(SHAPE, dtype=np.uint8)
        np.moveaxis(expected, axis, 0)[3][mask] = 7
        np.testing.assert_array_equal(labels.data, expected)

    def test_other_labels_are_kept_if_asked(self):
        labels = labels_of()
        labels.data[2, 0, 0] = 5
        mask = np.zeros((8, 10), dtype=bool)
        mask[0, :2] = True
        edit = write_mask(labels, SlicePlane(0, 2), mask, 7, keep_others=True)
        assert labels.data[2, 0, :2].tolist() == [5, 7]
        assert edit.before.tolist() == [0]

    def test_other_labels_are_replaced_if_asked(self):
        labels = labels_of()
        labels.data[2, 0, 0] = 5
        mask = np.zeros((8, 10), dtype=bool)
        mask[0, :2] = True
        write_mask(labels, SlicePlane(0, 2), mask, 7, keep_others=False)
        assert labels.data[2, 0, :2].tolist() == [7, 7]

    def test_napari_undoes_it_in_one_step(self):
        labels = labels_of()
        mask = np.ones((8, 10), dtype=bool)
        write_mask(labels, SlicePlane(0, 2), mask, 7, keep_others=True)
        labels.undo()
        assert not labels.data.any()

    def test_reverting_leaves_what_was_painted_since(self):
        labels = labels_of()
        mask = np.zeros((8, 10), dtype=bool)
        mask[0, :2] = True
        edit = write_mask(labels, SlicePlane(0, 2), mask, 7, keep_others=True)
        labels.data[2, 0, 0] = 3
        revert_edit(labels, edit)
        assert labels.data[2, 0, :2].tolist() == [3, 0]

    def test_applying_again_gives_the_same_labels(self):
        labels = labels_of()
        mask = np.eye(8, 10, dtype=bool)
        edit = write_mask(labels, SlicePlane(0, 2), mask, 7, keep_others=True)
        written = labels.data.copy()
        revert_edit(labels, edit)
        apply_edit(labels, edit)
        np.testing.assert_array_equal(labels.data, written)

    def test_2d_labels_are_written(self):
        labels = labels_of((8, 10))
        mask = np.eye(8, 10, dtype=bool)
        edit = write_mask(labels, SlicePlane(0, 0), mask, 2, keep_others=True)
        assert (labels.data == 2).sum() == 8
        assert len(edit.indices) == 2

    @pytest.mark.parametrize(
        ("labels", "label", "words"),
        [
            (labels_of((6, 8, 9)), 1, "which is not the image's"),
            (labels_of((2, 8, 10)), 1, "which is not the image's"),
            (labels_of(), 0, "give a number from 1"),
            (labels_of(), 2**31, "give a number from 1"),
        ],
    )
    def test_labels_that_do_not_fit_are_refused_unchanged(self, labels, label, words):
        mask = np.ones((8, 10), dtype=bool)
        with pytest.raises(ImageError, match=words):
            write_mask(labels, SlicePlane(0, 4), mask, label, keep_others=True)
        assert not labels.data.any()


def test_new_labels_lie_on_the_image_and_carry_its_geometry():
    geometry = Geometry((0.8, 0.8, 5.0), origin_xyz=(1.0, 2.0, 3.0))
    image = image_of(translate=(1.0, 2.0, 3.0), metadata={"geometry": geometry})
    labels = labels_like(image)
    assert labels.data.shape == SHAPE
    assert labels.metadata == {"geometry": geometry}
    np.testing.assert_allclose(
        labels.data_to_world((1, 2, 3)), image.data_to_world((1, 2, 3))
    )


class TestFirstUnusedLabel:
    @pytest.mark.parametrize(
        ("present", "first"),
        [((), 1), ((1, 2, 3), 4), ((1, 2, 4), 3), ((2, 9), 1), ((255,), 1)],
    )
    def test_it_is_the_smallest_that_no_voxel_has(self, present, first):
        layer = labels_of()
        layer.data.ravel()[: len(present)] = present
        assert first_unused_label(layer.data) == first

    @pytest.mark.parametrize("odd", [-1, -3, 2**40])
    def test_numbers_far_off_are_passed_over(self, odd):
        layer = Labels(np.zeros((2, 3, 4), dtype=np.int64))
        layer.data.ravel()[:3] = [1, 2, odd]
        assert first_unused_label(layer.data) == 3

    def test_it_is_found_in_a_2d_layer(self):
        layer = labels_of((8, 10))
        layer.data[3, 3] = 1
        assert first_unused_label(layer.data) == 2
