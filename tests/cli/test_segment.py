"""One object on one slice, into a file."""

import csv
import os
import subprocess
import sys

import numpy as np
import pytest
import SimpleITK as sitk
from imageio.v3 import imread

from fakes.geometries import lie_alike
from fakes.small_files import GEOMETRY, blocks, write_pair
from napari_sam_med.cli.commands.segment_command import Asked, prompts_from_asked
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileWriteError, PromptError
from napari_sam_med.io.dicom import (
    list_dicom_series,
    read_segmentation,
    write_ct_series,
)
from napari_sam_med.io.volume_files import read_labels


@pytest.fixture
def image(tmp_path):
    return write_pair(tmp_path, n_slices=4)


def test_the_object_is_written_on_its_slice_with_the_images_geometry(
    call, image, tmp_path
):
    out = tmp_path / "mask.nii.gz"
    status, said, _ = call(
        "segment", image, "--slice", 2, "--box", "6,8,14,19",
        "--model", "ellipse", "--label", 7, "--out", out,
    )  # fmt: skip
    labels = read_labels(out)
    assert status == 0
    assert "kept" in said
    assert np.unique(np.nonzero(labels.array)[0]).tolist() == [2]
    assert np.unique(labels.array).tolist() == [0, 7]
    assert labels.array[2, 10, 14] == 7
    assert lie_alike(labels.geometry, GEOMETRY)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha"])
@pytest.mark.parametrize("label", [65536, 2147483647])
def test_a_label_beyond_16_bits_is_written_where_the_format_holds_it(
    call, image, tmp_path, suffix, label
):
    out, table = tmp_path / f"mask{suffix}", tmp_path / "a.csv"
    extra = ("--label", label, "--name", "cell", "--statistics", table)
    assert call(*asked(image, out, *extra))[0] == 0
    stored = sitk.GetArrayFromImage(sitk.ReadImage(out))
    assert np.unique(stored).tolist() == [0, label]
    with table.open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["label"], row["name"]) == (str(label), "cell")
    assert int(row["voxels"]) == np.count_nonzero(stored)


def test_a_label_that_a_format_cannot_hold_is_refused(call, ct, tmp_path):
    status, _, err = call(*asked(ct, tmp_path / "mask.dcm", "--label", 65536))
    assert status == 2
    assert "65536" in err
    assert "choose .nii.gz, .nrrd or .mha" in err
    assert not (tmp_path / "mask.dcm").exists()


def test_a_slice_across_another_axis_is_written_across_it(call, image, tmp_path):
    out = tmp_path / "mask.nrrd"
    status, _, _ = call(
        "segment", image, "--axis", 1, "--slice", 10, "--box", "0,8,3,19",
        "--model", "ellipse", "--out", out,
    )  # fmt: skip
    assert status == 0
    assert np.unique(np.nonzero(read_labels(out).array)[1]).tolist() == [10]


def test_points_alone_are_enough(call, image, tmp_path):
    out = tmp_path / "mask.mha"
    status, _, _ = call(
        "segment", image, "--slice", 0, "--point", "10,14", "--point", "2,2,0",
        "--model", "ellipse", "--out", out,
    )  # fmt: skip
    assert status == 0
    assert read_labels(out).array[0, 10, 14] == 1


def test_points_and_boxes_may_stand_in_one_argument(call, image, tmp_path):
    apart = {
        "points": ("--point", "10,14", "--point", "12, 16", "--point", "2,2,0"),
        "boxes": ("--box", "6,8,14,12", "--box", "6,14,14,19"),
        "slices": ("--propagate", "--point", "10,14@0", "--point", "10, 14@1"),
    }
    together = {
        "points": ("--point", "10,14 12, 16  2,2,0"),
        "boxes": ("--box", "6,8,14,12 6,14,14,19"),
        "slices": ("--propagate", "--point", "10,14@0 10, 14@1"),
    }
    for kind, singly in apart.items():
        where = () if kind == "slices" else ("--slice", 0)
        found = []
        for number, typed in enumerate((singly, together[kind])):
            out = tmp_path / f"{kind}{number}.nii.gz"
            asked = ("segment", image, *where, *typed, "--model", "nano", "--out", out)
            status, _, err = call(*asked)
            assert status == 0, err
            found.append(read_labels(out).array)
        assert found[0].any()
        np.testing.assert_array_equal(*found)


def test_a_lasso_is_a_box_and_a_scribble_are_points(call, image, tmp_path):
    masks = []
    for k, prompts in enumerate(
        (
            ("--lasso", "6,8 6,19 14,19 14,8"),
            ("--box", "6,8,14,19", "--point", "10,12"),
            ("--scribble", "10,13 10,13.5"),
            ("--point", "10,13.125", "--point", "10,13.375"),
        )
    ):
        out = tmp_path / f"{k}.nrrd"
        status, _, said = call(
            "segment", image, "--slice", 2, *prompts, "--model", "ellipse",
            "--out", out,
        )  # fmt: skip
        assert status == 0, said
        masks.append(read_labels(out).array)
    np.testing.assert_array_equal(masks[0], masks[1])
    np.testing.assert_array_equal(masks[2], masks[3])


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (("--lasso", "6,8 6,19"), "3 or more ROW,COLUMN"),
        (("--scribble", "6;8"), "ROW,COLUMN"),
        (("--scribble", "6,800"), "outside"),
        (
            ("--scribble", "9,9", "--box", "1,1,3,3", "--box", "5,5,7,7"),
            "several boxes",
        ),
        (("--scribble", "9,9", "--propagate"), "single slice"),
    ],
)
def test_lines_that_mean_nothing_are_refused(call, image, tmp_path, extra, words):
    status, _, said = call(
        "segment", image, "--slice", 2, *extra, "--model", "ellipse",
        "--out", tmp_path / "mask.nrrd",
    )  # fmt: skip
    assert status == 2
    assert words in said


def test_several_boxes_are_parts_of_one_object(call, image, tmp_path):
    out = tmp_path / "mask.mha"
    call(
        "segment", image, "--slice", 0, "--box", "1,1,5,5", "--box", "15,20,21,29",
        "--model", "ellipse", "--out", out,
    )  # fmt: skip
    labels = read_labels(out).array[0]
    assert labels[3, 3] == labels[18, 24] == 1


def test_an_existing_file_is_kept_unless_told_otherwise(call, image, tmp_path):
    out = tmp_path / "mask.mha"
    out.write_text("precious")
    arguments = (
        "segment", image, "--slice", 0, "--box", "6,8,14,19",
        "--model", "ellipse", "--out", out,
    )  # fmt: skip
    status, _, err = call(*arguments)
    assert (status, out.read_text()) == (2, "precious")
    assert "exists already; choose another name, or add --overwrite" in err
    assert call(*arguments, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ([], "no slice was named; axis 0 has 0 to 3"),
        (["--slice", "4"], "no slice 4"),
        (["--slice", "0", "--candidate", "2"], "candidate 2 of 1"),
        (["--slice", "0", "--label", "0"], "label 0"),
        (["--slice", "0", "--point", "500,3"], "outside"),
        (["--slice", "0", "--window", "9"], "LOW,HIGH, intensities"),
        (["--slice", "0", "--point", "-0.6,5"], "outside"),
        (["--slice", "0", "--point", "--label"], "point '--label' is not understood"),
        (["--slice", "0", "--window", "-9,-10"], "-9"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    call, image, tmp_path, extra, said
):
    out = tmp_path / "mask.mha"
    status, _, err = call(
        "segment", image, "--box", "6,8,14,19", "--model", "ellipse", "--out", out,
        *extra,
    )  # fmt: skip
    assert status == 2
    assert said in err
    assert not out.exists()


def test_points_do_not_go_with_several_boxes():
    asked = Asked(point=("1,1",), box=("0,0,2,2", "4,4,6,6"))
    with pytest.raises(PromptError, match="do not go together"):
        prompts_from_asked(asked)


@pytest.fixture
def ct(tmp_path):
    """A DICOM series with a bright block on each slice."""
    array = blocks(4)[0].astype(np.int16)
    series = Volume(array, Geometry((0.8, 0.8, 5.0)), "DOE^JANE", "CT")
    write_ct_series(tmp_path / "ct", series, description="abdomen")
    return tmp_path / "ct"


def asked(image, out, *extra):
    return (
        "segment", image, "--slice", 2, "--box", "6,8,14,19", "--model", "ellipse",
        "--out", out, *extra,
    )  # fmt: skip


def test_a_named_object_of_a_series_becomes_a_segmentation(call, ct, tmp_path):
    out = tmp_path / "mask.dcm"
    status, told, err = call(*asked(ct, out, "--name", "liver", "--label", 7))
    assert (status, err) == (0, "")
    assert "Segments: label 7 is 1" in told
    labels, names = read_segmentation(out)
    assert names == {1: "liver"}
    call(*asked(ct, tmp_path / "mask.nii", "--label", 7))
    assert np.array_equal(labels.array * 7, read_labels(tmp_path / "mask.nii").array)


def test_a_segmentation_of_an_image_that_is_not_dicom_is_refused(call, image, tmp_path):
    status, _, err = call(*asked(image, tmp_path / "mask.dcm"))
    assert status == 2
    assert "came from none" in err


def test_statistics_and_a_picture_of_the_slice_are_written(call, image, tmp_path):
    extra = ("--statistics", tmp_path / "a.csv", "--picture", tmp_path / "a.png")
    assert call(*asked(image, tmp_path / "mask.nii", "--name", "block", *extra))[0] == 0
    with (tmp_path / "a.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    labels = read_labels(tmp_path / "mask.nii").array
    assert row["name"] == "block"
    assert int(row["voxels"]) == np.count_nonzero(labels)
    assert imread(tmp_path / "a.png").shape == (24, 32, 3)


def test_an_output_that_is_there_is_refused_before_anything_is_written(
    call, image, tmp_path
):
    (tmp_path / "a.csv").write_text("precious")
    extra = ("--statistics", tmp_path / "a.csv")
    assert call(*asked(image, tmp_path / "mask.nii", *extra))[0] == 2
    assert not (tmp_path / "mask.nii").exists()
    assert (tmp_path / "a.csv").read_text() == "precious"


@pytest.mark.parametrize(
    "extra",
    [
        ("--slice", "1.5"),
        ("--point", "3,4,0.5"),
        ("--point", "3,4,2"),
        ("--point", "nan,4"),
        ("--point", "3,inf"),
        ("--box", "1,1,inf,9"),
        ("--time", "0.5"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(call, image, tmp_path, extra):
    out = tmp_path / "mask.nii"
    where = () if "--slice" in extra else ("--slice", 2)
    what = () if "--box" in extra else ("--box", "6,8,14,19")
    status, _, err = call(
        "segment", image, *where, *what, "--model", "ellipse", "--out", out, *extra
    )
    assert status == 2
    assert len(err.splitlines()) == 1
    assert not out.exists()


def test_one_series_of_several_is_taken_by_its_uid(call, ct, tmp_path):
    series = Volume(blocks(2)[0].astype(np.int16), Geometry(), "other", "CT")
    write_ct_series(tmp_path / "more", series, description="scout")
    for file in (tmp_path / "more").iterdir():
        file.rename(ct / f"more-{file.name}")
    found = {each.n_files: each.uid for each in list_dicom_series(ct)}
    out = tmp_path / "mask.nii"
    status, _, err = call(*asked(ct, out))
    assert status == 2
    assert found[4] in err
    assert "--series" in err
    assert call(*asked(ct, out, "--series", found[4]))[0] == 0
    assert read_labels(out).shape_zyx == (4, 24, 32)


def test_a_name_is_right_though_the_locale_lacks_its_letters(ct, tmp_path):
    arguments = asked(ct, tmp_path / "mäsk.dcm", "--name", "Größe")
    arguments += ("--statistics", tmp_path / "ä.csv")
    surroundings = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    subprocess.run(
        [sys.executable, "-m", "napari_sam_med", *map(str, arguments)],
        env=os.environ | surroundings,
        check=True,
    )
    assert read_segmentation(tmp_path / "mäsk.dcm")[1] == {1: "Größe"}
    assert "1,Größe," in (tmp_path / "ä.csv").read_text(encoding="utf-8")


def test_a_box_that_begins_before_the_slice_is_outside(call, image, tmp_path):
    out = tmp_path / "m.mha"
    status, _, err = call(
        "segment", image, "--slice", "0", "--box", "-5,8,14,19", "--model", "ellipse",
        "--out", out,
    )  # fmt: skip
    assert status == 2
    assert "outside" in err


def test_a_window_may_begin_below_zero(call, image, tmp_path):
    out = tmp_path / "m.mha"
    status, _, _ = call(
        "segment", image, "--slice", "0", "--box", "6,8,14,19", "--model", "ellipse",
        "--window", "-160,240", "--out", out,
    )  # fmt: skip
    assert status == 0


@pytest.mark.parametrize(
    "prompts",
    [
        ("--point", "8,9,0"),
        ("--scribble", "8,9 9,9,0"),
        ("--lasso", "8,9 8,15 12,15,0"),
        ("--lasso", "8,9 8,15 12,15,0", "--point", "8,9,0"),
        ("--point", "8,9,0", "--propagate"),
        ("--box", "6,8,14,19", "--point", "8,9,0@1", "--propagate"),
    ],
)
@pytest.mark.parametrize("model", ["nano", "ellipse"])
def test_prompts_on_the_background_alone_ask_for_nothing(
    call, image, tmp_path, prompts, model
):
    status, _, err = call(
        "segment", image, "--slice", 2, *prompts, "--model", model,
        "--out", tmp_path / "mask.nii.gz",
    )  # fmt: skip
    assert status == 2
    assert "all prompts are on the background" in err
    assert not (tmp_path / "mask.nii.gz").exists()


def test_the_image_itself_is_never_overwritten(call, image, tmp_path):
    link, hard, before = (
        tmp_path / "l.nii.gz",
        tmp_path / "h.nii.gz",
        image.read_bytes(),
    )
    link.symlink_to(image)
    hard.hardlink_to(image)
    detour = image.parent / ".." / image.parent.name / image.name
    for out in (image, link, hard, detour):
        status, _, err = call(
            "segment", image, "--slice", 2, "--box", "6,8,14,19", "--model", "ellipse",
            "--out", out, "--overwrite",
        )  # fmt: skip
        assert status == 2
        assert "is a file of the input, which is never overwritten" in err
    assert image.read_bytes() == before


def test_a_table_that_cannot_be_written_is_a_part_that_failed(
    call, image, tmp_path, monkeypatch
):
    def refuse(path, *_, **__):
        msg = f"{path} cannot be written: no space; free some"
        raise FileWriteError(msg)

    monkeypatch.setattr("napari_sam_med.io.writing.tables.write_statistics", refuse)
    out = tmp_path / "mask.nii.gz"
    status, said, err = call(
        "segment", image, "--slice", 2, "--box", "6,8,14,19", "--model", "ellipse",
        "--out", out, "--statistics", tmp_path / "a.csv",
        "--picture", tmp_path / "a.png",
    )  # fmt: skip
    assert status == 1
    assert "a.csv cannot be written" in err
    assert "mask.nii.gz was written all the same" in err
    assert f"Written to {tmp_path / 'a.png'}" in said
    assert out.exists()


def test_a_single_slice_is_not_propagated(call, tmp_path):
    flat = write_pair(tmp_path, n_slices=1)
    status, _, err = call(
        "segment", flat, "--propagate", "--box", "6,8,14,19@0", "--model", "ellipse",
        "--out", tmp_path / "mask.nii.gz",
    )  # fmt: skip
    assert status == 2
    assert "single slice across axis 0, and propagation needs a volume" in err


def test_the_voxels_that_a_header_names_are_not_taken_for_a_table(
    call, image, tmp_path
):
    voxels = tmp_path / "scan.raw"
    voxels.write_bytes(b"voxels")
    status, _, err = call(
        *asked(image, tmp_path / "mask.nii", "--statistics", voxels, "--overwrite")
    )
    assert status == 2
    assert "give a name that ends .csv" in err
    assert voxels.read_bytes() == b"voxels"


def test_a_mask_without_a_pixel_is_said(call, image, tmp_path):
    out = tmp_path / "mask.nii.gz"
    between = ("--slice", 1, "--box", "10.5,10.5,10.5,10.5", "--model", "ellipse")
    status, _, err = call("segment", image, *between, "--out", out)
    assert status == 0
    assert not read_labels(out).array.any()
    assert "the mask is empty" in err
