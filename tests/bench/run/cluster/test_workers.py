"""Runs on worker processes: the same rows, one model a worker, clean endings."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from distributed import LocalCluster

import napari_sam_med
from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.data.labelled_volumes import BadPair, InMemory
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    PromptedSlices,
    SlicePromptKind,
    VolumeProfile,
    VolumeSettings,
)
from napari_sam_med.bench.run.cluster.workers import Workers
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.bench.run.stored_prompts import StoredPrompts
from napari_sam_med.bench.run.volume_engine import run_volumes
from napari_sam_med.errors import ModelError, RunError

CLUSTER = "napari_sam_med.bench.run.cluster"
TIMES = ["seconds_embed", "seconds_predict"]
SETTINGS = RunSettings(clicks=3, groups=("modes", "clicks", "everything"), grids=(4,))
PAIRS = [
    made_volume("p3_a", seed=3, slices=2),
    made_volume("p1_a", seed=1, slices=3),
    BadPair("p0", "labels of p0 are absent"),
    made_volume("p2_a", seed=2, slices=1),
]


class Shuffled(InMemory):
    """Yields pairs as they come, not by name."""

    def __iter__(self):
        return iter(self.pairs)


class Counting(FakeSegmenter):
    """Leaves a file for each time it is loaded."""

    def __init__(self, folder):
        super().__init__()
        (folder / f"{os.getpid()}-{time.monotonic_ns()}").touch()


class Failing(FakeSegmenter):
    """Fails on every prompt with more than one point."""

    def predict(self, embedding, prompts):
        if len(prompts.points_rc) > 1:
            msg = "too many points"
            raise ArithmeticError(msg)
        return super().predict(embedding, prompts)


class Dying(FakeSegmenter):
    """Takes its process along."""

    def embed(self, image):
        os._exit(1)


class Telling(FakeSegmenter):
    """Says by its name how many threads its process computes with."""

    def __init__(self):
        count = os.environ["MKL_NUM_THREADS"] + os.environ["OMP_NUM_THREADS"]
        super().__init__(sha256=count)


def no_weights():
    msg = "the weights of fake are not here"
    raise ModelError(msg)


@pytest.fixture(scope="module")
def two():
    """Two workers at an address; variables that Dask sets here are taken back."""
    before = dict(os.environ)
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield Workers(scheduler=cluster.scheduler_address)
    os.environ.clear()
    os.environ.update(before)


def run(folder, workers=None, pairs=PAIRS, load=FakeSegmenter, **options):
    return run_benchmark(
        Shuffled(pairs, "made"),
        [ModelSpec("fake", load)],
        SETTINGS,
        RunStore(folder),
        workers=workers,
        **options,
    )


def stored(folder):
    return RunStore(folder).rows().drop(columns=TIMES)


@pytest.mark.slow
def test_strict_gives_the_same_rows_on_any_number_of_workers_in_any_order(
    tmp_path, two
):
    list(run(tmp_path / "here"))
    list(run(tmp_path / "one", Workers(1), PAIRS[::-1]))
    list(run(tmp_path / "two", two, PAIRS[2:] + PAIRS[:2]))
    here = stored(tmp_path / "here")
    assert here["case_id"].nunique() == 13
    assert stored(tmp_path / "one").equals(here)
    assert stored(tmp_path / "two").equals(here)


@pytest.mark.slow
def test_workers_answer_in_the_order_of_the_run_and_load_the_model_once(tmp_path, two):
    marks = tmp_path / "marks"
    marks.mkdir()
    events = list(run(tmp_path / "run", two, load=partial(Counting, marks)))
    here = list(run(tmp_path / "here"))
    assert [one.case_id for one in events] == [one.case_id for one in here]
    assert (events[-1].done, events[-1].total, events[-1].seconds_left) == (12, 12, 0.0)
    processes = [mark.name.split("-")[0] for mark in marks.iterdir()]
    assert len(processes) == len(set(processes)) <= 2
    assert str(os.getpid()) not in processes


@pytest.mark.slow
def test_a_run_on_workers_that_was_left_goes_on_where_it_stopped(tmp_path, two):
    events = run(tmp_path / "run", two)
    _ = [next(events) for _ in range(4)]
    events.close()
    assert stored(tmp_path / "run")["case_id"].nunique() == 4
    assert sum(one.resumed for one in run(tmp_path / "run", two)) == 4
    list(run(tmp_path / "here"))
    assert stored(tmp_path / "run").equals(stored(tmp_path / "here"))


@pytest.mark.slow
def test_what_fails_on_a_worker_is_a_row_as_it_is_here(tmp_path, two):
    list(run(tmp_path / "there", two, load=Failing))
    list(run(tmp_path / "here", load=Failing))
    there = stored(tmp_path / "there")
    assert "ArithmeticError: too many points" in set(there["error"])
    assert there.equals(stored(tmp_path / "here"))


@pytest.mark.slow
def test_prompts_of_another_run_reach_the_workers(tmp_path, two):
    list(run(tmp_path / "first"))
    prompts_from = StoredPrompts.of(RunStore(tmp_path / "first"))
    list(run(tmp_path / "here", prompts_from=prompts_from))
    list(run(tmp_path / "there", two, prompts_from=prompts_from))
    assert stored(tmp_path / "there").equals(stored(tmp_path / "here"))


@pytest.mark.slow
def test_a_model_that_no_worker_can_load_is_told_as_it_is_here(tmp_path, two):
    with pytest.raises(ModelError, match="weights of fake are not here"):
        list(run(tmp_path / "run", two, load=no_weights))


THREAD_COUNTS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@pytest.mark.slow
def test_a_worker_that_dies_ends_the_run_with_the_case_it_died_of(tmp_path):
    before = [os.environ.get(name) for name in THREAD_COUNTS]
    with pytest.raises(RunError, match=r"gave up at made/p1_a/axis0/0000/1"):
        list(run(tmp_path / "run", Workers(1), load=Dying, pairs=PAIRS[1:2]))
    assert [os.environ.get(name) for name in THREAD_COUNTS] == before


@pytest.mark.slow
def test_the_number_of_threads_that_is_asked_for_reaches_the_workers(
    tmp_path, monkeypatch
):
    for name in THREAD_COUNTS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    list(run(tmp_path / "run", Workers(1), load=Telling, pairs=PAIRS[3:]))
    assert set(stored(tmp_path / "run")["model_sha256"]) == {"22"}


@pytest.mark.slow
def test_a_worker_with_other_weights_gets_no_work(tmp_path, two):
    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"here")
    there = ModelSpec("fake", partial(FakeSegmenter, sha256="0" * 64), {}, weights)
    run = run_benchmark(
        InMemory(PAIRS), [there], SETTINGS, RunStore(tmp_path / "run"), workers=two
    )
    with pytest.raises(RunError, match="other weights of fake than this process"):
        list(run)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_worker_with_another_build_of_the_package_gets_no_work(tmp_path):
    package = Path(napari_sam_med.__file__).parent
    shutil.copytree(package, tmp_path / "src" / package.name)
    other = tmp_path / "src" / package.name / "errors.py"
    other.write_text(other.read_text() + "# another build")
    with LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as cluster:
        address = cluster.scheduler_address
        worker = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "distributed.cli.dask_worker",
                address,
                "--no-nanny",
            ],
            env={**os.environ, "PYTHONPATH": str(tmp_path / "src")},
            cwd=tmp_path,
            stderr=subprocess.DEVNULL,
        )
        try:
            cluster.wait_for_workers(1)
            with pytest.raises(RunError, match="has another build than this process"):
                list(run(tmp_path / "run", Workers(scheduler=address)))
        finally:
            worker.terminate()
            worker.wait()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_port_that_answers_but_is_no_scheduler_is_refused_in_time(
    tmp_path, monkeypatch, answer
):
    monkeypatch.setattr(
        "napari_sam_med.bench.run.cluster.connections.SECONDS_TO_CONNECT", 0.3
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        callers = []

        def greet():
            caller, _ = server.accept()
            callers.append(caller)
            caller.sendall(answer)

        threading.Thread(target=greet, daemon=True).start()
        nowhere = Workers(scheduler=f"tcp://127.0.0.1:{server.getsockname()[1]}")
        start = time.monotonic()
        with pytest.raises(
            RunError, match=r"no Dask scheduler answers at tcp"
        ) as found:
            list(run(tmp_path / "run", nowhere))
        assert time.monotonic() - start < 10
        for caller in callers:
            caller.close()
    assert len(str(found.value).splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_an_address_without_a_scheduler_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "napari_sam_med.bench.run.cluster.connections.SECONDS_TO_CONNECT", 0.2
    )
    nowhere = Workers(scheduler="tcp://127.0.0.1:9")
    with pytest.raises(RunError, match=r"no Dask scheduler answers at tcp") as found:
        list(run(tmp_path / "run", nowhere))
    assert str(found.value).count("no Dask scheduler") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("profile", [Profile.AS_RELEASED, Profile.AS_WRITTEN])
def test_workers_are_refused_where_all_cases_share_one_stream(profile):
    with pytest.raises(RunError, match="one random stream"):
        next(
            run_benchmark(
                InMemory(PAIRS),
                [ModelSpec("fake", FakeSegmenter)],
                RunSettings(profile),
                workers=Workers(2),
            )
        )


def test_without_distributed_the_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RunError, match=r"pip install 'napari-sam-med\[cluster\]'"):
        list(run(tmp_path / "run", Workers(2)))
    assert not (tmp_path / "run").exists()


def test_without_distributed_a_run_is_computed_here(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(
        sys.modules, "napari_sam_med.bench.run.cluster.slice_cluster", raising=False
    )
    assert list(run(tmp_path / "run", pairs=PAIRS[3:]))


@pytest.mark.parametrize(
    "wrong", [{"count": 0}, {"count": -1}, {"count": 2, "scheduler": "tcp://a:1"}]
)
def test_workers_are_counted_or_at_an_address(wrong):
    with pytest.raises(RunError, match="number from 1"):
        Workers(**wrong)


def test_volumes_on_two_workers_have_the_rows_of_this_process(two, tmp_path):
    few = VolumeSettings(
        VolumeProfile.SAM2_MEDICAL,
        choices=(PromptedSlices.MIDDLE,),
        kinds=(SlicePromptKind.BOX,),
    )
    source, model = InMemory(PAIRS), ModelSpec("fake", FakeSegmenter)
    found = []
    for name, workers in (("here", None), ("there", two)):
        store = RunStore(tmp_path / name)
        events = list(run_volumes(source, [model], few, store, workers))
        again = list(run_volumes(source, [model], few, store, workers))
        assert all(one.resumed for one in again)
        told = [(one.case_id, one.model, one.done, one.total) for one in events]
        found.append((told[-1][2:], store.rows().drop(columns=TIMES)))
    assert found[0][0] == found[1][0]
    assert found[0][1].equals(found[1][1])
    assert (found[0][1]["model"] == "fake").any()


@pytest.mark.slow
def test_workers_that_end_slowly_take_nothing_from_a_finished_run(
    tmp_path, monkeypatch
):
    close = LocalCluster.close

    def slow(self, *given, **options):
        close(self, *given, **options)
        raise TimeoutError  # as Dask does, where a process is not gone in nine seconds

    monkeypatch.setattr(LocalCluster, "close", slow)
    events = list(run(tmp_path / "run", Workers(1), PAIRS[-1:]))
    assert events[-1].done == stored(tmp_path / "run")["case_id"].nunique()
