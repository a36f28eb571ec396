"""Folders of worker processes go with the run, or with the next one after a kill."""

import os
import subprocess
import sys
import tempfile

import pytest

from napari_sam_med.bench.run.processes.scratch_folders import scratch_folder

DYING = """
import os, signal
from napari_sam_med.bench.run.processes.scratch_folders import scratch_folder
with scratch_folder() as folder:
    (folder / "spilled").write_text("data")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def scratch_place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_what_a_killed_process_left_goes_with_the_next_run(scratch_place):
    environment = {**os.environ, "TMPDIR": str(scratch_place)}
    command = [sys.executable, "-c", DYING]
    subprocess.run(command, check=False, env=environment)
    left = {path for path in scratch_place.iterdir() if path.is_dir()}
    assert len(left) == 1
    with scratch_folder() as folder:
        assert {path for path in scratch_place.iterdir() if path.is_dir()} == {folder}
    assert list(scratch_place.iterdir()) == []


def test_the_folder_of_another_run_that_goes_on_is_kept(scratch_place):
    with scratch_folder() as one:
        (one / "spilled").write_text("data")
        with scratch_folder() as other:
            assert other != one
        assert (one / "spilled").exists()
        assert not other.exists()


def test_nothing_is_left_where_a_run_is_stopped(scratch_place):
    with pytest.raises(KeyboardInterrupt), scratch_folder():
        raise KeyboardInterrupt
    assert list(scratch_place.iterdir()) == []
