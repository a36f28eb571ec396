"""Both docks in real viewers: what they share, and what is left when one is closed."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QSettings, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDockWidget, QFileDialog

from fakes.benchmark_docks import N_CASES, FakeDesktop, GatedSegmenter, phantom
from fakes.fake_segmenter import FakeSegmenter
from fakes.fake_shelf import FakeShelf
from napari_sam_med.gui.benchmark import build_benchmark_dock
from napari_sam_med.gui.benchmark.model_offers import Offer
from napari_sam_med.gui.benchmark.views.benchmark_values import (
    BenchmarkForm,
    ModelValue,
)
from napari_sam_med.gui.docks import known_docks, make_prompts_dock
from napari_sam_med.gui.prompting.views.rows.embedding_options import (
    EmbeddingSettings,
)
from napari_sam_med.io.volume_files import read_labels
from napari_sam_med.session.background.model_service import THREAD_NAME, ModelSource
from napari_sam_med.session.background.services import (
    DOWNLOADS_THREAD,
    FILES_THREAD,
    SESSIONS_THREAD,
    Services,
)

LEFT = Qt.MouseButton.LeftButton
WAIT_MS = 60_000
SCALE = (5.0, 0.8, 0.8)
THREADS = {THREAD_NAME, FILES_THREAD, SESSIONS_THREAD, DOWNLOADS_THREAD}


class House:
    """A viewer with docks on one set of services; the model is the shelf's ``fake``."""

    def __init__(self, viewer, qtbot, services, folder, model) -> None:
        self.viewer, self.qtbot, self.services = viewer, qtbot, services
        self.folder, self.model = folder, model
        image, labels = phantom()
        names = {1: "liver", 2: "spleen"}
        self.image = viewer.add_image(image, name="ct", scale=SCALE)
        metadata = {"label_names": names}
        viewer.add_labels(labels, name="ct_labels", scale=SCALE, metadata=metadata)
        self.theirs = list(viewer.layers)

    def open_prompts(self):
        view = make_prompts_dock(self.viewer, FakeShelf(self.model), self.services)
        self.viewer.window.add_dock_widget(view, name="SAM Prompts")
        QApplication.processEvents()
        control = view.controller
        self.wait(lambda: control.is_open and control.session.model is not None)
        return view

    def open_benchmark(self):
        view = known_docks().find(self.viewer, "benchmark")
        if view is None:
            source = ModelSource("fake", lambda: self.model)
            file = str(self.folder / "docks.ini")
            view = build_benchmark_dock(
                self.viewer,
                offers=[Offer(ModelValue("fake"), source)],
                settings=QSettings(file, QSettings.Format.IniFormat),
                desktop=FakeDesktop().as_desktop(),
                services=self.services,
            )
            form = BenchmarkForm(("fake",), clicks=1, folder=str(self.folder / "run"))
            view.setup.set_form(form)
            known_docks().keep(self.viewer, "benchmark", view)
        self.viewer.window.add_dock_widget(view, name="SAM Benchmark")
        QApplication.processEvents()
        return view

    def wait(self, holds) -> None:
        self.qtbot.waitUntil(holds, timeout=WAIT_MS)

    def close_by_x(self, view) -> None:
        dock = view.parentWidget()
        assert isinstance(dock, QDockWidget)
        QTest.mouseClick(dock.title.close_button, LEFT)
        self.wait(lambda: view.parentWidget() is not dock and view.isHidden())
        self.wait(lambda: view.parentWidget() is not None)

    def click(self, view, at=(2.0, 9.0, 7.0)) -> None:
        view.controller.click(self.image.data_to_world(at), 1)

    def prompt(self, view) -> None:
        """Click, and wait for the candidates."""
        self.viewer.dims.set_current_step(0, 2)
        self.click(view)
        control = view.controller
        self.wait(lambda: control.session.is_fresh and control.drawing.is_done)

    def threads(self) -> set[str]:
        workers = (
            self.services.models.worker,
            self.services.files,
            self.services.sessions,
            self.services.downloads,
        )
        names = (THREAD_NAME, FILES_THREAD, SESSIONS_THREAD, DOWNLOADS_THREAD)
        return {n for n, each in zip(names, workers, strict=True) if each.is_alive}


@pytest.fixture
def make_house(make_napari_viewer, qtbot, tmp_path):
    services = Services()

    def make(model=None) -> House:
        model = FakeSegmenter() if model is None else model
        return House(make_napari_viewer(), qtbot, services, tmp_path, model)

    return make


def callbacks_of(viewer) -> dict[str, int]:
    """How many listen to each event of the viewer and its layers, and to the mouse."""
    emitters = {
        "inserted": viewer.layers.events.inserted,
        "removed": viewer.layers.events.removed,
        "renamed": viewer.layers.events.renamed,
        "point": viewer.dims.events.point,
        "order": viewer.dims.events.order,
        "units": viewer.dims.events.units,
        "theme": viewer.events.theme,
    }
    for layer in viewer.layers:
        for name in ("name", "data", "scale", "affine", "translate", "units"):
            emitters[f"{layer.name}.{name}"] = getattr(layer.events, name)
        for name in ("contrast_limits", "selected_label", "projection_mode"):
            if hasattr(layer.events, name):
                emitters[f"{layer.name}.{name}"] = getattr(layer.events, name)
    counts = {name: len(emitter.callbacks) for name, emitter in emitters.items()}
    counts["drag"] = len(viewer.mouse_drag_callbacks)
    counts["double click"] = len(viewer.mouse_double_click_callbacks)
    return counts


def keys_of(viewer) -> dict[str, set]:
    """Which keys are bound on the viewer and its layers."""
    keys = {"viewer": set(viewer.keymap)}
    return keys | {layer.name: set(layer.keymap) for layer in viewer.layers}


def test_both_docks_and_a_benchmark_load_a_models_weights_once(make_house):
    house = make_house()
    prompts, benchmark = house.open_prompts(), house.open_benchmark()
    QTest.mouseClick(benchmark.run_bar.run_button, LEFT)
    house.wait(benchmark.run_bar.run_button.isEnabled)
    assert len({r["case_id"] for r in benchmark.results.rows()}) == N_CASES
    house.prompt(prompts)
    assert house.services.models.n_loads == 1
    assert len(house.services.models.loaded) == 1


def test_a_click_is_answered_while_a_benchmark_runs(make_house):
    model = GatedSegmenter()
    house = make_house(model)
    prompts, benchmark = house.open_prompts(), house.open_benchmark()
    QTest.mouseClick(benchmark.run_bar.run_button, LEFT)
    house.wait(model.reached.is_set)
    house.viewer.dims.set_current_step(0, 2)
    house.click(prompts, (2.0, 9.0, 5.0))  # where the benchmark does not click
    model.gate.set()
    house.wait(lambda: prompts.controller.session.is_fresh)
    house.wait(benchmark.run_bar.run_button.isEnabled)
    assert len({r["case_id"] for r in benchmark.results.rows()}) == N_CASES
    asked = [each.points_rc.tolist() for each in model.seen_prompts]
    assert asked.index([[9.0, 5.0]]) < len(asked) - 1  # the benchmark went on then


def test_a_prompts_dock_that_is_closed_leaves_nothing(make_house):
    house = make_house()
    before = callbacks_of(house.viewer), keys_of(house.viewer)
    view = house.open_prompts()
    house.prompt(view)
    house.close_by_x(view)
    assert list(house.viewer.layers) == house.theirs
    assert (callbacks_of(house.viewer), keys_of(house.viewer)) == before
    house.wait(lambda: house.threads() == set())
    assert house.services.models.loaded == ()


def test_a_benchmark_dock_that_is_closed_leaves_nothing(make_house):
    model = GatedSegmenter()
    house = make_house(model)
    before = callbacks_of(house.viewer)
    view = house.open_benchmark()
    QTest.mouseClick(view.run_bar.run_button, LEFT)
    house.wait(model.reached.is_set)
    house.close_by_x(view)
    model.gate.set()
    house.wait(lambda: house.threads() == set())
    assert model.n_embed == 2  # the slice that was being embedded, and no other
    assert list(house.viewer.layers) == house.theirs
    assert callbacks_of(house.viewer) == before
    assert house.services.models.loaded == ()


def test_a_run_goes_on_in_a_benchmark_dock_that_is_opened_again(make_house):
    model = GatedSegmenter()
    house = make_house(model)
    view = house.open_benchmark()
    QTest.mouseClick(view.run_bar.run_button, LEFT)
    house.wait(model.reached.is_set)
    house.wait(lambda: len(view.results.rows()) > 0)
    house.close_by_x(view)
    model.gate.set()
    assert house.open_benchmark() is view
    house.wait(view.run_bar.run_button.isEnabled)
    assert view.results.rows()
    QTest.mouseClick(view.run_bar.run_button, LEFT)
    house.wait(view.run_bar.run_button.isEnabled)
    assert len({r["case_id"] for r in view.results.rows()}) == N_CASES


def test_the_benchmark_goes_on_when_the_other_dock_is_closed(make_house):
    model = GatedSegmenter()
    house = make_house(model)
    prompts, benchmark = house.open_prompts(), house.open_benchmark()
    QTest.mouseClick(benchmark.run_bar.run_button, LEFT)
    house.wait(model.reached.is_set)
    house.close_by_x(prompts)
    model.gate.set()
    house.wait(benchmark.run_bar.run_button.isEnabled)
    assert len({r["case_id"] for r in benchmark.results.rows()}) == N_CASES
    assert house.services.models.n_loads == 1


def test_an_export_that_waits_is_written_although_its_dock_is_closed(
    make_house, tmp_path, monkeypatch
):
    house = make_house()
    view = house.open_prompts()
    house.prompt(view)
    view.write.accept_requested.emit()
    path, gate = tmp_path / "out.nii.gz", threading.Event()
    answer = staticmethod(lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    blocker = BlockedFiles(house.services, gate)
    view.outputs.export_requested.emit()
    labels = house.viewer.layers["ct segmentation"].data.copy()
    house.close_by_x(view)
    assert not path.exists()
    blocker.close()
    gate.set()
    house.wait(lambda: house.threads() == set())
    np.testing.assert_array_equal(read_labels(path).array, labels)


class BlockedFiles:
    """Keeps the thread for files busy until a gate opens."""

    def __init__(self, services, gate) -> None:
        from napari_sam_med.session.background.serial_worker import WorkerClient

        self._client = WorkerClient(services.files, lambda news: None)
        self._client.open()
        self._client.submit(lambda: gate.wait(60), "block")

    def close(self) -> None:
        self._client.close()


def test_a_prompts_dock_that_is_opened_again_goes_on(make_house):
    house = make_house()
    view = house.open_prompts()
    house.prompt(view)
    view.write.accept_requested.emit()
    house.click(view, (2.0, 5.0, 20.0))
    control = view.controller
    house.wait(lambda: control.session.is_fresh and control.drawing.is_done)
    names = sorted(layer.name for layer in house.viewer.layers)
    house.close_by_x(view)
    assert house.open_prompts() is view
    house.wait(lambda: control.session.is_fresh and control.drawing.is_done)
    assert sorted(layer.name for layer in house.viewer.layers) == names
    np.testing.assert_allclose(
        house.viewer.layers["prompts: points"].data, [[2.0, 5.0, 20.0]]
    )
    view.write.undo_requested.emit()
    view.write.undo_requested.emit()
    assert not house.viewer.layers["ct segmentation"].data.any()


def test_a_second_dock_of_a_kind_is_the_first_one(make_house):
    house = make_house()
    view = house.open_prompts()
    house.prompt(view)
    assert house.open_prompts() is view
    window = house.viewer.window._qt_window

    def titles() -> list[str]:
        return [dock.windowTitle() for dock in window.findChildren(QDockWidget)]

    house.wait(lambda: titles().count("SAM Prompts") == 1)
    assert view.controller.is_open
    assert len(view.controller.layers.points.data) == 1


def test_two_viewers_are_prompted_side_by_side(make_house):
    model = FakeSegmenter()
    first, second = make_house(model), make_house(model)
    views = [first.open_prompts(), second.open_prompts()]
    assert views[0] is not views[1]
    for house, view in zip((first, second), views, strict=True):
        view.outputs.embeddings.form.value = EmbeddingSettings(prefetch=False)
        house.prompt(view)
    assert first.services.models.n_loads == 1
    assert model.n_embed == 1  # of the same slice
    first.close_by_x(views[0])
    second.click(views[1], (2.0, 5.0, 20.0))
    second.wait(lambda: model.n_predict == 3)
    assert list(first.viewer.layers) == first.theirs
    assert second.threads() == THREADS


@pytest.mark.parametrize("rests", [False, True])
def test_a_viewer_is_closed_without_errors(make_house, rests):
    house = make_house()
    view = house.open_prompts()
    house.open_benchmark()
    house.prompt(view)
    if rests:
        house.close_by_x(view)
    house.viewer.close()
    house.wait(lambda: house.threads() == set())


@pytest.mark.parametrize("layers_first", [False, True])
def test_layers_and_dock_may_go_in_any_order(make_house, layers_first):
    house = make_house()
    view = house.open_prompts()
    house.prompt(view)
    if layers_first:
        house.viewer.layers.remove("ct")
        QApplication.processEvents()
    house.close_by_x(view)
    house.viewer.layers.clear()
    QApplication.processEvents()
    assert len(house.viewer.layers) == 0


def test_what_was_prompted_on_an_image_that_went_meanwhile_is_forgotten(make_house):
    house = make_house()
    view = house.open_prompts()
    house.prompt(view)
    house.close_by_x(view)
    image = house.viewer.layers["ct"]
    house.viewer.layers.remove(image)
    house.open_prompts()
    house.viewer.layers.append(image)
    session = view.controller.session
    house.wait(lambda: session.image is not None)
    assert session.state.prompts.is_empty
    assert not session.can_undo


def test_a_view_that_was_never_docked_is_left_alone(qtbot):
    view = make_prompts_dock(ViewerModel(), FakeShelf(), Services())
    qtbot.addWidget(view)
    qtbot.waitUntil(lambda: view.controller.session.model is not None)
    assert view.controller.is_open
