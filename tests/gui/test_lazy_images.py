"""Images that are read slice by slice, as a person works on them in the dock."""

import csv

import dask.array as da
import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, PromptsDesk
from napari_sam_med.gui.prompting.control.prompts_files import ExportSettings
from napari_sam_med.io.volume_files import read_labels


class OnDisk:
    """What zarr and HDF5 give: slices that are read when they are asked for."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim
        self.size = array.size

    def __getitem__(self, key):
        parts = key if isinstance(key, tuple) else (key,)
        if not all(isinstance(each, int | np.integer | slice) for each in parts):
            msg = "only slices can be read"
            raise TypeError(msg)
        return np.array(self._array[key])

    def __len__(self) -> int:
        return len(self._array)


def chunked(array: np.ndarray) -> da.Array:
    return da.from_array(array, chunks=(1, *array.shape[1:]))


@pytest.fixture(params=[chunked, OnDisk])
def desk(make_napari_viewer, qtbot, request, tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path / "cache"))
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    desk.voxels = desk.image.data
    desk.viewer.layers.remove(desk.image)
    desk.image = desk.viewer.add_image(
        request.param(desk.voxels), name="ct", scale=SCALE, contrast_limits=(0, 1)
    )
    desk.settle()
    desk.go_to(0, 3)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def accept(desk):
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    return desk.viewer.layers["ct segmentation"]


def test_an_export_with_all_that_is_added_is_of_the_moment_it_was_asked_for(
    desk, tmp_path, monkeypatch
):
    labels = accept(desk)
    before, path = labels.data.copy(), tmp_path / "labels.nii.gz"
    desk.view.outputs.export_form.value = ExportSettings(statistics=True, picture=True)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    desk.view.outputs.export_requested.emit()
    labels.mode, labels.selected_label = "paint", 2
    desk.viewer.layers.selection.active = labels
    desk.drag((-60, 40), (60, 40))
    assert (labels.data == 2).any()
    desk.qtbot.waitUntil((tmp_path / "labels.png").exists)
    np.testing.assert_array_equal(read_labels(path).array, before)
    [row] = csv.DictReader(path.with_name("labels.csv").read_text("utf-8-sig").split())
    assert int(row["voxels"]) == np.count_nonzero(before)
    assert float(row["mean"]) == pytest.approx(
        desk.voxels[before == 1].mean(), rel=1e-4
    )


def test_work_on_it_is_saved_and_propagated(desk, tmp_path, monkeypatch):
    accept(desk)
    path = tmp_path / "work_session.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    desk.press(desk.view.session.save)
    desk.qtbot.waitUntil(lambda: "Saved the session" in desk.told)
    desk.view.outputs.precompute_requested.emit()
    desk.qtbot.waitUntil(lambda: desk.session.precompute is None)
    desk.key(Qt.Key.Key_P)
    run = desk.view.controller.propagation.run
    desk.qtbot.waitUntil(lambda: run.waits)
    desk.press(desk.view.propagate.accept)
    desk.qtbot.waitUntil(lambda: run.target is None)
    desk.settle()
    assert "Wrote" in desk.told
