"""Saving from the dock; only the system's file dialog is replaced."""

import csv
from threading import Event

import imageio.v3
import numpy as np
import pytest
from napari.components import ViewerModel
from pydicom import dcmread
from qtpy.QtWidgets import QFileDialog

from fakes.fake_shelf import FakeShelf
from fakes.geometries import lie_alike
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.gui.napari_io import LayerFrame
from napari_sam_med.gui.prompting.control import prompts_files
from napari_sam_med.gui.prompting.control.prompts_files import filters_for, safe_name
from napari_sam_med.gui.prompting.prompts_controller import PromptsController
from napari_sam_med.gui.prompting.views.precompute_bar import (
    ExportSettings,
    LabelFormat,
)
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.io.dicom import read_segmentation, write_ct_series
from napari_sam_med.io.volume_files import read_labels, read_volume
from napari_sam_med.session.background.services import Services
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
        contrast_limits=(0, 1),
        metadata={"geometry": OBLIQUE, "shape": SHAPE},
        **LayerFrame.on(OBLIQUE).arguments,
    )
    view = PromptsView()
    qtbot.addWidget(view)
    services = Services()
    control = PromptsController(viewer, view, FakeShelf(), services)
    qtbot.waitUntil(lambda: control.session.model is not None)
    control.click(image.data_to_world((3, 14, 20)), 1)
    qtbot.waitUntil(lambda: control.session.is_fresh)
    view.write.accept_requested.emit()
    yield control, view, viewer
    control.close()
    assert services.wait_for_end(30)


def answer_with(monkeypatch, path, chosen="") -> None:
    answer = staticmethod(lambda *args: (str(path) if path else "", chosen))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)


def test_exported_labels_lie_where_the_image_lies(
    accepted, tmp_path, monkeypatch, qtbot
):
    _, view, viewer = accepted
    path = tmp_path / "labels.nii.gz"
    answer_with(monkeypatch, path)
    view.outputs.export_requested.emit()
    qtbot.waitUntil(lambda: view.status.text.text() == f"Saved {path}")
    read = read_labels(path)
    np.testing.assert_array_equal(read.array, viewer.layers["ct segmentation"].data)
    assert lie_alike(read.geometry, OBLIQUE)


def test_a_name_without_suffix_takes_the_filters(
    accepted, tmp_path, monkeypatch, qtbot
):
    _, view, _ = accepted
    answer_with(monkeypatch, tmp_path / "labels", "NRRD (*.nrrd)")
    view.outputs.export_requested.emit()
    wanted = tmp_path / "labels.nrrd"
    qtbot.waitUntil(lambda: view.status.text.text() == f"Saved {wanted}")
    assert lie_alike(read_labels(wanted).geometry, OBLIQUE)


def test_a_file_that_the_dialog_has_not_asked_about_is_never_replaced(
    accepted, tmp_path, monkeypatch, qtbot
):
    _, view, _ = accepted
    (tmp_path / "labels.nrrd").write_text("mine")
    answer_with(monkeypatch, tmp_path / "labels", "NRRD (*.nrrd)")
    view.outputs.export_requested.emit()
    qtbot.waitUntil(lambda: "exists already" in view.status.text.text())
    assert (tmp_path / "labels.nrrd").read_text() == "mine"


def test_an_export_follows_an_image_that_was_moved(
    accepted, tmp_path, monkeypatch, qtbot
):
    _, view, viewer = accepted
    path = tmp_path / "labels.nrrd"
    layer = viewer.layers["ct segmentation"]
    layer.affine = np.eye(4)
    layer.translate = (1.0, 2.0, 3.0)
    answer_with(monkeypatch, path)
    view.outputs.export_requested.emit()
    qtbot.waitUntil(lambda: view.status.text.text() == f"Saved {path}")
    assert read_labels(path).geometry.origin_xyz == pytest.approx((3.0, 2.0, 1.0))


def test_a_title_makes_a_file_name_without_folders():
    assert safe_name("../a b/<c> [seg].nii") == "a_b_c_seg_.nii"
    assert safe_name("???") == "labels"


def test_a_file_that_cannot_be_written_is_told(accepted, tmp_path, monkeypatch, qtbot):
    _, view, _ = accepted
    answer_with(monkeypatch, tmp_path / "labels.xyz")
    view.outputs.export_requested.emit()
    qtbot.waitUntil(lambda: view.status.phase == "error")


def test_saved_prompts_can_be_read_again(accepted, tmp_path, monkeypatch, qtbot):
    control, view, _ = accepted
    path = tmp_path / "prompts.json"
    answer_with(monkeypatch, path)
    view.outputs.save_requested.emit()
    qtbot.waitUntil(lambda: view.status.text.text() == f"Saved {path}")
    assert load_records(path) == list(control.session.state.records)


@pytest.mark.parametrize("name", ["labels.nii.gz", "statistics.csv"])
def test_an_export_is_of_the_moment_at_which_it_was_asked_for(
    accepted, tmp_path, monkeypatch, qtbot, name
):
    _, view, viewer = accepted
    labels, path, is_drawn = viewer.layers["ct segmentation"], tmp_path / name, Event()
    before = labels.data.copy()

    def after_drawing(write):
        return lambda *given, **more: is_drawn.wait(10) and write(*given, **more)

    for write in ("write_label_files", "write_outputs"):
        patched = after_drawing(getattr(prompts_files, write))
        monkeypatch.setattr(prompts_files, write, patched)
    answer_with(monkeypatch, path)
    view.outputs.export_requested.emit()
    labels.brush_size = 9
    labels.paint((3, 2, 2), 1)
    assert (labels.data != before).any()
    is_drawn.set()
    qtbot.waitUntil(lambda: view.status.text.text() == f"Saved {path}")
    if name.endswith(".csv"):
        [row] = csv.DictReader(path.read_text("utf-8-sig").splitlines())
        assert int(row["voxels"]) == np.count_nonzero(before)
    else:
        np.testing.assert_array_equal(read_labels(path).array, before)


def test_leaving_the_dialog_writes_nothing(accepted, tmp_path, monkeypatch):
    _, view, _ = accepted
    before = view.status.text.text()
    answer_with(monkeypatch, None)
    view.outputs.save_requested.emit()
    view.outputs.export_requested.emit()
    assert view.status.text.text() == before
    assert list(tmp_path.iterdir()) == []


def exported(accepted, monkeypatch, qtbot, path):
    _, view, _ = accepted
    answer_with(monkeypatch, path)
    view.outputs.export_requested.emit()
    qtbot.waitUntil(lambda: view.status.text.text() == f"Saved {path}")


def test_statistics_name_the_object_and_its_place(
    accepted, tmp_path, monkeypatch, qtbot
):
    path = tmp_path / "statistics.csv"
    exported(accepted, monkeypatch, qtbot, path)
    [row] = csv.DictReader(path.read_text("utf-8-sig").splitlines())
    _, _, viewer = accepted
    labels = viewer.layers["ct segmentation"]
    assert int(row["voxels"]) == np.count_nonzero(labels.data)
    middle = labels.data_to_world(np.argwhere(labels.data).mean(axis=0))[::-1]
    told = [float(v) for k, v in row.items() if k.startswith("centroid")]
    np.testing.assert_allclose(told, middle, atol=0.01)


def test_a_picture_shows_the_labels_of_the_slice(
    accepted, tmp_path, monkeypatch, qtbot
):
    path = tmp_path / "slice.png"
    exported(accepted, monkeypatch, qtbot, path)
    picture = imageio.v3.imread(path)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 1


def test_a_dicom_seg_is_offered_for_dicom_alone_and_lies_on_its_slices(
    accepted, tmp_path, monkeypatch, qtbot
):
    _, _, viewer = accepted
    image = viewer.layers["ct"]
    assert "DICOM-SEG" not in filters_for(image)
    folder = tmp_path / "series"
    volume = Volume(np.zeros(SHAPE, np.int16), OBLIQUE, "phantom", "CT")
    write_ct_series(folder, volume, description="phantom")
    read = read_volume(folder)
    for layer in (image, viewer.layers["ct segmentation"]):
        layer.metadata["files"] = tuple(str(file) for file in read.files)
        layer.metadata["geometry"] = read.geometry
    assert "with the patient's name" in filters_for(image)
    path = tmp_path / "labels.dcm"
    exported(accepted, monkeypatch, qtbot, path)
    labels, names = read_segmentation(path)
    assert len(names) == 1
    marked = np.argwhere(labels.array).astype(float).mean(axis=0)
    layer = viewer.layers["ct segmentation"]
    world = layer.data_to_world(np.argwhere(layer.data).mean(axis=0))[::-1]
    place = labels.geometry.world_xyz_from_zyx(marked)
    np.testing.assert_allclose(place, world, atol=1e-3)


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_a_dicom_seg_is_of_the_kind_that_is_set_and_its_numbers_are_told(
    accepted, tmp_path, monkeypatch, qtbot, kind
):
    _, view, viewer = accepted
    volume = Volume(np.zeros(SHAPE, np.int16), OBLIQUE, "phantom", "CT")
    write_ct_series(tmp_path / "series", volume, description="phantom")
    read = read_volume(tmp_path / "series")
    labels = viewer.layers["ct segmentation"]
    labels.data = labels.data * 7
    for layer in (viewer.layers["ct"], labels):
        layer.metadata["files"] = tuple(str(file) for file in read.files)
        layer.metadata["geometry"] = read.geometry
    view.outputs.export_form.value = ExportSettings(
        format=LabelFormat.DICOM_SEG, labelmap=kind == "LABELMAP"
    )
    path = tmp_path / "labels.dcm"
    answer_with(monkeypatch, path)
    view.outputs.export_requested.emit()
    told = f"Saved {path}; of its segments label 7 is 1"
    qtbot.waitUntil(lambda: view.status.text.text() == told)
    assert dcmread(path).SegmentationType == kind


def test_an_export_adds_what_its_settings_ask_for(
    accepted, tmp_path, monkeypatch, qtbot
):
    _, view, _ = accepted
    view.outputs.export_form.value = ExportSettings(statistics=True, picture=True)
    told = [tmp_path / "labels.nii.gz", tmp_path / "labels.png"]
    answer_with(monkeypatch, told[0])
    view.outputs.export_requested.emit()
    saved = f"Saved {told[0]} and {told[1]}"
    qtbot.waitUntil(lambda: view.status.text.text() == saved)
    assert {each.name for each in tmp_path.iterdir()} == {
        "labels.nii.gz",
        "labels.csv",
        "labels.png",
    }


def test_what_is_added_replaces_no_file_and_nothing_is_written_then(
    accepted, tmp_path, monkeypatch, qtbot
):
    _, view, _ = accepted
    view.outputs.export_form.value = ExportSettings(statistics=True)
    (tmp_path / "labels.csv").write_text("mine")
    answer_with(monkeypatch, tmp_path / "labels.nii.gz")
    view.outputs.export_requested.emit()
    qtbot.waitUntil(lambda: "exists already" in view.status.text.text())
    assert (tmp_path / "labels.csv").read_text() == "mine"
    assert not (tmp_path / "labels.nii.gz").exists()


def test_the_dialog_suggests_the_format_of_the_settings(accepted, monkeypatch):
    _, view, _ = accepted
    asked = []
    monkeypatch.setattr(
        QFileDialog,
        "getSaveFileName",
        staticmethod(lambda *args: asked.append(args) or ("", "")),
    )
    view.outputs.export_form.value = ExportSettings(LabelFormat.NRRD)
    view.outputs.export_requested.emit()
    [(_, _, suggested, _, chosen)] = asked
    assert suggested.endswith(".nrrd")
    assert chosen == "NRRD (*.nrrd)"


def test_a_dicom_seg_of_an_image_that_is_no_dicom_is_refused(accepted, qtbot):
    _, view, _ = accepted
    view.outputs.export_form.value = ExportSettings(LabelFormat.DICOM_SEG)
    view.outputs.export_requested.emit()
    qtbot.waitUntil(lambda: view.status.phase == "error")
    assert "opened from DICOM" in view.status.text.text()


@pytest.mark.parametrize("suffix", [".nrrd", ".png"])
def test_nothing_that_is_exported_replaces_the_image(
    accepted, tmp_path, monkeypatch, qtbot, suffix
):
    _, view, viewer = accepted
    path = tmp_path / f"ct{suffix}"
    path.write_text("the image")
    viewer.layers["ct"].metadata["files"] = (str(path),)
    answer_with(monkeypatch, path)
    view.outputs.export_requested.emit()
    qtbot.waitUntil(lambda: "never overwritten" in view.status.text.text())
    assert path.read_text() == "the image"
