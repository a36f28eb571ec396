from dataclasses import replace

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import ModelError
from napari_sam_med.models.wrappers.crop_refinement import CropRefinement
from napari_sam_med.models.wrappers.progressive_merge import ProgressiveMerge


def image(height=120, width=200):
    return np.arange(height * width, dtype=np.uint8).reshape(height, width)


class Recording(FakeSegmenter):
    """Remembers the shapes of the images that it embeds."""

    def __init__(self):
        super().__init__(logit_cells=64)
        self.seen_shapes = []

    def embed(self, image):
        self.seen_shapes.append(image.shape)
        return super().embed(image)


@pytest.fixture
def inner():
    return Recording()


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


SMALL = Prompts(box_rc=(40, 140, 69, 169))
TINY = Prompts(box_rc=(50, 150, 59, 164))
LARGE = Prompts(box_rc=(25, 80, 94, 149))


@pytest.mark.parametrize("prompts", [SMALL, TINY, LARGE])
def test_a_box_is_answered_in_its_own_place(inner, prompts):
    zoom = CropRefinement(inner)
    embedding = zoom.embed(image())
    answer, plain = (m.predict(embedding, prompts) for m in (zoom, inner))
    assert answer.masks.shape == (3, 120, 200)
    row0, col0, row1, col1 = prompts.box_rc.astype(int)
    reach = np.s_[row0 - 3 : row1 + 4, col0 - 3 : col1 + 4]  # of the close crop
    for found, expected in zip(answer.masks, plain.masks, strict=True):
        assert overlap(found[reach], expected[reach]) > 0.8
    assert overlap(answer.single.masks[0], plain.single.masks[0]) > 0.8


@pytest.mark.parametrize("prompts", [SMALL, TINY, LARGE])
def test_a_box_is_asked_on_a_wide_and_on_a_close_crop(inner, prompts):
    zoom = CropRefinement(inner)
    zoom.predict(zoom.embed(image()), prompts)
    wide, close = (each.box_rc for each in inner.seen_prompts)
    for each in (wide, close):
        assert (each[2:] - each[:2] == prompts.box_rc[2:] - prompts.box_rc[:2]).all()
    assert prompts.box_rc[1] > wide[1] > close[1]
    assert inner.n_embed == 3


def test_logits_and_scores_are_the_means_of_both_looks():
    class Shaded(FakeSegmenter):
        """Says more of a crop than of the whole image."""

        def predict(self, embedding, prompts):
            share = 200 / max(embedding.shape_hw)
            found = super().predict(embedding, prompts)
            logits, scores = np.full((3, 64, 64), share), np.full(3, share)
            return replace(found, logits=np.float32(logits), scores=np.float32(scores))

    zoom = CropRefinement(Shaded(logit_cells=64))
    answer = zoom.predict(zoom.embed(image()), SMALL)
    sides = np.round(2 ** (np.round(np.log2([75, 39]) * 4) / 4))
    expected = np.mean(200 / sides)
    assert answer.scores == pytest.approx(expected)
    assert answer.logits[:, 55, 155] == pytest.approx(expected)
    assert answer.logits.shape == (3, 200, 200)


def test_a_box_as_large_as_the_image_is_answered_there_alone(inner):
    zoom = CropRefinement(inner)
    zoom.predict(zoom.embed(image()), Prompts(box_rc=(5, 5, 100, 190)))
    assert inner.n_embed == 1
    assert inner.seen_prompts[0].box_rc.tolist() == [5, 5, 100, 190]


def test_mode_on_looks_again_where_a_crop_shows_less_than_the_image(inner):
    long = image(12, 48)
    prompts = Prompts(points_rc=[(6, 24)], labels=[1])
    for mode, embedded in (("auto", 1), ("on", 3)):
        zoom = CropRefinement(inner, mode)
        zoom.predict(zoom.embed(long), prompts)
        assert inner.n_embed == embedded


def test_a_point_is_looked_at_whole_and_then_near_its_best_mask(inner):
    zoom = CropRefinement(inner)
    point = Prompts(points_rc=[(60, 150)], labels=[1])
    answer = zoom.predict(zoom.embed(image()), point)
    assert inner.seen_prompts[0].points_rc.tolist() == [[60, 150]]
    assert inner.seen_prompts[1].points_rc[0, 1] < 60
    rows, cols = np.nonzero(answer.masks[1])
    assert (rows.mean(), cols.mean()) == pytest.approx((60, 150), abs=0.5)


def test_the_embedding_of_a_crop_is_made_once(inner):
    zoom = CropRefinement(inner)
    embedding = zoom.embed(image())
    for _ in range(3):
        zoom.predict(embedding, SMALL)
    assert inner.n_embed == 3


def test_a_crop_is_kept_in_the_embedding_of_its_image_and_counts_there(inner):
    zoom = CropRefinement(inner)
    embedding = zoom.embed(image())
    assert embedding.n_bytes == 120 * 200
    zoom.predict(embedding, SMALL)
    whole, *crops = inner.seen_shapes
    assert whole == (120, 200)
    assert embedding.n_bytes == 120 * 200 + sum(side * side for side, _ in crops)


def test_another_wrapper_of_the_model_finds_the_crops_in_the_embedding(inner):
    embedding = inner.embed(image())
    for _ in range(2):
        CropRefinement(inner).predict(embedding, SMALL)
    assert inner.n_embed == 3


def test_it_says_how_it_looks_at_crops_and_gives_the_model_that_does_not(inner):
    zoom = CropRefinement(inner, "on")
    assert (zoom.info.crop_refinement, zoom.info.refines) == ("on", True)
    assert zoom.without_refinement() is inner


def test_equal_crops_of_two_images_are_not_confused(inner):
    zoom = CropRefinement(inner)
    for shade in (0, 90):
        picture = np.full((120, 200), shade, np.uint8)
        zoom.predict(zoom.embed(picture), SMALL)
    assert inner.n_embed == 6


def test_points_outside_the_crop_are_left_out(inner):
    zoom = CropRefinement(inner)
    prompts = Prompts(
        points_rc=[(55, 155), (5, 5)], labels=[1, 0], box_rc=(50, 150, 59, 169)
    )
    zoom.predict(zoom.embed(image()), prompts)
    assert inner.seen_prompts[0].labels.tolist() == [1]


def test_a_fed_mask_says_where_to_look_and_only_there(inner):
    zoom = CropRefinement(inner)
    logits = np.full((200, 200), -5.0, np.float32)
    logits[52:72, 138:162] = 5.0
    prompts = Prompts(points_rc=[(60, 150)], labels=[1], mask_logits=logits)
    zoom.predict(zoom.embed(image()), prompts)
    assert len(inner.seen_prompts) == 2
    for asked, side in zip(inner.seen_prompts, (57, 31), strict=True):
        assert asked.points_rc[0, 1] < 150
        assert asked.mask_logits.shape == (64, 64)
        row, col = asked.points_rc[0] * 64 / side
        assert asked.mask_logits[int(row), int(col)] > 0


def test_a_large_answer_is_looked_at_closely_too_where_it_is_fed_back(inner):
    zoom = CropRefinement(inner, "auto")
    logits = np.full((200, 200), -5.0, np.float32)
    logits[10:100, 30:130] = 5.0
    prompts = Prompts(points_rc=[(60, 80)], labels=[1], mask_logits=logits)
    zoom.predict(zoom.embed(image()), prompts)
    wide, close = (asked.points_rc[0] for asked in inner.seen_prompts)
    assert wide.tolist() == [60, 80]
    assert close[1] < 80


def test_an_answer_can_be_fed_back_as_fine_as_it_came(inner):
    zoom = CropRefinement(inner)
    embedding = zoom.embed(image())
    point = Prompts(points_rc=[(60, 150)], labels=[1])
    first = zoom.predict(embedding, point)
    again = replace(point, mask_logits=first.logits[1])
    found = zoom.predict(embedding, again)
    assert overlap(found.masks[1], first.masks[1]) > 0.8
    (known, _) = inner.seen_prompts[-1].mask_logits.shape
    assert known == inner.logit_cells


def test_a_negative_point_alone_with_a_fed_mask_far_away_is_answered_whole(inner):
    zoom = CropRefinement(inner)
    logits = np.full((200, 200), -5.0, np.float32)
    logits[52:72, 138:162] = 5.0
    prompts = Prompts(points_rc=[(5, 5)], labels=[0], mask_logits=logits)
    zoom.predict(zoom.embed(image()), prompts)
    assert inner.seen_prompts[-1].points_rc.tolist() == [[5, 5]]


def test_a_late_click_leaves_what_it_does_not_point_at(inner):
    zoom = ProgressiveMerge(CropRefinement(inner))
    embedding = zoom.embed(image())
    points, labels = [(60, 150), (62, 150), (58, 150)], [1, 1, 1]
    fed = zoom.predict(embedding, Prompts(points, labels)).logits[0].copy()
    fed[80:90, 140:150] = 5.0
    early = Prompts(points, labels, mask_logits=fed)
    late = Prompts([*points, (60, 172)], [*labels, 1], mask_logits=fed)
    dropped, kept = (zoom.predict(embedding, each).masks[0] for each in (early, late))
    assert not dropped[82:88, 142:148].any()
    assert kept[82:88, 142:148].all()
    assert kept[60, 172]


def test_a_model_without_a_network_says_so(inner):
    with pytest.raises(ModelError, match="no SAM network"):
        _ = CropRefinement(inner).sam
