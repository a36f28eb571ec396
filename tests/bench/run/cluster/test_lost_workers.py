"""Workers, or a scheduler, that go in the middle of a run."""

import json
import logging
import os
import subprocess
import sys
import time
import warnings
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import distributed.core
import pytest
from distributed import Client

import fakes
import napari_sam_med
from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from fakes.slow_segmenter import SlowSegmenter
from napari_sam_med.bench.data.labelled_volumes import InMemory
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.run.cluster.workers import Workers
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.errors import RunError

PACKAGES = (fakes, napari_sam_med)
KEPT_MODELS = "napari_sam_med.bench.run.cluster.kept_models"
TIMES = ["seconds_embed", "seconds_predict"]
KEYS = ["case_id", "setting", "step", "selection", "prompts"]
SETTINGS = RunSettings(clicks=2, groups=("modes",))
DIED = "died"
PAIRS = [made_volume("p1_a", seed=1, slices=6)]


class DyingOnce(FakeSegmenter):
    """Takes its process along, on a slice after the first; no second process."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def embed(self, image):
        (self.folder / f"{os.getpid()}-{time.monotonic_ns()}").touch()
        if len(list(self.folder.iterdir())) > 1:
            with suppress(FileExistsError):
                (self.folder / DIED).touch(exist_ok=False)
                os._exit(1)
        return super().embed(image)


def run(folder, workers=None, load=FakeSegmenter):
    source, models = InMemory(PAIRS, "made"), [ModelSpec("fake", load)]
    return run_benchmark(source, models, SETTINGS, RunStore(folder), workers=workers)


def stored(folder):
    return RunStore(folder).rows().drop(columns=TIMES)


@contextmanager
def cluster(tmp_path):
    """A scheduler and a worker, each a process that can be killed."""
    place = tmp_path / "scheduler.json"
    path = os.pathsep.join(str(Path(each.__path__[0]).parent) for each in PACKAGES)

    def start(what, *options):
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", *options],
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
        )

    nowhere = ("--no-dashboard", "--scheduler-file", str(place))
    scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0", *nowhere)
    worker = start("worker", "--no-nanny", "--nthreads", "1", *nowhere)
    try:
        address = ""
        while not address:
            time.sleep(0.05)
            with suppress(FileNotFoundError, ValueError):  # not yet, or not whole
                address = json.loads(place.read_text())["address"]
        with Client(address) as client:
            client.wait_for_workers(1)
        yield scheduler, worker, Workers(scheduler=address)
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2])
def test_a_worker_that_dies_once_costs_no_row_and_doubles_none(tmp_path, count):
    marks = tmp_path / "marks"
    marks.mkdir()
    list(run(tmp_path / "there", Workers(count), partial(DyingOnce, marks)))
    assert (marks / DIED).exists()
    assert len(list(marks.iterdir())) > PAIRS[0].volume.array.shape[0]
    list(run(tmp_path / "here"))
    there = stored(tmp_path / "there")
    assert there.equals(stored(tmp_path / "here"))
    assert not there.duplicated(KEYS).any()


@pytest.mark.slow
def test_a_scheduler_that_goes_ends_the_run_with_a_sentence_and_it_can_go_on(
    tmp_path, capfd
):
    with cluster(tmp_path) as (scheduler, _, workers):
        events = run(tmp_path / "run", workers, SlowSegmenter)
        next(events)
        scheduler.kill()
        with pytest.raises(RunError, match=r"connection to the scheduler .* lost at"):
            list(events)
    assert capfd.readouterr().err == ""
    assert stored(tmp_path / "run")["case_id"].nunique() >= 1
    list(run(tmp_path / "run", load=SlowSegmenter))
    list(run(tmp_path / "here"))
    assert stored(tmp_path / "run").equals(stored(tmp_path / "here"))


@pytest.mark.slow
def test_a_run_without_any_worker_left_ends_instead_of_waiting_for_ever(
    tmp_path, monkeypatch
):
    with cluster(tmp_path) as (_, worker, workers):
        events = run(tmp_path / "run", workers, SlowSegmenter)
        next(events)
        # not before: on a busy machine a worker's first answer takes longer
        monkeypatch.setattr(f"{KEPT_MODELS}.SECONDS_BETWEEN_LOOKS", 0.2)
        monkeypatch.setattr(f"{KEPT_MODELS}.SECONDS_ALONE", 1.0)
        worker.kill()
        with pytest.raises(RunError, match="there was no worker for 1 seconds"):
            list(events)


@pytest.mark.slow
def test_a_busy_machine_makes_dask_say_nothing_on_the_terminal(
    tmp_path, monkeypatch, capfd
):
    class SlowDisk(distributed.core.WorkSpace):
        def __init__(self, *place):
            time.sleep(1.1)
            super().__init__(*place)

    monkeypatch.setattr("distributed.core.WorkSpace", SlowDisk)
    handler = logging.StreamHandler(sys.stderr)
    logger = logging.getLogger("distributed")
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    try:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            for _ in run(tmp_path / "run", Workers(1)):
                logging.getLogger("distributed.core").info("loop was unresponsive")
        assert logger.level == logging.INFO
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert [str(one.message) for one in found if "scratch" in str(one.message)] == []
    assert capfd.readouterr().err == ""
