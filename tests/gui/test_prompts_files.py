"""Saving from the dock; only the system's file dialog is replaced."""

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QFileDialog

from fakes.fake_shelf import FakeShelf
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.gui.prompts_controller import PromptsController
from napari_sam_med.gui.views.prompts_view import PromptsView
from napari_sam_med.io.volumes import read_labels
from napari_sam_med.session.replay import load_records

SHAPE = (6, 30, 40)
OBLIQUE = Geometry(
    (0.8, 0.9, 5.0),
    origin_xyz=(-12.0, 30.0, 7.0),
    direction=((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, 1.0)),
)


@pytest.fixture
def accepted(qtbot):
    """A dock in which one mask was accepted on an oblique volume."""
    viewer = ViewerModel()
    image = viewer.add_image(
        np.zeros(SHAPE, dtype=np.float32),
        name="ct",
        scale=OBLIQUE.spacing_zyx,
        contrast_limits=(0, 1),
        metadata={"geometry": OBLIQUE},
    )
    view = PromptsView()
    qtbot.addWidget(view)
    control = PromptsController(viewer, view, FakeShelf())
    qtbot.waitUntil(lambda: control.session.model is not None)
    control.click(image.data_to_world((3, 14, 20)), 1)
    qtbot.waitUntil(lambda: control.session.is_fresh)
    view.write.accept_requested.emit()
    yield control, view, viewer
    control.close()
    control.thread.close(wait_s=5)


def answer_with(monkeypatch, path) -> None:
    answer = staticmethod(lambda *args: (str(path) if path else "", ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)


def test_exported_labels_lie_where_the_image_lies(
    accepted, tmp_path, monkeypatch, qtbot
):
    _, view, viewer = accepted
    path = tmp_path / "labels.nii.gz"
    answer_with(monkeypatch, path)
    view.sweep.export_requested.emit()
    qtbot.waitUntil(lambda: view.status.text.text() == f"Saved {path}", timeout=20_000)
    read = read_labels(path)
    np.testing.assert_array_equal(read.array, viewer.layers["ct segmentation"].data)
    assert read.geometry.matches(OBLIQUE)


def test_a_file_that_cannot_be_written_is_told(accepted, tmp_path, monkeypatch, qtbot):
    _, view, _ = accepted
    answer_with(monkeypatch, tmp_path / "labels.xyz")
    view.sweep.export_requested.emit()
    qtbot.waitUntil(lambda: view.status.phase == "error", timeout=20_000)


def test_saved_prompts_can_be_read_again(accepted, tmp_path, monkeypatch, qtbot):
    control, view, _ = accepted
    path = tmp_path / "prompts.json"
    answer_with(monkeypatch, path)
    view.sweep.save_requested.emit()
    qtbot.waitUntil(lambda: view.status.text.text() == f"Saved {path}")
    assert load_records(path) == control.session.records


def test_leaving_the_dialog_writes_nothing(accepted, tmp_path, monkeypatch):
    _, view, _ = accepted
    before = view.status.text.text()
    answer_with(monkeypatch, None)
    view.sweep.save_requested.emit()
    view.sweep.export_requested.emit()
    assert view.status.text.text() == before
    assert list(tmp_path.iterdir()) == []
