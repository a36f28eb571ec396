"""Rows on disk: whole parts, resuming, refusing."""

import io
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
from pyarrow import parquet

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.data.labelled_volumes import BadPair, InMemory
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.result_rows import COLUMNS
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store import row_tables, run_store
from napari_sam_med.bench.run.store.row_parts import part_groups
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.errors import FileReadError, RunError
from napari_sam_med.models.weight_files import sha256_of

N_CASES = 6
CONTRACT = (
    "case_id,image,patient,axis,slice,label,label_name,model,model_sha256,profile,"
    "setting,step,selection,iou,dice,score,prompts,area_px,area_fraction,n_parts,"
    "height,width,seconds_embed,seconds_predict,error"
)
KILLED_IN_A_PART = """
import os, signal, sys
from pathlib import Path
from napari_sam_med.bench.run.store.row_tables import write_tables
def tables():
    os.kill(os.getpid(), signal.SIGKILL)
    yield
write_tables(tables(), Path(sys.argv[1]) / "part-0000001.parquet")
"""
TIMES = ["seconds_embed", "seconds_predict"]


def start(source, folder, profile=Profile.STRICT, model=None, **settings):
    model = model or FakeSegmenter()
    return run_benchmark(
        source,
        [ModelSpec(model.name, lambda: model)],
        RunSettings(profile, **{"clicks": 3, **settings}),
        RunStore(folder),
    )


def rows_in(folder):
    return RunStore(folder).rows().drop(columns=TIMES)


def test_the_columns_are_those_of_the_contract_first(source, tmp_path):
    list(start(source, tmp_path / "run", clicks=1))
    assert tuple(RunStore(tmp_path / "run").rows().columns) == COLUMNS
    assert ",".join(COLUMNS[:25]) == CONTRACT


@pytest.mark.parametrize("profile", list(Profile))
def test_a_run_that_was_stopped_and_resumed_equals_one_without_a_stop(
    source, tmp_path, profile
):
    list(start(source, tmp_path / "whole", profile))
    for stop_after in (1, 4):
        run = start(source, tmp_path / "stopped", profile)
        _ = [next(run) for _ in range(stop_after)]
        run.close()
    list(start(source, tmp_path / "stopped", profile))
    assert rows_in(tmp_path / "stopped").equals(rows_in(tmp_path / "whole"))


@pytest.mark.parametrize("profile", [Profile.AS_RELEASED, Profile.AS_WRITTEN])
def test_failed_cases_do_not_shift_the_random_choices_of_a_resumed_run(
    source, tmp_path, profile
):
    class Failing(FakeSegmenter):
        def predict(self, embedding, prompts):
            if len(prompts.points_rc) > 2 and prompts.labels.all():
                msg = "too many"
                raise ArithmeticError(msg)
            return super().predict(embedding, prompts)

    list(start(source, tmp_path / "whole", profile, Failing()))
    run = start(source, tmp_path / "stopped", profile, Failing())
    _ = [next(run) for _ in range(3)]
    run.close()
    list(start(source, tmp_path / "stopped", profile, Failing()))
    whole = rows_in(tmp_path / "whole")
    assert whole["error"].ne("").any()
    assert rows_in(tmp_path / "stopped").equals(whole)


def test_a_second_run_does_nothing_twice(source, tmp_path):
    list(start(source, tmp_path))
    model = FakeSegmenter()
    events = list(start(source, tmp_path, model=model))
    assert model.n_embed == model.n_predict == 0
    assert all(one.resumed for one in events)
    assert len(events) == N_CASES


def test_a_finished_run_does_not_even_load_the_model(source, tmp_path):
    list(start(source, tmp_path))

    def load():
        raise AssertionError

    settings, store = RunSettings(clicks=3), RunStore(tmp_path)
    list(run_benchmark(source, [ModelSpec("fake", load)], settings, store))


def test_a_half_written_part_is_not_read(source, tmp_path):
    run = start(source, tmp_path)
    next(run)
    run.close()
    started = subprocess.run(
        [sys.executable, "-c", KILLED_IN_A_PART, tmp_path / "results"], check=False
    )
    assert started.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "results").iterdir())) == 2
    assert RunStore(tmp_path).rows()["case_id"].nunique() == 1
    assert pd.read_parquet(tmp_path / "results")["case_id"].nunique() == 1
    list(start(source, tmp_path))
    assert RunStore(tmp_path).rows()["case_id"].nunique() == N_CASES
    assert {path.suffix for path in (tmp_path / "results").iterdir()} == {".parquet"}


def test_ctrl_c_while_a_part_is_written_leaves_nothing_of_it(tmp_path):
    def tables():
        yield row_tables.row_schema().empty_table()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        row_tables.write_tables(tables(), tmp_path / "part-0000000.parquet")
    assert not list(tmp_path.iterdir())


def test_joining_the_parts_changes_no_row(source, tmp_path):
    list(start(source, tmp_path))
    store = RunStore(tmp_path)
    before = store.rows()
    store.compact()
    assert store.rows().equals(before)
    assert len(list((tmp_path / "results").iterdir())) == 1


def test_another_model_may_join_a_run(source, tmp_path):
    list(start(source, tmp_path))
    list(start(source, tmp_path, model=FakeSegmenter(name="other")))
    assert set(RunStore(tmp_path).rows()["model"]) == {"fake", "other"}
    assert set(RunStore(tmp_path).manifest()["models"]) == {"fake", "other"}


@pytest.mark.parametrize(
    ("change", "what"),
    [({"clicks": 4}, "settings"), ({"profile": Profile.AS_RELEASED}, "settings")],
)
def test_other_settings_in_the_same_folder_are_refused(source, tmp_path, change, what):
    list(start(source, tmp_path))
    with pytest.raises(RunError, match=f"another run .*{what}"):
        list(start(source, tmp_path, **change))


def test_other_data_in_the_same_folder_are_refused(source, tmp_path):
    list(start(source, tmp_path))
    other = InMemory([made_volume("p1_a", seed=5)])
    with pytest.raises(RunError, match=r"another run .*files"):
        list(start(other, tmp_path))


def test_a_folder_with_foreign_files_is_refused_and_left_alone(source, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match=r"thesis\.txt"):
        list(start(source, tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_run_without_cases_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError, match="absent"):
        list(start(InMemory([BadPair("p", "absent")]), tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_damaged_part_is_named(source, tmp_path):
    list(start(source, tmp_path))
    (tmp_path / "results" / "part-0000003.parquet").write_bytes(b"no parquet")
    with pytest.raises(FileReadError, match="part-0000003"):
        RunStore(tmp_path).rows()


def test_bad_pairs_are_stored_once(source, tmp_path):
    pairs = InMemory([*source.pairs, BadPair("p0", "labels absent")])
    list(start(pairs, tmp_path))
    list(start(pairs, tmp_path))
    rows = RunStore(tmp_path).rows()
    assert rows["error"].eq("labels absent").sum() == 1


@pytest.fixture
def weighed(source, tmp_path):
    """Run a model whose weights are a file, one case or all."""
    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"first")

    def run(*, cases=None):
        model = FakeSegmenter(name="m", sha256=sha256_of(weights))
        choice = ModelSpec("m", lambda: model, {"title": "M"}, weights)
        store = RunStore(tmp_path / "run")
        events = run_benchmark(source, [choice], RunSettings(clicks=1), store)
        for _ in zip(range(cases or N_CASES + 1), events, strict=False):
            pass
        events.close()

    run.weights = weights
    return run


@pytest.mark.parametrize("cases", [1, None])
def test_other_weights_are_noticed_when_a_run_goes_on_even_if_it_was_finished(
    weighed, cases
):
    weighed(cases=cases)
    weighed.weights.write_bytes(b"second")
    with pytest.raises(RunError, match="m has other weights than in the rows"):
        weighed()


def test_the_hash_of_what_was_loaded_stays_on_record(weighed, tmp_path):
    for _ in range(3):
        weighed(cases=1)
    entry = RunStore(tmp_path / "run").manifest()["models"]["m"]
    assert entry == {"title": "M", "sha256": sha256_of(weighed.weights)}


def test_parts_are_joined_in_turn_and_no_joined_one_is_written_again(
    source, tmp_path, monkeypatch
):
    list(start(source, tmp_path / "whole"))
    monkeypatch.setattr(run_store, "MOST_PARTS", 2)
    written = []
    write = run_store.write_tables

    def noting(tables, path):
        written.append(path.name)
        write(tables, path)

    monkeypatch.setattr(run_store, "write_tables", noting)
    list(start(source, tmp_path / "run"))
    assert max(map(written.count, written)) == 2  # as it came, and joined
    assert len(list((tmp_path / "run" / "results").iterdir())) == N_CASES / 2
    assert rows_in(tmp_path / "run").equals(rows_in(tmp_path / "whole"))


def test_a_joined_file_has_groups_of_many_rows(source, tmp_path, monkeypatch):
    list(start(source, tmp_path))
    before = RunStore(tmp_path).rows()
    monkeypatch.setattr(row_tables, "ROWS_AT_ONCE", len(before) // 2)
    RunStore(tmp_path).finish()
    (part,) = (tmp_path / "results").iterdir()
    assert parquet.ParquetFile(part).num_row_groups == 2
    assert RunStore(tmp_path).rows().equals(before)


def test_only_the_columns_that_are_asked_for_are_read(source, tmp_path, monkeypatch):
    list(start(source, tmp_path / "run", clicks=1))
    store = RunStore(tmp_path / "run")
    read = []
    parts = run_store.read_part

    def noting(path, schema):
        read.append(set(schema.names))
        return parts(path, schema)

    monkeypatch.setattr(run_store, "read_part", noting)
    assert list(store.rows(["iou", "image"]).columns) == ["iou", "image"]
    assert set().union(*read) == {"iou", "image", *row_tables.ROW_KEY}


def test_a_part_is_read_by_the_thread_that_asks_for_it(source, tmp_path, monkeypatch):
    """Another one may still hold the file at exit, which aborts the process."""
    readers = set()

    class Watched(io.BufferedReader):
        def read(self, *size):
            readers.add(threading.get_ident())
            return super().read(*size)

    list(start(source, tmp_path / "run", clicks=1))
    store = RunStore(tmp_path / "run")
    monkeypatch.setattr(Path, "open", lambda path, *_: Watched(io.FileIO(path)))
    store._stored()
    assert readers == {threading.get_ident()}


def test_rows_with_categories_say_the_same_in_the_same_order(source, tmp_path):
    list(start(source, tmp_path / "run"))
    store = RunStore(tmp_path / "run")
    plain, coded = store.rows(), store.rows(categories=True)
    assert coded["setting"].dtype == "category"
    assert coded.astype(plain.dtypes.to_dict()).equals(plain)


def test_a_joined_run_is_read_no_more_than_a_row_group_at_a_time(
    source, tmp_path, monkeypatch
):
    monkeypatch.setattr(row_tables, "ROWS_AT_ONCE", 40)
    list(start(source, tmp_path / "run"))
    store = RunStore(tmp_path / "run")
    store.finish()
    (part,) = store.results.iterdir()
    sizes = [one.num_rows for one in part_groups(part, row_tables.row_schema())]
    assert len(sizes) > 1
    assert sum(sizes) == len(store.rows())
