"""One object on one slice, into a file."""

import numpy as np
import pytest

from fakes.small_files import GEOMETRY, write_pair
from napari_sam_med.cli.segment import Asked, prompts_from_asked
from napari_sam_med.errors import PromptError
from napari_sam_med.io.volumes import read_labels


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
    assert labels.geometry.matches(GEOMETRY)


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
    assert "exists already" in err
    assert call(*arguments, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ([], "no slice was named; axis 0 has 0 to 3"),
        (["--slice", "4"], "no slice 4"),
        (["--slice", "0", "--candidate", "2"], "candidate 2 of 1"),
        (["--slice", "0", "--label", "0"], "label 0"),
        (["--slice", "0", "--point", "500,3"], "outside"),
        (["--slice", "0", "--window", "9"], "LOW,HIGH"),
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
