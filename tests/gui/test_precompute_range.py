"""Which slices are embedded ahead, as a person sets it in the dock."""

import numpy as np
import pytest
from napari.components import ViewerModel

from fakes.fake_segmenter import FakeSegmenter
from fakes.fake_shelf import FakeShelf
from napari_sam_med.gui.prompting.prompts_controller import PromptsController
from napari_sam_med.gui.prompting.views.precompute_bar import (
    PrecomputeSettings,
    SliceChoice,
)
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.prompting.views.rows.embedding_options import (
    EmbeddingSettings,
)
from napari_sam_med.session.background.services import Services

N_SLICES = 7


@pytest.fixture
def dock(qtbot):
    """A dock over seven slices that all differ; its model counts what it embeds."""
    viewer, model = ViewerModel(), FakeSegmenter()
    array = np.zeros((N_SLICES, 30, 40), np.float32)
    array += np.linspace(0, 1, N_SLICES, dtype=np.float32)[:, None, None]
    viewer.add_image(array, name="ct", contrast_limits=(0, 1))
    view = PromptsView()
    qtbot.addWidget(view)
    control = PromptsController(viewer, view, FakeShelf(model), Services())
    view.controller = control
    view.outputs.embeddings.form.value = EmbeddingSettings(prefetch=False)
    qtbot.waitUntil(view.outputs.precompute.isEnabled)
    yield view, model
    control.close()


def precompute(qtbot, view):
    view.outputs.precompute_requested.emit()
    drawing, session = view.controller.drawing, view.controller.session
    qtbot.waitUntil(lambda: drawing.is_done and session.precompute is None)


def test_the_range_offered_is_that_of_the_shown_axis(dock):
    view, _ = dock
    assert view.outputs.precompute_settings == PrecomputeSettings(last=N_SLICES - 1)


def test_only_the_slices_of_the_range_are_embedded(dock, qtbot):
    view, model = dock
    view.outputs.precompute_form.value = PrecomputeSettings(SliceChoice.RANGE, 2, 4)
    precompute(qtbot, view)
    assert model.n_embed == 3


def test_slices_that_are_not_there_are_left_out_of_a_range(dock, qtbot):
    view, model = dock
    view.outputs.precompute_form.value = PrecomputeSettings(SliceChoice.RANGE, 5, 400)
    precompute(qtbot, view)
    assert model.n_embed == 2


@pytest.mark.parametrize(("first", "last"), [(5, 3), (7, 9)])
def test_a_range_without_a_slice_is_refused(dock, qtbot, first, last):
    view, model = dock
    view.outputs.precompute_form.value = PrecomputeSettings(
        SliceChoice.RANGE, first, last
    )
    precompute(qtbot, view)
    assert view.status.phase == "error"
    assert "between 0 and 6" in view.status.text.text()
    assert model.n_embed == 0
