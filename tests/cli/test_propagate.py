"""One object through a volume, into a file."""

import nibabel
import numpy as np
import pytest

from fakes.solid_volumes import SPACING_ZYX, box_of, ellipsoid, scan_of
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.writing.export import write_volume

TRUTH = ellipsoid()
BOX = ",".join(str(each) for each in box_of(TRUTH[7]))


@pytest.fixture
def image(tmp_path):
    scan = scan_of(TRUTH)
    geometry = Geometry(SPACING_ZYX[::-1], (5.0, -7.0, 11.0))
    path = tmp_path / "scan.nii.gz"
    write_volume(path, Volume(scan.array, geometry))
    return path


def voxels(path):
    """(Z, Y, X), as another library reads them."""
    return np.asarray(nibabel.load(path).dataobj).T


def test_one_box_becomes_a_volume_with_the_images_geometry(call, image, tmp_path):
    out = tmp_path / "mask.nii.gz"
    status, said, _ = call(
        "segment", image, "--slice", 7, "--box", BOX, "--propagate",
        "--model", "ellipse", "--label", 3, "--range", "3:11", "--out", out,
    )  # fmt: skip
    found = voxels(out)
    assert status == 0
    assert "prompted" in said
    assert "projected" in said
    assert np.unique(found).tolist() == [0, 3]
    assert np.flatnonzero(found.any(axis=(1, 2))).tolist() == list(range(3, 12))
    assert np.allclose(nibabel.load(out).affine, nibabel.load(image).affine)


def test_without_a_range_the_ends_are_found(call, image, tmp_path):
    out = tmp_path / "mask.nii.gz"
    status, _, _ = call(
        "segment", image, "--slice", 7, "--box", BOX, "--propagate",
        "--model", "nano", "--out", out,
    )  # fmt: skip
    both = voxels(out).astype(bool)
    assert status == 0
    assert 2 * (both & TRUTH).sum() / (both.sum() + TRUTH.sum()) > 0.85


def test_prompts_on_several_slices_are_given_with_an_at(call, image, tmp_path):
    out = tmp_path / "mask.nii.gz"
    boxes = [f"{','.join(str(each) for each in box_of(TRUTH[i]))}@{i}" for i in (4, 10)]
    status, _, _ = call(
        "segment", image, "--box", boxes[0], "--box", boxes[1], "--propagate",
        "--method", "interpolation", "--model", "ellipse", "--out", out,
    )  # fmt: skip
    filled = np.flatnonzero(voxels(out).any(axis=(1, 2)))
    assert status == 0
    assert filled.tolist() == list(range(4, 11))


def test_a_click_with_a_label_takes_a_slice_too(call, image, tmp_path):
    out = tmp_path / "mask.nii.gz"
    status, _, _ = call(
        "segment", image, "--point", "22,26,1@7", "--point", "1,1,0@7", "--propagate",
        "--model", "nano", "--range", "6:8", "--out", out,
    )  # fmt: skip
    assert status == 0
    assert voxels(out)[7, 22, 26] == 1


def test_two_boxes_on_a_slice_are_parts_of_one_object(call, image, tmp_path):
    out = tmp_path / "mask.nii.gz"
    call(
        "segment", image, "--box", "2,2,9,9@7", "--box", "30,30,41,45@7", "--propagate",
        "--range", "7:7", "--model", "ellipse", "--out", out,
    )  # fmt: skip
    found = voxels(out)[7]
    assert found[5, 5] == found[35, 37] == 1


def test_slices_across_another_axis_are_followed(call, image, tmp_path):
    out = tmp_path / "mask.nii.gz"
    box = ",".join(str(each) for each in box_of(TRUTH[:, :, 26]))
    status, _, _ = call(
        "segment", image, "--axis", 2, "--slice", 26, "--box", box, "--propagate",
        "--range", "20:30", "--model", "ellipse", "--out", out,
    )  # fmt: skip
    filled = np.flatnonzero(voxels(out).any(axis=(0, 1)))
    assert status == 0
    assert filled.tolist() == list(range(20, 31))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--propagate", "--box", BOX], "has no slice"),
        (["--propagate", "--box", f"{BOX}@x"], "has no slice"),
        (["--propagate", "--box", f"{BOX}@15"], "there is no slice 15"),
        (["--propagate", "--box", f"{BOX}@7", "--range", "8:12"], "on slice 7"),
        (["--propagate", "--box", f"{BOX}@7", "--range", "3:15"], "3 to 15"),
        (["--propagate", "--box", f"{BOX}@7", "--range", "9:3"], "9 to 3"),
        (["--propagate", "--box", f"{BOX}@7", "--range", "3"], "give FIRST:LAST"),
        (["--propagate", "--box", f"{BOX}@7", "--method", "video"], "does not follow"),
        (["--propagate", "--box", f"{BOX}@7", "--method", "interpolation"], "on two"),
        (["--propagate", "--slice", 7], "no prompt was given"),
        (["--propagate", "--box", f"{BOX}@7", "--slice", 300], "of no prompt"),
        (["--propagate", "--box", f"{BOX}@7", "--labelmap"], "for a DICOM-SEG"),
        (["--propagate", "--box", f"{BOX}@7", "--name", "liver"], "for a DICOM-SEG"),
        (["--slice", 7, "--box", BOX, "--range", "3:9"], "for --propagate only"),
        (["--slice", 7, "--box", BOX, "--method", "video"], "for --propagate only"),
        (["--slice", 7, "--box", f"{BOX}@7"], "only --propagate"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    call, image, tmp_path, arguments, sentence
):
    out = tmp_path / "mask.nii.gz"
    status, _, said = call(
        "segment", image, *arguments, "--model", "ellipse", "--out", out
    )
    assert status == 2
    assert sentence in said
    assert "Traceback" not in said
    assert not out.exists()
