import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels
from napari.utils.key_bindings import KeymapHandler

from napari_sam_med.gui.prompting.canvas import CanvasClicks, Tool
from napari_sam_med.gui.shared.own_keys import KeyBindings


def press(key: str, *providers) -> bool:
    handler = KeymapHandler()
    handler.keymap_providers = list(providers)
    return handler.press_key(key)


def test_a_bound_key_acts():
    pressed = []
    image = Image(np.zeros((4, 4)))
    KeyBindings({"2": lambda: pressed.append(2)}).bind(image)
    press("2", image)
    assert pressed == [2]


def test_a_layers_own_keys_come_before_the_viewers():
    pressed = []
    viewer = ViewerModel()
    labels = Labels(np.zeros((4, 4), dtype=int))
    labels.bind_key("2", lambda layer: pressed.append("brush"))
    KeyBindings({"2": lambda: pressed.append("ours")}).bind(viewer)
    press("2", labels, viewer)
    assert pressed == ["brush"]


def test_nothing_is_bound_any_more_after_closing():
    pressed = []
    image = Image(np.zeros((4, 4)))
    keys = KeyBindings({"2": lambda: pressed.append(2)})
    keys.bind(image)
    keys.bind(image)
    keys.close()
    press("2", image)
    assert pressed == []


def test_a_key_that_a_person_bound_comes_back():
    pressed = []
    image = Image(np.zeros((4, 4)))
    image.bind_key("N", lambda layer: pressed.append("own"))
    keys = KeyBindings({"N": lambda: pressed.append("ours")})
    keys.bind(image)
    press("N", image)
    keys.close()
    press("N", image)
    assert pressed == ["ours", "own"]


def test_a_double_click_zooms_again_once_prompting_is_off():
    viewer = ViewerModel()
    before = list(viewer.mouse_double_click_callbacks)
    clicks = CanvasClicks(viewer, lambda position, label: None)
    clicks.set_tool(Tool.INCLUDE)
    clicks.set_tool(Tool.EXCLUDE)
    assert list(viewer.mouse_double_click_callbacks) == []
    clicks.close()
    assert list(viewer.mouse_double_click_callbacks) == before
    assert list(viewer.mouse_drag_callbacks) == list(ViewerModel().mouse_drag_callbacks)
