import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import ImageError
from napari_sam_med.gui.layers import (
    apply_edit,
    first_unused_label,
    labels_like,
    placement_of,
    revert_edit,
    shown_slice,
    spacing_of,
    target_from_layer,
    voxel_from_world,
    write_mask,
)

SHAPE = (6, 8, 10)
SCALE = (5.0, 0.8, 0.8)
ORDERS = {0: (0, 1, 2), 1: (1, 0, 2), 2: (2, 0, 1)}


def image_of(shape=SHAPE, **kwargs) -> Image:
    scale = kwargs.pop("scale", SCALE[3 - len(shape) :])
    return Image(np.zeros(shape), name="ct", scale=scale, **kwargs)


def labels_of(shape=SHAPE, dtype=np.uint8) -> Labels:
    return Labels(np.zeros(shape, dtype=dtype), name="organs")


def viewer_on(image: Image, axis: int, index: int) -> ViewerModel:
    viewer = ViewerModel()
    viewer.add_layer(image)
    viewer.dims.order = ORDERS[axis]
    viewer.dims.set_current_step(axis, index)
    return viewer


class TestTarget:
    def test_contrast_limits_are_the_window(self):
        target = target_from_layer(image_of(contrast_limits=(-100, 300)))
        assert target.window == Window(-100.0, 300.0)

    def test_scale_is_the_spacing(self):
        assert target_from_layer(image_of()).volume.geometry.spacing_zyx == SCALE

    def test_a_2d_image_is_a_volume_of_one_slice(self):
        target = target_from_layer(image_of((8, 10)))
        assert target.volume.shape_zyx == (1, 8, 10)
        assert target.volume.geometry.spacing_zyx == (1.0, 0.8, 0.8)

    def test_colour_loses_its_alpha_and_has_no_window(self):
        layer = Image(np.full((8, 10, 4), 7, dtype=np.uint8), rgb=True)
        target = target_from_layer(layer)
        assert target.volume.array.shape == (1, 8, 10, 3)
        assert target.window is None

    def test_voxels_are_not_copied(self):
        layer = image_of()
        assert np.shares_memory(target_from_layer(layer).volume.array, layer.data)

    def test_four_dimensions_are_refused_in_a_sentence(self):
        layer = Image(np.zeros((2, *SHAPE)), name="perfusion")
        with pytest.raises(ImageError, match="perfusion has 4 dimensions"):
            target_from_layer(layer)

    def test_colour_as_floats_is_refused(self):
        with pytest.raises(ImageError, match="uint8"):
            target_from_layer(Image(np.zeros((8, 10, 3)), rgb=True))

    def test_spacing_counts_an_affine(self):
        affine = np.diag([2.0, 3.0, 4.0, 1.0])
        assert spacing_of(image_of(scale=(1, 1, 1), affine=affine)) == (2.0, 3.0, 4.0)


class TestShownSlice:
    @pytest.mark.parametrize(("axis", "index"), [(0, 4), (1, 6), (2, 9)])
    def test_all_three_orientations(self, axis, index):
        image = image_of()
        viewer = viewer_on(image, axis, index)
        assert shown_slice(viewer.dims, image) == (axis, index)

    def test_a_transposed_view_shows_the_same_slice(self):
        image = image_of()
        viewer = viewer_on(image, 1, 6)
        viewer.dims.order = (1, 2, 0)
        assert shown_slice(viewer.dims, image) == (1, 6)

    def test_a_moved_layer_counts_from_its_own_first_slice(self):
        image = image_of(translate=(50.0, 0.0, 0.0))
        viewer = viewer_on(image, 0, 0)
        viewer.dims.set_point(0, 60.0)
        assert shown_slice(viewer.dims, image) == (0, 2)

    def test_a_2d_layer_is_slice_0(self):
        image = image_of((8, 10))
        viewer = ViewerModel()
        viewer.add_layer(image)
        assert shown_slice(viewer.dims, image) == (0, 0)

    def test_more_dimensions_in_the_viewer_do_not_matter(self):
        image = image_of()
        viewer = ViewerModel()
        viewer.add_image(np.zeros((3, *SHAPE)))
        viewer.add_layer(image)
        viewer.dims.set_point(1, 2 * SCALE[0])
        assert shown_slice(viewer.dims, image) == (0, 2)

    def test_a_3d_view_is_refused(self):
        image = image_of()
        viewer = viewer_on(image, 0, 0)
        viewer.dims.ndisplay = 3
        with pytest.raises(ImageError, match="switch to 2-D"):
            shown_slice(viewer.dims, image)

    def test_a_place_outside_the_layer_is_refused(self):
        image = image_of()
        viewer = viewer_on(image, 0, 0)
        viewer.add_image(np.zeros((500, 4, 4)))
        viewer.dims.set_point(0, 400.0)
        with pytest.raises(ImageError, match="move the slider"):
            shown_slice(viewer.dims, image)

    def test_a_plane_that_crosses_a_2d_layer_is_refused(self):
        image = image_of((8, 10))
        viewer = ViewerModel()
        viewer.add_image(np.zeros(SHAPE))
        viewer.add_layer(image)
        viewer.dims.order = (1, 0, 2)
        with pytest.raises(ImageError, match="no plane of ct"):
            shown_slice(viewer.dims, image)


class TestVoxelFromWorld:
    def test_world_millimetres_become_voxels_of_the_slice(self):
        voxel = voxel_from_world(image_of(), (21.0, 4.0, 5.6), SlicePlane(0, 4))
        assert voxel == pytest.approx((4.0, 5.0, 7.0))

    def test_outside_the_layer_is_none(self):
        assert voxel_from_world(image_of(), (0.0, 99.0, 1.0), SlicePlane(0, 0)) is None

    def test_the_half_pixel_round_the_border_is_inside(self):
        plane = SlicePlane(0, 0)
        assert voxel_from_world(image_of(), (0.0, -0.39, 0.0), plane) is not None
        assert voxel_from_world(image_of(), (0.0, -0.41, 0.0), plane) is None

    def test_a_2d_layer_gets_slice_0(self):
        voxel = voxel_from_world(image_of((8, 10)), (1.6, 4.0), SlicePlane(0, 0))
        assert voxel == pytest.approx((0.0, 2.0, 5.0))


class TestPlacement:
    @pytest.mark.parametrize(
        "extra",
        [
            {},
            {"translate": (3.0, -2.0, 7.0)},
            {"rotate": 30.0},
            {
                "affine": np.array(
                    [[0, 2, 0, 1], [1, 0, 0, 2], [0, 0, 3, 3], [0, 0, 0, 1]]
                )
            },
        ],
    )
    def test_a_part_lies_where_it_was_cut_from(self, extra):
        image = image_of(**extra)
        part = Labels(
            np.zeros((1, 8, 10), dtype=np.uint8), **placement_of(image, (4, 0, 0))
        )
        np.testing.assert_allclose(
            part.data_to_world((0, 3, 5)), image.data_to_world((4, 3, 5))
        )


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
            (labels_of(), 300, "holds labels 1 to 255"),
            (labels_of(), 0, "holds labels 1 to 255"),
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
        assert first_unused_label(layer) == first

    @pytest.mark.parametrize("odd", [-1, -3, 2**40])
    def test_numbers_far_off_are_passed_over(self, odd):
        layer = Labels(np.zeros((2, 3, 4), dtype=np.int64))
        layer.data.ravel()[:3] = [1, 2, odd]
        assert first_unused_label(layer) == 3

    def test_it_is_found_in_a_2d_layer(self):
        layer = labels_of((8, 10))
        layer.data[3, 3] = 1
        assert first_unused_label(layer) == 2
