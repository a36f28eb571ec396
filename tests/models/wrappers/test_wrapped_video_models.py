"""A video model of another package follows objects whatever is wrapped round it."""

import numpy as np
import pytest

from fakes.fake_video import FakeVideoSegmenter
from napari_sam_med import Prompts, propagate
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import ModelError
from napari_sam_med.models.wrappers.foreign_model import ForeignModel
from napari_sam_med.models.wrappers.thread_limit import load_on_one_thread

ARRAY = np.zeros((6, 32, 32), np.uint8)
ARRAY[1:5, 8:20, 8:20] = 200
GIVEN = {2: Prompts(box_rc=(8, 8, 19, 19))}


def followed(model):
    return propagate(model, Volume(ARRAY), GIVEN, method="video").masks


def foreign():
    model = FakeVideoSegmenter()
    return ForeignModel(model, model.name)


def test_a_wrapped_video_model_follows_as_the_bare_one():
    expected = followed(FakeVideoSegmenter())
    assert sorted(expected) == [1, 2, 3, 4]
    for model in (foreign(), load_on_one_thread(FakeVideoSegmenter)):
        found = followed(model)
        assert sorted(found) == sorted(expected)
        assert all(np.array_equal(found[index], expected[index]) for index in found)


class _Breaks(FakeVideoSegmenter):
    def track(self, *given, **options):
        yield from list(super().track(*given, **options))[:1]
        msg = "no memory"
        raise RuntimeError(msg)


class _GivesMasks(FakeVideoSegmenter):
    def track(self, *given, **options):
        return (each.mask for each in super().track(*given, **options))


@pytest.mark.parametrize(
    ("model", "fault"),
    [(_Breaks, "failed in track"), (_GivesMasks, "track gave a ndarray")],
)
def test_what_breaks_on_the_way_is_one_sentence(model, fault):
    inner = model()
    with pytest.raises(ModelError, match=fault):
        followed(ForeignModel(inner, inner.name))
