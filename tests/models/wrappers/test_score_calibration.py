"""Whether nano's scores of refined answers are what these are worth."""

import numpy as np
import pytest

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.metrics import iou
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models import load_model
from napari_sam_med.models.wrappers.score_calibration import calibrated
from napari_sam_med.simulate.clicks import ritm_click
from napari_sam_med.training.painting.scenes import make_scene

SEED = 4711  # of no training run
SCORES = np.float32([0.2, 0.7, 0.6])


@pytest.fixture(scope="module")
def nano():
    return load_model("nano", device="cpu")


def three(scores=SCORES, single=None):
    return Candidates(
        np.ones((3, 4, 4), bool), scores, np.ones((3, 2, 2), np.float32), single
    )


def one(score):
    return Candidates(
        np.ones((1, 4, 4), bool),
        np.float32([score]),
        np.ones((1, 2, 2), np.float32),
    )


def test_a_mask_that_clicks_correct_is_scored_as_good_as_it_is(nano):
    """Without calibration the mean score of these is .028 below the mean IoU."""
    errors = []
    for number in range(20):
        rng = np.random.default_rng([SEED, number])
        scene = make_scene(rng, 192, phantoms=False)
        truth = scene.masks[0]
        rows, cols = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
        box = (rows[0], cols[0], rows[-1], cols[-1])
        embedding = nano.embed(scene.image)
        found = nano.predict(embedding, Prompts(box_rc=box)).single
        points, labels = np.empty((0, 2)), []
        for _ in range(2):
            click = ritm_click(truth, found.masks[0], points, lambda n: 0)
            if click is None:
                break
            points = np.vstack([points, click.point_rc])
            labels.append(click.polarity)
            asked = Prompts(points, labels, box_rc=box, mask_logits=found.logits[0])
            found = nano.predict(embedding, asked).single
            errors.append(float(found.scores[0]) - iou(found.masks[0], truth))
    assert len(errors) > 30
    assert abs(np.mean(errors)) < 0.02


def test_of_a_lone_point_the_best_candidate_alone_is_raised():
    found = calibrated(three(), Prompts([(1, 1)], [1])).scores
    assert found.tolist() == pytest.approx([0.2, 0.742, 0.6])


@pytest.mark.parametrize(
    "prompts",
    [
        Prompts(box_rc=(0, 0, 2, 2)),
        Prompts([(1, 1), (2, 2)], [1, 1]),
        Prompts([(1, 1)], [1], mask_logits=np.ones((2, 2), np.float32)),
    ],
)
def test_of_other_prompts_all_are_raised_in_their_order(prompts):
    answer = calibrated(three(single=one(0.5)), prompts)
    assert answer.scores.tolist() == pytest.approx([0.232, 0.742, 0.648])
    assert answer.single.scores.tolist() == pytest.approx([0.55])


def test_scores_outside_0_to_1_stay_and_none_overtakes_another():
    scores = np.linspace(-0.1, 1.1, 49, dtype=np.float32)
    answer = Candidates(
        np.ones((49, 2, 2), bool), scores, np.ones((49, 2, 2), np.float32)
    )
    found = calibrated(answer, Prompts(box_rc=(0, 0, 1, 1))).scores
    assert (np.diff(found) > 0).all()
    outside = (scores < 0) | (scores > 1)
    assert np.array_equal(found[outside], scores[outside])
