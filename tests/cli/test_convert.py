"""Images and labels from one format into another."""

import csv
from itertools import product

import numpy as np
import pytest
import SimpleITK as sitk
from imageio.v3 import imread
from pydicom import dcmread

from fakes.geometries import lie_alike
from fakes.small_files import blocks
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.dicom import write_ct_series
from napari_sam_med.io.volume_files import read_labels, read_volume
from napari_sam_med.io.writing.export import write_labels, write_volume

SUFFIXES = ("nii.gz", "nii", "nrrd", "mha")
GEOMETRY = Geometry((0.75, 0.75, 5.0), (10.0, -20.0, 30.0))
TURNED = Geometry(
    (0.75, 0.9, 5.0),
    (10.0, -20.0, 30.0),
    ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, -1.0)),
)


@pytest.fixture
def ct(tmp_path):
    """A DICOM series, and a label file drawn on it."""
    image, labels = blocks(4)
    series = Volume(image.astype(np.int16), GEOMETRY, "DOE^JANE", "CT")
    write_ct_series(tmp_path / "ct", series, description="abdomen")
    write_labels(tmp_path / "labels.nrrd", labels * 7, GEOMETRY)
    (tmp_path / "labels.json").write_text('{"7": "=liver"}')
    return tmp_path


@pytest.mark.parametrize(("first", "second"), list(product(SUFFIXES, SUFFIXES)))
def test_an_image_keeps_voxels_and_place_from_format_to_format(
    call, tmp_path, first, second
):
    array = np.arange(60, dtype=np.int16).reshape(3, 4, 5) - 20
    write_volume(tmp_path / f"a.{first}", Volume(array, TURNED))
    out = tmp_path / f"b.{second}"
    assert call("convert", tmp_path / f"a.{first}", "--out", out)[0] == 0
    back = sitk.ReadImage(str(out))
    assert np.array_equal(sitk.GetArrayFromImage(back), array)
    found = back.TransformIndexToPhysicalPoint((4, 3, 2))
    expected = TURNED.world_xyz_from_zyx(np.array([2.0, 3.0, 4.0]))
    assert found == pytest.approx(expected, abs=1e-3)


def test_a_series_becomes_one_file_with_its_hounsfield_units(call, ct):
    assert call("convert", ct / "ct", "--out", ct / "ct.nii.gz")[0] == 0
    assert np.array_equal(
        read_volume(ct / "ct.nii.gz").array, read_volume(ct / "ct").array
    )


def test_no_name_of_a_patient_leaves(call, ct):
    call(
        "convert", ct / "labels.nrrd", "--labels", "--image", ct / "ct",
        "--out", ct / "out.nii", "--statistics", ct / "out.csv",
        "--picture", ct / "out.png",
    )  # fmt: skip
    call("convert", ct / "ct", "--out", ct / "ct.nrrd")
    for name in ("out.nii", "out.csv", "out.png", "ct.nrrd"):
        assert b"DOE" not in (ct / name).read_bytes(), name


@pytest.mark.parametrize("extra", [[], ["--labelmap"]])
def test_labels_become_a_segmentation_and_come_back(call, ct, extra):
    status, said, err = call(
        "convert", ct / "labels.nrrd", "--labels", "--image", ct / "ct",
        "--out", ct / "seg.dcm", *extra,
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert "label 7 is 1" in said
    assert call("convert", ct / "seg.dcm", "--labels", "--out", ct / "b.nii")[0] == 0
    back, first = read_labels(ct / "b.nii"), read_labels(ct / "labels.nrrd")
    assert np.array_equal(back.array > 0, first.array > 0)
    assert lie_alike(back.geometry, first.geometry)


def test_labels_of_another_order_are_written_in_the_images(call, ct):
    first = read_labels(ct / "labels.nrrd")
    origin = first.geometry.world_xyz_from_zyx(np.array([0.0, 0.0, 31.0]))
    mirrored = Geometry(
        GEOMETRY.spacing_xyz, tuple(origin), ((-1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0))
    )
    write_labels(ct / "mirrored.mha", first.array[..., ::-1], mirrored)
    call(
        "convert", ct / "mirrored.mha", "--labels", "--image", ct / "ct",
        "--out", ct / "b.nii.gz",
    )  # fmt: skip
    assert np.array_equal(read_labels(ct / "b.nii.gz").array, first.array)


def test_statistics_and_a_picture_are_written_beside(call, ct):
    call(
        "convert", ct / "labels.nrrd", "--labels", "--image", ct / "ct",
        "--out", ct / "b.nii.gz", "--statistics", ct / "b.csv",
        "--picture", ct / "b.png",
    )  # fmt: skip
    with (ct / "b.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    image, labels = read_volume(ct / "ct").array, read_labels(ct / "labels.nrrd").array
    assert (row["label"], row["name"]) == ("7", "'=liver")
    assert float(row["mean"]) == pytest.approx(image[labels == 7].mean())
    assert imread(ct / "b.png").shape == (24, 32, 3)


def test_an_existing_file_is_kept_unless_told_otherwise(call, ct):
    arguments = ("convert", ct / "ct", "--out", ct / "b.nrrd")
    assert [call(*arguments)[0] for _ in range(2)] == [0, 2]
    assert call(*arguments, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--out", "b.dcm"], "add --labels"),
        (["--out", "b.nii", "--statistics", "b.csv"], "add --labels"),
        (["--out", "b.dcm", "--labels"], "with --image"),
        (["--out", "b.nii", "--labels", "--picture", "b.png"], "with --image"),
        (["--out", "b.dcm", "--labels", "--image", "labels.nrrd"], "came from none"),
        (["--out", "b.xyz"], "no suffix that can be written"),
        (["--out", "b.csv.nii", "--statistics", "b.csv.nii"], "two outputs"),
        (["--out", "b.nii", "--picture", "b.jpg"], "ends .png"),
        (["--out", "b.png"], "4 slices for a picture"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    call, ct, monkeypatch, extra, said
):
    monkeypatch.chdir(ct)
    before = sorted(ct.iterdir())
    status, _, err = call("convert", "labels.nrrd", *extra)
    assert status == 2
    assert said in err
    assert sorted(ct.iterdir()) == before


def test_labels_that_lie_elsewhere_are_refused(call, ct):
    labels = blocks(4)[1]
    write_labels(ct / "half.nii", labels[:, ::2, ::2], Geometry((1.5, 1.5, 5.0)))
    status, _, _ = call(
        "convert", ct / "half.nii", "--labels", "--image", ct / "ct",
        "--out", ct / "b.nii",
    )  # fmt: skip
    assert status == 2
    assert not (ct / "b.nii").exists()


@pytest.mark.parametrize("option", ["--out", "--statistics", "--picture"])
def test_a_link_that_leads_to_itself_is_no_place_for_an_output(call, ct, option):
    (ct / "ring.nii").symlink_to("ring.nii")
    (ct / "ring.png").symlink_to("ring.png")
    asked = {"--out": ct / "out.nii", option: ct / "ring.nii"}
    if option == "--picture":
        asked[option] = ct / "ring.png"
    given = [each for pair in asked.items() for each in pair]
    status, _, err = call(
        "convert", ct / "labels.nrrd", "--labels", "--image", ct / "ct", *given
    )
    assert status == 2
    assert "leads to itself" in err


def test_a_time_point_of_a_label_image_is_taken(call, tmp_path):
    times = np.zeros((3, 2, 4, 5), np.uint8)
    times[1, 1, 2, 3] = 6
    sitk.WriteImage(
        sitk.GetImageFromArray(times, isVector=False), str(tmp_path / "l.nii.gz")
    )
    out = tmp_path / "out.nii"
    asked = ["convert", tmp_path / "l.nii.gz", "--labels", "--out", out]
    assert call(*asked, "--time", 1)[0] == 0
    assert np.array_equal(read_labels(out).array, times[1])


def test_segments_are_named_on_the_command_line(call, ct):
    status, _, err = call(
        "convert", ct / "labels.nrrd", "--labels", "--image", ct / "ct",
        "--out", ct / "seg.dcm", "--name", "7=left kidney",
        "--statistics", ct / "out.csv",
    )  # fmt: skip
    assert (status, err) == (0, "")
    found = dcmread(ct / "seg.dcm").SegmentSequence
    assert [each.SegmentLabel for each in found] == ["left kidney"]
    assert "7,left kidney," in (ct / "out.csv").read_text()


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["liver"], "give LABEL=NAME"),
        (["7="], "give LABEL=NAME"),
        (["0=air"], "1 to 2147483647"),
        (["2147483648=liver"], "1 to 2147483647"),
        (["99999=liver"], "no label 99999"),
        (["1.5=liver"], "give LABEL=NAME"),
        (["7=a", "7=b"], "named twice"),
        (["3=liver"], "no label 3"),
    ],
)
def test_names_that_belong_to_no_label_are_refused(call, ct, names, words):
    given = [each for name in names for each in ("--name", name)]
    status, _, err = call(
        "convert", ct / "labels.nrrd", "--labels", "--image", ct / "ct",
        "--out", ct / "seg.dcm", *given,
    )  # fmt: skip
    assert status == 2
    assert words in err
    assert not (ct / "seg.dcm").exists()


def test_a_name_is_of_labels_that_have_a_place_for_it(call, ct):
    for asked in (
        [ct / "ct", "--out", ct / "a.nii"],
        [ct / "labels.nrrd", "--labels", "--out", ct / "a.nii"],
    ):
        status, _, err = call("convert", *asked, "--name", "7=liver")
        assert status == 2
        assert "--name" in err
    assert not (ct / "a.nii").exists()


def test_a_time_point_is_of_labels_where_only_they_have_several(call, tmp_path):
    times = np.zeros((3, 2, 4, 5), np.uint8)
    times[1, 1, 2, 3] = 6
    sitk.WriteImage(
        sitk.GetImageFromArray(times, isVector=False), str(tmp_path / "l.nii.gz")
    )
    write_volume(
        tmp_path / "i.nii.gz", Volume(np.zeros((2, 4, 5), np.int16), Geometry())
    )
    out = tmp_path / "out.nii"
    status, _, _ = call(
        "convert", tmp_path / "l.nii.gz", "--labels", "--image", tmp_path / "i.nii.gz",
        "--time", 1, "--out", out,
    )  # fmt: skip
    assert status == 0
    assert np.array_equal(read_labels(out).array, times[1])


def test_no_file_of_the_input_is_overwritten(call, ct):
    series = next((ct / "ct").iterdir())
    plain = ct / "plain.nrrd"
    assert call("convert", ct / "ct", "--out", plain)[0] == 0
    labels = "convert", ct / "labels.nrrd", "--labels"
    for arguments in (
        (*labels, "--image", plain, "--out", plain),
        (*labels, "--image", ct / "ct", "--out", series),
        (*labels, "--out", ct / "labels.nrrd"),
        ("convert", plain, "--out", plain),
    ):
        before = arguments[-1].read_bytes()
        status, _, err = call(*arguments, "--overwrite")
        assert status == 2
        assert "is a file of the input, which is never overwritten" in err
        assert arguments[-1].read_bytes() == before


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        (["--slice", "1"], "--slice is for the picture"),
        (["--axis", "0"], "--axis is for the picture"),
        (["--labelmap"], "--labelmap is for a DICOM-SEG"),
        (["--image", "ct", "--name", "7=liver"], "--name is for a DICOM-SEG"),
    ],
)
def test_options_that_would_change_nothing_are_refused(
    call, ct, extra, sentence, monkeypatch
):
    monkeypatch.chdir(ct)
    status, _, err = call(
        "convert", "labels.nrrd", "--labels", "--out", "a.mha", *extra
    )
    assert status == 2
    assert sentence in err
    assert not (ct / "a.mha").exists()


@pytest.mark.parametrize("extra", [["--slice", "1"], ["--axis", "1"], ["--labelmap"]])
def test_options_for_labels_are_refused_for_an_image(call, ct, extra):
    status, _, err = call("convert", ct / "ct", "--out", ct / "a.nrrd", *extra)
    assert status == 2
    assert f"{extra[0]} is for labels" in err
