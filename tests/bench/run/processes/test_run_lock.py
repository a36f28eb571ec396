"""One process at a time writes into a run's folder."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.run_identity import manifest_of
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.core.storage.run_lock import LOCK
from napari_sam_med.errors import RunError

SETTINGS = RunSettings(clicks=1)
MODEL = ModelSpec("fake", FakeSegmenter)
DYING = """
import os, pathlib, signal, sys
from napari_sam_med.core.storage.run_lock import RunLock
RunLock(pathlib.Path(sys.argv[1])).take()
os.kill(os.getpid(), signal.SIGKILL)
"""


def start(source, folder):
    return run_benchmark(source, [MODEL], SETTINGS, RunStore(folder))


def test_a_second_run_into_the_folder_is_refused_while_the_first_goes_on(
    source, tmp_path
):
    first = start(source, tmp_path / "run")
    next(first)
    with pytest.raises(RunError, match="another process writes into"):
        next(start(source, tmp_path / "run"))
    assert len(list(first)) == 5
    assert RunStore(tmp_path / "run").rows()["case_id"].nunique() == 6


def test_of_two_runs_that_begin_at_once_the_one_with_the_first_row_goes_on(
    source, tmp_path
):
    rows = next(run_benchmark(source, [MODEL], SETTINGS)).rows
    first, second = RunStore(tmp_path / "run"), RunStore(tmp_path / "run")
    for store in (first, second):
        store.open(manifest_of(source, [MODEL], SETTINGS, ""), [MODEL])
    first.append(rows)
    with pytest.raises(RunError, match="another process writes into"):
        second.append(rows)
    first.close()
    with pytest.raises(RunError, match="another run has begun in"):
        second.append([replace(row, case_id="other") for row in rows])
    assert RunStore(tmp_path / "run").rows()["case_id"].nunique() == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_the_lock_of_a_killed_process_is_taken_over(source, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    dead = subprocess.run([sys.executable, "-c", DYING, str(run)], check=False)
    assert dead.returncode == -signal.SIGKILL
    assert (run / LOCK).exists()
    assert len(list(start(source, run))) == 6


def test_a_run_that_was_left_lets_others_in(source, tmp_path):
    run = start(source, tmp_path / "run")
    next(run)
    run.close()
    assert len(list(start(source, tmp_path / "run"))) == 6


def test_a_kill_before_the_first_manifest_can_be_resumed(source, tmp_path):
    (tmp_path / "run" / "results").mkdir(parents=True)
    assert len(list(start(source, tmp_path / "run"))) == 6


def test_rows_without_a_manifest_are_no_place_for_a_new_run(source, tmp_path):
    list(start(source, tmp_path / "run"))
    (tmp_path / "run" / "manifest.json").unlink()
    with pytest.raises(RunError, match="holds results and no run"):
        next(start(source, tmp_path / "run"))
