"""Commands of napari's palette press the dock's buttons."""

from functools import partial

import napari
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.notifications import notification_manager
from npe2 import PluginManifest
from npe2.manifest.utils import import_python_name
from qtpy.QtWidgets import QAbstractButton, QFileDialog, QPushButton, QToolButton

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import PromptsDesk
from napari_sam_med.gui import palette_commands
from napari_sam_med.gui.docks import make_benchmark_dock
from napari_sam_med.gui.labels.save_dialog import write_or_dialog
from napari_sam_med.gui.prompting.canvas import Tool
from napari_sam_med.gui.prompting.control.keys.changeable_keys import ACTIONS
from napari_sam_med.gui.start import PLUGIN
from napari_sam_med.io.volume_files import read_labels
from napari_sam_med.session.background.services import Services

OURS = "napari_sam_med.gui.palette_commands:"
OF_THE_BENCHMARK = "napari_sam_med.gui.benchmark_commands:"
ON_REQUEST = {
    "Download …",
    "Import file …",
    "Agree and download",
    "Back",
    "Cancel",
    "Go on with it",
    "Forget it",
    "Turn into labels",
    "Pin",
    "Browse …",
    "Open image …",
    "Open the sample",
}
"""Answers to what a dock asks, choices beside a field, and what napari's own
menu does."""
COMMAND_OF_KEY = {
    "pick_first": "choose_first",
    "pick_second": "choose_second",
    "pick_third": "choose_third",
    "accept": "accept_mask",
    "add": "add_mask",
    "next_object": "next_object",
    "clear": "clear_prompts",
    "turn": "exclude",
    "box": "draw_box",
    "scribble": "scribble",
    "lasso": "draw_lasso",
    "remove": "remove_prompt",
    "propagate": "propagate",
    "discard": "discard_propagation",
    "next_in_list": "next_in_list",
    "last_in_list": "last_in_list",
    "lock": "lock_object",
    "review": "review_by_score",
    "undo": "undo_step",
    "redo": "redo_step",
}


@pytest.fixture
def desk(make_napari_viewer, qtbot, monkeypatch):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    monkeypatch.setattr(napari, "current_viewer", lambda: desk.viewer)
    desk.go_to(0, 3)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def test_commands_prompt_and_write_as_the_buttons_do(desk):
    palette_commands.draw_box()
    assert desk.view.controller.tools.tool is Tool.BOX
    palette_commands.exclude()
    assert desk.view.controller.tools.tool is Tool.EXCLUDE
    palette_commands.include()
    desk.click()
    desk.wait_for_candidates()
    palette_commands.accept_mask()
    desk.settle()
    assert np.any(desk.viewer.layers["ct segmentation"].data)
    palette_commands.show_coronal()
    assert tuple(desk.viewer.dims.order) == (1, 0, 2)


class Heard(list):
    """What napari told meanwhile."""

    def __enter__(self):
        notification_manager.notification_ready.connect(self._take)
        return self

    def __exit__(self, *_error):
        notification_manager.notification_ready.disconnect(self._take)

    def _take(self, notification):
        self.append(str(notification.message))


def test_a_command_of_no_use_now_says_so(desk):
    with Heard() as heard:
        palette_commands.accept_mask()
    assert "of no use now" in heard[0]


@pytest.mark.parametrize("held", ["nothing", "an image", "labels"])
def test_no_command_of_the_palette_ends_in_an_error(monkeypatch, held):
    viewer = ViewerModel()
    if held == "an image":
        viewer.add_image(np.zeros((3, 8, 8)))
    elif held == "labels":
        viewer.add_labels(np.ones((3, 8, 8), np.uint8))
    monkeypatch.setattr(napari, "current_viewer", lambda: viewer)
    asked = ("getOpenFileNames", "getSaveFileName")
    for dialog in asked:
        monkeypatch.setattr(QFileDialog, dialog, lambda *_, **__: ("", ""))
    manifest = PluginManifest.from_distribution(PLUGIN)
    others = {each.command for each in manifest.contributions.sample_data}
    others |= {each.command for each in manifest.contributions.widgets}
    for command in manifest.contributions.commands:
        if command.id in others:
            continue
        with Heard() as heard:
            import_python_name(command.python_name)()
        does_something = command.python_name.endswith(":image_to_labels")
        if command.python_name.startswith(OURS) and not does_something:
            assert "SAM Prompts is not open" in heard[0]


def test_labels_are_saved_by_the_palettes_command(desk, monkeypatch, tmp_path):
    desk.viewer.add_labels(np.ones((3, 8, 8), np.uint8), name="truth")
    answer = (str(tmp_path / "a"), "NRRD (*.nrrd)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: answer)
    with Heard() as heard:
        write_or_dialog()
    assert "Saved" in heard[0]
    assert read_labels(tmp_path / "a.nrrd").array.sum() == 3 * 8 * 8


def test_an_image_is_turned_into_labels_by_the_palettes_command(desk):
    layer = desk.viewer.add_image(np.ones((3, 8, 8), np.uint8), name="truth")
    desk.viewer.layers.selection.active = layer
    palette_commands.image_to_labels()
    assert isinstance(desk.viewer.layers["truth"], Labels)


def commands_of(module):
    manifest = PluginManifest.from_distribution(PLUGIN)
    names = [each.python_name for each in manifest.contributions.commands]
    return [name for name in names if name.startswith(module)]


def buttons_of(view, wanted=()):
    """Buttons that do something: none that folds a part, ticks or shows a choice."""
    buttons = [
        each
        for each in view.findChildren(QAbstractButton)
        if isinstance(each, QPushButton | QToolButton)
        and each.text()
        and (each.text() not in ON_REQUEST or each in wanted)
        and not (isinstance(each, QToolButton) and each.isCheckable())
    ]
    assert len(buttons) > 5
    return buttons


def _note(pressed, text, *_state):
    pressed.add(text)


def pressed_by(commands, buttons):
    """The texts of the buttons that the commands press, whatever these do."""
    pressed = set()
    for button in buttons:
        button.disconnect()
        button.setEnabled(True)
        button.setVisible(True)
        button.clicked.connect(partial(_note, pressed, button.text()))
    for command in commands:
        import_python_name(command)()
    return pressed


def test_every_button_of_the_prompts_dock_has_a_command(desk):
    buttons = [
        each for each in buttons_of(desk.view) if each is not desk.view.objects.add
    ]  # "Add" is "Next object" once more
    commands = [name for name in commands_of(OURS) if "image_to_labels" not in name]
    assert {each.text() for each in buttons} - pressed_by(commands, buttons) == set()


def test_every_button_of_the_benchmark_dock_has_a_command(desk):
    view = make_benchmark_dock(desk.viewer, Services())
    desk.viewer.window.add_dock_widget(view, name="SAM Benchmark")
    rows = (view.setup.pairs.add_button, view.setup.pairs.remove_button)
    wanted = (view.run_bar.cancel_button,)
    buttons = [each for each in buttons_of(view, wanted) if each not in rows]
    texts = {each.text() for each in buttons}
    assert texts - pressed_by(commands_of(OF_THE_BENCHMARK), buttons) == set()


def test_every_key_of_the_dock_has_a_command():
    names = {name.removeprefix(OURS) for name in commands_of(OURS)}
    assert set(COMMAND_OF_KEY) == set(ACTIONS)
    assert set(COMMAND_OF_KEY.values()) - names == set()


@pytest.mark.parametrize("name", ["labels", "prompts"])
def test_files_are_written_by_the_palettes_commands(desk, monkeypatch, tmp_path, name):
    desk.click()
    desk.wait_for_candidates()
    palette_commands.accept_mask()
    desk.settle()
    path = tmp_path / {"labels": "a.nrrd", "prompts": "a.json"}[name]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    {
        "labels": palette_commands.export_labels,
        "prompts": palette_commands.save_prompts,
    }[name]()
    desk.qtbot.waitUntil(path.exists)


def test_slices_are_embedded_ahead_by_the_palettes_command(desk):
    palette_commands.precompute()
    desk.qtbot.waitUntil(lambda: "have embeddings" in desk.told)


def test_candidates_are_chosen_and_added_by_the_palettes_commands(desk):
    desk.click()
    desk.wait_for_candidates()
    palette_commands.choose_third()
    assert desk.session.chosen == 2
    palette_commands.add_mask()
    desk.settle()
    assert np.any(desk.viewer.layers["ct segmentation"].data)
    palette_commands.lock_object()
    desk.settle()
    assert "locked" in desk.told


def test_a_preview_that_is_not_there_is_not_accepted_by_command(desk):
    with Heard() as heard:
        palette_commands.accept_propagation()
    assert "of no use now" in heard[0]


def test_commands_of_a_benchmark_dock_that_is_not_open_say_so(desk):
    with Heard() as heard:
        for command in commands_of(OF_THE_BENCHMARK):
            import_python_name(command)()
    assert heard
    assert all("SAM Benchmark is not open" in each for each in heard)


def test_every_command_of_the_manifest_is_there():
    manifest = PluginManifest.from_distribution(PLUGIN)
    names = [each.python_name for each in manifest.contributions.commands]
    ours = [name.removeprefix(OURS) for name in names if name.startswith(OURS)]
    assert len(ours) >= 10
    assert all(callable(getattr(palette_commands, name)) for name in ours)
