"""Names, colours and locks belong to Labels layers, whichever image is prompted."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from fakes.call_counts import counted_calls
from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.session.objects import MaskPlace, MaskSource

CONTROL = Qt.KeyboardModifier.ControlModifier
RED = (250, 10, 20)


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    data = np.zeros(SHAPE, dtype=np.uint8)
    data[2:5, 10:20, 10:20] = 2
    desk.labels = desk.viewer.add_labels(data, name="organs", scale=SCALE)
    array = np.random.default_rng(0).random(SHAPE, dtype=np.float32)
    desk.other = desk.viewer.add_image(array, name="t2", scale=SCALE)
    for image in (desk.other, desk.image):
        see(desk, image)
        write_to(desk, desk.labels)
    desk.send(desk.view.write.label_chosen, 2)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def see(desk, image) -> None:
    desk.send(desk.view.source.image_chosen, str(image.unique_id))


def write_to(desk, labels) -> None:
    desk.send(desk.view.write.labels_chosen, str(labels.unique_id))


def say(desk, label: int = 2) -> None:
    desk.send(desk.view.objects.renamed, label, "liver")
    desk.send(desk.view.objects.recoloured, label, RED)
    desk.send(desk.view.objects.locked, label, True)  # noqa: FBT003 - a signal


def row(desk, label: int = 2):
    def found():
        return [each for each in desk.view.objects.rows if each.label == label]

    desk.qtbot.waitUntil(lambda: bool(found()))  # voxels are counted a little later
    return found()[0]


def said(desk, label: int = 2):
    found = row(desk, label)
    return found.name, found.colour == RED, found.is_locked


def test_what_is_said_of_an_object_holds_when_another_image_is_prompted(desk):
    say(desk)
    see(desk, desk.other)
    assert said(desk) == ("liver", True, True)
    assert desk.labels.metadata["label_names"] == {2: "liver"}
    desk.send(desk.view.write.label_chosen, 2)
    desk.go_to(0, 3)
    before = desk.labels.data.copy()
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    assert "label 2 is locked" in desk.told
    np.testing.assert_array_equal(desk.labels.data, before)


def test_each_labels_layer_of_an_image_has_its_own(desk):
    second = desk.viewer.add_labels(desk.labels.data.copy(), scale=SCALE)
    say(desk)
    write_to(desk, second)
    desk.send(desk.view.write.label_chosen, 2)
    assert said(desk) == ("", False, False)
    assert "label_names" not in second.metadata
    desk.go_to(0, 3)
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    assert (second.data[3] == 2).sum() != (desk.labels.data[3] == 2).sum()
    write_to(desk, desk.labels)
    assert said(desk) == ("liver", True, True)


def test_a_step_back_takes_back_no_more_than_it_has_done(desk):
    desk.send(desk.view.objects.renamed, 2, "liver")
    see(desk, desk.other)
    desk.send(desk.view.objects.locked, 2, True)  # noqa: FBT003 - a signal
    see(desk, desk.image)
    assert said(desk) == ("liver", False, True)
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert said(desk) == ("", False, True)
    see(desk, desk.other)
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert said(desk) == ("", False, False)


def test_a_mask_of_an_object_locked_meanwhile_is_neither_undone_nor_redone(desk):
    desk.go_to(0, 3)
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    before = desk.labels.data.copy()
    see(desk, desk.other)
    desk.send(desk.view.objects.locked, 2, True)  # noqa: FBT003 - a signal
    see(desk, desk.image)
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert "label 2 is locked" in desk.told
    np.testing.assert_array_equal(desk.labels.data, before)
    see(desk, desk.other)
    desk.key(Qt.Key.Key_Z, CONTROL)
    see(desk, desk.image)
    desk.key(Qt.Key.Key_Z, CONTROL)
    undone = desk.labels.data.copy()
    assert (undone != before).any()
    see(desk, desk.other)
    desk.send(desk.view.objects.locked, 2, True)  # noqa: FBT003 - a signal
    see(desk, desk.image)
    desk.key(Qt.Key.Key_Z, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert "label 2 is locked" in desk.told
    np.testing.assert_array_equal(desk.labels.data, undone)


@pytest.fixture
def cine(desk):
    data = np.zeros((2, *SHAPE), dtype=np.uint8)
    data[:, 2:5, 10:20, 10:20] = 2
    array = np.random.default_rng(1).random(data.shape, dtype=np.float32)
    image = desk.viewer.add_image(array, name="cine", scale=(1, *SCALE))
    labels = desk.viewer.add_labels(data, name="chambers", scale=(1, *SCALE))
    see(desk, image)
    write_to(desk, labels)
    at(desk, 0)
    desk.send(desk.view.write.label_chosen, 2)
    desk.labels = labels
    return image


def at(desk, time: int) -> None:
    desk.viewer.dims.set_current_step(0, time)
    desk.viewer.dims.set_current_step(1, 3)
    desk.settle()


def test_what_is_said_of_an_object_holds_at_all_time_points(desk, cine):
    say(desk)
    at(desk, 1)
    desk.send(desk.view.write.label_chosen, 2)
    assert said(desk) == ("liver", True, True)
    desk.send(desk.view.objects.delete_requested, 2)
    assert "label 2 is locked" in desk.told
    assert (desk.labels.data[1] == 2).any()


def test_an_object_deleted_at_one_time_point_keeps_its_name_at_the_others(desk, cine):
    desk.send(desk.view.objects.renamed, 2, "liver")
    desk.send(desk.view.objects.delete_requested, 2)
    assert not (desk.labels.data[0] == 2).any()
    at(desk, 1)
    desk.send(desk.view.write.label_chosen, 2)
    assert row(desk).name == "liver"
    desk.send(desk.view.objects.delete_requested, 2)
    assert row(desk).name == ""


def test_scores_are_those_of_the_time_point_that_is_shown(desk, cine):
    desk.view.controller.click((0, *np.multiply(SCALE, (3, 15, 15))), 1)
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    assert row(desk).lowest is not None
    at(desk, 1)
    desk.send(desk.view.write.label_chosen, 2)
    assert row(desk).lowest is None
    at(desk, 0)
    assert row(desk).lowest is not None


def test_slices_accepted_in_one_image_are_kept_when_another_is_propagated(desk):
    desk.go_to(0, 3)
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    assert row(desk).lowest is not None
    see(desk, desk.other)
    desk.send(desk.view.write.label_chosen, 2)
    assert row(desk).lowest is not None


def named(desk):
    """Labels as a file with three names gives them, of which it holds two."""
    data = np.zeros(SHAPE, dtype=np.uint8)
    data[2:5, 10:20, 10:20], data[2:5, 30:40, 10:20] = 1, 2
    names = {1: "liver", 2: "tumour", 9: "spleen"}
    labels = desk.viewer.add_labels(
        data, name="named", scale=SCALE, metadata={"label_names": names}
    )
    write_to(desk, labels)
    desk.send(desk.view.write.label_chosen, 1)
    return labels


def test_a_name_from_a_file_can_be_taken_away(desk):
    labels = named(desk)
    assert row(desk, 1).name == "liver"
    desk.qtbot.waitUntil(lambda: len(desk.view.objects.rows) == 2)  # 9 has no voxels
    desk.send(desk.view.objects.renamed, 1, "")
    assert row(desk, 1).name == ""
    assert labels.metadata["label_names"] == {2: "tumour", 9: "spleen"}
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert row(desk, 1).name == labels.metadata["label_names"][1] == "liver"


def test_a_new_object_does_not_get_the_name_of_one_that_is_gone(desk):
    labels = named(desk)
    desk.send(desk.view.objects.merge_requested, 2, 1)
    desk.send(desk.view.objects.delete_requested, 1)
    assert labels.metadata["label_names"] == {9: "spleen"}
    desk.key(Qt.Key.Key_N)
    assert desk.session.state.label == 1
    assert row(desk, 1).name == ""
    for _ in range(3):
        desk.key(Qt.Key.Key_Z, CONTROL)
    assert labels.metadata["label_names"] == {1: "liver", 2: "tumour", 9: "spleen"}


def test_names_that_others_keep_under_no_label_stay(desk):
    labels = named(desk)
    others = {0: "background", -1: "void", "1": "liver", 3: None}
    labels.metadata["label_names"] = others | {np.uint8(2): "tumour"}
    second = desk.viewer.add_labels(
        labels.data.copy(), scale=SCALE, metadata=labels.metadata
    )
    write_to(desk, second)
    assert row(desk, 2).name == "tumour"
    assert row(desk, 1).name == ""
    del others[3]
    assert second.metadata["label_names"] == others | {2: "tumour"}


def test_names_that_a_script_or_another_dock_gives_are_taken_over(desk):
    labels = named(desk)
    desk.send(desk.view.objects.locked, 1, True)  # noqa: FBT003 - a signal
    labels.metadata["label_names"] = {1: "lobe", 9: "spleen"}
    desk.view.controller.drawing.run()
    assert (row(desk, 1).name, row(desk, 1).is_locked) == ("lobe", True)
    assert row(desk, 2).name == ""
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert labels.metadata["label_names"] == {1: "lobe", 9: "spleen"}


def test_two_thousand_objects_with_scores_do_not_stop_the_window(desk):
    data = np.zeros(SHAPE, dtype=np.uint16)
    data[0].flat[:2000] = np.arange(1, 2001)
    labels = desk.viewer.add_labels(data, scale=SCALE)
    write_to(desk, labels)
    place = str(labels.unique_id)
    sources = {
        MaskPlace(place, label, 0, index): MaskSource(0.5)
        for label in range(1, 2001)
        for index in range(5)
    }
    desk.qtbot.waitUntil(lambda: len(desk.view.objects.rows) == 2000)
    desk.session.push(replace(desk.session.state, sources=sources))
    desk.view.controller.drawing.run()
    with counted_calls() as calls:
        desk.send(desk.view.objects.renamed, 7, "liver")
        desk.view.controller.drawing.run()
    assert 0 < calls["ours"] < 2 * 2000  # it took thousands for each object
    assert row(desk, 7).name == "liver"
    assert row(desk, 7).lowest == 0.5
