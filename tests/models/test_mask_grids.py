"""A person's own mask is taken by every model that takes masks, in its own grid."""

import numpy as np
import pytest

from fakes.golden_sam import read_golden, small_folder
from fakes.golden_video import miniature
from napari_sam_med import load_model
from napari_sam_med.core.metrics import iou
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.slice_view import EmbeddedSlice, SliceView
from napari_sam_med.core.strokes.mask_logits import MaskGrid
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import ModelError, PromptError
from napari_sam_med.training.painting.scenes import make_scene

SHAPE_HW = (40, 30)


def seen_by(model) -> EmbeddedSlice:
    pixels = np.add.outer(np.arange(40.0), np.arange(30.0))
    plane = SlicePlane(0, 0, (1.0, 2.0))
    return EmbeddedSlice.of(model, SliceView(pixels, plane, Window(0.0, 70.0)))


def block() -> np.ndarray:
    mask = np.zeros(SHAPE_HW, dtype=bool)
    mask[10:30, 5:20] = True
    return mask


MODELS = {
    "nano": lambda: load_model("nano", device="cpu"),
    "squeezed": lambda: read_golden(small_folder("sam_med2d_vit_b")).model,
    "video": miniature,
}


@pytest.mark.parametrize("name", MODELS)
def test_a_mask_is_answered_with_masks_of_the_slice(name):
    seen = seen_by(MODELS[name]())
    assert seen.takes_masks
    logits = seen.logits_of(block())
    answer = seen.predict(Prompts([(20, 12)], [1], None, logits))
    assert answer.masks.shape[1:] == SHAPE_HW


def test_nano_goes_on_from_a_mask_that_its_click_alone_would_not_give():
    model, overlaps = load_model("nano", device="cpu"), []
    for seed in range(10):
        rng = np.random.default_rng([seed, 7])
        scene = make_scene(rng, 128, phantoms=False)
        truth = scene.masks[0]
        view = SliceView(
            scene.image.mean(-1), SlicePlane(0, 0, (1.0, 1.0)), Window(0.0, 255.0)
        )
        seen = EmbeddedSlice.of(model, view)
        click = Prompts([rng.choice(np.argwhere(truth))], [1])
        shown = Prompts(click.points_rc, click.labels, None, seen.logits_of(truth))
        answers = (seen.predict(click), seen.predict(shown))
        overlaps.append(
            [iou(each.masks[each.scores.argmax()], truth) for each in answers]
        )
    alone, following = np.mean(overlaps, 0)
    assert following > alone + 0.1


def test_a_crop_refining_model_takes_a_mask_as_fine_as_the_image():
    model = load_model("nano", device="cpu")
    assert model.mask_grid((40, 60)) == MaskGrid((60, 60))
    assert model.mask_grid((900, 60)) == MaskGrid((512, 512))


def test_a_model_without_masks_refuses_one_with_a_reason():
    seen = seen_by(load_model("ellipse"))
    assert not seen.takes_masks
    with pytest.raises(ModelError, match="ellipse takes no mask to start from"):
        seen.logits_of(block())


@pytest.mark.parametrize("zoom", ["off", "default"])
@pytest.mark.parametrize("cells_hw", [(3, 3), (7, 40), (40, 30)])
def test_nano_refuses_logits_of_a_shape_that_it_never_answers_with(zoom, cells_hw):
    model = load_model("nano", device="cpu", zoom=zoom)
    embedding = model.embed(np.zeros(SHAPE_HW, np.uint8))
    prompts = Prompts([(20, 12)], [1], None, np.zeros(cells_hw))
    with pytest.raises(PromptError, match=r"mask logits of shape .* own candidates"):
        model.predict(embedding, prompts)


@pytest.mark.parametrize("zoom", ["off", "default", "on"])
def test_nano_takes_its_own_answers_back(zoom):
    model = load_model("nano", device="cpu", zoom=zoom)
    embedding = model.embed(np.eye(40, 30, dtype=np.uint8) * 200)
    for first in (Prompts([(20, 12)], [1]), Prompts(box_rc=(2, 2, 38, 28))):
        logits = model.predict(embedding, first).logits[0]
        model.predict(embedding, Prompts([(20, 12)], [1], None, logits))


@pytest.mark.parametrize("zoom", ["off", "default", "on"])
@pytest.mark.parametrize(
    "prompts",
    [
        Prompts([(60, 9)], [1]),
        Prompts([(20, 12), (6000, 9)], [1, 0]),
        Prompts([(60, 9)], [1], (2, 2, 9, 9)),
        Prompts(box_rc=(2, 2, 9, 99)),
    ],
)
def test_nano_refuses_prompts_outside_of_the_image(zoom, prompts):
    model = load_model("nano", device="cpu", zoom=zoom)
    embedding = model.embed(np.zeros(SHAPE_HW, np.uint8))
    for ask in (model.predict, lambda e, p: model.predict_many(e, [p])):
        with pytest.raises(PromptError, match="outside the 40 x 30 slice"):
            ask(embedding, prompts)
