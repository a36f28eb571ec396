"""Brush strokes over several objects, and through several time points."""

import numpy as np
import pytest
from qtpy.QtTest import QTest

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.session.objects import EDITED


@pytest.fixture
def make_desk(make_napari_viewer, qtbot):
    desks = []

    def make(times: int) -> PromptsDesk:
        desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
        desks.append(desk)
        lead = (times,) if times else ()
        scale = (*(1,) * len(lead), *SCALE)
        data = np.zeros((*lead, *SHAPE), dtype=np.uint8)
        data[..., 4:9, :, :] = np.array((3, 5, 9))[np.arange(SHAPE[-1]) // 4 % 3]
        if times:
            array = np.random.default_rng(0).random(data.shape, dtype=np.float32)
            image = desk.viewer.add_image(array, scale=scale)
            desk.send(desk.view.source.image_chosen, str(image.unique_id))
        desk.labels = desk.viewer.add_labels(data, scale=scale)
        desk.send(desk.view.write.labels_chosen, str(desk.labels.unique_id))
        for axis, at in enumerate([1] * len(lead) + [6]):
            desk.viewer.dims.set_current_step(axis, at)
        desk.viewer.reset_view()
        desk.settle()
        return desk

    yield make
    for desk in desks:
        desk.view.controller.close()
        assert desk.services.wait_for_end(30)


@pytest.mark.parametrize("times", [0, 3])
@pytest.mark.parametrize("mode", ["paint", "erase"])
def test_all_objects_that_a_stroke_crosses_count_as_corrected(make_desk, times, mode):
    desk = make_desk(times)
    labels, before = desk.labels, desk.labels.data.copy()
    desk.viewer.layers.selection.active = labels
    labels.n_edit_dimensions = labels.ndim
    labels.selected_label, labels.mode, labels.brush_size = 7, mode, 6
    desk.drag((-60, 0), (60, 0))
    QTest.qWait(20)
    labels.mode = "pan_zoom"
    desk.settle()
    wanted = set()
    for *time, z, y, x in np.argwhere(labels.data != before):
        at = (*time, z, y, x)
        for label in {int(before[at]), int(labels.data[at])} - {0}:
            wanted.add((label, time[0] if time else None, z))
    assert {3, 5, 9} <= {label for label, *_ in wanted}
    sources = desk.session.state.sources
    noted = {
        (k.label, k.time, k.index) for k, v in sources.items() if v.origin == EDITED
    }
    assert noted == wanted
