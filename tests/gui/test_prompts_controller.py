"""The dock's rules on a viewer without a window: fast, and with the real thread."""

import numpy as np
import pytest
from napari.components import ViewerModel

from fakes.fake_segmenter import FakeSegmenter, fake_mask
from fakes.fake_shelf import FakeShelf
from fakes.held_segmenter import HeldSegmenter
from fakes.prompts_desk import rest
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.gui.prompting.canvas import Tool
from napari_sam_med.gui.prompting.prompts_controller import PromptsController
from napari_sam_med.gui.prompting.shown_image import WINDOW_WAIT_MS
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.prompting.views.rows.embedding_options import (
    EmbeddingSettings,
)
from napari_sam_med.gui.shared.prompt_vertices import rectangle_from_box
from napari_sam_med.session.background.services import Services
from napari_sam_med.session.volume_prompts import PlacedBox

SHAPE = (12, 30, 40)
SCALE = (5.0, 0.8, 0.8)
ORDERS = {0: (0, 1, 2), 1: (1, 0, 2), 2: (2, 0, 1)}


class Desk:
    """A viewer model, the dock's widget and its controller."""

    def __init__(self, qtbot, model=None, array=None, **kwargs) -> None:
        self.qtbot = qtbot
        self.viewer = ViewerModel()
        if array is None:
            array = np.zeros(SHAPE, dtype=np.float32)
        kwargs = {"name": "ct", "contrast_limits": (0, 1), "scale": SCALE} | kwargs
        kwargs["scale"] = kwargs["scale"][-array.ndim :]
        if array.ndim == 4:
            kwargs["scale"] = (1.0, *kwargs["scale"])
        self.image = self.viewer.add_image(array, **kwargs)
        self.view = PromptsView()
        qtbot.addWidget(self.view)
        self.services = Services()
        self.control = PromptsController(
            self.viewer, self.view, FakeShelf(model), self.services
        )
        self.session = self.control.session

    def wait_for_model(self) -> None:
        self.qtbot.waitUntil(lambda: self.session.model is not None)

    def go_to(self, axis: int, index: int) -> None:
        self.viewer.dims.order = ORDERS[axis]
        self.viewer.dims.set_current_step(axis, index)

    def click(self, voxel, label: int = 1) -> None:
        self.control.click(self.image.data_to_world(voxel), label)
        self.settle()

    def send(self, signal, *values) -> None:
        """Do what a button does, and wait until all is drawn."""
        signal.emit(*values)
        self.settle()

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.control.drawing.is_done)

    def wait_for_candidates(self) -> None:
        self.qtbot.waitUntil(
            lambda: self.session.is_fresh and self.control.drawing.is_done
        )

    def own_layers(self) -> list[str]:
        return [layer.name for layer in self.viewer.layers if layer is not self.image]

    @property
    def labels(self):
        return self.viewer.layers["ct segmentation"]

    @property
    def status(self) -> tuple[str, str]:
        return self.view.status.phase, self.view.status.text.text()


@pytest.fixture
def make_desk(qtbot):
    desks = []

    def make(*args, **kwargs) -> Desk:
        desks.append(Desk(qtbot, *args, **kwargs))
        return desks[-1]

    yield make
    for desk in desks:
        desk.control.close()
        assert desk.services.wait_for_end(30)


@pytest.fixture
def desk(make_desk) -> Desk:
    desk = make_desk()
    desk.wait_for_model()
    return desk


def test_layers_to_prompt_in_are_made_and_ready(desk):
    assert desk.own_layers() == [
        "candidates",
        "candidates: outlines",
        "prompts: boxes",
        "prompts: points",
    ]
    assert desk.viewer.layers.selection.active is desk.image


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_click_choose_accept_writes_the_mask_on_the_slice_shown(desk, axis):
    voxel = (6.0, 14.0, 20.0)
    index = int(voxel[axis])
    desk.go_to(axis, index)
    desk.click(voxel)
    desk.wait_for_candidates()
    desk.send(desk.view.candidates.chosen, 0)
    expected = desk.session.candidates.masks[0]
    assert expected.any()
    desk.send(desk.view.write.accept_requested)
    written = np.zeros(SHAPE, dtype=bool)
    np.moveaxis(written, axis, 0)[index] = expected
    np.testing.assert_array_equal(desk.labels.data == 1, written)
    np.testing.assert_allclose(
        desk.labels.data_to_world((1, 2, 3)), desk.image.data_to_world((1, 2, 3))
    )


def test_an_axial_mask_is_the_models_own(desk):
    desk.go_to(0, 3)
    desk.click((3.0, 14.0, 20.0))
    desk.wait_for_candidates()
    np.testing.assert_array_equal(
        desk.session.candidates.masks[0],
        fake_mask((30, 40), Prompts([(14, 20)], [1]), 8.0),
    )


def test_the_best_candidate_is_chosen_and_shown(desk):
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    cards = desk.view.candidates.cards
    assert [card.score.text() for card in cards] == ["0.80", "0.90", "0.70"]
    assert (desk.control.painter.overlay.layer.data == 2).any()
    desk.send(desk.view.candidates.chosen, 2)
    assert (desk.control.painter.overlay.layer.data == 3).any()


def test_a_preview_does_not_change_what_is_chosen(desk):
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    overlay = desk.control.painter.overlay
    desk.send(desk.view.candidates.previewed, 0)
    assert (overlay.layer.data == 1).any()
    assert desk.session.chosen == 1
    desk.send(desk.view.candidates.previewed, -1)
    assert (overlay.layer.data == 2).any()


def test_a_click_outside_the_image_adds_nothing(desk):
    desk.click((6.0, 14.0, 99.0))
    assert desk.session.state.prompts.is_empty
    assert desk.status[1] == "Click on ct"


def test_masks_of_another_label_are_kept_unless_unticked(desk):
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.accept_requested)
    first = (desk.labels.data == 1).sum()
    desk.send(desk.view.write.next_requested)
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.accept_requested)
    assert desk.status[0] == "error"
    assert "untick Preserve labels" in desk.status[1]
    assert (desk.labels.data == 1).sum() == first
    desk.view.write.keep_others.setChecked(False)
    desk.send(desk.view.write.accept_requested)
    assert f"label 1 loses {first} voxels; accept again" in desk.status[1]
    assert (desk.labels.data == 1).sum() == first
    desk.send(desk.view.write.accept_requested)
    assert desk.status == (
        "ready",
        f"Wrote {first} pixels under label 2 on slice 5; label 1 loses {first} voxels",
    )
    assert (desk.labels.data == 2).sum() == first
    assert desk.labels.selected_label == 2


def test_what_preserved_labels_keep_of_a_mask_is_told(desk):
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.accept_requested)
    first = desk.labels.data == 1
    desk.send(desk.view.write.next_requested)
    desk.click((6.0, 14.0, 24.0))
    desk.wait_for_candidates()
    (chosen,) = desk.session.to_accept()
    desk.send(desk.view.write.accept_requested)
    kept = (chosen.mask & first[5]).sum()
    written = (desk.labels.data == 2).sum()
    assert written
    assert desk.status[1] == (
        f"Wrote {written} pixels under label 2 on slice 5; "
        f"label 1 keeps {kept} voxels of it"
    )


def test_undo_takes_the_mask_back_and_brings_its_candidates(desk):
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.accept_requested)
    assert desk.labels.data.any()
    desk.send(desk.view.write.undo_requested)
    assert not desk.labels.data.any()
    desk.wait_for_candidates()
    assert len(desk.control.layers.points.data) == 1
    desk.send(desk.view.write.redo_requested)
    assert desk.labels.data.any()


def test_clearing_takes_points_and_candidates_away(desk):
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.clear_requested)
    assert len(desk.control.layers.points.data) == 0
    assert not desk.control.painter.overlay.is_shown
    assert desk.view.candidates.currentIndex() == 0


def test_prompts_wait_on_their_slice(desk):
    desk.go_to(0, 6)
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.go_to(0, 7)
    assert desk.session.candidates is None
    assert not desk.control.painter.overlay.is_shown
    desk.go_to(0, 6)
    desk.wait_for_candidates()


def test_an_answer_for_a_slice_that_was_left_is_dropped(make_desk, qtbot):
    model = HeldSegmenter()
    desk = make_desk(model)
    desk.wait_for_model()
    model.may_embed.clear()
    desk.go_to(0, 6)
    desk.click((6.0, 14.0, 20.0))
    qtbot.waitUntil(model.is_embedding.is_set)
    desk.go_to(0, 7)
    model.may_embed.set()
    qtbot.waitUntil(lambda: model.n_predict == 1)
    rest(desk.services, qtbot)
    assert desk.session.candidates is None
    assert not desk.control.painter.overlay.is_shown


def test_a_drawn_rectangle_is_a_box_and_the_tool_returns_to_points(desk, qtbot):
    desk.go_to(1, 9)
    desk.send(desk.view.tools.tool_chosen, "box")
    box = PlacedBox(1, 9, (2.0, 5.0, 8.0, 25.0))
    desk.control.layers.boxes.add_rectangles(rectangle_from_box(box, 3))
    desk.wait_for_candidates()
    boxes = desk.session.state.prompts.boxes_on(desk.session.plane)
    assert boxes == [box.box_rc]
    assert desk.control.tools.tool is Tool.INCLUDE


def test_points_edited_with_naparis_tools_count(desk, qtbot):
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    points = desk.control.layers.points
    points.selected_data = {0}
    points.remove_selected()
    qtbot.waitUntil(lambda: desk.session.state.prompts.is_empty)
    assert desk.session.candidates is None


def test_another_window_is_embedded_again(make_desk, qtbot):
    model = FakeSegmenter()
    desk = make_desk(model)
    desk.view.outputs.embeddings.form.value = EmbeddingSettings(prefetch=False)
    desk.wait_for_model()
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    for high in (0.9, 0.7, 0.5):
        desk.image.contrast_limits = (0, high)
    qtbot.waitUntil(lambda: model.n_predict == 2)
    desk.wait_for_candidates()
    assert desk.session.image.window.high == 0.5
    assert model.n_embed == 2


def test_a_model_for_boxes_greys_out_points(desk, qtbot):
    desk.send(desk.view.source.model_chosen, "box_only")
    desk.wait_for_model()
    qtbot.waitUntil(lambda: not desk.view.tools.buttons["include"].isEnabled())
    assert desk.view.tools.buttons["box"].isEnabled()


def test_a_model_without_weights_says_so_and_loses_no_prompt(desk, qtbot):
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.source.model_chosen, "missing")
    qtbot.waitUntil(lambda: desk.status[0] == "error")
    assert desk.status[1] == "missing has no weights file; give its path"
    assert not desk.session.state.prompts.is_empty


def test_no_image_says_what_to_do(desk, qtbot):
    desk.viewer.layers.remove(desk.image)
    qtbot.waitUntil(lambda: desk.own_layers() == [])
    desk.send(desk.view.write.accept_requested)
    assert "Open an image" in desk.status[1]


def test_the_new_labels_layer_is_the_one_shown_in_the_list(desk):
    assert desk.view.write.labels.currentText() == "a new Labels layer"
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.accept_requested)
    assert desk.view.write.labels.currentText() == "ct segmentation"


def test_accepting_nothing_says_what_to_do(desk):
    desk.send(desk.view.write.accept_requested)
    assert desk.status == (
        "error",
        "there is no mask to accept; click on the image or draw a box first",
    )


def test_a_5d_image_says_so(make_desk):
    desk = make_desk(array=np.zeros((2, 2, 4, 20, 20)), scale=(1.0,) * 5)
    assert desk.status[0] == "error"
    assert "ct has 5 dimensions" in desk.status[1]
    desk.click((0.0, 0.0, 1.0, 3.0, 3.0))
    assert "ct has 5 dimensions" in desk.status[1]


def test_each_time_point_has_its_own_prompts_and_labels(make_desk):
    array = np.zeros((3, *SHAPE), dtype=np.float32)
    desk = make_desk(array=array)
    desk.wait_for_model()
    for time, column in ((1, 10.0), (2, 25.0)):
        desk.viewer.dims.set_point((0, 1), (time, 6 * SCALE[0]))
        assert desk.session.state.prompts.is_empty
        desk.click((time, 6.0, 14.0, column))
        desk.wait_for_candidates()
        points = desk.control.layers.points.data
        np.testing.assert_allclose(points, [[time, 6.0, 14.0, column]])
        desk.send(desk.view.write.accept_requested)
    filled = [np.argwhere(desk.labels.data[time]).mean(axis=0) for time in (1, 2)]
    np.testing.assert_allclose(filled, [(6, 14, 10), (6, 14, 25)])
    assert not desk.labels.data[0].any()
    desk.send(desk.view.write.undo_requested)
    assert desk.labels.data[1].any()
    assert not desk.labels.data[2].any()


def test_a_view_along_time_is_refused_in_a_sentence(make_desk):
    desk = make_desk(array=np.zeros((3, *SHAPE), dtype=np.float32))
    desk.wait_for_model()
    desk.viewer.dims.order = (1, 2, 0, 3)
    assert "roll its axes back" in desk.status[1]


def test_a_slice_with_nan_says_so_and_the_next_slice_works(make_desk, qtbot):
    array = np.zeros(SHAPE, dtype=np.float32)
    array[6, 3, 3] = np.nan
    desk = make_desk(array=array)
    desk.wait_for_model()
    desk.go_to(0, 6)
    desk.click((6.0, 14.0, 20.0))
    qtbot.waitUntil(lambda: desk.status[0] == "error")
    assert "slice 6 of ct has 1 NaN" in desk.status[1]
    desk.go_to(0, 5)
    desk.click((5.0, 14.0, 20.0))
    desk.wait_for_candidates()


def test_a_3d_view_keeps_the_prompts(desk):
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.viewer.dims.ndisplay = 3
    assert "switch to 2-D" in desk.status[1]
    assert len(desk.control.layers.points.data) == 1
    desk.viewer.dims.ndisplay = 2
    desk.wait_for_candidates()


@pytest.mark.parametrize(
    ("shape", "place", "words"),
    [
        ((3, 3, 3), {}, "3 x 3 x 3 voxels for 12 x 30 x 40"),
        (SHAPE, {"scale": (5.0, 1.6, 1.6)}, "voxels of 5 x 1.6 x 1.6 mm"),
        (SHAPE, {"translate": (0.0, 0.0, 8.0)}, "its voxels lie 8 mm away"),
        (SHAPE, {"affine": np.diag([1.0, 1, -1, 1])}, "axes in other directions"),
    ],
)
def test_labels_on_another_grid_are_refused_and_the_mask_stays(
    desk, shape, place, words
):
    place = {"scale": SCALE} | place
    other = desk.viewer.add_labels(np.zeros(shape, np.uint8), name="small", **place)
    desk.send(desk.view.write.labels_chosen, str(other.unique_id))
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.accept_requested)
    assert f"small lies on another grid than ct ({words}" in desk.status[1]
    assert desk.session.candidates is not None
    assert not other.data.any()


def test_labels_on_another_grid_are_offered_resampled_in_a_new_layer(desk, qtbot):
    data = np.zeros((12, 30, 20), np.uint8)
    data[6, 14, 5] = 3  # its centre lies between the image's columns 10 and 11
    other = desk.viewer.add_labels(
        data, name="half", scale=(5.0, 0.8, 1.6), translate=(0.0, 0.0, 0.4)
    )
    options = desk.view.write.labels
    index = options.findText("half, resampled")
    assert index > 0
    desk.send(desk.view.write.labels_chosen, options.itemData(index))
    qtbot.waitUntil(lambda: "half on ct" in desk.viewer.layers)
    onto = desk.viewer.layers["half on ct"]
    assert np.argwhere(onto.data == 3).tolist() == [[6, 14, 10], [6, 14, 11]]
    np.testing.assert_allclose(
        onto.data_to_world((1, 2, 3)), desk.image.data_to_world((1, 2, 3))
    )
    assert options.currentText() == "half on ct"
    desk.go_to(0, 6)
    desk.click((6.0, 14.0, 30.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.accept_requested)
    assert onto.data[6, 14, 30] == other.selected_label


def test_a_layer_of_bytes_is_widened_for_a_label_that_it_cannot_hold(desk):
    mine = desk.viewer.add_labels(
        np.full(SHAPE, 7, dtype=np.uint8), name="organs", scale=SCALE
    )
    desk.send(desk.view.write.labels_chosen, str(mine.unique_id))
    desk.view.write.keep_others.setChecked(False)
    desk.send(desk.view.write.label_chosen, 300)
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.accept_requested)
    desk.send(desk.view.write.accept_requested)  # the other object loses pixels
    assert mine.data.dtype == np.uint16
    assert np.unique(mine.data).tolist() == [7, 300]
    assert mine.selected_label == 300
    desk.send(desk.view.write.undo_requested)
    assert np.unique(mine.data).tolist() == [7]


def test_a_large_layer_is_searched_for_a_free_label_on_another_thread(desk, qtbot):
    big = desk.viewer.add_image(np.zeros((140, 128, 128), np.uint8), name="big")
    mine = desk.viewer.add_labels(np.ones(big.data.shape, np.uint8), name="organs")
    desk.send(desk.view.source.image_chosen, str(big.unique_id))
    desk.send(desk.view.write.labels_chosen, str(mine.unique_id))
    desk.view.write.next_requested.emit()
    assert mine.selected_label == 1  # no answer can have come yet
    qtbot.waitUntil(lambda: mine.selected_label == 2)


def test_what_is_drawn_follows_an_image_that_is_moved_and_scaled(desk, qtbot):
    desk.go_to(0, 6)
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.image.scale = (4.0, 1.0, 1.0)
    desk.image.translate = (-3.0, 20.0, 7.0)
    points = desk.control.layers.points
    world = desk.image.data_to_world((6.0, 14.0, 20.0))
    qtbot.waitUntil(lambda: np.allclose(points.data_to_world(points.data[0]), world))
    np.testing.assert_allclose(points.data, [[6.0, 14.0, 20.0]])


def test_a_moved_image_keeps_its_embeddings(make_desk, qtbot):
    model = FakeSegmenter()
    desk = make_desk(model)
    desk.view.outputs.embeddings.form.value = EmbeddingSettings(prefetch=False)
    desk.wait_for_model()
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.image.translate = (0.0, 20.0, 7.0)
    qtbot.wait(20)
    desk.click((6.0, 15.0, 21.0))
    desk.wait_for_candidates()
    assert model.n_embed == 1


def test_a_chosen_labels_layer_is_written_under_its_selected_label(desk):
    mine = desk.viewer.add_labels(np.zeros(SHAPE, np.uint8), name="organs", scale=SCALE)
    mine.selected_label = 9
    desk.send(desk.view.write.labels_chosen, str(mine.unique_id))
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.accept_requested)
    assert np.unique(mine.data).tolist() == [0, 9]


def test_a_label_selected_in_naparis_controls_is_the_one_written(desk):
    mine = desk.viewer.add_labels(np.zeros(SHAPE, np.uint8), name="organs", scale=SCALE)
    desk.send(desk.view.write.labels_chosen, str(mine.unique_id))
    mine.selected_label = 4
    assert desk.view.write.label.value() == 4
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.accept_requested)
    assert np.unique(mine.data).tolist() == [0, 4]


def test_the_next_object_takes_the_first_number_not_yet_used(desk):
    data = np.zeros(SHAPE, dtype=np.uint8)
    data[0, 0, :3] = (1, 2, 4)
    mine = desk.viewer.add_labels(data, name="organs", scale=SCALE)
    desk.send(desk.view.write.labels_chosen, str(mine.unique_id))
    desk.send(desk.view.write.next_requested)
    assert (mine.selected_label, desk.view.write.label.value()) == (3, 3)
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.accept_requested)
    desk.send(desk.view.write.next_requested)
    assert mine.selected_label == 5
    desk.send(desk.view.write.next_requested)
    assert mine.selected_label == 5  # nothing was written under it


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("ndim", [2, 3])
def test_all_layers_lie_where_an_image_with_an_origin_lies(make_desk, axis, ndim):
    if ndim == 2 and axis:
        return
    origin, shape = (-120.0, 33.5, 7.25), SHAPE
    voxel = (6.0, 14.0, 20.0)
    desk = make_desk(array=np.zeros(shape[-ndim:]), translate=origin[-ndim:])
    desk.wait_for_model()
    if ndim == 3:
        desk.go_to(axis, int(voxel[axis]))
    desk.viewer.dims.set_point(axis, desk.image.data_to_world(voxel[-ndim:])[axis])
    desk.click(voxel[-ndim:])
    desk.wait_for_candidates()
    world = desk.image.data_to_world(voxel[-ndim:])
    points, overlay = desk.control.layers.points, desk.control.painter.overlay.layer
    np.testing.assert_allclose(points.data_to_world(points.data[0]), world)
    desk.send(desk.view.write.accept_requested)
    for layer in (overlay, desk.labels):
        filled = np.argwhere(layer.data)
        middle = (filled.min(axis=0) + filled.max(axis=0)) / 2
        np.testing.assert_allclose(layer.data_to_world(middle), world)
    box = desk.control.layers.boxes
    np.testing.assert_allclose(
        box.data_to_world(voxel[-ndim:]), desk.image.data_to_world(voxel[-ndim:])
    )


def test_a_2d_image_is_prompted_and_written(make_desk):
    desk = make_desk(array=np.zeros((30, 40)))
    desk.wait_for_model()
    desk.click((14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.accept_requested)
    assert desk.labels.data.shape == (30, 40)
    assert (desk.labels.data == 1).sum() == 49


def test_a_colour_image_is_prompted(make_desk):
    array = np.zeros((30, 40, 3), dtype=np.uint8)
    desk = make_desk(array=array, rgb=True, scale=(1.0, 1.0), contrast_limits=None)
    desk.wait_for_model()
    desk.click((14.0, 20.0))
    desk.wait_for_candidates()
    desk.send(desk.view.write.accept_requested)
    assert desk.labels.data.shape == (30, 40)


def test_layers_removed_while_the_model_works_do_no_harm(make_desk, qtbot):
    model = HeldSegmenter()
    desk = make_desk(model)
    desk.wait_for_model()
    model.may_embed.clear()
    desk.click((6.0, 14.0, 20.0))
    qtbot.waitUntil(model.is_embedding.is_set)
    for layer in list(desk.viewer.layers):
        desk.viewer.layers.remove(layer)
    model.may_embed.set()
    rest(desk.services, qtbot)
    assert desk.own_layers() == []
    desk.image = desk.viewer.add_image(np.zeros((5, 30, 40)), name="ct")
    desk.click((2.0, 14.0, 20.0))
    desk.wait_for_candidates()


def test_removing_the_points_layer_removes_the_points(desk, qtbot):
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    desk.viewer.layers.remove(desk.control.layers.points)
    qtbot.waitUntil(lambda: desk.session.state.prompts.is_empty)
    desk.send(desk.view.write.undo_requested)
    assert len(desk.control.layers.points.data) == 1


def test_preparing_slices_shows_progress_and_ends(make_desk, qtbot):
    model = HeldSegmenter()
    desk = make_desk(model)
    desk.wait_for_model()
    model.may_embed.clear()
    desk.view.outputs.precompute_requested.emit()
    qtbot.waitUntil(lambda: desk.view.outputs.precompute.text() == "Stop")
    model.may_embed.set()
    qtbot.waitUntil(lambda: desk.session.precompute is None)
    qtbot.waitUntil(lambda: desk.control.drawing.is_done)
    assert desk.status[1] == "12 of 12 slices have embeddings"
    assert desk.view.outputs.precompute.text() == "Precompute embeddings"


def test_two_images_keep_their_own_prompts(desk):
    desk.click((6.0, 14.0, 20.0))
    other = desk.viewer.add_image(np.zeros(SHAPE), name="mr", scale=SCALE)
    assert desk.control.image is desk.image
    desk.send(desk.view.source.image_chosen, str(other.unique_id))
    assert desk.session.state.prompts.is_empty
    desk.send(desk.view.source.image_chosen, str(desk.image.unique_id))
    assert not desk.session.state.prompts.is_empty
    assert len(desk.control.layers.points.data) == 1


def test_nothing_reacts_after_closing(desk, qtbot):
    desk.click((6.0, 14.0, 20.0))
    desk.control.close()
    desk.viewer.dims.set_current_step(0, 3)
    desk.viewer.add_image(np.zeros(SHAPE))
    desk.image.contrast_limits = (0, 0.25)
    desk.image.data = np.ones(SHAPE)
    before = desk.session.image
    qtbot.wait(2 * WINDOW_WAIT_MS)
    assert desk.session.image is before
    assert desk.services.wait_for_end(30)
    assert list(desk.viewer.mouse_drag_callbacks) == list(
        ViewerModel().mouse_drag_callbacks
    )


@pytest.mark.parametrize("what", ["clear", "undo"])
def test_nothing_is_said_of_masks_that_are_gone(desk, what):
    desk.click((6.0, 14.0, 20.0))
    desk.wait_for_candidates()
    assert "masks" in desk.status[1]
    desk.send(getattr(desk.view.write, f"{what}_requested"))
    assert desk.session.candidates is None
    assert "masks" not in desk.status[1]


def test_a_file_of_ones_own_that_fails_is_said_of_the_model_no_longer(
    make_desk, qtbot, tmp_path
):
    desk = make_desk()
    desk.wait_for_model()
    desk.control.models.choose("missing", tmp_path / "own.pth")
    assert desk.control.models.weights is not None
    qtbot.waitUntil(lambda: desk.status[0] == "error")
    assert desk.control.models.weights is None
