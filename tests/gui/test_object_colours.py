"""Colours of objects where napari shows the selected label alone."""

import numpy as np
import pytest
from qtpy.QtCore import Qt

from fakes.call_counts import counted_calls
from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.gui.prompting.control.object_list.object_actions import (
    COUNT_WAIT_MS,
)

CONTROL = Qt.KeyboardModifier.ControlModifier
RED = (250, 10, 20)
N_OBJECTS = 2000
N_LABELS = 2**16


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(show=True), qtbot, FakeShelf())
    data = np.zeros(SHAPE, dtype=np.uint16)
    data[3, 10:30], data[3, 40:50] = 3, 5
    desk.labels = desk.viewer.add_labels(data, name="organs", scale=SCALE)
    desk.send(desk.view.write.labels_chosen, str(desk.labels.unique_id))
    desk.go_to(0, 3)
    desk.send(desk.view.write.label_chosen, 3)
    qtbot.waitUntil(lambda: len(desk.view.objects.rows) == 2)
    desk.settle()
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def colours(desk) -> dict:
    return {row.label: row.colour for row in desk.view.objects.rows}


def drawn(desk, label: int) -> list[int]:
    """What the layer draws a label in, 0 to 255, and whether it is seen."""
    return np.rint(255 * desk.labels.colormap.map(label)).astype(int).tolist()


def show_selected(desk, *, is_ticked: bool) -> None:
    desk.labels.show_selected_label = is_ticked
    desk.view.objects.table.clearSelection()
    desk.send(desk.view.objects.renamed, 3, f"ticked {is_ticked}")


def test_the_table_has_the_colours_of_labels_that_are_not_shown(desk):
    before = colours(desk)
    show_selected(desk, is_ticked=True)
    assert colours(desk) == before


def test_a_colour_given_while_one_label_is_shown_leaves_the_others_theirs(desk):
    before = {label: drawn(desk, label) for label in (3, 5)}
    show_selected(desk, is_ticked=True)
    desk.send(desk.view.objects.recoloured, 3, RED)
    assert drawn(desk, 3) == [*RED, 255]
    assert drawn(desk, 5)[3] == 0
    desk.labels.show_selected_label = False
    assert drawn(desk, 5) == before[5]
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert {label: drawn(desk, label) for label in (3, 5)} == before


def test_colours_that_a_person_gave_stay_when_napari_shuffles_the_others(desk):
    desk.send(desk.view.objects.recoloured, 3, RED)
    before = drawn(desk, 5)
    desk.labels.new_colormap(seed=7)  # the button "shuffle colors"
    desk.settle()
    assert drawn(desk, 3) == [*RED, 255]
    shuffled = drawn(desk, 5)
    assert shuffled != before
    assert colours(desk) | {3: RED, 5: tuple(shuffled[:3])} == colours(desk)
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert drawn(desk, 5) == shuffled
    assert drawn(desk, 3) != [*RED, 255]


def recount(desk) -> None:
    """Wait until voxels were counted again, which are found the same."""
    desk.qtbot.wait(2 * COUNT_WAIT_MS)
    desk.rest()


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32])
def test_the_canvas_shows_the_colours_that_the_table_has(desk, dtype):
    desk.labels.data = desk.labels.data.astype(dtype)
    desk.send(desk.view.objects.recoloured, 5, RED)
    desk.viewer.layers.selection.active = desk.image
    desk.labels.opacity = 1
    desk.qtbot.wait(50)
    seen = desk.viewer.screenshot(canvas_only=True, flash=False)[..., :3]
    for colour in colours(desk).values():
        off = np.abs(seen.astype(int) - colour).max(axis=-1)
        assert (off <= 2).sum() > 100
    assert RED in colours(desk).values()


def test_a_colour_given_among_labels_of_16_bits_is_not_brought_to_each_of_them(desk):
    desk.send(desk.view.objects.recoloured, 5, (250, 10, 1))
    with counted_calls() as calls:
        desk.send(desk.view.objects.recoloured, 5, RED)
    assert desk.viewer.layers["organs"].colormap.map(5)[0] > 0.9
    assert 0 < calls["all"] < N_LABELS


def test_a_colour_given_to_one_of_many_objects_describes_no_other_anew(desk):
    data = desk.labels.data.copy()
    data[7:9].flat[:N_OBJECTS] = np.arange(1, N_OBJECTS + 1)
    desk.labels.data = data
    desk.send(desk.view.objects.renamed, 3, "drawn anew")
    desk.qtbot.waitUntil(lambda: len(desk.view.objects.rows) == N_OBJECTS)
    desk.send(desk.view.objects.recoloured, 5, (250, 10, 1))
    recount(desk)
    with counted_calls() as calls:
        desk.send(desk.view.objects.recoloured, 5, RED)
        recount(desk)
    assert colours(desk)[5] == RED
    assert desk.view.objects.table.item(4, 0).background().color().getRgb()[:3] == RED
    assert 0 < calls["ours"] < N_OBJECTS
