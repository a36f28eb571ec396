"""Embeddings that nobody asked for, and those on disk, as a person sets them."""

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QSettings
from qtpy.QtWidgets import QApplication

from fakes.fake_shelf import FakeShelf
from fakes.network_like import NetworkLike
from fakes.prompts_desk import rest
from napari_sam_med.gui.prompting.control.ahead import embedding_actions
from napari_sam_med.gui.prompting.prompts_controller import PromptsController
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.prompting.views.rows.embedding_options import (
    EmbeddingOptions,
    EmbeddingSettings,
)
from napari_sam_med.models.wrappers.crop_refinement import CropRefinement
from napari_sam_med.session.background.embedding_files import EmbeddingFiles
from napari_sam_med.session.background.model_service import ModelService
from napari_sam_med.session.background.services import Services

N_SLICES = 9


class Dock:
    """A dock over nine slices that all differ, on the middle one."""

    def __init__(self, qtbot, folder, model=None, shape_hw=(12, 16)) -> None:
        self.qtbot, self.model = qtbot, model or NetworkLike()
        self.viewer = ViewerModel()
        array = np.zeros((N_SLICES, *shape_hw), np.float32)
        array += np.linspace(0, 1, N_SLICES, dtype=np.float32)[:, None, None]
        self.image = self.viewer.add_image(array, name="ct", contrast_limits=(0, 1))
        self.viewer.dims.set_current_step(0, 4)
        self.view = PromptsView()
        qtbot.addWidget(self.view)
        self.services = Services(models=ModelService(files=EmbeddingFiles(folder)))
        shelf = FakeShelf(self.model)
        self.control = PromptsController(self.viewer, self.view, shelf, self.services)
        qtbot.waitUntil(self.view.outputs.precompute.isEnabled)
        self.options = self.view.outputs.embeddings

    def click(self, place=(4, 6, 8)) -> None:
        self.control.click(self.image.data_to_world(place), 1)
        self.qtbot.waitUntil(lambda: self.control.session.is_fresh)

    def click_without_look_ahead(self, place) -> None:
        """Click, and count what the answer alone takes."""
        self.options.form.value = EmbeddingSettings(prefetch=False)
        self.click(place)

    def close(self) -> None:
        self.control.close()
        assert self.services.wait_for_end(30)


@pytest.fixture
def dock(qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(embedding_actions, "STAY_MS", 10)  # a later look ends it
    monkeypatch.setattr(embedding_actions, "IDLE_MS", 30)
    dock = Dock(qtbot, tmp_path / "embeddings")
    yield dock
    dock.close()


def test_slices_beside_the_shown_one_are_embedded_while_nobody_clicks(dock, qtbot):
    dock.click()
    qtbot.waitUntil(lambda: dock.model.n_embed == 5)


def test_only_the_slice_on_which_a_person_stays_is_embedded_at_once(
    qtbot, tmp_path, monkeypatch
):
    monkeypatch.setattr(embedding_actions, "IDLE_MS", 600_000)
    dock = Dock(qtbot, tmp_path / "embeddings")
    dock.click()
    for step in (7, 8, 0):
        dock.viewer.dims.set_current_step(0, step)
    qtbot.waitUntil(lambda: dock.model.n_embed == 2)
    qtbot.wait(50)
    assert dock.model.n_embed == 2
    dock.close()


def test_a_click_that_corrects_finds_its_crops_embedded(qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(embedding_actions, "IDLE_MS", 600_000)
    network = NetworkLike()
    model = CropRefinement(network)
    dock = Dock(qtbot, tmp_path / "embeddings", model, (96, 128))
    dock.click_without_look_ahead((4, 48, 64))
    answered = network.n_embed
    dock.options.form.value = EmbeddingSettings()
    qtbot.waitUntil(lambda: network.n_embed > answered)
    rest(dock.services, qtbot)
    looked_ahead = network.n_embed
    dock.click((4, 50, 64))
    assert network.seen_prompts[-1].mask_logits is not None
    assert network.n_embed == looked_ahead
    dock.close()


def test_crops_are_asked_for_once_however_often_the_dock_is_drawn(
    qtbot, tmp_path, monkeypatch
):
    monkeypatch.setattr(embedding_actions, "IDLE_MS", 600_000)
    network = NetworkLike()
    dock = Dock(qtbot, tmp_path / "embeddings", CropRefinement(network), (96, 128))
    dock.click_without_look_ahead((4, 48, 64))
    answered = network.n_predict
    dock.options.form.value = EmbeddingSettings()
    qtbot.waitUntil(lambda: network.n_predict > answered)
    rest(dock.services, qtbot)
    looked_ahead = network.n_predict
    for label in (2, 3):
        dock.view.write.label_chosen.emit(label)
        qtbot.wait(2 * embedding_actions.STAY_MS)
        rest(dock.services, qtbot)
    assert network.n_predict == looked_ahead
    dock.view.candidates.chosen.emit(2)  # another mask to correct
    qtbot.waitUntil(lambda: network.n_predict > looked_ahead)
    dock.close()


def test_none_is_embedded_unasked_if_so_set(dock, qtbot):
    dock.options.form.value = EmbeddingSettings(prefetch=False)
    dock.click()
    qtbot.wait(2 * embedding_actions.STAY_MS)
    rest(dock.services, qtbot)
    assert dock.model.n_embed == 1


def test_what_is_on_disk_is_shown_and_can_be_deleted(dock, qtbot):
    dock.options.form.value = EmbeddingSettings(prefetch=False, on_disk=True)
    dock.click()
    dock.options.shown.emit()
    qtbot.waitUntil(dock.options.clear.isEnabled)
    dock.options.clear.click()
    qtbot.waitUntil(lambda: not dock.options.clear.isEnabled())
    assert dock.services.models.files.n_bytes() == 0
    assert dock.options.size.text() == "On disk: 0 MB"


def test_nothing_is_kept_on_disk_unless_so_set(dock, qtbot):
    dock.click()
    qtbot.waitUntil(lambda: dock.model.n_embed == 5)
    assert dock.services.models.files.n_bytes() == 0


def test_what_is_set_is_remembered(qtbot, tmp_path):
    settings = QSettings(str(tmp_path / "docks.ini"), QSettings.Format.IniFormat)
    wanted = EmbeddingSettings(prefetch=False, on_disk=True)
    first = EmbeddingOptions(settings)
    qtbot.addWidget(first)
    first.form.value = wanted
    again = EmbeddingOptions(settings)
    qtbot.addWidget(again)
    assert again.settings == wanted


def test_the_options_are_folded_with_the_range_of_slices(qtbot):
    view = PromptsView()
    qtbot.addWidget(view)
    assert not view.outputs.embeddings.isVisibleTo(view)
    view.outputs.precompute_options.click()
    QApplication.processEvents()
    assert view.outputs.embeddings.isVisibleTo(view)
