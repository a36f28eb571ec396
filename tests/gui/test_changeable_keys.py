"""Keys of the dock are seen and changed in napari's preferences."""

import numpy as np
import pytest
from napari._qt.widgets.qt_keyboard_settings import ShortcutEditor
from napari.utils.action_manager import action_manager
from qtpy.QtCore import Qt

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import PromptsDesk
from napari_sam_med.gui.prompting.control.keys.changeable_keys import ACTIONS, PLUGIN

ACCEPT = f"{PLUGIN}:accept"


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    desk.go_to(0, 3)
    yield desk
    desk.view.controller.close()
    action_manager.unbind_shortcut(ACCEPT)
    for key in ACTIONS["accept"].keys:
        action_manager.bind_shortcut(ACCEPT, key)
    assert desk.services.wait_for_end(30)


def accepted(desk) -> bool:
    layers = [layer for layer in desk.viewer.layers if "segmentation" in layer.name]
    return any(np.any(layer.data) for layer in layers)


def test_preferences_show_what_each_key_of_the_dock_does(desk, qtbot):
    editor = ShortcutEditor()
    qtbot.addWidget(editor)
    shown = editor.key_bindings_strs[editor.VIEWER_KEYBINDINGS]
    words = {action.description for name, action in shown.items() if PLUGIN in name}
    assert words == {action.words for action in ACTIONS.values()}


def test_a_key_that_a_person_changed_acts_instead_of_the_old_one(desk):
    action_manager.unbind_shortcut(ACCEPT)
    action_manager.bind_shortcut(ACCEPT, "Y")
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    assert not accepted(desk)
    desk.key(Qt.Key.Key_Y)
    assert accepted(desk)


def test_the_dock_names_the_keys_as_they_are_set(desk):
    view = desk.view
    before = (view.write.accept.toolTip(), view.write.accept.text(), view.keys.text())
    action_manager.unbind_shortcut(ACCEPT)
    action_manager.bind_shortcut(ACCEPT, "Y")
    after = (view.write.accept.toolTip(), view.write.accept.text(), view.keys.text())
    assert "(Enter or A)" in before[0]
    assert "(Y)" in after[0]
    assert "Enter" not in after[0].partition("\n")[0]
    assert (before[1], after[1]) == ("Accept   Enter", "Accept   Y")
    assert ("<b>Enter</b> accept" in before[2], "<b>Y</b> accept" in after[2]) == (1, 1)
    assert "(Y)" in view.propagate.accept.toolTip()


def test_what_has_no_key_any_more_names_none(desk):
    action_manager.unbind_shortcut(ACCEPT)
    assert desk.view.write.accept.text() == "Accept"
    assert "Enter" not in desk.view.write.accept.toolTip().partition("\n")[0]
    assert " accept" not in desk.view.keys.text()


def test_a_tool_that_is_refused_names_key_and_reason(desk):
    tools = desk.view.tools
    tools.set_refusals({"box": "it never saw boxes"})
    tip = tools.buttons["box"].toolTip()
    assert tip.splitlines()[0].endswith("(B)")
    assert tip.splitlines()[1] == "it never saw boxes"
