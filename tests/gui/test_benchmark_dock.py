"""The dock "SAM Benchmark" over a viewer: pairing, running, stopping, refusing."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from fakes.benchmark_docks import (
    N_CASES,
    SHAPE,
    FakeDesktop,
    GatedSegmenter,
    build_dock,
    offer,
    offer_of,
)
from fakes.call_counts import MOST_IN_A_TURN, counted_turns
from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.errors import CheckpointError
from napari_sam_med.gui.benchmark.model_offers import Offer, known_offers
from napari_sam_med.gui.benchmark.result_display import MASK, POINTS
from napari_sam_med.gui.benchmark.views.benchmark_values import (
    BenchmarkForm,
    ModelValue,
    PairValue,
)
from napari_sam_med.gui.shared.shown_slice import ShownSlice, shown_slice
from napari_sam_med.session.background.model_service import THREAD_NAME, ModelSource

LEFT = Qt.MouseButton.LeftButton
WAIT_MS = 60_000


def broken_model():
    message = "weights of broken are damaged; download them again"
    raise CheckpointError(message)


@pytest.fixture
def build(qtbot, tmp_path):
    """Build the dock over a phantom; without a window unless a viewer is passed."""

    def _build(*offers, viewer=None, folder=None):
        window = getattr(viewer, "window", None)
        viewer = viewer or ViewerModel()
        offers = offers or (offer(),)
        names = tuple(one.name for one in offers)
        form = BenchmarkForm(names, clicks=1, folder=folder or tmp_path / "r")
        view = build_dock(viewer, tmp_path, offers, FakeDesktop(), form)
        if window is None:
            qtbot.addWidget(view)
            view.resize(900, 900)
            with qtbot.waitExposed(view):
                view.show()
        else:
            window.add_dock_widget(view, name="SAM Benchmark")
        return viewer, view

    return _build


@pytest.fixture
def thread_of(build):
    """Build a dock and tell the thread that its models run on."""

    def _build(*offers, **arguments):
        before = set(threading.enumerate())
        viewer, view = build(*offers, **arguments)
        new = set(threading.enumerate()) - before
        [thread] = [one for one in new if one.name == THREAD_NAME]
        return viewer, view, thread

    return _build


def run(qtbot, view):
    qtbot.mouseClick(view.run_bar.run_button, LEFT)


def wait_for_end(qtbot, view):
    qtbot.waitUntil(view.run_bar.run_button.isEnabled, timeout=WAIT_MS)


def finished(qtbot, view):
    run(qtbot, view)
    wait_for_end(qtbot, view)


def run_into_gate(qtbot, view, model):
    """Start a run and wait for its second slice, with the first in the table."""
    run(qtbot, view)
    qtbot.waitUntil(model.reached.is_set, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: len(view.results.rows()) > 0, timeout=WAIT_MS)


def message(view):
    return view.run_bar.message.text()


def case_ids(view):
    return {r["case_id"] for r in view.results.rows()}


def click_first_row(qtbot, view):
    table = view.results.table
    with qtbot.waitSignal(view.results.row_chosen, timeout=WAIT_MS):
        centre = table.visualRect(table.model().index(0, 0)).center()
        qtbot.mouseClick(table.viewport(), LEFT, pos=centre)


def test_layers_of_equal_shape_are_paired_at_once(build):
    viewer, view = build()
    assert view.setup.pairs.pairs() == (PairValue("ct", "ct_labels"),)
    viewer.add_image(np.zeros((2, 3, 4)), name="mr")
    viewer.add_labels(np.ones((2, 3, 4), dtype=int), name="mr_seg")
    assert view.setup.pairs.pairs()[1] == PairValue("mr", "mr_seg")


def test_a_renamed_layer_is_offered_under_its_new_name(build):
    viewer, view = build()
    viewer.layers["ct"].name = "abdomen"
    assert view.setup.pairs.pairs() == (PairValue("abdomen", "ct_labels"),)


def test_a_persons_own_pairs_stay_when_a_layer_comes(build, qtbot):
    viewer, view = build()
    qtbot.mouseClick(view.setup.pairs.remove_button, LEFT)
    viewer.add_image(np.zeros((2, 3, 4)), name="mr")
    assert view.setup.pairs.pairs() == ()
    qtbot.mouseClick(view.setup.pairs.pair_button, LEFT)
    assert view.setup.pairs.pairs() == (PairValue("ct", "ct_labels"),)


def test_progress_is_seen_case_by_case_and_comes_from_one_thread(build, qtbot):
    model = FakeSegmenter()
    _, view = build(offer_of(model))
    seen = []
    bar = view.run_bar.progress_bar
    bar.valueChanged.connect(lambda _value: seen.append((bar.value(), bar.text())))
    finished(qtbot, view)
    assert [value for value, _ in seen if value > 0] == [1, 2, 3, 4]
    assert seen[-1][1].startswith(f"case {N_CASES} of {N_CASES}")
    assert bar.text() == f"case {N_CASES} of {N_CASES}"
    assert model.threads == {THREAD_NAME}


def test_models_of_the_package_are_run(build, qtbot):
    ellipse = next(one for one in known_offers() if one.name == "ellipse")
    _, view = build(ellipse)
    finished(qtbot, view)
    assert message(view).startswith(f"Finished {N_CASES} of {N_CASES} cases.")
    assert {r["model"] for r in view.results.rows()} == {"ellipse"}


def test_a_run_records_on_what_it_was_computed(build, qtbot, tmp_path):
    card = {"family": "baseline", "parameters": 0}
    _, view = build(replace(offer(), card=card))
    finished(qtbot, view)
    (entry,) = RunStore(tmp_path / "r").manifest()["models"].values()
    assert entry["computed"] == {"device": "cpu", "precision": "fp32", "threads": "1"}


def test_the_gui_stays_awake_while_a_slow_model_embeds(build, qtbot):
    model = GatedSegmenter()
    _, view = build(offer_of(model))
    with counted_turns() as turns:
        run_into_gate(qtbot, view, model)
        before = len(turns)
        qtbot.waitUntil(lambda: len(turns) > before + 20, timeout=WAIT_MS)
        qtbot.waitUntil(lambda: any(view.results.plot.curves()), timeout=WAIT_MS)
        assert not model.gate.is_set()
        model.gate.set()
        wait_for_end(qtbot, view)
    assert max(turns) < MOST_IN_A_TURN


def test_the_form_is_locked_while_a_run_goes_on(build, qtbot):
    model = GatedSegmenter()
    _, view = build(offer_of(model))
    run_into_gate(qtbot, view, model)
    assert not view.setup.isEnabled()
    assert view.tabs.currentWidget() is view.results
    model.gate.set()
    wait_for_end(qtbot, view)
    assert view.setup.isEnabled()


def test_cancel_stops_after_the_case_that_is_being_computed(build, qtbot):
    model = GatedSegmenter()
    _, view = build(offer_of(model))
    run_into_gate(qtbot, view, model)
    qtbot.mouseClick(view.run_bar.cancel_button, LEFT)
    model.gate.set()
    wait_for_end(qtbot, view)
    assert len(case_ids(view)) == 2
    assert message(view).startswith(f"Stopped after 2 of {N_CASES} cases.")
    assert view.results.report_button.isEnabled()
    predictions = model.n_predict
    qtbot.wait(200)
    assert model.n_predict == predictions


def test_a_cancelled_run_goes_on_in_its_folder(build, qtbot):
    gated = GatedSegmenter()
    _, view = build(offer_of(gated))
    run_into_gate(qtbot, view, gated)
    qtbot.mouseClick(view.run_bar.cancel_button, LEFT)
    gated.gate.set()
    wait_for_end(qtbot, view)
    finished(qtbot, view)
    rows = view.results.rows()
    keys = [(r["case_id"], r["setting"], r["step"], r["selection"]) for r in rows]
    assert len(keys) == len(set(keys))
    assert len(case_ids(view)) == N_CASES
    assert gated.n_embed == 2 + 2  # the second slice was left half way


def test_a_row_is_shown_between_two_cases_of_a_run(build, qtbot):
    model = GatedSegmenter()
    viewer, view = build(offer_of(model))
    run_into_gate(qtbot, view, model)
    click_first_row(qtbot, view)
    assert POINTS in viewer.layers
    model.gate.set()
    qtbot.waitUntil(lambda: MASK in viewer.layers, timeout=WAIT_MS)
    wait_for_end(qtbot, view)
    assert len(case_ids(view)) == N_CASES


def test_removing_a_layer_of_the_run_stops_it(build, qtbot):
    model = GatedSegmenter()
    viewer, view = build(offer_of(model))
    run_into_gate(qtbot, view, model)
    viewer.layers.remove("ct_labels")
    model.gate.set()
    wait_for_end(qtbot, view)
    assert message(view).startswith("ct_labels was removed from the viewer; ")
    assert len(case_ids(view)) == 2


def test_a_row_is_shown_in_a_viewers_window(build, qtbot, make_napari_viewer):
    viewer, view = build(viewer=make_napari_viewer())
    finished(qtbot, view)
    click_first_row(qtbot, view)
    qtbot.waitUntil(lambda: MASK in viewer.layers, timeout=WAIT_MS)
    row = view.results.rows()[0]
    assert shown_slice(viewer.dims, viewer.layers["ct"]) == ShownSlice(0, row["slice"])


def test_closing_the_viewer_stops_the_worker(thread_of, qtbot, make_napari_viewer):
    model = GatedSegmenter()
    viewer, view, thread = thread_of(offer_of(model), viewer=make_napari_viewer())
    run_into_gate(qtbot, view, model)
    viewer.close()
    model.gate.set()
    qtbot.waitUntil(lambda: not thread.is_alive(), timeout=WAIT_MS)
    assert model.n_embed == 2


def test_closing_the_dock_stops_the_worker(thread_of, qtbot, make_napari_viewer):
    viewer, view, thread = thread_of(viewer=make_napari_viewer())
    viewer.window.remove_dock_widget(view)
    view.deleteLater()
    qtbot.waitUntil(lambda: not thread.is_alive(), timeout=WAIT_MS)
    viewer.add_image(np.zeros((2, 3, 4)))


def refused(qtbot, view):
    finished(qtbot, view)
    assert view.results.rows() == ()
    assert view.run_bar.message.styleSheet()
    return message(view)


def test_labels_on_other_voxels_are_refused_in_one_sentence(build, qtbot):
    viewer, view = build()
    viewer.add_labels(np.ones((2, 3, 4), dtype=int), name="other")
    view.setup.pairs.set_pairs([PairValue("ct", "other")])
    assert "other does not lie on ct: spacing 1 x 1 x 1 mm" in refused(qtbot, view)


def test_empty_labels_are_refused_in_one_sentence(build, qtbot, tmp_path):
    viewer, view = build()
    viewer.layers["ct_labels"].data = np.zeros(SHAPE, dtype=np.uint8)
    assert "background" in refused(qtbot, view)
    assert not (tmp_path / "r").exists()


def test_a_viewer_without_images_is_refused_in_one_sentence(build, qtbot):
    viewer, view = build()
    viewer.layers.clear()
    assert refused(qtbot, view).startswith("there is no image layer")


def test_four_dimensions_are_refused_in_one_sentence(build, qtbot):
    viewer, view = build()
    viewer.add_image(np.zeros((2, *SHAPE)), name="movie")
    viewer.add_labels(np.ones((2, *SHAPE), dtype=int), name="movie_labels")
    view.setup.pairs.set_pairs([PairValue("movie", "movie_labels")])
    assert "4 dimensions" in refused(qtbot, view)


def test_after_a_refusal_of_nan_a_corrected_run_works(build, qtbot):
    viewer, view = build()
    viewer.layers["ct"].data[0, 0, 0] = np.nan
    assert "NaN" in refused(qtbot, view)
    viewer.layers["ct"].data[0, 0, 0] = 0
    finished(qtbot, view)
    assert message(view).startswith("Finished")


def test_a_model_that_cannot_be_loaded_is_one_sentence(build, qtbot):
    _, view = build(Offer(ModelValue("broken"), ModelSource("broken", broken_model)))
    assert "weights of broken are damaged" in refused(qtbot, view)


def test_a_folder_with_other_files_is_refused_and_left_alone(build, qtbot, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("precious")
    _, view = build(folder=folder)
    assert str(folder) in refused(qtbot, view)
    assert [one.name for one in folder.iterdir()] == ["thesis.txt"]


def test_a_home_folder_of_nobody_is_one_sentence(build, qtbot):
    _, view = build(folder=Path("~nobody-of-this-name/run"))  # as it was remembered
    view.setup.settings.folder.line_edit.value = "~nobody-of-this-name/run"
    assert "is in no home folder of this machine" in refused(qtbot, view)


def test_the_folder_dialog_opens_where_a_home_of_nobody_was_typed(build, monkeypatch):
    _, view = build()
    field = view.setup.settings.folder
    field.line_edit.value = "~nobody-of-this-name/run"
    asked = []
    monkeypatch.setattr(field, "_show_file_dialog", lambda *_, **k: asked.append(k))
    field.choose_btn.native.click()
    assert [each["start_path"] for each in asked] == [None]
