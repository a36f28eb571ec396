"""Names of data sets in cases, patients and tasks."""

from dataclasses import replace

import pytest

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.data.dataset_identity import dataset_id
from napari_sam_med.bench.data.labelled_volumes import BadPair, InMemory
from napari_sam_med.bench.data.subsets import FewerSlices
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.run.engine import run_benchmark

SETTINGS = RunSettings(groups=("modes",), tolerance_mm=None)


def rows_of(source):
    choice = ModelSpec("fake", FakeSegmenter)
    events = run_benchmark(source, [choice], SETTINGS)
    return [row for one in events for row in one.rows]


def volume(seed=0):
    return made_volume("p1_a", seed=seed, slices=1)


def test_case_patient_and_task_say_which_named_data_they_are_of():
    rows = rows_of(InMemory([volume()], "Liver"))
    assert {row.case_id.partition("/")[0] for row in rows} == {"Liver"}
    assert {row.patient for row in rows} == {"Liver/p1"}
    assert {row.task for row in rows} == {"Liver: label 1", "Liver: label 2"}
    assert {row.image for row in rows} == {"p1_a"}


@pytest.mark.parametrize("column", ["case_id", "patient", "task"])
def test_unnamed_data_with_equal_file_names_share_nothing(column):
    one, other = (
        {getattr(row, column) for row in rows_of(InMemory([volume(seed)]))}
        for seed in (0, 1)
    )
    assert not one & other


def test_the_same_unnamed_data_are_the_same_cases_whatever_part_is_taken():
    whole = InMemory([made_volume("p1_a", slices=3)])
    part = FewerSlices(whole, most=1, axis=0)
    assert {row.case_id for row in rows_of(part)} < {
        row.case_id for row in rows_of(whole)
    }


def test_a_pair_that_failed_says_which_data_it_is_of():
    rows = rows_of(InMemory([volume(), BadPair("p0", "absent")], "Liver"))
    assert [row.case_id for row in rows if row.error] == ["Liver/p0"]


def test_prompts_are_the_same_under_any_name_of_the_data():
    one, other = (rows_of(InMemory([volume()], name)) for name in ("a", "b"))
    assert [row.prompts for row in one] == [row.prompts for row in other]


def test_the_studys_tasks_keep_their_names():
    labelled = replace(volume(), label_names={1: "MRI: x"}, names_tasks=True)
    rows = rows_of(InMemory([labelled], "set"))
    assert {row.task for row in rows if not row.error} == {"MRI: x"}


def test_files_without_a_name_are_named_by_their_content():
    files = [{"name": "a", "sha256": "12"}]
    renamed = [{"name": "b", "sha256": "12"}]
    assert dataset_id("", files) == dataset_id("", renamed) != dataset_id("", [])
