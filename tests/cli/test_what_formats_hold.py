"""What a format cannot hold: told before work is spent, or said beside the file."""

import numpy as np
import pytest

from fakes.small_files import GEOMETRY, write_pair
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.writing.export import write_volume
from napari_sam_med.session.replay import Record, save_records

FAR = Geometry((1.0, 1.0, 1.0), (1000000.3, 0.0, 0.0))
SLICE = np.zeros((1, 24, 32), np.uint8)
OUTSIDE = ("--model", "ellipse", "--slice", 0, "--box", "2,2,99,99")
"""Asked of the model, this is refused as outside the image."""


@pytest.mark.parametrize(
    ("out", "volume", "fault"),
    [
        ("m.png", Volume(np.repeat(SLICE, 4, 0)), "4 slices for a picture; choose"),
        ("m.bmp", Volume(SLICE), "labels 0 to 300; .bmp holds 0 to 255"),
        ("m.nii.gz", Volume(SLICE, FAR), "NIfTI keeps positions as float32"),
    ],
)
def test_segment_asks_the_model_nothing_that_cannot_be_written(
    call, tmp_path, out, volume, fault
):
    write_volume(tmp_path / "image.nrrd", volume)
    status, said, err = call(
        "segment", tmp_path / "image.nrrd", *OUTSIDE, "--label", 300,
        "--out", tmp_path / out,
    )  # fmt: skip
    assert (status, said) == (2, "")
    assert fault in err


def test_replay_asks_the_model_nothing_that_cannot_be_written(call, tmp_path):
    record = Record(
        image="a", axis=0, index=1, spacing_rc=(0.8, 0.8), window=(0, 255),
        prompts=Prompts(box_rc=(2, 2, 99, 99)).to_json(), label=3, model="nano",
        sha256="", chosen=0, score=0.9,
    )  # fmt: skip
    save_records(tmp_path / "session.json", [record])
    status, _, err = call(
        "replay", tmp_path / "session.json", write_pair(tmp_path), "--model", "ellipse",
        "--out", tmp_path / "m.png",
    )  # fmt: skip
    assert status == 2
    assert "2 slices for a picture; choose" in err


def test_a_picture_of_an_image_with_a_place_says_what_it_loses(call, tmp_path):
    image, out = tmp_path / "image.nrrd", tmp_path / "m.png"
    write_volume(image, Volume(SLICE, GEOMETRY))
    box = ("--model", "ellipse", "--box", "6,8,14,19")
    for command in (
        ("segment", image, *box, "--out", out),
        ("convert", image, "--out", tmp_path / "image.tif"),
        ("convert", image, "--labels", "--out", tmp_path / "labels.png"),
        ("convert", image, "--labels", "--image", image, "--out", tmp_path / "l.bmp"),
    ):
        status, _, err = call(*command)
        assert status == 0
        assert err.startswith(f"Note: {command[-1]} keeps neither spacing nor position")
    assert call("segment", out, *box, "--out", tmp_path / "again.png")[2] == ""
