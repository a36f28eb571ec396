"""Commands of napari's palette press the dock's buttons."""

import napari
import numpy as np
import pytest
from npe2 import PluginManifest

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import PromptsDesk
from napari_sam_med.errors import PromptError
from napari_sam_med.gui import palette_commands
from napari_sam_med.gui.docks import NoViewerError
from napari_sam_med.gui.prompting.canvas import Tool
from napari_sam_med.gui.start import PLUGIN

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


def test_a_command_of_no_use_now_says_so(desk):
    with pytest.raises(PromptError, match="of no use now"):
        palette_commands.accept_mask()


def test_a_command_without_a_dock_says_what_to_open(make_napari_viewer, monkeypatch):
    viewer = make_napari_viewer()
    monkeypatch.setattr(napari, "current_viewer", lambda: viewer)
    with pytest.raises(NoViewerError, match="SAM Prompts is not open"):
        palette_commands.include()


def test_every_command_of_the_manifest_is_there():
    manifest = PluginManifest.from_distribution(PLUGIN)
    names = [each.python_name for each in manifest.contributions.commands]
    ours = [name.removeprefix(OURS) for name in names if name.startswith(OURS)]
    assert len(ours) >= 10
    assert all(callable(getattr(palette_commands, name)) for name in ours)
