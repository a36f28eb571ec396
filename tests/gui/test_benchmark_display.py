"""How one result is shown in the viewer."""

from __future__ import annotations

import json

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from napari.utils.colormaps.standardize_color import transform_color

from napari_sam_med.core.prompts import Prompts
from napari_sam_med.gui.benchmark.result_display import (
    BOXES,
    MASK,
    POINTS,
    TRUTH,
    ResultDisplay,
)
from napari_sam_med.gui.napari_io import is_ours
from napari_sam_med.gui.shared.prompt_layers import COLOURS
from napari_sam_med.gui.shared.shown_slice import ShownSlice, shown_slice

SHAPE = (6, 20, 30)
SPACING = (5.0, 0.8, 0.7)


ONE_POINT = (Prompts([(3, 4)], [1]),)


def row(axis=0, index=2, prompts=ONE_POINT):
    texts = [one.to_json() for one in prompts]
    where = {"axis": axis, "slice": index, "case_id": "ct", "profile": "strict"}
    return where | {"prompts": json.dumps(texts)}


@pytest.fixture
def viewer():
    model = ViewerModel()
    place = {"scale": SPACING, "translate": (10.0, 20.0, 30.0)}
    model.add_image(np.zeros(SHAPE), name="ct", **place)
    return model


@pytest.fixture
def display(viewer):
    return ResultDisplay(viewer)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("index", [0, 5])
def test_the_viewer_goes_to_the_slice_across_its_axis(viewer, display, axis, index):
    viewer.dims.ndisplay = 3
    display.show_row(row(axis, index), viewer.layers["ct"])
    assert shown_slice(viewer.dims, viewer.layers["ct"]) == ShownSlice(axis, index)


def test_rows_and_columns_keep_their_order_on_the_screen(viewer, display):
    display.show_row(row(axis=1), viewer.layers["ct"])
    assert viewer.dims.order == (1, 0, 2)


def test_axes_of_other_layers_stay_in_front(viewer, display):
    viewer.add_image(np.zeros((2, *SHAPE)), name="time series")
    display.show_row(row(axis=2, index=7), viewer.layers["ct"])
    assert viewer.dims.order == (0, 3, 1, 2)
    assert shown_slice(viewer.dims, viewer.layers["ct"]) == ShownSlice(2, 7)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_masks_lie_on_the_slice(viewer, display, axis):
    image = viewer.layers["ct"]
    display.show_row(row(axis, 3), image)
    mask = np.zeros([n for a, n in enumerate(SHAPE) if a != axis], dtype=bool)
    mask[1, 4] = True
    display.show_masks(mask, mask)
    voxel = np.insert([1.0, 4.0], axis, 3.0)
    for name in (MASK, TRUTH):
        layer = viewer.layers[name]
        assert layer.data.size == mask.size
        [inside] = np.argwhere(layer.data)
        np.testing.assert_allclose(
            layer.data_to_world(inside), image.data_to_world(voxel)
        )


def test_the_truth_is_an_outline_and_the_mask_is_filled(viewer, display):
    display.show_row(row(), viewer.layers["ct"])
    mask = np.ones(SHAPE[1:], dtype=bool)
    display.show_masks(mask, mask)
    assert viewer.layers[TRUTH].contour > 0
    assert viewer.layers[MASK].contour == 0


def test_points_keep_their_place_and_their_meaning(viewer, display):
    prompts = Prompts([(3, 4), (5, 6)], [1, 0])
    display.show_row(row(2, 9, (prompts,)), viewer.layers["ct"])
    layer = viewer.layers[POINTS]
    assert layer.data.tolist() == [[3, 4, 9], [5, 6, 9]]
    np.testing.assert_allclose(
        layer.data_to_world((1, 2, 3)), viewer.layers["ct"].data_to_world((1, 2, 3))
    )
    wanted = transform_color([COLOURS[1], COLOURS[0]])
    np.testing.assert_allclose(layer.face_color, wanted, atol=1e-6)


def test_boxes_enclose_their_pixels_and_lie_on_the_slice(viewer, display):
    prompts = (Prompts(box_rc=(1, 2, 3, 4)), Prompts(box_rc=(0, 0, 0, 0)))
    display.show_row(row(0, 5, prompts), viewer.layers["ct"])
    first, second = viewer.layers[BOXES].data
    assert first.tolist() == [
        [5, 0.5, 1.5],
        [5, 0.5, 4.5],
        [5, 3.5, 4.5],
        [5, 3.5, 1.5],
    ]
    assert np.ptp(second, axis=0).tolist() == [0, 1, 1]
    assert POINTS not in viewer.layers


def test_the_next_result_takes_the_last_away(viewer, display):
    image = viewer.layers["ct"]
    display.show_row(row(0, 5, (Prompts(box_rc=(1, 2, 3, 4)),)), image)
    display.show_masks(np.ones(SHAPE[1:], dtype=bool), None)
    display.show_row(row(), image)
    assert {layer.name for layer in viewer.layers} == {"ct", POINTS}


def test_prompts_lie_above_the_mask(viewer, display):
    prompts = (Prompts([(3, 4)], [1], (1, 2, 3, 4)),)
    display.show_row(row(prompts=prompts), viewer.layers["ct"])
    mask = np.ones(SHAPE[1:], dtype=bool)
    display.show_masks(mask, mask)
    names = [layer.name for layer in viewer.layers]
    assert names == ["ct", MASK, TRUTH, BOXES, POINTS]


def test_layers_that_would_cover_the_image_are_hidden(viewer, display):
    image = viewer.layers["ct"]
    image.visible = False
    other = viewer.add_image(np.zeros(SHAPE), name="other")
    display.show_row(row(), image, hidden=[image, other])
    assert image.visible
    assert not other.visible


def test_layers_of_results_are_marked_as_the_docks_own(viewer, display):
    display.show_row(row(), viewer.layers["ct"])
    display.show_masks(np.ones(SHAPE[1:], dtype=bool), None)
    assert all(is_ours(layer) for layer in viewer.layers if layer.name != "ct")


def test_the_persons_layer_stays_selected(viewer, display):
    image = viewer.layers["ct"]
    viewer.layers.selection.active = image
    display.show_row(row(), image)
    display.show_masks(np.ones(SHAPE[1:], dtype=bool), None)
    assert viewer.layers.selection.active is image


def test_a_flat_image_needs_no_slice():
    viewer = ViewerModel()
    image = viewer.add_layer(Image(np.zeros((20, 30)), name="xray"))
    display = ResultDisplay(viewer)
    display.show_row(row(0, 0), image)
    display.show_masks(np.eye(20, 30, dtype=bool), np.eye(20, 30, dtype=bool))
    assert viewer.layers[POINTS].data.tolist() == [[3, 4]]
    assert viewer.layers[MASK].data.shape == (20, 30)


def test_masks_without_a_row_show_nothing(viewer, display):
    display.show_masks(np.ones(SHAPE[1:], dtype=bool), None)
    assert [layer.name for layer in viewer.layers] == ["ct"]


def test_a_small_object_is_brought_into_the_middle_of_the_canvas(viewer, display):
    image = viewer.layers["ct"]
    display.show_row(row(axis=1, index=4), image)
    mask = np.zeros((6, 30), dtype=bool)
    mask[4:6, 20:24] = True
    camera = getattr(viewer, "scene", viewer).camera
    camera.zoom = before = 4.0
    display.show_masks(mask, None)
    middle = image.data_to_world((4.5, 4.0, 21.5))
    np.testing.assert_allclose(camera.center[-2:], (middle[0], middle[2]))
    assert camera.zoom > before


def test_a_result_is_hidden_with_its_tab_and_comes_back(viewer, display):
    display.show_row(row(), viewer.layers["ct"])
    display.set_visible(False)
    assert [layer.visible for layer in viewer.layers] == [True, False]
    display.set_visible(True)
    assert viewer.layers[POINTS].visible
