"""Saved prompts, asked again."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fakes.small_files import write_pair
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.dicom import write_ct_series
from napari_sam_med.io.volume_files import read_labels, read_volume
from napari_sam_med.models import load_model
from napari_sam_med.session.replay import Record, load_records, save_records
from napari_sam_med.session.saved_session import (
    ImageIdentity,
    SavedLayer,
    SavedRules,
    SavedSession,
)

WRITTEN = SavedRules(keep_others=True, locked=(), adds=False)


@pytest.fixture
def session(tmp_path):
    prompts = Prompts(box_rc=(6, 8, 14, 19)).to_json()
    record = Record(
        image="a", axis=0, index=1, spacing_rc=(0.8, 0.8), window=(0, 255),
        prompts=prompts, label=3, model="nano", sha256="", chosen=0, score=0.9,
    )  # fmt: skip
    save_records(tmp_path / "session.json", [record])
    return tmp_path / "session.json"


def test_the_answer_of_another_model_is_shown_and_written(call, session, tmp_path):
    image = write_pair(tmp_path)
    status, out, _ = call(
        "replay", session, image, "--model", "ellipse", "--out", tmp_path / "m.nii.gz"
    )
    assert status == 0
    assert "0.900 (nano)" in out
    assert read_labels(tmp_path / "m.nii.gz").array[1, 10, 14] == 3


def test_a_dicom_segmentation_says_which_segment_each_label_is(call, session, tmp_path):
    image = read_volume(write_pair(tmp_path))
    write_ct_series(tmp_path / "a", image, description="phantom")
    status, out, err = call(
        "replay", session, tmp_path / "a", "--model", "ellipse",
        "--out", tmp_path / "m.dcm",
    )  # fmt: skip
    assert status == 0, err
    assert "Segments: label 3 is 1" in out


def test_masks_accepted_one_after_another_are_told_to_be_joined(
    call, session, tmp_path
):
    image, out = write_pair(tmp_path), tmp_path / "m.nii.gz"
    (record,) = load_records(session)
    again = replace(record, prompts=Prompts(box_rc=(1, 1, 4, 4)).to_json())
    for records, told in (([record, replace(again, label=2)], 0), ([record, again], 1)):
        save_records(session, records)
        status, _, err = call(
            "replay", session, image, "--model", "ellipse", "--out", out, "--overwrite"
        )
        assert status == 0
        assert err.count("Note: label 3 on slice 1 (axis 0) joins 2 accepted") == told


def test_prompts_made_with_other_weights_of_the_same_model_are_counted(
    call, session, tmp_path
):
    image = write_pair(tmp_path)
    (record,) = load_records(session)
    for sha256, said in (("0" * 64, True), (load_model("nano").sha256, False)):
        save_records(session, [replace(record, sha256=sha256)])
        status, out, _ = call("replay", session, image)
        assert status == 0
        assert ("other weights of nano: 1" in out) == said


def test_a_session_of_the_same_voxels_in_another_order_is_refused(
    call, session, tmp_path
):
    image = write_pair(tmp_path)
    voxels = read_volume(image).array
    for shown, status in ((voxels, 0), (np.ascontiguousarray(voxels.T), 2)):
        identity = ImageIdentity.of(Volume(shown, name="a"))
        work = SavedSession(
            image=identity, window=(0, 255), model="", sha256="", started="", saved="",
            axis=0, index=0, label=1, points_zyx=[], point_labels=[], boxes=[],
            choices=[], objects=[], sources=[], labels=None,
        )  # fmt: skip
        save_records(session, load_records(session), work)
        found, _, err = call("replay", session, image, "--model", "ellipse")
        assert found == status
    assert "a session of other voxels than those of a, or of these in another" in err


def test_another_image_is_refused(call, session, tmp_path):
    image = write_pair(tmp_path, "b.nii.gz")
    status, _, err = call("replay", session, image, "--model", "ellipse")
    assert status == 2
    assert "prompts of a, not of b" in err


@pytest.mark.parametrize(("pixel_mm", "told"), [(0.8, 0), (0.80001, 0), (0.4, 1)])
def test_pixels_of_another_size_than_those_prompted_are_told(
    call, session, tmp_path, pixel_mm, told
):
    image = write_pair(tmp_path)
    (record,) = load_records(session)
    save_records(session, [replace(record, spacing_rc=(pixel_mm, 0.8))] * 2)
    status, _, err = call("replay", session, image, "--model", "ellipse")
    assert status == 0
    assert err.count("Note: prompts were made on pixels of 0.4 x 0.8 mm") == told


def test_a_file_of_an_older_release_says_what_it_does_not_know(call, session, tmp_path):
    image, out = write_pair(tmp_path), tmp_path / "m.nii.gz"
    stored = json.loads(session.read_text())
    stored["version"] = 6
    for name in ("layer", "then"):
        del stored["records"][0][name]
    session.write_text(json.dumps(stored))
    status, _, err = call("replay", session, image, "--model", "ellipse", "--out", out)
    assert status == 0
    assert "does not say into which Labels layers masks went, nor which objects" in err
    (old,) = load_records(session)
    new = replace(old, label=5, layer=SavedLayer("k", "lesions"))
    save_records(tmp_path / "on.json", [old, new])  # the work went on in this one
    ask = ["--model", "ellipse", "--out", out, "--overwrite"]
    status, _, err = call("replay", tmp_path / "on.json", image, *ask)
    assert status == 0
    assert "an older release has saved 1 prompt, which does not say into which" in err
    status, _, err = call("replay", session, image, "--layer", "organs")
    assert status == 2
    assert "no masks of the Labels layer 'organs'; it names no layer" in err


def test_what_became_of_an_object_stands_in_the_table(call, session, tmp_path):
    image, out = write_pair(tmp_path), tmp_path / "m.nii.gz"
    (record,) = load_records(session)
    of = {"layer": SavedLayer("k", "organs"), "rules": WRITTEN}
    far = Prompts(box_rc=(1, 1, 4, 4)).to_json()
    records = [
        replace(record, **of),
        replace(record, label=5, prompts=far, then=((3, 9), (5, 0), (9, 70_000)), **of),
    ]
    save_records(session, records)
    status, told, _ = call("replay", session, image, "--model", "ellipse", "--out", out)
    assert status == 0
    assert "3 (later 70000)" in told
    assert "5 (later deleted)" in told
    assert np.unique(read_labels(out).array).tolist() == [0, 70_000]


def test_layers_that_were_called_alike_are_told_apart(call, session, tmp_path):
    image, out = write_pair(tmp_path), tmp_path / "m.nii.gz"
    (record,) = load_records(session)
    first = replace(record, layer=SavedLayer("k", "organs"))
    second = replace(record, label=5, layer=SavedLayer("l", "organs"))
    save_records(session, [first, second])
    ask = ["replay", session, image, "--model", "ellipse", "--out", out, "--overwrite"]
    status, _, err = call(*ask)
    assert status == 2
    assert "'organs', 'organs [2]'; choose one with --layer" in err
    for layer, label in (("organs", 3), ("organs [2]", 5)):
        assert call(*ask, "--layer", layer)[0] == 0
        assert np.unique(read_labels(out).array).tolist() == [0, label]


def test_the_image_is_found_by_its_name_beside_the_saved_prompts(
    call, session, tmp_path
):
    image = write_pair(tmp_path)
    (beside := tmp_path / image.name).write_bytes(image.read_bytes())
    asked = ("replay", session, "--model", "ellipse", "--out", tmp_path / "m.nii.gz")
    status, _, err = call(*asked)
    assert status == 0, err
    assert f"Note: no image was given; {beside} is asked about" in err
    (tmp_path / "a").mkdir()  # could be a DICOM series
    status, _, err = call(*asked, "--overwrite")
    assert status == 2
    assert "prompts of a, and 2 files of that name are beside it; give IMAGE" in err


def test_without_an_image_beside_them_it_has_to_be_given(call, session):
    status, _, err = call("replay", session)
    assert status == 2
    assert "holds prompts of a, and no such file is beside it; give IMAGE" in err


def test_prompts_of_another_image_in_the_file_are_told(call, session, tmp_path):
    image = write_pair(tmp_path)
    (record,) = load_records(session)
    save_records(session, [record, replace(record, image="b"), record])
    status, out, err = call("replay", session, image, "--model", "ellipse")
    assert status == 0
    assert "2 prompts asked of ellipse" in out
    assert "Note: 1 prompt of an image called b is left out" in err
