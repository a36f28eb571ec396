"""What a person asked, asked of a model: rows, and their masks once more."""

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.data.labelled_volumes import InMemory
from napari_sam_med.bench.data.prompted_cases import PromptedCases
from napari_sam_med.bench.protocol.cases import slices_of
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import (
    ModelSpec,
    RunSettings,
    SettingGroup,
)
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.repredict import RowPredictor
from napari_sam_med.bench.run.stored_prompts import StoredPrompts
from napari_sam_med.core.metrics import iou
from napari_sam_med.core.prompts import Prompts

VOLUME = made_volume("p1", seed=1, slices=2)


def asked_of(case):
    rows, cols = np.nonzero(case.truth)
    box = (rows.min(), cols.min(), rows.max(), cols.max())
    return Prompts([(rows[0], cols[0]), (rows[-1], cols[-1]), (0, 0)], [1, 1, 0], box)


def recorded(profile, parts=1):
    """Run over one object, prompted by a box and three clicks for each part."""
    first = next(slices_of(VOLUME, profile=profile, axis=0)).cases[0]
    asked = (asked_of(first),) * parts
    prompts = StoredPrompts("session", {}, {}, "0", {first.drawn_by: asked})
    source = PromptedCases(InMemory([VOLUME], "set"), frozenset(prompts.recorded))
    settings = RunSettings(profile, (SettingGroup.RECORDED,))
    choice = ModelSpec("fake", FakeSegmenter)
    events = list(run_benchmark(source, [choice], settings, None, prompts))
    return [row for event in events for row in event.rows], settings


@pytest.mark.parametrize("profile", list(Profile))
def test_rows_are_of_the_box_alone_and_of_each_click_after_it(profile):
    rows, _ = recorded(profile)
    assert {row.error for row in rows} == {""}
    assert len({row.case_id for row in rows}) == 1
    for selection in {row.selection for row in rows}:
        mine = [row for row in rows if row.selection == selection]
        assert [(row.setting, row.step) for row in mine] == [
            ("recorded_box", 1), *(("recorded_clicks", step) for step in (1, 2, 3))
        ]  # fmt: skip


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("profile", list(Profile))
def test_the_mask_of_each_row_can_be_predicted_again(profile, parts):
    rows, settings = recorded(profile, parts)
    predictor = RowPredictor(FakeSegmenter(), settings)
    for row in rows:
        mask = predictor.mask(row, VOLUME)
        assert iou(mask, predictor.truth(row, VOLUME)) == row.iou
