"""The folder of sample files."""

import json

import pytest

from fakes.geometries import lie_alike
from napari_sam_med.errors import FileWriteError
from napari_sam_med.io.volume_files import read_labels, read_volume
from napari_sam_med.samples import us_lesion
from napari_sam_med.samples.__main__ import main
from napari_sam_med.samples.sample_files import Collection, write_samples

SMALL = (Collection("us", us_lesion, ".mha", (3, 4)),)


def test_images_labels_and_names_lie_beside_each_other(tmp_path):
    write_samples(tmp_path / "out", SMALL)
    names = {p.name for p in (tmp_path / "out" / "us_images").iterdir()}
    assert names == {"lesion_3.mha", "lesion_4.mha"}
    labels = tmp_path / "out" / "us_labels"
    assert {p.name for p in labels.iterdir()} == names | {"labels.json"}
    assert json.loads((labels / "labels.json").read_text()) == {"1": "lesion"}


def test_the_files_hold_the_sample(tmp_path):
    write_samples(tmp_path / "out", SMALL)
    sample = us_lesion(3)
    image = read_volume(tmp_path / "out" / "us_images" / "lesion_3.mha")
    labels = read_labels(tmp_path / "out" / "us_labels" / "lesion_3.mha")
    assert (image.array == sample.volume.array).all()
    assert (labels.array == sample.labels).all()
    assert lie_alike(image.geometry, sample.volume.geometry)


def test_two_calls_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_samples(tmp_path / name, SMALL)
    files = [p for p in (tmp_path / "a").rglob("*") if p.is_file()]
    assert len(files) == 5
    for file in files:
        twin = tmp_path / "b" / file.relative_to(tmp_path / "a")
        assert file.read_bytes() == twin.read_bytes()


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileWriteError, match="holds files already"):
        write_samples(tmp_path, SMALL)


def test_the_command_says_in_one_line_what_is_wrong(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main([]) == 2
    assert "give one folder" in capsys.readouterr().err
