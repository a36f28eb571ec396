"""What was accepted in the dock, asked again on the command line: the same labels."""

from itertools import count

import numpy as np
import pytest
import SimpleITK as sitk
from napari.layers._layer_actions import _split_stack
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog
from scipy import ndimage

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import NONE, SHAPE, PromptsDesk
from napari_sam_med.cli.main import main
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.gui.opening.readers import read_layers
from napari_sam_med.io.writing.export import write_labels, write_volume
from napari_sam_med.models import load_model

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
PATIENCE_MS = 60_000


def scene() -> np.ndarray:
    """Blobs of many sizes, on which three candidates differ."""
    noise = np.random.default_rng(5).standard_normal(SHAPE)
    smooth = ndimage.gaussian_filter(noise, (1, 4, 4))
    low, high = smooth.min(), smooth.max()
    return ((smooth - low) / (high - low)).astype(np.float32)


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "ct.nii.gz"
    write_volume(path, Volume(scene(), Geometry((0.8, 0.8, 5.0)), "ct"))
    return path


@pytest.fixture
def desk(make_napari_viewer, qtbot, tmp_path, monkeypatch, image):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path / "cache"))
    shelf = FakeShelf(load_model("nano"))
    desk = PromptsDesk(make_napari_viewer(), qtbot, shelf)
    desk.image.data = scene()
    desk.go_to(0, 3)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


def accept(desk, off, *, slot=0, how=NONE, background=None, told="Wrote") -> None:
    """Click, take one of the candidates, and see what is told of it."""
    desk.click(off=off)
    desk.wait_for_candidates(PATIENCE_MS)
    if background is not None:
        desk.click(SHIFT, off=background)
        desk.wait_for_candidates(PATIENCE_MS)
    if slot:
        desk.key((Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3)[slot - 1])
    desk.key(Qt.Key.Key_Return, how)
    assert told in desk.told


def saved(desk, monkeypatch, path, button) -> None:
    answer = staticmethod(lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    desk.press(button)
    desk.qtbot.waitUntil(path.exists, timeout=PATIENCE_MS)
    desk.qtbot.waitUntil(lambda: "Saved" in desk.told, timeout=PATIENCE_MS)


def exported(desk, monkeypatch, path) -> np.ndarray:
    saved(desk, monkeypatch, path, desk.view.outputs.export)
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def replayed(capsys, prompts, image, path) -> tuple[np.ndarray, str]:
    capsys.readouterr()
    status = main(["replay", str(prompts), str(image), "--out", str(path)])
    told = capsys.readouterr().err
    assert status == 0, told
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path))), told


def work(desk) -> None:
    """Accept in every way there is, on slices of three orientations that cross."""
    preserve = desk.view.write.keep_others
    accept(desk, (0, 0), slot=2)
    desk.view.kinds.start.click()
    accept(desk, (60, 40), slot=3)  # in place of the first
    desk.view.kinds.start.click()
    accept(desk, (-70, -40), slot=3, how=SHIFT)  # beside the second
    desk.key(Qt.Key.Key_N)
    preserve.setChecked(True)
    accept(desk, (10, -60), slot=1, background=(-60, 30))
    preserve.setChecked(False)
    accept(desk, (40, 30), slot=1, told="accept again to take them")
    desk.key(Qt.Key.Key_Return)
    assert "loses" in desk.told
    desk.go_to(1, 30)
    accept(desk, (10, 0), slot=2)
    accept(desk, (80, 0), slot=1)
    desk.key(Qt.Key.Key_Z, CONTROL)  # takes the second back
    desk.key(Qt.Key.Key_C, SHIFT)
    desk.send(desk.view.objects.locked, 1, True)  # noqa: FBT003 - a signal
    desk.go_to(0, 3)
    accept(desk, (-120, 60), slot=3, how=SHIFT)
    desk.go_to(2, 40)
    accept(desk, (0, 10), slot=1)
    desk.key(Qt.Key.Key_Z, CONTROL)
    desk.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    for index, rule, told in ((6, "object", "labels 2, 3"), (8, "part", "label 2 ")):
        desk.go_to(0, index)
        desk.send(desk.view.kinds.second_box.chosen, rule)
        for start, end in (((-120, -60), (10, 80)), ((110, -80), (-20, 60))):
            desk.key(Qt.Key.Key_B)
            desk.drag(start, end)
        desk.wait_for_candidates(PATIENCE_MS)
        desk.key(Qt.Key.Key_Return)
        if "accept again" in desk.told:
            desk.key(Qt.Key.Key_Return)
        assert f"under {told}" in desk.told


def test_replayed_labels_equal_those_of_the_dock(
    desk, image, tmp_path, monkeypatch, capsys
):
    work(desk)
    in_dock = exported(desk, monkeypatch, tmp_path / "dock.nrrd")
    assert set(np.unique(in_dock)) == {0, 1, 2, 3}
    saves = {"prompts": desk.view.outputs.save, "session": desk.view.session.save}
    for name, button in saves.items():
        saved(desk, monkeypatch, tmp_path / f"{name}.json", button)
        out = tmp_path / f"{name}.nrrd"
        labels, told = replayed(capsys, tmp_path / f"{name}.json", image, out)
        np.testing.assert_array_equal(labels, in_dock)
        assert "joins" not in told
        assert "differ" not in told


def test_voxels_that_no_prompt_has_made_are_told_of(
    desk, image, tmp_path, monkeypatch, capsys
):
    accept(desk, (0, 0))
    labels = desk.viewer.layers["ct segmentation"]
    masks = labels.data.copy()
    desk.viewer.layers.selection.active = labels
    labels.mode = "paint"
    desk.drag((-120, 80), (-60, 80))
    n_painted = np.count_nonzero(labels.data != masks)
    assert n_painted
    saved(desk, monkeypatch, tmp_path / "a.json", desk.view.session.save)
    out = tmp_path / "a.nrrd"
    found, told = replayed(capsys, tmp_path / "a.json", image, out)
    np.testing.assert_array_equal(found, masks)
    assert f"{n_painted} voxels differ from the labels of the session: brush" in told
    saved(desk, monkeypatch, tmp_path / "b.json", desk.view.outputs.save)
    _, told = replayed(capsys, tmp_path / "b.json", image, tmp_path / "b.nrrd")
    assert "brush strokes, propagated masks and other edits are no prompts" in told


def test_labels_that_the_layer_held_before_are_told_of(
    desk, image, tmp_path, monkeypatch, capsys
):
    labels = np.zeros(SHAPE, np.uint16)
    labels[5, 10:20, 10:20] = 4
    path = tmp_path / "ct_seg.nii.gz"
    write_labels(path, labels, Geometry((0.8, 0.8, 5.0)))
    (layer,) = desk.viewer.open(str(path), plugin="napari-sam-med")
    desk.send(desk.view.write.labels_chosen, str(layer.unique_id))
    desk.viewer.layers.selection.active = None
    desk.go_to(0, 3)
    accept(desk, (0, 0))
    saves = {"prompts": desk.view.outputs.save, "session": desk.view.session.save}
    for name, button in saves.items():
        saved(desk, monkeypatch, tmp_path / f"{name}.json", button)
        out = tmp_path / f"{name}.nrrd"
        found, told = replayed(capsys, tmp_path / f"{name}.json", image, out)
        assert np.count_nonzero(found != layer.data) == 100
        assert "nor are labels that the layer held before" in told
    assert "100 voxels differ" in told


def test_deleted_objects_stay_deleted_and_merged_ones_merged(
    desk, image, tmp_path, monkeypatch, capsys
):
    for number, off in enumerate([(0, 0), (60, 40), (-70, -40), (20, 10)]):
        if number:
            desk.key(Qt.Key.Key_N)
        desk.view.write.keep_others.setChecked(number < 3)  # the last takes from others
        desk.click(off=off)
        desk.wait_for_candidates(PATIENCE_MS)
        desk.key(Qt.Key.Key_Return)
        if "accept again" in desk.told:
            desk.key(Qt.Key.Key_Return)
        assert f"under label {number + 1} " in desk.told
    objects = desk.view.objects
    desk.send(objects.merge_requested, 3, 1)
    assert "Label 3 is part of label 1" in desk.told
    desk.send(objects.delete_requested, 4)
    desk.send(objects.delete_requested, 2)
    desk.key(Qt.Key.Key_Z, CONTROL)  # takes the last deletion back
    in_dock = exported(desk, monkeypatch, tmp_path / "dock.nrrd")
    assert set(np.unique(in_dock)) == {0, 1, 2}
    saves = {"prompts": desk.view.outputs.save, "session": desk.view.session.save}
    for name, button in saves.items():
        saved(desk, monkeypatch, tmp_path / f"{name}.json", button)
        out = tmp_path / f"{name}.nrrd"
        labels, told = replayed(capsys, tmp_path / f"{name}.json", image, out)
        np.testing.assert_array_equal(labels, in_dock)
        assert "differ" not in told


@pytest.fixture
def beside(desk):
    """Another image on the same grid, whose masks go into the same Labels layer."""
    accept(desk, (0, 0))
    desk.key(Qt.Key.Key_N)
    accept(desk, (60, 40))
    labels = desk.viewer.layers["ct segmentation"]
    other = desk.viewer.add_image(scene()[::-1], name="t2", scale=desk.image.scale)
    see(desk, other)
    desk.send(desk.view.write.labels_chosen, str(labels.unique_id))
    assert desk.session.state.records == ()
    return other


def see(desk, image) -> None:
    desk.send(desk.view.source.image_chosen, str(image.unique_id))
    desk.go_to(0, 3)


@pytest.fixture
def again(desk, image, tmp_path, monkeypatch, capsys):
    """Replays saved prompts and the session of the first image; both give the same."""
    folders = (tmp_path / f"again{number}" for number in count())

    def asked_again():
        see(desk, desk.image)
        folder = next(folders)
        folder.mkdir()
        saves = {"prompts": desk.view.outputs.save, "session": desk.view.session.save}
        found = []
        for name, button in saves.items():
            path = folder / f"{name}.json"
            saved(desk, monkeypatch, path, button)
            found.append(replayed(capsys, path, image, folder / f"{name}.nrrd")[0])
        np.testing.assert_array_equal(*found)
        return found[0]

    return asked_again


CHANGES = {"delete": ("delete_requested", 1), "merge": ("merge_requested", 1, 2)}


@pytest.mark.parametrize("change", CHANGES)
def test_what_became_of_an_object_while_another_image_is_seen_is_kept(
    desk, beside, again, change
):
    labels, (signal, *values) = desk.viewer.layers["ct segmentation"], CHANGES[change]
    before = labels.data.copy()
    desk.send(getattr(desk.view.objects, signal), *values)
    after = labels.data.copy()
    assert set(np.unique(before)) == {0, 1, 2}
    assert set(np.unique(after)) == {0, 2}
    np.testing.assert_array_equal(again(), after)
    for keys, wanted in ((CONTROL, before), (CONTROL | SHIFT, after)):
        see(desk, beside)
        desk.key(Qt.Key.Key_Z, keys)
        np.testing.assert_array_equal(labels.data, wanted)
        np.testing.assert_array_equal(again(), wanted)


def test_a_mask_that_is_accepted_or_redone_after_the_deletion_stays(
    desk, beside, again
):
    labels = desk.viewer.layers["ct segmentation"]
    desk.send(desk.view.objects.delete_requested, 1)
    desk.send(desk.view.objects.delete_requested, 2)
    assert not labels.data.any()
    see(desk, desk.image)
    desk.send(desk.view.write.label_chosen, 1)
    accept(desk, (-70, -40))
    np.testing.assert_array_equal(again(), labels.data)
    see(desk, beside)
    desk.send(desk.view.objects.delete_requested, 1)
    see(desk, desk.image)
    desk.key(Qt.Key.Key_Z, CONTROL)
    desk.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert set(np.unique(labels.data)) == {0, 1}
    np.testing.assert_array_equal(again(), labels.data)


def test_an_object_of_the_same_label_deleted_in_another_layer_is_kept(
    desk, beside, again
):
    first = desk.viewer.layers["ct segmentation"]
    before = first.data.copy()
    second = other_layer(desk)
    desk.send(desk.view.write.label_chosen, 1)
    accept(desk, (0, 0))
    desk.send(desk.view.objects.delete_requested, 1)
    assert not second.data.any()
    np.testing.assert_array_equal(again(), before)


def test_an_object_of_an_opened_session_that_is_deleted_stays_deleted(
    desk, beside, tmp_path, monkeypatch, again
):
    see(desk, desk.image)
    saved(desk, monkeypatch, tmp_path / "a.json", desk.view.session.save)
    answer = staticmethod(lambda *_: (str(tmp_path / "a.json"), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    desk.viewer.layers.remove("ct segmentation")
    desk.press(desk.view.session.open)
    desk.qtbot.waitUntil(lambda: "goes on" in desk.told, timeout=PATIENCE_MS)
    labels = desk.viewer.layers["ct segmentation"]
    see(desk, beside)
    desk.send(desk.view.write.labels_chosen, str(labels.unique_id))
    desk.send(desk.view.objects.delete_requested, 1)
    assert set(np.unique(labels.data)) == {0, 2}
    np.testing.assert_array_equal(again(), labels.data)


def test_an_object_deleted_in_another_viewer_stays_deleted(
    desk, beside, again, make_napari_viewer, qtbot
):
    labels = desk.viewer.layers["ct segmentation"]
    viewer = make_napari_viewer()
    second = PromptsDesk(viewer, qtbot, FakeShelf(load_model("nano")))
    viewer.add_layer(labels)
    second.send(second.view.write.labels_chosen, str(labels.unique_id))
    for keys in (None, CONTROL, CONTROL | SHIFT):
        if keys is None:
            second.send(second.view.objects.delete_requested, 1)
        else:
            second.key(Qt.Key.Key_Z, keys)
        assert (1 in labels.data) == (keys == CONTROL)
        np.testing.assert_array_equal(again(), labels.data)
    second.view.controller.close()
    assert second.services.wait_for_end(30)


def other_layer(desk):
    labels = np.zeros(SHAPE, dtype=np.uint8)
    layer = desk.viewer.add_labels(labels, name="lesions", scale=desk.image.scale)
    desk.send(desk.view.write.labels_chosen, str(layer.unique_id))
    desk.go_to(0, 3)
    return layer


def test_masks_of_two_layers_are_written_one_layer_at_a_time(
    desk, image, tmp_path, monkeypatch, capsys
):
    accept(desk, (0, 0))
    first = desk.viewer.layers["ct segmentation"]
    second = other_layer(desk)
    accept(desk, (60, 40))
    assert first.data.any()
    assert second.data.any()
    path, out = tmp_path / "a.json", tmp_path / "a.nrrd"
    saved(desk, monkeypatch, path, desk.view.session.save)
    capsys.readouterr()
    assert main(["replay", str(path), str(image), "--out", str(out)]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "masks of the Labels layers 'ct segmentation', 'lesions'" in told
    assert "--layer" in told
    assert not out.exists()
    for layer in (first, second):
        ask = ["--out", str(out), "--overwrite", "--layer", layer.name]
        assert main(["replay", str(path), str(image), *ask]) == 0
        found = sitk.GetArrayFromImage(sitk.ReadImage(str(out)))
        np.testing.assert_array_equal(found, layer.data)
        told = capsys.readouterr().err
        assert "voxels differ" not in told
        assert "no prompts" not in told  # each is compared with its own labels


def test_a_session_that_was_opened_again_goes_on_in_one_layer(
    desk, image, tmp_path, monkeypatch, capsys
):
    accept(desk, (0, 0))
    saved(desk, monkeypatch, tmp_path / "a.json", desk.view.session.save)
    answer = staticmethod(lambda *_: (str(tmp_path / "a.json"), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    desk.viewer.layers.remove("ct segmentation")
    desk.press(desk.view.session.open)
    desk.qtbot.waitUntil(lambda: "goes on" in desk.told, timeout=PATIENCE_MS)
    desk.go_to(0, 5)
    accept(desk, (60, 40))
    in_dock = exported(desk, monkeypatch, tmp_path / "dock.nrrd")
    saved(desk, monkeypatch, tmp_path / "b.json", desk.view.session.save)
    out = tmp_path / "b.nrrd"
    labels, _ = replayed(capsys, tmp_path / "b.json", image, out)
    np.testing.assert_array_equal(labels, in_dock)
    assert labels[3].any()
    assert labels[5].any()


def test_layers_of_a_session_are_known_by_the_names_that_they_came_back_under(
    desk, image, tmp_path, monkeypatch, capsys
):
    accept(desk, (0, 0))
    other_layer(desk)
    accept(desk, (60, 40))
    saved(desk, monkeypatch, tmp_path / "a.json", desk.view.session.save)
    answer = staticmethod(lambda *_: (str(tmp_path / "a.json"), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    desk.press(desk.view.session.open)  # beside the layers that are there
    desk.qtbot.waitUntil(lambda: "goes on" in desk.told, timeout=PATIENCE_MS)
    desk.settle()
    lesions = desk.viewer.layers["lesions [1]"]
    saves = {"prompts": desk.view.outputs.save, "session": desk.view.session.save}
    for name, button in saves.items():
        path, out = tmp_path / f"{name}.json", tmp_path / f"{name}.nrrd"
        saved(desk, monkeypatch, path, button)
        ask = ["--out", str(out), "--layer", "lesions [1]"]
        assert main(["replay", str(path), str(image), *ask]) == 0
        found = sitk.GetArrayFromImage(sitk.ReadImage(str(out)))
        np.testing.assert_array_equal(found, lesions.data)
        assert main(["replay", str(path), str(image), "--layer", "lesions"]) == 2
        assert "'ct segmentation [1]', 'lesions [1]'" in capsys.readouterr().err


def test_a_layer_that_was_renamed_later_is_known_by_its_last_name(
    desk, image, tmp_path, monkeypatch, capsys
):
    accept(desk, (0, 0))
    first = desk.viewer.layers["ct segmentation"]
    second = other_layer(desk)
    accept(desk, (60, 40))
    first.name, second.name = "Läsionen", "organs"
    desk.key(Qt.Key.Key_Z, CONTROL)
    desk.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    saves = {"prompts": desk.view.outputs.save, "session": desk.view.session.save}
    for name, button in saves.items():
        path, out = tmp_path / f"{name}.json", tmp_path / f"{name}.nrrd"
        saved(desk, monkeypatch, path, button)
        for layer in (first, second):
            ask = ["--out", str(out), "--overwrite", "--layer", layer.name]
            assert main(["replay", str(path), str(image), *ask]) == 0
            found = sitk.GetArrayFromImage(sitk.ReadImage(str(out)))
            np.testing.assert_array_equal(found, layer.data)
        assert main(["replay", str(path), str(image), "--layer", "lesions"]) == 2
        assert "'Läsionen', 'organs'" in capsys.readouterr().err


def opened(desk, path):
    ((data, arguments, _),) = read_layers(str(path))
    layer = desk.viewer.add_image(data, **arguments)
    desk.send(desk.view.source.image_chosen, str(layer.unique_id))
    return layer


def test_an_image_that_is_called_otherwise_in_the_viewer_is_asked_again(
    desk, image, tmp_path, monkeypatch, capsys
):
    layer = opened(desk, image)
    assert layer.name == "ct [1]"  # one of that name is open
    desk.go_to(0, 3)
    accept(desk, (0, 0))
    layer.name = "scan of today"
    desk.go_to(0, 5)
    accept(desk, (60, 40))
    in_dock = exported(desk, monkeypatch, tmp_path / "dock.nrrd")
    saves = {"prompts": desk.view.outputs.save, "session": desk.view.session.save}
    for name, button in saves.items():
        saved(desk, monkeypatch, tmp_path / f"{name}.json", button)
        out = tmp_path / f"{name}.nrrd"
        labels, _ = replayed(capsys, tmp_path / f"{name}.json", image, out)
        np.testing.assert_array_equal(labels, in_dock)


def test_each_time_point_of_a_session_is_asked_again(
    desk, tmp_path, monkeypatch, capsys
):
    path = tmp_path / "cine.nii.gz"
    times = [sitk.GetImageFromArray(each) for each in (scene(), scene()[::-1])]
    sitk.WriteImage(sitk.JoinSeries(times), str(path))
    opened(desk, path)
    desk.viewer.layers.remove("ct")
    for time in (0, 1):
        desk.viewer.dims.set_current_step((0, 1), (time, 3))
        desk.viewer.reset_view()
        desk.settle()
        accept(desk, (40 * time, 0))
    labels = desk.viewer.layers["cine segmentation"].data
    saved(desk, monkeypatch, tmp_path / "a.json", desk.view.session.save)
    saved(desk, monkeypatch, tmp_path / "b.json", desk.view.outputs.save)
    for name, time in (("a", 0), ("a", 1), ("b", 1)):
        out = tmp_path / f"{name}{time}.nrrd"
        asked = [str(tmp_path / f"{name}.json"), str(path), "--time", str(time)]
        status = main(["replay", *asked, "--out", str(out)])
        assert status == 0, capsys.readouterr().err
        found = sitk.GetArrayFromImage(sitk.ReadImage(str(out)))
        np.testing.assert_array_equal(found, labels[time])


def test_masks_of_a_layer_that_was_closed_are_told_from_those_of_the_next(
    desk, image, tmp_path, monkeypatch, capsys
):
    accept(desk, (0, 0))
    desk.viewer.layers.remove("ct segmentation")
    desk.settle()
    accept(desk, (60, 40))
    path, out = tmp_path / "a.json", tmp_path / "a.nrrd"
    saved(desk, monkeypatch, path, desk.view.outputs.save)
    assert main(["replay", str(path), str(image), "--out", str(out)]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "layers 'ct segmentation (closed)', 'ct segmentation'; choose one" in told
    ask = ["--out", str(out), "--layer", "ct segmentation"]
    assert main(["replay", str(path), str(image), *ask]) == 0
    found = sitk.GetArrayFromImage(sitk.ReadImage(str(out)))
    layer = desk.viewer.layers["ct segmentation"]
    np.testing.assert_array_equal(found, layer.data)


def test_a_time_point_that_was_split_off_is_not_taken_for_the_image(
    desk, tmp_path, monkeypatch, capsys
):
    path = tmp_path / "cine.nii.gz"
    times = [sitk.GetImageFromArray(each) for each in (scene(), scene()[::-1])]
    sitk.WriteImage(sitk.JoinSeries(times), str(path))
    layer = opened(desk, path)
    desk.viewer.layers.selection = {layer}
    _split_stack(desk.viewer.layers)
    second = desk.viewer.layers["cine layer 1"]
    desk.send(desk.view.source.image_chosen, str(second.unique_id))
    desk.viewer.layers.selection = {second}
    desk.go_to(0, 3)
    accept(desk, (0, 0))
    saved(desk, monkeypatch, tmp_path / "a.json", desk.view.outputs.save)
    assert main(["replay", str(tmp_path / "a.json"), str(path), "--time", "0"]) == 2
    assert "holds prompts of cine layer 1, not of cine" in capsys.readouterr().err
