import numpy as np
import pytest
from napari._app_model import get_app_model
from npe2 import PluginManifest
from qtpy.QtTest import QTest

from fakes.prompts_desk import LEFT, LOAD_MS
from napari_sam_med.core.volumes import Volume
from napari_sam_med.gui.dock_life import LAID_OUT_MS
from napari_sam_med.gui.docks import shared_services
from napari_sam_med.gui.start import PLUGIN, open_docks, open_files
from napari_sam_med.io.writing.export import write_volume


def test_both_docks_open_from_the_manifest_on_files_of_ours(
    make_napari_viewer, npe2pm, tmp_path, qtbot
):
    if PLUGIN not in npe2pm:
        npe2pm.register(PluginManifest.from_distribution(PLUGIN))
    path = tmp_path / "scan.nii.gz"
    write_volume(path, Volume(np.arange(24.0).reshape(2, 3, 4)))
    viewer = make_napari_viewer()
    open_files(viewer, [str(path)])
    prompts, benchmark = open_docks(viewer)
    assert viewer.layers[0].data.shape == (2, 3, 4)
    assert prompts.source.images.currentText() == "scan"
    assert prompts.isVisibleTo(prompts.parent())
    assert benchmark.objectName() == "SAM Benchmark"
    viewer.close()
    qtbot.waitUntil(lambda: shared_services().wait_for_end(0.1), timeout=LOAD_MS)


def test_prompts_are_in_front_of_both_docks_once_they_are_laid_out(
    make_napari_viewer, npe2pm, qtbot
):
    if PLUGIN not in npe2pm:
        npe2pm.register(PluginManifest.from_distribution(PLUGIN))
    viewer = make_napari_viewer(show=True)
    prompts, benchmark = open_docks(viewer)
    qtbot.wait(3 * LAID_OUT_MS)
    assert not prompts.visibleRegion().isEmpty()
    assert benchmark.visibleRegion().isEmpty()
    viewer.close()
    qtbot.waitUntil(lambda: shared_services().wait_for_end(0.1), timeout=LOAD_MS)


def test_a_file_that_cannot_be_read_leaves_the_viewer_open(
    make_napari_viewer, npe2pm, tmp_path, capsys
):
    if PLUGIN not in npe2pm:
        npe2pm.register(PluginManifest.from_distribution(PLUGIN))
    path = tmp_path / "broken.nii.gz"
    path.write_bytes(b"no image")
    viewer = make_napari_viewer()
    open_files(viewer, [str(path)])
    assert len(viewer.layers) == 0


@pytest.mark.parametrize("wait_ms", [2 * LAID_OUT_MS, 1])
def test_docks_of_the_plugins_menu_are_tabs_first_and_when_opened_again(
    make_napari_viewer, npe2pm, qtbot, wait_ms
):
    if PLUGIN not in npe2pm:
        npe2pm.register(PluginManifest.from_distribution(PLUGIN))
    viewer = make_napari_viewer(show=True)
    window, docks = viewer.window, []
    for kinds in (("prompts", "benchmark"), ("benchmark", "prompts")):
        for dock in docks:
            QTest.mouseClick(dock.title.close_button, LEFT)
        qtbot.waitUntil(lambda: not window._wrapped_dock_widgets)
        for kind in kinds:
            command = get_app_model().commands.execute_command(f"{PLUGIN}.{kind}")
            command.result()
            qtbot.wait(wait_ms)
        docks = list(window._wrapped_dock_widgets.values())
        tabs = window._qt_window.tabifiedDockWidgets
        qtbot.waitUntil(lambda tabs=tabs, docks=docks: tabs(docks[0]) == [docks[1]])
        newer = docks[1]  # is in front
        qtbot.waitUntil(lambda newer=newer: not newer.visibleRegion().isEmpty())
    viewer.close()
    qtbot.waitUntil(lambda: shared_services().wait_for_end(0.1), timeout=LOAD_MS)
