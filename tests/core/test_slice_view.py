"""The chain from voxels to masks on the slice's own pixels."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.slice_view import EmbeddedSlice, SliceView
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import MaximumScaling, Window
from napari_sam_med.errors import ImageError, PromptError

GEOMETRY = Geometry(spacing_xyz=(1.0, 1.0, 3.0))


@pytest.fixture
def view():
    array = np.arange(10 * 30 * 40, dtype=np.int16).reshape(10, 30, 40)
    plane = SlicePlane.of(GEOMETRY, axis=1, index=7)
    return SliceView.of(Volume(array, GEOMETRY), plane, Window(0, 12000))


def test_a_person_sees_the_slice_and_a_model_sees_square_pixels(view):
    assert view.image().shape == view.shape_hw == (10, 40)
    assert view.model_image().shape == (30, 40)
    assert view.image()[3, 5] == round((3 * 1200 + 7 * 40 + 5) / 12000 * 255)


def test_masks_come_back_on_the_slice_s_pixels_with_their_request(view):
    model = FakeSegmenter()
    seen = EmbeddedSlice.of(model, view)
    prompts = Prompts(box_rc=(2, 10, 5, 19))
    answer = seen.predict(prompts)
    assert answer.masks.shape == (3, 10, 40)
    rows, cols = np.nonzero(answer.masks[0])
    assert (rows.min(), cols.min(), rows.max(), cols.max()) == (2, 10, 5, 19)
    assert answer.prompts is prompts
    assert model.n_embed == 1


def test_many_requests_have_each_their_own_answer(view):
    seen = EmbeddedSlice.of(FakeSegmenter(), view)
    asked = [Prompts([(2, 8)], [1]), Prompts([(7, 30)], [1])]
    answers = seen.predict_many(asked)
    assert [answer.prompts for answer in answers] == asked
    for answer, one in zip(answers, map(seen.predict, asked), strict=True):
        assert np.array_equal(answer.masks, one.masks)


@pytest.mark.parametrize("ask", ["predict", "predict_many"])
def test_prompts_outside_the_slice_are_refused_in_its_own_pixels(view, ask):
    seen = EmbeddedSlice.of(FakeSegmenter(), view)
    outside = Prompts([(12, 8)], [1])  # inside the 30 rows of the square image
    with pytest.raises(PromptError, match="outside the 10 x 40 slice"):
        seen.predict(outside) if ask == "predict" else seen.predict_many([outside])


def test_a_slice_travels_to_a_worker_without_its_volume(view):
    shipped = pickle.dumps(view)
    assert len(shipped) < view.pixels.nbytes + 2000
    assert pickle.loads(shipped).key == view.key


def test_the_key_follows_what_the_model_sees(view):
    same = replace(view, plane=replace(view.plane))
    assert view.key == same.key
    others = [
        replace(view, window=Window(0, 11000)),
        replace(view, window=MaximumScaling()),
        replace(view, pixels=view.pixels.astype(np.int32)),
        replace(view, plane=replace(view.plane, spacing_rc=(2.0, 1.0))),
    ]
    assert len({view.key, *(other.key for other in others)}) == 5


def test_voxels_changed_in_place_have_another_key(view):
    before = view.key
    view.pixels[4, 20] += 1
    assert view.key != before
    view.pixels[4, 20] -= 1
    assert view.key == before


def test_colour_reaches_the_model_as_it_is():
    array = np.random.default_rng(0).integers(0, 256, (1, 6, 8, 3)).astype(np.uint8)
    view = SliceView.of(Volume(array), SlicePlane.of(Geometry(), 0, 0), None)
    assert np.array_equal(view.model_image(), array[0])


def test_a_slice_with_a_hole_is_refused():
    array = np.ones((2, 6, 8), np.float32)
    array[1, 2, 3] = np.nan
    view = SliceView.of(
        Volume(array, name="scan"), SlicePlane.of(Geometry(), 0, 1), Window(0, 1)
    )
    with pytest.raises(ImageError, match="slice 1 of scan has 1 NaN"):
        view.image()
