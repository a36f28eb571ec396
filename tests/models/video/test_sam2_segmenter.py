from dataclasses import replace

import numpy as np
import pytest

from fakes.golden_video import miniature
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import ImageError, ModelError, PromptError
from napari_sam_med.models.video.sam2_segmenter import Sam2Segmenter

BOX = Prompts(box_rc=(4, 4, 12, 15))


def volume(count=6, shape_hw=(20, 24)):
    return np.random.default_rng(0).integers(0, 256, (count, *shape_hw), dtype=np.uint8)


class Watched:
    """Slices that note which of them were asked for."""

    def __init__(self, slices):
        self.slices = slices
        self.asked = []

    def __len__(self):
        return len(self.slices)

    def __getitem__(self, index):
        self.asked.append(index)
        return self.slices[index]


def test_a_batch_is_answered_as_its_prompts_one_by_one():
    model = miniature()
    embedding = model.embed(volume()[0])
    asked = [BOX, Prompts([(3, 4), (10, 12)], [1, 0])]
    for found, prompts in zip(model.predict_many(embedding, asked), asked, strict=True):
        alone = model.predict(embedding, prompts)
        np.testing.assert_array_equal(found.logits, alone.logits)
        assert found.masks.shape == (3, 20, 24)


def test_the_logits_of_an_answer_can_be_fed_back():
    model = miniature()
    embedding = model.embed(volume()[0])
    first = model.predict(embedding, BOX)
    again = Prompts(box_rc=BOX.box_rc, mask_logits=first.logits[0])
    assert not np.array_equal(model.predict(embedding, again).logits, first.logits)


def test_nobody_is_told_to_lay_logits_over_a_padded_square():
    assert miniature().info.logits_side is None


def test_an_image_is_seen_alike_in_grey_and_as_three_equal_channels():
    model = miniature()
    grey = volume()[0]
    colour = np.repeat(grey[..., None], 3, axis=2)
    for one, other in zip(
        model.embed(grey).features, model.embed(colour).features, strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_prompted_slices_are_asked_for_first_and_each_slice_once():
    slices = Watched(volume())
    list(miniature().track(slices, range(1, 6), {1: BOX, 4: BOX}))
    assert slices.asked == [1, 4, 2, 3, 5]


def test_no_slice_is_asked_for_before_its_turn():
    slices = Watched(volume())
    going = miniature().track(slices, range(6), {0: BOX})
    assert slices.asked == []
    next(going)
    next(going)
    assert slices.asked == [0, 1]


def test_telling_it_to_stop_ends_the_run_before_the_next_slice_is_asked_for():
    slices = Watched(volume())
    told = iter([False, False, True])
    found = list(miniature().track(slices, range(6), {0: BOX}, stop=lambda: next(told)))
    assert [each.index for each in found] == [0, 1]
    assert slices.asked == [0, 1]


def test_two_runs_of_one_model_do_not_meet():
    model, slices = miniature(), volume()
    alone = [each.score for each in model.track(slices, range(4), {0: BOX})]
    one = model.track(slices, range(4), {0: BOX})
    other = model.track(slices, range(5, 1, -1), {5: slices[5] > 200})
    mixed = []
    for each in one:
        mixed.append(each.score)
        next(other, None)
    assert mixed == alone


def test_a_mask_that_is_given_is_given_back():
    mask = np.zeros((20, 24), dtype=bool)
    mask[3:9, 5:14] = True
    found = next(miniature().track(volume(), range(6), {0: mask}))
    np.testing.assert_array_equal(found.mask, mask)
    assert (found.score, found.prompted, found.present) == (1.0, True, True)


def test_a_prompt_outside_the_order_still_tells_what_the_object_is_like():
    model, slices = miniature(), volume()
    mask = np.zeros((20, 24), dtype=bool)
    mask[3:9, 5:14] = True
    one = list(model.track(slices, range(1, 3), {0: mask}))
    other = list(model.track(slices, range(1, 3), {0: ~mask}))
    assert [each.index for each in one] == [1, 2]
    assert one[0].score != other[0].score


def test_embeddings_of_the_slices_are_taken_in_their_stead():
    model, slices = miniature(), volume(3, (32, 32))
    embedded = [model.embed(image) for image in slices]
    # no resampling at the network's own size: both ways see the same
    for one, other in zip(
        model.track(slices, range(3), {0: BOX}),
        model.track(embedded, range(3), {0: BOX}),
        strict=True,
    ):
        assert one.score == pytest.approx(other.score, abs=1e-6)


def test_embeddings_of_another_model_are_refused():
    model = miniature()
    foreign = [replace(model.embed(image), model="nano") for image in volume(2)]
    with pytest.raises(ModelError, match="made by nano"):
        list(model.track(foreign, range(2), {0: BOX}))


def test_slices_of_different_sizes_are_refused():
    slices = [*volume(1), *volume(1, (20, 25))]
    with pytest.raises(ImageError, match="slice 1 is 20 x 25 where the others are"):
        list(miniature().track(slices, range(2), {0: BOX}))


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(PromptError, match="mask of slice 0 is 5 x 5"):
        list(miniature().track(volume(), range(2), {0: np.ones((5, 5), dtype=bool)}))


def test_prompts_outside_the_slice_are_refused():
    far = Prompts([(50, 3)], [1])
    with pytest.raises(PromptError, match="outside the 20 x 24 slice"):
        list(miniature().track(volume(), range(2), {0: far}))


def test_no_prompt_is_refused_before_a_slice_is_asked_for():
    with pytest.raises(PromptError, match="no slice has a prompt"):
        miniature().track(volume(), range(2), {})


def test_an_encoder_in_half_precision_gives_nearly_the_same_features():
    full = miniature()
    half = Sam2Segmenter(
        full._network.model, name="half", device="cpu", precision="bf16"
    )
    image = volume()[0]
    for one, other in zip(
        full.embed(image).features, half.embed(image).features, strict=True
    ):
        assert other.dtype == np.float32
        assert 0 < np.abs(one - other).max() < 0.1 * np.abs(one).max()
