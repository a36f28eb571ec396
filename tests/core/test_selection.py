"""Which of a model's masks counts."""

import numpy as np
import pytest

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.selection import Selection, oracle_index, pick

TRUTH = np.array([[True, True, False, False]])


def candidates(rows, scores, single=None):
    masks = np.array(rows, dtype=bool)[:, None]
    logits = np.arange(len(rows), dtype=np.float32)[:, None, None]
    return Candidates(masks, np.array(scores, dtype=np.float32), logits, single)


THREE = candidates(
    [[1, 0, 0, 0], [1, 1, 1, 0], [1, 1, 0, 0]],
    [0.5, 0.9, 0.2],
    single=candidates([[0, 1, 0, 0]], [0.7]),
)


@pytest.mark.parametrize(
    ("selection", "mask", "score"),
    [
        ("first", [1, 0, 0, 0], 0.5),
        ("best_score", [1, 1, 1, 0], 0.9),
        ("oracle", [1, 1, 0, 0], 0.2),
        ("single", [0, 1, 0, 0], 0.7),
    ],
)
def test_each_selection_picks_its_mask_with_its_score(selection, mask, score):
    picked = pick([THREE], Selection(selection), TRUTH)
    assert picked.mask[0].tolist() == [bool(value) for value in mask]
    assert picked.score == pytest.approx(score)


def test_the_logits_of_the_picked_slot_come_along():
    assert pick([THREE], Selection.ORACLE, TRUTH).logits.item() == 2.0


def test_a_model_with_one_candidate_answers_every_selection_alike():
    one = candidates([[1, 1, 0, 0]], [0.4])
    assert len({pick([one], selection, TRUTH).score for selection in Selection}) == 1


def test_a_model_without_one_answer_has_no_single():
    several = candidates([[1, 0, 0, 0], [0, 1, 0, 0]], [0.1, 0.2])
    assert pick([several], Selection.SINGLE, TRUTH) is None


def test_masks_of_several_prompts_are_joined_and_their_scores_averaged():
    left = candidates([[1, 0, 0, 0]], [0.2])
    right = candidates([[0, 1, 0, 0]], [0.6])
    picked = pick([left, right], Selection.FIRST, TRUTH)
    assert np.array_equal(picked.mask, TRUTH)
    assert picked.score == pytest.approx(0.4)
    assert picked.logits is None


def test_the_oracle_uses_one_slot_for_all_prompts():
    left = candidates([[1, 0, 0, 0], [0, 0, 0, 1]], [0.1, 0.1])
    right = candidates([[0, 0, 1, 0], [0, 1, 0, 0]], [0.1, 0.1])
    picked = pick([left, right], Selection.ORACLE, TRUTH)
    assert picked.mask[0].tolist() == [True, False, True, False]


def test_of_equal_candidates_the_first_wins_and_of_all_zeros_the_last():
    assert oracle_index([0.4, 0.4]) == 0
    assert oracle_index([0.0, 0.0]) == 1
    assert candidates([[1, 0, 0, 0], [0, 1, 0, 0]], [0.3, 0.3]).best_index == 0
