import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import ModelError
from napari_sam_med.models.zoom import (
    OUTSIDE_LOGIT,
    Crop,
    ZoomSegmenter,
    _resampled,
    crop_round,
)


def image(height=120, width=200):
    return np.arange(height * width, dtype=np.uint8).reshape(height, width)


@pytest.fixture
def inner():
    return FakeSegmenter()


def test_a_crop_is_twice_the_box_and_centred_on_it():
    crop = crop_round(np.array([40.0, 90, 79, 129]), (200, 300))
    assert crop.height == crop.width
    assert 1.7 * 40 <= crop.height <= 2.4 * 40
    assert abs(crop.row0 + crop.height / 2 - 60) <= 0.06 * crop.height
    assert abs(crop.col0 + crop.width / 2 - 110) <= 0.06 * crop.width


def test_a_crop_stays_inside_the_image_and_holds_the_box():
    for box in ([0, 0, 9, 9], [100, 180, 119, 199], [0, 0, 119, 199]):
        crop = crop_round(np.array(box, dtype=float), (120, 200))
        corners = np.array(box, dtype=float).reshape(2, 2)
        assert crop.row0 >= 0
        assert crop.row0 + crop.height <= 120
        assert crop.col0 + crop.width <= 200
        assert crop.contains(corners).all()


def test_a_box_that_moves_by_a_pixel_keeps_its_crop():
    boxes = [[40.0 + d, 90, 79 + d, 129] for d in (0.0, 0.4, 0.8)]
    assert len({crop_round(np.array(box), (200, 300)) for box in boxes}) == 1


def test_a_small_box_is_answered_in_its_own_place(inner):
    zoom = ZoomSegmenter(inner)
    embedding = zoom.embed(image())
    prompts = Prompts(box_rc=(50, 150, 59, 169))
    answer = zoom.predict(embedding, prompts)
    assert answer.masks.shape == (3, 120, 200)
    assert (answer.masks[0] == inner.predict(embedding, prompts).masks[0]).all()
    assert inner.seen_prompts[0].box_rc[1] < 150


def test_a_large_box_is_answered_on_the_whole_image(inner):
    zoom = ZoomSegmenter(inner)
    zoom.predict(zoom.embed(image()), Prompts(box_rc=(5, 5, 100, 190)))
    assert inner.n_embed == 1
    assert inner.seen_prompts[0].box_rc.tolist() == [5, 5, 100, 190]


def test_mode_on_looks_again_at_a_large_box(inner):
    zoom = ZoomSegmenter(inner, "on")
    zoom.predict(zoom.embed(image()), Prompts(box_rc=(5, 5, 80, 80)))
    assert inner.n_embed == 2


def test_a_point_is_looked_at_whole_and_then_near_its_best_mask(inner):
    zoom = ZoomSegmenter(inner)
    point = Prompts(points_rc=[(60, 150)], labels=[1])
    answer = zoom.predict(zoom.embed(image()), point)
    assert inner.seen_prompts[0].points_rc.tolist() == [[60, 150]]
    assert inner.seen_prompts[1].points_rc[0, 1] < 60
    rows, cols = np.nonzero(answer.masks[1])
    assert (rows.mean(), cols.mean()) == pytest.approx((60, 150))


def test_the_embedding_of_a_crop_is_made_once(inner):
    zoom = ZoomSegmenter(inner)
    embedding = zoom.embed(image())
    for _ in range(3):
        zoom.predict(embedding, Prompts(box_rc=(50, 150, 59, 169)))
    assert inner.n_embed == 2


def test_equal_crops_of_two_images_are_not_confused(inner):
    zoom = ZoomSegmenter(inner)
    for shade in (0, 90):
        picture = np.full((120, 200), shade, np.uint8)
        zoom.predict(zoom.embed(picture), Prompts(box_rc=(50, 150, 59, 169)))
    assert inner.n_embed == 4


def test_points_outside_the_crop_are_left_out(inner):
    zoom = ZoomSegmenter(inner)
    prompts = Prompts(
        points_rc=[(55, 155), (5, 5)], labels=[1, 0], box_rc=(50, 150, 59, 169)
    )
    zoom.predict(zoom.embed(image()), prompts)
    assert inner.seen_prompts[0].labels.tolist() == [1]


def test_a_fed_mask_says_where_to_look_without_a_first_answer(inner):
    zoom = ZoomSegmenter(inner)
    logits = np.full((16, 16), -5.0, np.float32)
    logits[4:6, 11:13] = 5.0
    prompts = Prompts(points_rc=[(60, 150)], labels=[1], mask_logits=logits)
    zoom.predict(zoom.embed(image()), prompts)
    assert inner.n_predict == 1
    assert inner.seen_prompts[0].points_rc[0, 1] < 150


def test_logits_keep_their_place_between_frames():
    whole, crop = Crop(0, 0, 128, 128), Crop(32, 64, 32, 32)
    logits = np.full((16, 16), OUTSIDE_LOGIT, np.float32)
    logits[8:12, 4:8] = 10.0
    pasted = _resampled(logits, crop, whole)
    assert np.unravel_index(pasted.argmax(), (16, 16)) == (6, 9)
    back = _resampled(pasted, whole, crop)
    row, col = np.argwhere(back > 0).mean(0)
    assert (row, col) == pytest.approx((9.5, 5.5), abs=0.5)


def test_a_model_without_a_network_says_so(inner):
    with pytest.raises(ModelError, match="no SAM network"):
        _ = ZoomSegmenter(inner).sam
