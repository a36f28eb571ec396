"""Commands of napari's palette press the dock's buttons."""

import napari
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils.notifications import notification_manager
from npe2 import PluginManifest
from npe2.manifest.utils import import_python_name
from qtpy.QtWidgets import QFileDialog

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import PromptsDesk
from napari_sam_med.gui import palette_commands
from napari_sam_med.gui.labels.save_dialog import write_or_dialog
from napari_sam_med.gui.prompting.canvas import Tool
from napari_sam_med.gui.start import PLUGIN
from napari_sam_med.io.volume_files import read_labels

OURS = "napari_sam_med.gui.palette_commands:"


@pytest.fixture
def desk(make_napari_viewer, qtbot, monkeypatch):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    monkeypatch.setattr(napari, "current_viewer", lambda: desk.viewer)
    desk.go_to(0, 3)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(5)


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


def test_every_command_of_the_manifest_is_there():
    manifest = PluginManifest.from_distribution(PLUGIN)
    names = [each.python_name for each in manifest.contributions.commands]
    ours = [name.removeprefix(OURS) for name in names if name.startswith(OURS)]
    assert len(ours) >= 10
    assert all(callable(getattr(palette_commands, name)) for name in ours)
