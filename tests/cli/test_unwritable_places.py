"""Outputs that cannot be written: the sentence says why, and what helps."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from napari_sam_med.core.storage.atomic_files import remedy_of

LONG = "a" * 300
NOWHERE = Path("/proc/none")  # nobody can make a folder there, root included


@pytest.fixture
def commands(dataset):
    """What each command is given before ``--out``, and the file in its folder."""
    images, labels = dataset / "images", dataset / "labels"
    (dataset / "file").touch()
    (dataset / "tiny.toml").write_text("images = 1\nfresh_scenes = 1\nprompts = 1\n")
    image = images / "a.nii.gz"
    ellipse = ("--model", "ellipse")
    return {
        "benchmark": ("", (images, labels, *ellipse, "--settings", "modes")),
        "segment": ("m.nii.gz", (image, *ellipse, "--slice", 0, "--box", "2,2,9,9")),
        "convert": ("m.nrrd", (image,)),
        "demo": ("", ()),
        "train": ("", ("--config", dataset / "tiny.toml", "--steps", 1)),
    }


@pytest.mark.parametrize("where", [NOWHERE, Path("file") / "x", Path(LONG)])
@pytest.mark.parametrize("name", ["benchmark", "segment", "convert", "demo", "train"])
def test_a_place_that_cannot_be_made_is_not_called_a_full_disk(
    call, dataset, commands, name, where
):
    file, given = commands[name]
    status, _, err = call(name, *given, "--out", dataset / where / file)
    assert status == 2
    assert len(err.splitlines()) == 1
    assert "free space" not in err
    assert "Errno" not in err
    assert str(where) in err


def test_a_full_disk_is_called_so():
    assert remedy_of(OSError(28, "No space left on device")) == "free space"


def test_a_report_tells_nothing_of_a_cache_where_home_cannot_be_written(call, dataset):
    run, asked = dataset / "run", ("--model", "ellipse", "--settings", "modes")
    folders = (dataset / "images", dataset / "labels")
    assert call("benchmark", *folders, *asked, "--out", run)[0] == 0
    settings = {**os.environ, "HOME": str(NOWHERE)}
    for name in ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        settings.pop(name, None)
    command = (sys.executable, "-m", "napari_sam_med", "report", str(run))
    done = subprocess.run(
        command, env=settings, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
