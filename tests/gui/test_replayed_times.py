"""What was accepted on time points of an image, asked again on the command line."""

import numpy as np
import pytest
import SimpleITK as sitk
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.cli.main import main
from napari_sam_med.models import load_model


@pytest.fixture
def cine(tmp_path):
    """A file with three time points: noise round a bright block that moves."""
    array = np.random.default_rng(1).random((3, *SHAPE), dtype=np.float32)
    for time in range(3):
        array[time, :, 20 : 60 + 10 * time, 20:60] += 3
    times = [sitk.GetImageFromArray(each) for each in array]
    for each in times:
        each.SetSpacing(tuple(float(size) for size in SCALE[::-1]))
    sitk.WriteImage(sitk.JoinSeries(times), str(tmp_path / "cine.nii.gz"))
    return tmp_path / "cine.nii.gz", array


@pytest.fixture
def desk(make_napari_viewer, qtbot, tmp_path, monkeypatch, cine):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path / "cache"))
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf(load_model("nano")))
    layer = desk.viewer.add_image(cine[1], name="cine", scale=(1, *SCALE))
    desk.send(desk.view.source.image_chosen, str(layer.unique_id))
    for time, label in ((0, 1), (1, 2)):
        at(desk, time)
        desk.send(desk.view.write.label_chosen, label)
        desk.view.controller.click((time, *np.multiply(SCALE, (3, 30, 30))), 1)
        desk.wait_for_candidates(60_000)
        desk.key(Qt.Key.Key_Return)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def at(desk, time):
    desk.viewer.dims.set_current_step(0, time)
    desk.viewer.dims.set_current_step(1, 3)
    desk.settle()


def save(desk, monkeypatch, path, how):
    answer = staticmethod(lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    how()
    desk.qtbot.waitUntil(path.exists, timeout=60_000)


def replayed(capsys, *asked):
    capsys.readouterr()
    out = asked[0].with_name("again.nii.gz")
    out.unlink(missing_ok=True)
    status = main(["replay", *(str(each) for each in asked), "--out", str(out)])
    told = capsys.readouterr().err
    assert status == 0, told
    return sitk.GetArrayFromImage(sitk.ReadImage(str(out))), told


def labels_of(desk, time):
    (labels,) = (each for each in desk.viewer.layers if "segmentation" in each.name)
    return np.asarray(labels.data[time])


def test_saved_prompts_of_a_time_point_are_asked_there(
    desk, cine, monkeypatch, tmp_path, capsys
):
    path = tmp_path / "prompts.json"
    save(desk, monkeypatch, path, lambda: desk.press(desk.view.outputs.save))
    found, _ = replayed(capsys, path, cine[0], "--time", 1)
    np.testing.assert_array_equal(found, labels_of(desk, 1))
    assert 2 in found


def test_each_time_point_of_a_session_is_asked_again(
    desk, cine, monkeypatch, tmp_path, capsys
):
    path = tmp_path / "session.json"
    save(desk, monkeypatch, path, desk.view.session.save_requested.emit)
    for time, label in ((0, 1), (1, 2)):
        found, told = replayed(capsys, path, "--time", time)
        np.testing.assert_array_equal(found, labels_of(desk, time))
        assert label in found
        assert str(cine[0]) in told
    assert main(["replay", str(path), "--time", "2"]) == 2
    assert "give the image and time point that were prompted" in capsys.readouterr().err


def test_an_object_deleted_on_another_image_is_gone_at_that_time_point_alone(
    desk, cine, monkeypatch, tmp_path, capsys
):
    image = desk.viewer.layers["cine"]
    (labels,) = (each for each in desk.viewer.layers if "segmentation" in each.name)
    at(desk, 0)
    desk.send(desk.view.write.label_chosen, 2)
    desk.view.controller.click((0, *np.multiply(SCALE, (3, 45, 70))), 1)
    desk.wait_for_candidates(60_000)
    desk.key(Qt.Key.Key_Return)
    other = desk.viewer.add_image(cine[1][::-1], name="t2", scale=(1, *SCALE))
    desk.send(desk.view.source.image_chosen, str(other.unique_id))
    desk.send(desk.view.write.labels_chosen, str(labels.unique_id))
    at(desk, 1)
    desk.send(desk.view.objects.delete_requested, 2)
    assert 2 in labels.data[0]
    assert not labels.data[1].any()
    desk.send(desk.view.source.image_chosen, str(image.unique_id))
    for shown in (0, 1):  # the other one is saved with it
        at(desk, shown)
        path = tmp_path / f"session{shown}.json"
        save(desk, monkeypatch, path, desk.view.session.save_requested.emit)
        for time in (0, 1):
            found, _ = replayed(capsys, path, cine[0], "--time", time)
            np.testing.assert_array_equal(found, labels.data[time])
        path = tmp_path / f"prompts{shown}.json"
        save(desk, monkeypatch, path, lambda: desk.press(desk.view.outputs.save))
        found, _ = replayed(capsys, path, cine[0], "--time", shown)
        np.testing.assert_array_equal(found, labels.data[shown])
