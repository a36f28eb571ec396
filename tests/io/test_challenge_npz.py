"""The challenge's files: read as numbers only, and written as it wants them."""

import numpy as np
import pytest

from napari_sam_med.bench.data.challenge_files import ChallengeFiles
from napari_sam_med.bench.data.labelled_volumes import BadPair
from napari_sam_med.errors import DatasetError, FileReadError, FileWriteError
from napari_sam_med.io.volume_formats.challenge_npz import (
    read_challenge,
    write_challenge_answer,
)

IMAGE = np.arange(2 * 4 * 5, dtype=np.uint8).reshape(2, 4, 5)
TRUTH = (IMAGE > 20).astype(np.uint16)


def write(path, **changed):
    parts = {"imgs": IMAGE, "gts": TRUTH, "spacing": (0.5, 0.7, 3.0), **changed}
    np.savez_compressed(path, **{k: v for k, v in parts.items() if v is not None})
    return path


def test_image_truth_and_spacing_are_read_and_pickles_left_alone(tmp_path):
    boxes = np.array([{"z_min": 0}], dtype=object)
    volume, labels = read_challenge(write(tmp_path / "CT_a.npz", boxes=boxes))
    assert (volume.array == IMAGE).all()
    assert (labels == TRUTH).all()
    assert volume.geometry.spacing_zyx == (3.0, 0.7, 0.5)
    assert volume.name == "CT_a"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"gts": None}, "no gts"),
        ({"gts": TRUTH[:1]}, "gts are"),
        ({"gts": TRUTH.astype(float)}, "gts are"),
        ({"spacing": (1.0, 1.0)}, "spacing is"),
        ({"imgs": np.array([{}], dtype=object)}, "pickle"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, changed, said):
    with pytest.raises(FileReadError, match=said):
        read_challenge(write(tmp_path / "a.npz", **changed))


def test_a_file_that_is_no_npz_is_a_bad_pair_of_a_source(tmp_path):
    write(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(b"no zip")
    good, bad = ChallengeFiles.of(tmp_path)
    assert good.name == "a"
    assert isinstance(bad, BadPair)
    assert str(tmp_path) not in bad.reason


def test_labels_below_the_background_are_no_objects(tmp_path):
    write(tmp_path / "a.npz", gts=TRUTH.astype(np.int16) - 1)
    (bad,) = ChallengeFiles.of(tmp_path)
    assert "labels of a are from -1" in bad.reason


def test_a_folder_without_such_files_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"holds no \*\.npz"):
        ChallengeFiles.of(tmp_path)


def test_an_answer_is_written_as_segs_in_the_smallest_type(tmp_path):
    write_challenge_answer(tmp_path / "a.npz", TRUTH.astype(np.int64))
    with np.load(tmp_path / "a.npz") as stored:
        assert stored.files == ["segs"]
        assert stored["segs"].dtype == np.uint8
        assert (stored["segs"] == TRUTH).all()
    with pytest.raises(FileWriteError, match="exists already"):
        write_challenge_answer(tmp_path / "a.npz", TRUTH)
