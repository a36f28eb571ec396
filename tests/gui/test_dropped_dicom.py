"""DICOM dropped onto the window or opened from a menu, with a dock and without."""

import numpy as np
import pytest
from napari.errors import ReaderPluginError
from npe2 import PluginManifest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent, QGuiApplication
from qtpy.QtWidgets import QApplication, QFileDialog

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import PromptsDesk
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.gui.opening.files_dialog import PLUGIN
from napari_sam_med.io.dicom import write_ct_series

SHAPE = (5, 24, 32)
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def series(tmp_path):
    folder = tmp_path / "patient" / "série"
    array = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE) - 1000
    volume = Volume(array, Geometry((0.8, 0.8, 5.0)), "ct", "CT")
    write_ct_series(folder, volume, description="ct")
    return folder


@pytest.fixture(params=[False, True], ids=["alone", "beside a dock"])
def viewer(request, make_napari_viewer, npe2pm, qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path / "cache"))
    if PLUGIN not in npe2pm:
        npe2pm.register(PluginManifest.from_distribution(PLUGIN))
    viewer = make_napari_viewer()
    if not request.param:
        yield viewer
        return
    desk = PromptsDesk(viewer, qtbot, FakeShelf())
    viewer.layers.remove("ct")
    desk.settle()
    yield viewer
    desk.settle()
    assert (desk.session.plane is None) == (opened(viewer) == [])
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def drop(viewer, paths, modifier=NONE) -> None:
    """Let go of files over the canvas, as a file manager does."""
    window = viewer.window._qt_viewer
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place, copy = QPointF(window.rect().center()), Qt.DropAction.CopyAction
    button = Qt.MouseButton.LeftButton
    window.dropEvent(QDropEvent(place, copy, mime, button, modifier))
    QApplication.processEvents()


def opened(viewer) -> list[tuple[str, tuple[int, ...]]]:
    return [
        (each.name, each.data.shape)
        for each in viewer.layers
        if type(each).__name__ == "Image"
    ]


def test_a_folder_opens_as_one_volume(viewer, series):
    drop(viewer, [series])
    assert opened(viewer) == [("série", SHAPE)]


def test_so_does_one_from_the_menu(viewer, series, monkeypatch):
    answer = staticmethod(lambda *_, **__: str(series))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", answer)
    viewer.window._qt_viewer._open_folder_dialog()
    assert opened(viewer) == [("série", SHAPE)]


def test_a_folder_of_folders_says_which_one_to_give(viewer, series):
    with pytest.raises(ReaderPluginError) as told:
        drop(viewer, [series.parent])
    assert "holds no DICOM image, and subfolders are not entered" in str(told.value)
    assert opened(viewer) == []


def test_all_files_of_a_series_stack_to_its_volume(viewer, series, monkeypatch):
    files = sorted(series.iterdir())
    shift = staticmethod(lambda: SHIFT)
    monkeypatch.setattr(QGuiApplication, "keyboardModifiers", shift)
    drop(viewer, files, SHIFT)
    assert opened(viewer) == [("série", SHAPE)]


def test_a_part_of_a_series_is_no_volume(viewer, series):
    files = [str(each) for each in sorted(series.iterdir())[::2]]
    with pytest.raises(ReaderPluginError) as told:
        viewer.window._qt_viewer._qt_open(files, stack=True)
    assert "3 of the 5 files of a DICOM series" in str(told.value)
    assert opened(viewer) == []


def test_a_slice_opens_by_itself(viewer, series):
    drop(viewer, sorted(series.iterdir())[1:2])
    assert [shape for _, shape in opened(viewer)] == [SHAPE[1:]]
