"""SAM 2.1 against outputs of its authors' code with stand-in weights, at 128 pixels.

Tolerances: 2e-5 on features and logits, 1e-4 on predicted IoUs and presences (a mask
that is given is remembered sharp, which moves them by 6e-5), no pixel of a mask.
"""

from __future__ import annotations

import numpy as np
import pytest

from fakes.golden_video import (
    PROMPTS,
    RUNS,
    golden_arrays,
    golden_masks,
    golden_model,
    golden_run,
)
from napari_sam_med.core.prompts import Prompts

KINDS = [*PROMPTS, "point_mask"]
QUICK = ["points_two", "mask_point_down"]


@pytest.fixture(scope="module")
def model():
    return golden_model()


@pytest.fixture(scope="module")
def embedding(model):
    return model.embed(golden_arrays()["image"])


@pytest.mark.parametrize(("level", "step"), [(0, 4), (1, 4), (2, 2)])
def test_features_are_the_official_encoders(embedding, level, step):
    found = embedding.features[level][::8, ::step, ::step]
    expected = golden_arrays()[f"level{level}"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_answers_to_a_picture_are_the_official_predictors(model, embedding, kind):
    arrays = golden_arrays()
    prompts = PROMPTS[kind.removesuffix("_mask")]
    if kind == "point_mask":
        earlier = arrays["previous"]
        prompts = Prompts(prompts.points_rc, prompts.labels, mask_logits=earlier)
    several = model.predict(embedding, prompts)
    for found, mode in ((several, "multi"), (several.single, "single")):
        name = f"{kind}_{mode}"
        masks = golden_masks(f"{name}_masks", len(found))
        np.testing.assert_array_equal(found.masks, masks)
        np.testing.assert_allclose(found.scores, arrays[f"{name}_iou"], atol=1e-5)
        thin = found.logits[:, ::4, ::4]
        np.testing.assert_allclose(thin, arrays[f"{name}_logits"], rtol=0, atol=2e-5)


@pytest.mark.parametrize(
    "run",
    [
        name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
        for name in RUNS
    ],
)
def test_a_run_through_slices_is_the_official_predictors(model, run):
    arrays = golden_arrays()
    order, prompted = golden_run(run)
    found = list(model.track(arrays["volume"], order, prompted))
    assert [each.index for each in found] == list(order)
    masks = golden_masks(f"{run}_masks", len(order))
    for each, mask in zip(found, masks, strict=True):
        # the official code gives a mask back through its own coarse grid
        given = prompted.get(each.index)
        wanted = given if isinstance(given, np.ndarray) else mask
        np.testing.assert_array_equal(each.mask, wanted)
    for name in ("scores", "presence"):
        values = [each.score if name == "scores" else each.presence for each in found]
        np.testing.assert_allclose(values, arrays[f"{run}_{name}"], rtol=0, atol=1e-4)


def test_the_golden_runs_hold_slices_with_and_without_the_object():
    presence = [golden_arrays()[f"{name}_presence"][1:] for name in RUNS]
    assert {bool(each) for each in np.concatenate(presence) > 0.5} == {True, False}
