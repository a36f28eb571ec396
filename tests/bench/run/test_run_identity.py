"""What makes a run another one, and what an earlier release's run still tells."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from fakes.small_files import write_pair
from napari_sam_med.bench.data.catalogue import catalogue
from napari_sam_med.bench.data.given_data import GivenData
from napari_sam_med.bench.data.labelled_volumes import InMemory
from napari_sam_med.bench.data.pairing import FilePair, PairedFiles
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.report.report_page import write_report
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.errors import RunError

SETTINGS = RunSettings(groups=("modes",), tolerance_mm=None)
CPU = {"device": "cpu", "precision": "fp32"}


def go_on(folder, *pairs, computed=CPU, settings=SETTINGS):
    source = InMemory(pairs or [made_volume("p1_a", slices=1)])
    choice = ModelSpec("fake", FakeSegmenter, computed=computed)
    list(run_benchmark(source, [choice], settings, RunStore(folder)))


@pytest.fixture
def folder(tmp_path):
    go_on(tmp_path / "run")
    return tmp_path / "run"


def changed_manifest(folder, change):
    file = folder / "manifest.json"
    manifest = json.loads(file.read_text())
    change(manifest)
    file.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("patient was 'p1' and is 'p9'", {"patient": "p9"}),
        ("labels.1 was not said and is 'liver'", {"label_names": {1: "liver", 2: "x"}}),
        ("objects_of was '' and is 'cell'", {"objects_of": "cell"}),
    ],
)
def test_other_patients_or_names_of_labels_are_another_run(folder, what, change):
    with pytest.raises(RunError, match=f"another run .*{what}"):
        go_on(folder, replace(made_volume("p1_a", slices=1), **change))


@pytest.mark.parametrize(
    ("what", "computed"),
    [
        ("precision of fake was 'fp32' and is 'bf16'", {**CPU, "precision": "bf16"}),
        ("device of fake was 'cpu' and is 'cuda'", {**CPU, "device": "cuda"}),
    ],
)
def test_another_precision_or_device_is_another_run(folder, what, computed):
    with pytest.raises(RunError, match=f"another run .*{what}"):
        go_on(folder, computed=computed)


def test_another_version_of_the_package_is_another_run(folder):
    changed_manifest(folder, lambda m: m["versions"].update({"napari-sam-med": "0.0"}))
    with pytest.raises(RunError, match=r"version of napari-sam-med was '0\.0' and is"):
        go_on(folder)


def test_another_seed_is_another_run_and_is_named_with_both_values(folder):
    with pytest.raises(RunError, match=r"settings\.seed was 1 and is 7"):
        go_on(folder, settings=replace(SETTINGS, seed=7))


def test_a_changed_file_is_named(folder):
    with pytest.raises(RunError, match="files: p1_a has other content"):
        go_on(folder, made_volume("p1_a", slices=1, seed=4))


def test_the_pattern_of_patients_is_a_part_of_files_options(tmp_path):
    pair = FilePair("p1_a", None, None)
    plain, grouped = PairedFiles([pair]), PairedFiles([pair], patient_pattern="(p.)")
    assert plain.options() != grouped.options()


def test_threads_are_recorded_and_may_differ(folder):
    go_on(folder, computed={**CPU, "threads": "4"})
    machine = RunStore(folder).manifest()["machine"]
    assert {"system", "processor", "cores", "OMP_NUM_THREADS"} == machine.keys()


def earlier_release(folder, *, dataset=""):
    """Turn a run into what releases before this one wrote."""

    def forget(manifest):
        for name in ("dataset_id", "data", "machine"):
            del manifest[name]
        manifest["dataset"] = dataset

    changed_manifest(folder, forget)
    for part in (folder / "results").glob("*.parquet"):
        rows = pd.read_parquet(part)
        before = f"{dataset}: " if dataset else ""
        rows["case_id"] = rows["case_id"].str.partition("/")[2]
        rows["patient"] = rows["patient"].str.partition("/")[2]
        rows["task"] = before + rows["task"].str.partition(": ")[2]
        rows.to_parquet(part)


def test_a_run_of_an_earlier_release_is_read_with_its_data_named(folder):
    before = RunStore(folder).rows()
    earlier_release(folder)
    pd.testing.assert_frame_equal(RunStore(folder).rows(), before)


def test_named_data_of_an_earlier_release_keep_their_name(folder):
    earlier_release(folder, dataset="Liver")
    rows = RunStore(folder).rows()
    assert set(rows["task"]) == {"Liver: label 1", "Liver: label 2"}
    assert set(rows["patient"]) == {"Liver/p1"}


def test_the_studys_tasks_of_an_earlier_release_keep_their_names(folder):
    earlier_release(folder)
    entry = next(iter(catalogue().values()))
    task = next(iter(entry.tasks))
    for part in (folder / "results").glob("*.parquet"):
        pd.read_parquet(part).assign(task=task).to_parquet(part)
    rows = RunStore(folder).rows()
    assert set(rows["task"]) == {task}
    assert set(rows["patient"]) == {f"{entry.name}/p1"}


def test_the_page_says_that_a_run_is_of_an_earlier_release(folder):
    earlier_release(folder)
    write_report([folder], folder / "report.html")
    assert "run is a run of an earlier release" in (folder / "report.html").read_text()


def test_a_run_of_an_earlier_release_does_not_go_on_and_says_why(folder):
    earlier_release(folder)
    with pytest.raises(RunError, match="a run of an earlier release"):
        go_on(folder)


def test_a_run_that_did_not_say_its_device_goes_on(folder):
    changed_manifest(
        folder, lambda manifest: manifest["models"]["fake"].pop("computed")
    )
    go_on(folder)  # is not refused


def asked_by(folder, *command, name="fake", source=None):
    source = source or InMemory([made_volume("p1_a", slices=2)])
    choice = ModelSpec(name, lambda: FakeSegmenter(name=name), computed=CPU)
    return run_benchmark(source, [choice], SETTINGS, RunStore(folder, command))


def test_all_commands_of_a_run_are_kept(tmp_path):
    for name in "aba":
        list(asked_by(tmp_path, "run", "--model", name, name=name))
    manifest = RunStore(tmp_path).manifest()
    assert manifest["command"] == ["run", "--model", "a"]
    assert manifest["commands"] == [["run", "--model", "a"], ["run", "--model", "b"]]


def test_a_part_that_goes_on_is_noted_and_so_is_what_made_the_one_before(tmp_path):
    run = asked_by(tmp_path, "first")
    next(run)
    run.close()

    def older(manifest):
        manifest["versions"]["numpy"] = "0.1"
        manifest["machine"]["peak_memory_bytes"] = 7

    changed_manifest(tmp_path, older)
    list(asked_by(tmp_path, "second"))
    manifest = RunStore(tmp_path).manifest()
    assert manifest["commands"] == [["first"], ["second"]]
    (part,) = manifest["earlier_parts"]
    assert part["versions"]["numpy"] == "0.1"
    assert manifest["versions"]["numpy"] != "0.1"
    assert manifest["machine"]["peak_memory_bytes"] == 7


@pytest.mark.parametrize("moved", ["images", "labels"])
def test_a_file_that_was_renamed_alone_has_no_other_content(two_pairs, moved):
    folder, again = two_pairs
    (folder / moved / "b.nii.gz").rename(folder / moved / "c.nii.gz")
    with pytest.raises(RunError) as found:
        again()
    assert "b.nii.gz is gone among the images or the labels" in str(found.value)
    assert "c.nii.gz is new" in str(found.value)
    assert "other content" not in str(found.value)


@pytest.fixture
def two_pairs(tmp_path):
    """A run over two pairs of files, and a way to go on with it."""
    for name in ("a.nii.gz", "b.nii.gz"):
        write_pair(tmp_path, name)

    def again():
        given = GivenData(tmp_path / "images", tmp_path / "labels")
        choice = ModelSpec("fake", FakeSegmenter, computed=CPU)
        store = RunStore(tmp_path / "run")
        list(run_benchmark(given.open(), [choice], SETTINGS, store))

    again()
    return tmp_path, again
