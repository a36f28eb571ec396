"""What the dock takes for the slice that is shown is what napari shows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Image, Labels
from scipy.spatial.transform import Rotation

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.errors import ImageError
from napari_sam_med.gui.prompting.shown_image import prompt_image_from_layer
from napari_sam_med.gui.shared.shown_slice import (
    ShownSlice,
    cut_anew,
    go_to_slice,
    matrix_in_viewer,
    placement_over,
    shown_slice,
    voxel_from_world,
)

TURNED = np.eye(4)
TURNED[:3, :3] = Rotation.from_euler("xyz", (10, 5, -20), degrees=True).as_matrix()
TURNED[:3, 3] = (4.0, -3.0, -3.0)  # so that the axes of the world cross the layer
SHAPE = (6, 8, 10)
SCALE = (5.0, 0.8, 0.8)
ORDERS = {0: (0, 1, 2), 1: (1, 0, 2), 2: (2, 0, 1)}


def image_of(shape=SHAPE, **kwargs) -> Image:
    scale = kwargs.pop("scale", SCALE[3 - len(shape) :])
    return Image(np.zeros(shape), name="ct", scale=scale, **kwargs)


def viewer_on(image: Image, axis: int, index: int) -> ViewerModel:
    viewer = ViewerModel()
    viewer.add_layer(image)
    viewer.dims.order = ORDERS[axis]
    viewer.dims.set_current_step(axis, index)
    return viewer


def voxel_in(image: Image, position, plane: SlicePlane):
    viewer = ViewerModel()
    viewer.add_layer(image)
    return voxel_from_world(viewer.dims, image, position, plane)


class TestShownSlice:
    @pytest.mark.parametrize(("axis", "index"), [(0, 4), (1, 6), (2, 9)])
    def test_all_three_orientations(self, axis, index):
        image = image_of()
        viewer = viewer_on(image, axis, index)
        assert shown_slice(viewer.dims, image) == ShownSlice(axis, index)

    def test_a_transposed_view_shows_the_same_slice(self):
        image = image_of()
        viewer = viewer_on(image, 1, 6)
        viewer.dims.order = (1, 2, 0)
        assert shown_slice(viewer.dims, image) == ShownSlice(1, 6)

    def test_a_moved_layer_counts_from_its_own_first_slice(self):
        image = image_of(translate=(50.0, 0.0, 0.0))
        viewer = viewer_on(image, 0, 0)
        viewer.dims.set_point(0, 60.0)
        assert shown_slice(viewer.dims, image) == ShownSlice(0, 2)

    def test_a_2d_layer_is_slice_0(self):
        image = image_of((8, 10))
        viewer = ViewerModel()
        viewer.add_layer(image)
        assert shown_slice(viewer.dims, image) == ShownSlice(0, 0)

    def test_more_dimensions_in_the_viewer_do_not_matter(self):
        image = image_of()
        viewer = ViewerModel()
        viewer.add_image(np.zeros((3, *SHAPE)))
        viewer.add_layer(image)
        viewer.dims.set_point(1, 2 * SCALE[0])
        assert shown_slice(viewer.dims, image) == ShownSlice(0, 2)

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
        voxel = voxel_in(image_of(), (21.0, 4.0, 5.6), SlicePlane(0, 4))
        assert voxel == pytest.approx((4.0, 5.0, 7.0))

    def test_outside_the_layer_is_none(self):
        assert voxel_in(image_of(), (0.0, 99.0, 1.0), SlicePlane(0, 0)) is None

    def test_the_half_pixel_round_the_border_is_inside(self):
        plane = SlicePlane(0, 0)
        assert voxel_in(image_of(), (0.0, -0.39, 0.0), plane) is not None
        assert voxel_in(image_of(), (0.0, -0.41, 0.0), plane) is None

    def test_a_2d_layer_gets_slice_0(self):
        voxel = voxel_in(image_of((8, 10)), (1.6, 4.0), SlicePlane(0, 0))
        assert voxel == pytest.approx((0.0, 2.0, 5.0))


class TestNapariAgrees:
    """The pixels that napari draws are the pixels that a model would be given."""

    @settings(max_examples=150, deadline=None)
    @given(
        linear=st.tuples(*[st.floats(-1, 1)] * 9),
        translate=st.tuples(*[st.floats(-200, 200)] * 3),
        scale=st.tuples(*[st.floats(0.3, 6) | st.floats(-6, -0.3)] * 3),
        units=st.sampled_from(["mm", "cm", "um", "pixel"]),
        beside=st.sampled_from([None, "mm", "cm", "pixel"]),
        order=st.permutations(range(3)),
        at=st.tuples(*[st.floats(0, 1)] * 3),
        n_times=st.sampled_from([0, 3]),
    )
    def test_under_any_transform_unit_and_order(self, **drawn):
        viewer, image = viewer_with(**drawn)
        extent = viewer.layers.extent.world
        last = range(viewer.dims.ndim - 3, viewer.dims.ndim)
        viewer.dims.set_point(last, shown_place(extent[:, -3:], drawn["at"]))
        try:
            target, plane = prompted(viewer, image)
        except ImageError as error:
            if "from its edge" not in str(error):
                assert image._slice.empty  # napari shows nothing either
            return
        expected = np.asarray(image._slice.image.raw)
        rows = [axis - viewer.dims.ndim for axis in viewer.dims.displayed]
        given = plane.take(target.volume.array)
        given = given if rows[0] < rows[1] else given.T
        np.testing.assert_array_equal(given, expected)

    @pytest.mark.parametrize("units", ["um", "cm"])
    def test_after_another_layer_brought_a_smaller_unit(self, units, qtbot):
        viewer = ViewerModel()
        image = viewer.add_image(numbered(), scale=SCALE, units="mm")
        viewer.dims.set_point(0, 20.0)
        viewer.add_image(np.zeros(SHAPE), scale=SCALE, units=units)
        cut_anew(viewer, image)
        try:
            target, plane = prompted(viewer, image)
        except ImageError:
            assert image._slice.empty
            return
        shown = np.asarray(image._slice.image.raw)
        np.testing.assert_array_equal(plane.take(target.volume.array), shown)

    def test_several_slices_at_once_are_refused(self):
        image = image_of(projection_mode="mean")
        viewer = viewer_on(image, 0, 3)
        viewer.dims.margin_left = viewer.dims.margin_right = (10.0, 0.0, 0.0)
        with pytest.raises(ImageError, match="several slices of ct at once"):
            shown_slice(viewer.dims, image)

    def test_a_layer_seen_from_its_edge_is_refused(self):
        affine = np.eye(4)
        affine[:3, :3] = [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
        image = image_of(affine=affine)
        viewer = viewer_on(image, 0, 0)
        with pytest.raises(ImageError, match="from its edge"):
            shown_slice(viewer.dims, image)

    def test_halves_go_where_napari_rounds_them(self):
        image = Image(numbered(), scale=SCALE)
        viewer = ViewerModel()
        viewer.add_layer(image)
        for half in (0.5, 1.5, 2.5):
            viewer.dims.set_point(0, half * SCALE[0])
            index = shown_slice(viewer.dims, image).index
            np.testing.assert_array_equal(image.data[index], image._slice.image.raw)


class TestGoToSlice:
    @pytest.mark.parametrize("axis", [0, 1, 2])
    @pytest.mark.parametrize("units", ["mm", "cm"])
    def test_the_slice_asked_for_is_shown(self, axis, units):
        image = Image(
            np.zeros((2, *SHAPE)), scale=(1, *SCALE), units=("pixel", *[units] * 3)
        )
        image.affine = np.block(
            [[np.eye(1), np.zeros((1, 4))], [np.zeros((4, 1)), TURNED]]
        )
        viewer = ViewerModel()
        viewer.add_image(np.zeros(SHAPE), units="mm")
        viewer.add_layer(image)
        wanted = ShownSlice(axis, 3, 1)
        go_to_slice(viewer.dims, image, wanted)
        assert shown_slice(viewer.dims, image) == wanted


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_layer_of_one_slice_is_drawn_over_that_slice(axis):
    image = Image(np.zeros(SHAPE), scale=SCALE, affine=TURNED, units="cm")
    viewer = viewer_on(image, axis, 0)
    shown = ShownSlice(axis, 4)
    go_to_slice(viewer.dims, image, shown)
    thin = list(SHAPE)
    thin[axis] = 1
    over = Labels(np.ones(thin, np.uint8), **placement_over(viewer.dims, image, shown))
    viewer.add_layer(over)
    assert shown_slice(viewer.dims, over) == ShownSlice(axis, 0)
    displayed = list(viewer.dims.displayed)
    matrices = [matrix_in_viewer(viewer.dims, layer) for layer in (image, over)]
    drawn = [m[np.ix_(displayed, [*displayed, 3])] for m in matrices]
    np.testing.assert_allclose(drawn[0], drawn[1], atol=1e-9)


def numbered(shape=SHAPE) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def viewer_with(*, linear, translate, scale, units, beside, order, at, n_times):
    del at
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(linear, (3, 3)) + 1.5 * np.eye(3)
    affine[:3, 3] = translate
    shape, unit = SHAPE, (units,) * 3
    if n_times:
        affine = np.block([[np.eye(1), np.zeros((1, 4))], [np.zeros((4, 1)), affine]])
        shape, scale, unit = (n_times, *SHAPE), (1.0, *scale), ("pixel", *unit)
    viewer = ViewerModel()
    image = Image(numbered(shape), scale=scale, affine=affine, units=unit, name="ct")
    viewer.add_layer(image)
    if beside is not None:
        viewer.add_image(np.zeros(SHAPE), units=beside)
    extra = viewer.dims.ndim - 3
    viewer.dims.order = (*range(extra), *(axis + extra for axis in order))
    if n_times:
        viewer.dims.set_point(0, 1.0)
    return viewer, image


def shown_place(extent, at) -> list[float]:
    return [
        float(low + part * (high - low))
        for (low, high), part in zip(extent.T, at, strict=True)
    ]


def prompted(viewer, image):
    cut_anew(viewer, image)
    shown = shown_slice(viewer.dims, image)
    target = prompt_image_from_layer(image, time=shown.time)
    return target, target.plane(shown.axis, shown.index)
