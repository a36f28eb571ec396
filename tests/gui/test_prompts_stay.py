"""Prompts are lost by nothing that only changes what is seen."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import LEFT, ORDERS, SCALE, SHAPE, PromptsDesk
from napari_sam_med.gui.shared.viewer_watch import grid_of

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
SLICE = 3


@pytest.fixture(params=[3, 4])
def desk(make_napari_viewer, qtbot, request):
    """Over a volume, or over the second of three time points."""
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    desk.ndim, desk.axis = request.param, request.param - 3
    if desk.ndim == 4:
        cine = np.random.default_rng(1).random((3, *SHAPE), dtype=np.float32)
        layer = desk.viewer.add_image(cine, name="cine", scale=(1, *SCALE))
        desk.viewer.layers.remove(desk.image)
        desk.image = layer
        desk.send(desk.view.source.image_chosen, str(layer.unique_id))
        desk.viewer.dims.set_current_step(0, 1)
    show_plane(desk, 0)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def show_plane(desk, axis: int) -> None:
    order = ORDERS[axis]
    before = tuple(range(desk.axis))
    desk.viewer.dims.order = (*before, *(desk.axis + k for k in order))
    desk.viewer.dims.set_current_step(desk.axis + axis, SLICE)
    desk.viewer.reset_view()
    desk.settle()


def prompt_all(desk) -> None:
    """A lasso, a scribble, a box, and a point on the slice."""
    desk.key(Qt.Key.Key_O)
    desk.draw([(-90, -80), (-40, -80), (-40, -30), (-90, -30), (-90, -60)])
    desk.key(Qt.Key.Key_S)
    desk.draw([(-90, 40), (-60, 50), (-40, 60), (-30, 70)])
    desk.key(Qt.Key.Key_B)
    desk.drag((20, -80), (90, -20))
    desk.click(off=(60, 60))
    desk.wait_for_candidates()
    prompts = desk.session.state.prompts
    assert len(prompts.strokes) == 2
    assert len(prompts.boxes) == 1
    assert len(prompts.labels) == 1


def away_and_back(desk, axis: int) -> None:
    here = desk.viewer.dims.current_step[axis]
    for step in (0, desk.viewer.dims.nsteps[axis] - 1, here):
        desk.viewer.dims.set_current_step(axis, step)
        desk.settle()


def other_slice(desk) -> None:
    away_and_back(desk, desk.axis)


def other_time(desk) -> None:
    if desk.axis:
        away_and_back(desk, 0)


def other_planes(desk) -> None:
    for axis in (1, 2, 0):
        show_plane(desk, axis)


def rolled(desk) -> None:
    for _ in range(desk.ndim):
        desk.viewer.dims.roll()
        desk.settle()


def in_3d(desk) -> None:
    for ndisplay in (3, 2):
        desk.viewer.dims.ndisplay = ndisplay
        desk.settle()


def in_grid(desk) -> None:
    for is_on in (True, False):
        grid_of(desk.viewer).enabled = is_on
        desk.settle()


def hidden(desk) -> None:
    for is_seen in (False, True):
        desk.image.visible = is_seen
        desk.settle()


def hidden_prompts(desk) -> None:
    own = [each for each in desk.viewer.layers if each is not desk.image]
    for is_seen in (False, True):
        for each in own:
            each.visible = is_seen
        desk.settle()


def renamed(desk) -> None:
    desk.image.name = "another name"
    desk.settle()


def other_contrast(desk) -> None:
    desk.image.contrast_limits = (0.2, 0.7)
    desk.qtbot.wait(300)
    desk.settle()


def other_place(desk) -> None:
    for factor in (2.0, 1.0):
        desk.image.scale = (*desk.image.scale[:-3], *np.multiply(factor, SCALE))
        desk.settle()
        assert desk.viewer.dims.nsteps[-3:] == SHAPE  # one for each slice
        desk.viewer.dims.set_point(desk.axis, factor * SCALE[0] * SLICE)
        desk.settle()


def other_image(desk) -> None:
    other = desk.viewer.add_image(np.zeros(SHAPE, np.float32), scale=SCALE)
    desk.settle()
    for each in (other, desk.image):
        desk.send(desk.view.source.image_chosen, str(each.unique_id))
    desk.viewer.layers.remove(other)
    desk.settle()


def more_dimensions(desk) -> None:
    layer = desk.viewer.add_points(np.zeros((1, 5)))
    desk.settle()
    desk.viewer.layers.remove(layer)
    desk.settle()
    desk.qtbot.wait(20)
    desk.settle()
    assert desk.viewer.dims.ndim == desk.ndim  # its sliders went with it
    for axis, step in enumerate((1, SLICE)[1 - desk.axis :]):
        desk.viewer.dims.set_current_step(axis, step)
    desk.settle()


def restacked(desk) -> None:
    desk.viewer.layers.move(0, len(desk.viewer.layers))
    desk.settle()


def closed(desk) -> None:
    QTest.mouseClick(desk.view.parentWidget().title.close_button, LEFT)
    desk.qtbot.waitUntil(lambda: not desk.view.controller.is_open)
    desk.viewer.window.add_dock_widget(desk.view, name="SAM Prompts")
    desk.qtbot.waitUntil(lambda: desk.session.model is not None)
    desk.settle()


def other_model(desk) -> None:
    desk.choose_model("clicks_only")
    desk.wait_for_model("clicks_only")
    desk.choose_model("fake")
    desk.wait_for_model("fake")


EVENTS = [
    other_slice,
    other_time,
    other_planes,
    rolled,
    in_3d,
    in_grid,
    hidden,
    hidden_prompts,
    renamed,
    other_contrast,
    other_place,
    other_image,
    restacked,
    closed,
    other_model,
    more_dimensions,
]


def seen(desk) -> list[int]:
    """How many points, boxes and lines are drawn on the canvas's slice."""
    layers = {each.name: each for each in desk.viewer.layers}
    points, boxes = layers["prompts: points"], layers["prompts: boxes"]
    return [len(points.data), boxes.nshapes, int(layers["prompts: lines"].visible)]


def test_prompts_stay_and_go_back_one_by_one(desk):
    prompt_all(desk)
    before = desk.session.state.prompts
    for event in EVENTS:
        event(desk)
        desk.wait_for_candidates()
        assert desk.session.state.prompts.same_as(before), event.__name__
        assert seen(desk) == [1, 1, 1], event.__name__
    steps = [before]
    desk.view.controller.tools.take_keys()
    for _ in range(4):
        desk.key(Qt.Key.Key_Z, CONTROL)
        steps.append(desk.session.state.prompts)
    kinds = [(len(p.labels), len(p.boxes), len(p.strokes)) for p in steps]
    assert kinds == [(1, 1, 2), (0, 1, 2), (0, 0, 2), (0, 0, 1), (0, 0, 0)]
    for _ in range(4):
        desk.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert desk.session.state.prompts.same_as(before)
