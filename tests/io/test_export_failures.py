"""A disk that does not take what is written, and a process that is killed."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.errors import FileWriteError
from napari_sam_med.io.writing import packed_files
from napari_sam_med.io.writing.export import (
    Provenance,
    with_suffix_of_filter,
    write_labels,
)
from napari_sam_med.io.writing.packed_files import GZIP, ZLIB, Layout, write_packed

WRITE = """
import resource, sys, json
import numpy as np
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.writing.export import write_volume
from napari_sam_med.io.writing import packed_files
from napari_sam_med.errors import SamMedError
from pathlib import Path
limit, paths = int(sys.argv[1]), sys.argv[2:]
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
said = {}
noise = np.random.default_rng(0).integers(0, 255, (1, 300, 300), dtype=np.uint8)
for path in paths:
    try:
        write_volume(path, Volume(noise), overwrite=True)
    except SamMedError as error:
        said[Path(path).suffix] = str(error)
print(json.dumps(said))
"""
WRITE_FOR_EVER = """
import sys
import numpy as np
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.writing.export import write_volume
noise = np.random.default_rng(0).integers(0, 255, (9, 300, 300), dtype=np.uint8)
print("ready", flush=True)
while True:
    write_volume(sys.argv[1], Volume(noise), overwrite=True)
"""
SUFFIXES = (".gz", ".nii", ".nrrd", ".mha", ".png", ".tif", ".bmp")
LAYOUTS = [
    Layout(lambda _: b"header", np.dtype("u1"), None),
    Layout(lambda _: b"header", np.dtype("u1"), ZLIB),
    Layout(lambda _: b"header", np.dtype("u1"), GZIP, whole=True),
]


def named(suffix):
    return "a.nii.gz" if suffix == ".gz" else f"a{suffix}"


@pytest.fixture(scope="module")
def full_disk(tmp_path_factory):
    """What was said, and the folder, after writing over files on a full disk."""
    folder = tmp_path_factory.mktemp("full")
    paths = [folder / named(suffix) for suffix in SUFFIXES]
    for path in paths:
        path.write_text("older")
    done = subprocess.run(
        [sys.executable, "-c", WRITE, "20000", *map(str, paths)],
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout), folder


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_said_in_one_sentence(full_disk, suffix):
    said, _ = full_disk
    assert "cannot be written" in said[suffix]
    assert "\n" not in said[suffix]


def test_a_full_disk_leaves_the_older_files_and_nothing_else(full_disk):
    _, folder = full_disk
    found = {path.name: path.read_text() for path in folder.iterdir()}
    assert found == {named(suffix): "older" for suffix in SUFFIXES}


@pytest.mark.parametrize("name", ["a.nii.gz", "a.mha"])
def test_a_killed_process_leaves_a_whole_file(name, tmp_path):
    path = tmp_path / name
    write_labels(path, np.ones((1, 2, 2), int), Geometry())
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_FOR_EVER, str(path)], stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.send_signal(signal.SIGKILL)
    from napari_sam_med.io.volume_files import read_volume

    assert read_volume(path).array.shape in {(1, 2, 2), (9, 300, 300)}


@pytest.mark.parametrize("at", [2, -6])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_other_bytes_on_the_disk_than_written_are_noticed(
    layout, at, tmp_path, monkeypatch
):
    array = np.arange(80, dtype=np.uint8).reshape(20, 2, 2)
    sync = packed_files._check

    def spoil_and_check(part, *rest):
        stored = bytearray(part.read_bytes())
        stored[at] ^= 1
        part.write_bytes(stored)
        sync(part, *rest)

    write_packed(tmp_path / "good", array, layout)
    monkeypatch.setattr(packed_files, "_check", spoil_and_check)
    with pytest.raises(FileWriteError, match="came back from the disk"):
        write_packed(tmp_path / "bad", array, layout)


WRITE_IN_C = """
import sys
import numpy as np
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.writing.export import write_volume
assert sys.getfilesystemencoding() == "ascii"
for path in sys.argv[1:]:
    write_volume(path, Volume(np.full((1, 2, 3), 7, np.uint8)))
"""


def test_names_that_the_locale_lacks_are_written(tmp_path):
    folder = tmp_path / "Größe"
    folder.mkdir()
    paths = [folder / f"é{named(suffix)}" for suffix in SUFFIXES]
    surroundings = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    subprocess.run(
        [sys.executable, "-c", WRITE_IN_C, *map(str, paths)],
        env=os.environ | surroundings,
        check=True,
    )
    assert sorted(folder.iterdir()) == sorted(paths)
    assert all(path.stat().st_size > 0 for path in paths)


def test_a_segmentation_of_an_image_that_is_not_dicom_is_refused(tmp_path):
    with pytest.raises(FileWriteError, match="came from none"):
        write_labels(
            tmp_path / "a.dcm",
            np.ones((1, 2, 2), int),
            Geometry(),
            provenance=Provenance(),
        )


@pytest.mark.parametrize(
    ("typed", "chosen", "name"),
    [
        ("mask", "NIfTI (*.nii.gz *.nii)", "mask.nii.gz"),
        ("mask.nii", "NIfTI (*.nii.gz *.nii)", "mask.nii"),
        ("scan.2", "NRRD (*.nrrd)", "scan.2.nrrd"),
        ("mask.MHA", "NIfTI (*.nii.gz *.nii)", "mask.MHA"),
        ("table", "Table (*.csv)", "table.csv"),
        ("table.csv", "Table (*.csv)", "table.csv"),
        ("mask", "All files (*)", "mask"),
    ],
)
def test_a_name_without_suffix_takes_the_filters(tmp_path, typed, chosen, name):
    assert with_suffix_of_filter(tmp_path / typed, chosen) == tmp_path / name
