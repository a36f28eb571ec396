"""Folders of files, and the samples, as sources of a run."""

import json
import sys

import cv2
import numpy as np
import pytest
import SimpleITK as sitk

from fakes.small_files import blocks
from napari_sam_med.bench.data.given_data import (
    SAMPLE_DATA,
    paired_files,
    sample_source,
)
from napari_sam_med.bench.data.subsets import FewerObjects
from napari_sam_med.bench.protocol.cases import slices_of
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.errors import FileReadError


def test_the_samples_are_eight_images_of_four_modalities():
    source = sample_source(SAMPLE_DATA)
    assert len(source) == 8
    names = {name for s in source.sources for name in s.label_names.values()}
    assert {"CT liver", "MR lesion", "X-ray heart", "ultrasound lesion"} <= names


@pytest.fixture
def cells(tmp_path):
    """An image with three objects, 7, 8 and 9, in images/ and masks/."""
    labels = np.zeros((20, 20), np.uint8)
    for value, column in ((7, 1), (8, 8), (9, 15)):
        labels[5:9, column : column + 3] = value
    for folder, picture in (("images", labels * 20), ("masks", labels)):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "a.png"), picture)
    return tmp_path


def tasks(source):
    (pair,) = source
    cut = slices_of(pair, profile=Profile.STRICT, axis=0, dataset=source.name)
    return [(case.task, case.label) for each in cut for case in each.cases]


def test_names_may_lie_one_folder_above_the_labels(cells):
    (cells / "labels.json").write_text('{"7": "nucleus"}')
    source = paired_files(cells / "images", cells / "masks", name="cells")
    assert tasks(source) == [("cells: nucleus", 7)]


def test_one_name_for_all_makes_every_value_an_object(cells):
    (cells / "masks" / "labels.json").write_text('"nucleus"')
    source = paired_files(cells / "images", cells / "masks")
    assert tasks(source) == [("nucleus", 7), ("nucleus", 8), ("nucleus", 9)]


def test_fewer_objects_are_evenly_spaced_and_another_run(cells):
    (cells / "labels.json").write_text('"nucleus"')
    source = paired_files(cells / "images", cells / "masks")
    fewer = FewerObjects(source, 2)
    assert tasks(fewer) == [("nucleus", 7), ("nucleus", 9)]
    assert fewer.options() != source.options()


def test_names_of_another_form_are_refused(cells):
    (cells / "labels.json").write_text("[1, 2]")
    with pytest.raises(FileReadError, match="liver"):
        paired_files(cells / "images", cells / "masks")


@pytest.mark.parametrize("of_image", [3, 1])
def test_a_time_point_of_a_data_set_is_one_of_its_labels_too(call, tmp_path, of_image):
    image, labels = blocks(2)
    drawn = np.stack([np.zeros_like(labels), labels, np.zeros_like(labels)])
    seen = np.stack([image] * of_image)
    for name, times in (("i.nrrd", seen), ("i_seg.nrrd", drawn)):
        written = sitk.GetImageFromArray(times.squeeze(), isVector=False)
        sitk.WriteImage(written, str(tmp_path / name))
    pair = (tmp_path / "i.nrrd", tmp_path / "i_seg.nrrd")
    asked = ("--model", "ellipse", "--settings", "modes", "--no-baselines")
    run = tmp_path / "run"
    status, said, err = call("benchmark", *pair, *asked, "--time", 1, "--out", run)
    assert (status, err) == (0, "")
    assert "label 1" in said
    assert call("export", run, "--masks", "--out", tmp_path / "masks")[0] == 0


MEASURED = ("--model", "ellipse", "--settings", "modes", "--no-baselines")


@pytest.mark.parametrize(
    "names", [("a.nii.gz", "a.nrrd"), ("a_mask.nii.gz", "a_seg.nii.gz")]
)
def test_of_two_label_files_of_an_image_none_is_chosen(call, dataset, names):
    labels, (first, second) = dataset / "labels", names
    (labels / "a.nii.gz").rename(labels / first)
    assert call("convert", labels / first, "--labels", "--out", labels / second)[0] == 0
    folders = (dataset / "images", labels)
    status, _, err = call("benchmark", *folders, *MEASURED, "--out", dataset / "run")
    assert status == 2
    assert f"several label files fit the image a, {first} and {second}" in err


def test_a_damaged_file_is_told_from_its_partner_of_the_same_name(call, dataset):
    folders = (dataset / "images", dataset / "labels")
    for folder, said in zip(folders, ("a.nii.gz", "labels a.nii.gz"), strict=True):
        whole = (folder / "a.nii.gz").read_bytes()
        (folder / "a.nii.gz").write_bytes(b"")
        out = ("--out", dataset / "run")
        status, _, err = call("benchmark", *folders, *MEASURED, *out)
        assert status == 2
        assert f"prompt: {said} is empty" in err
        (folder / "a.nii.gz").write_bytes(whole)


@pytest.mark.parametrize("strange", ["\x1b", "\0", "\ud83d", "\u202e"])
def test_names_that_no_text_file_holds_are_written_as_escapes(call, dataset, strange):
    (dataset / "labels" / "labels.json").write_text(json.dumps({"1": f"a{strange}b"}))
    folders, run = (dataset / "images", dataset / "labels"), dataset / "run"
    named = ("--dataset", f"set {strange}")
    status, said, _ = call("benchmark", *folders, *MEASURED, *named, "--out", run)
    assert status == 0
    files = (run / "report.html", run / "summary.csv", *run.rglob("*.tex"))
    texts = [said, *(file.read_text() for file in files)]
    assert not [text for text in texts if strange in text]
    escape = repr(strange)[1:-1]
    assert f"a{escape}b" in (run / "summary.csv").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="others refuse such a name")
def test_a_run_over_a_folder_whose_name_is_no_utf8_can_be_read_again(call, dataset):
    images = (dataset / "images").rename(dataset / "donn\udce9es")
    asked = (images, dataset / "labels", *MEASURED, "--out", dataset / "run")
    for _ in range(2):
        assert call("benchmark", *asked)[0] == 0
    command = json.loads((dataset / "run" / "manifest.json").read_text())["command"]
    assert any(word.endswith("donn\\udce9es") for word in command)


NOT_UTF8 = pytest.mark.skipif(sys.platform != "linux", reason="others refuse the name")


@pytest.mark.parametrize(
    "name", [pytest.param("donn\udce9es", marks=NOT_UTF8), "données", "50% of it"]
)
def test_a_run_finds_its_data_again_whatever_their_folder_is_called(
    call, dataset, name
):
    for kind in ("images", "labels"):
        place = dataset / name / kind
        place.parent.mkdir(exist_ok=True)
        (dataset / kind).rename(place)
    run = dataset / "run"
    ask = ["--model", "ellipse", "--settings", "modes", "--no-baselines", "--out", run]
    data = [dataset / name / "images", dataset / name / "labels"]
    assert call("benchmark", *data, *ask)[0] == 0
    status, _, err = call("export", run, "--masks", "--out", dataset / "masks")
    assert (status, err) == (0, "")
    assert list((dataset / "masks").glob("*.nii.gz"))
