"""A case of a stored run, opened in the viewer from its folder alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari_sam_med.gui.benchmark.stored_cases import stored_case
from qtpy.QtCore import QSettings

from fakes.benchmark_docks import offer, offer_of
from fakes.fake_segmenter import FakeSegmenter
from fakes.small_files import write_pair
from napari_sam_med.bench.data.given_data import GivenData
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    PromptedSlices,
    VolumeProfile,
    VolumeSettings,
)
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.masks.case_lookup import CaseChoice
from napari_sam_med.bench.run.masks.chosen_rows import RowChoice
from napari_sam_med.bench.run.store.data_places import keep_places, known_places
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.bench.run.volume_engine import run_volumes
from napari_sam_med.core.metrics import dice
from napari_sam_med.errors import RunError
from napari_sam_med.gui.benchmark import build_benchmark_dock
from napari_sam_med.gui.benchmark.result_display import BOXES, MASK, TRUTH

WAIT_MS = 60_000


@pytest.fixture
def store(tmp_path):
    write_pair(tmp_path)
    return RunStore(tmp_path / "run")


def run(store, settings):
    """Run the fake model over the pair beside the store."""
    root = store.folder.parent
    given = GivenData(root / "images", root / "labels", dataset="demo")
    choices = [ModelSpec("fake", FakeSegmenter)]
    go = run_volumes if isinstance(settings, VolumeSettings) else run_benchmark
    list(go(given.open(), choices, settings, store))
    keep_places(store.folder, given)


def show(qtbot, store, choice, *offers):
    """Show a case in a new viewer; returns viewer, view and the row."""
    viewer = ViewerModel()
    ini = str(store.folder.parent / "docks.ini")
    settings = QSettings(ini, QSettings.Format.IniFormat)
    view = build_benchmark_dock(viewer, offers=offers, settings=settings)
    qtbot.addWidget(view)
    case = stored_case(store.folder, choice, known_places(store.folder))
    view.results_controller.show_case(case, offers)
    return viewer, view, case.row


def told(view):
    return view.run_bar.message.text()


def first_case(store):
    return str(store.rows()["case_id"].iloc[0])


def test_a_case_is_shown_with_its_image_its_prompts_and_its_mask(qtbot, store):
    run(store, RunSettings(clicks=1))
    case = first_case(store)
    viewer, view, row = show(qtbot, store, CaseChoice(case), offer())
    qtbot.waitUntil(lambda: MASK in viewer.layers, timeout=WAIT_MS)
    assert {row["image"], BOXES, MASK, TRUTH} == {one.name for one in viewer.layers}
    mask, truth = (viewer.layers[name].data > 0 for name in (MASK, TRUTH))
    assert dice(mask, truth) == pytest.approx(row["dice"])
    assert viewer.dims.current_step[0] == row["slice"]
    shown = {one["case_id"] for one in view.results.shown_rows()}
    assert shown == {case}


def test_the_answer_that_is_asked_for_is_the_one_that_is_shown(qtbot, store):
    run(store, RunSettings(clicks=2))
    choice = CaseChoice(first_case(store), RowChoice("clicks", 1, "oracle"))
    _, view, row = show(qtbot, store, choice, offer())
    assert (row["setting"], row["step"], row["selection"]) == ("clicks", 1, "oracle")
    assert "clicks 1, oracle" in told(view)


def test_an_object_found_in_a_volume_is_shown_whole(qtbot, store):
    profile = VolumeProfile.SAM2_MEDICAL
    run(store, VolumeSettings(profile, choices=(PromptedSlices.MIDDLE,)))
    choice = CaseChoice(
        first_case(store), RowChoice("box_middle_both", models=("fake",))
    )
    viewer, _, row = show(qtbot, store, choice, offer())
    qtbot.waitUntil(lambda: MASK in viewer.layers, timeout=WAIT_MS)
    mask, truth = (viewer.layers[name].data > 0 for name in (MASK, TRUTH))
    assert mask.shape == viewer.layers[row["image"]].data.shape
    assert np.count_nonzero(truth.any(axis=(1, 2))) > 1
    assert dice(mask, truth) == pytest.approx(row["dice"])


def test_a_mask_of_other_weights_is_not_passed_off_as_the_rows(qtbot, store):
    class Retrained(FakeSegmenter):
        def predict(self, embedding, prompts):
            found = super().predict(embedding, prompts)
            single = replace(found.single, masks=np.roll(found.single.masks, 3, 1))
            return replace(found, single=single)

    run(store, RunSettings(clicks=1))
    _, view, _ = show(
        qtbot, store, CaseChoice(first_case(store)), offer_of(Retrained())
    )
    qtbot.waitUntil(lambda: "are others than in the run" in told(view), timeout=WAIT_MS)


def test_a_model_that_is_not_here_is_named(qtbot, store):
    run(store, RunSettings(clicks=1))
    viewer, view, _ = show(qtbot, store, CaseChoice(first_case(store)), offer("other"))
    qtbot.waitUntil(
        lambda: "fake is not on this machine" in told(view), timeout=WAIT_MS
    )
    assert BOXES in viewer.layers


def test_a_case_that_the_run_lacks_is_refused_with_the_likeliest(store):
    run(store, RunSettings(clicks=1))
    case = first_case(store)
    with pytest.raises(RunError, match=case):
        stored_case(store.folder, CaseChoice(case[:-1]), known_places(store.folder))
