"""Following an object with a model that does so by itself."""

from dataclasses import replace

import numpy as np
import pytest

from fakes.solid_volumes import SHAPE, ThresholdSegmenter, box_of, ellipsoid, scan_of
from napari_sam_med import Prompts, propagate
from napari_sam_med.core.metrics import dice
from napari_sam_med.core.video_port import TrackedMask, VideoSegmenter, check_track
from napari_sam_med.propagation import PropagationSettings, iterate_propagation

TRUTH = ellipsoid()


class ThresholdTracker(ThresholdSegmenter, VideoSegmenter):
    """Follows what is brighter than 110; the object is gone where there is little."""

    def __init__(self):
        super().__init__()
        self.asked = []

    @property
    def info(self):
        return replace(super().info, follows=True)

    def track(self, slices, order, prompted, *, stop=lambda: False):
        check_track(len(slices), order, prompted)
        return self._tracked(slices, order, prompted)

    def _tracked(self, slices, order, prompted):
        for index in order:
            self.asked.append(index)
            mask = slices[index] > 110
            presence = 0.9 if mask.sum() > 20 else 0.1
            yield TrackedMask(index, mask, 0.8, presence, index in prompted)


def given_at(*indices):
    return {i: Prompts(box_rc=box_of(TRUTH[i])) for i in indices}


def test_the_object_is_followed_in_both_directions():
    found = propagate(ThresholdTracker(), scan_of(TRUTH), given_at(7), method="video")
    assert dice(found.volume_mask(), TRUTH) > 0.95
    assert found.origins[7] == "prompted"
    assert found.origins[6] == found.origins[8] == "video"


def test_a_model_is_asked_no_further_than_two_slices_beyond_the_end():
    model = ThresholdTracker()
    truth = np.zeros(SHAPE, dtype=bool)
    truth[6:9, 10:30, 10:30] = True
    given = {7: Prompts(box_rc=(10, 10, 29, 29))}
    propagate(model, scan_of(truth), given, method="video")
    assert sorted(set(model.asked)) == list(range(4, 11))


def test_between_prompted_slices_the_object_may_be_away_for_a_while():
    truth = np.zeros(SHAPE, dtype=bool)
    truth[[2, 3, 11, 12], 10:30, 10:30] = True
    given = {i: Prompts(box_rc=(10, 10, 29, 29)) for i in (2, 12)}
    found = propagate(ThresholdTracker(), scan_of(truth), given, method="video")
    assert list(found.masks) == [2, 3, 11, 12]


@pytest.mark.parametrize("limits", [(5, 9), (7, 7)])
def test_limits_are_not_passed(limits):
    settings = PropagationSettings(method="video", limits=limits)
    run = iterate_propagation(ThresholdTracker(), scan_of(TRUTH), given_at(7), settings)
    reached = sorted(each.index for each in run)
    assert reached == list(range(limits[0], limits[1] + 1))
