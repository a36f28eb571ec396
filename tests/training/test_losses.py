import pytest
import torch

from napari_sam_med.training.losses import (
    LossWeights,
    combined,
    mask_losses,
    rank_loss,
    true_iou,
)

WEIGHTS = LossWeights()


def square():
    truth = torch.zeros(1, 16, 16)
    truth[:, 4:8, 4:8] = 1
    return truth


def test_a_right_mask_costs_less_than_an_empty_or_a_full_one():
    truth = square()
    right = (truth[:, None] * 2 - 1) * 9
    empty, full = -9 * torch.ones(1, 1, 16, 16), 9 * torch.ones(1, 1, 16, 16)
    right, empty, full = (
        float(mask_losses(each, truth, WEIGHTS)) for each in (right, empty, full)
    )
    assert right < 0.05
    assert min(empty, full) > 1


def test_balanced_entropy_weighs_object_and_background_alike():
    only = LossWeights(dice=0, balanced=1, plain=0)
    losses = [
        float(mask_losses(sign * 9 * torch.ones(1, 1, 16, 16), square(), only))
        for sign in (-1.0, 1.0)
    ]
    assert abs(losses[0] - losses[1]) < 0.06 * losses[0]


def test_iou_counts_thresholded_pixels():
    logits = -torch.ones(1, 2, 16, 16)
    logits[:, 0, 4:8, 4:12] = 1
    assert true_iou(logits, square()).tolist() == [[0.5, 0.0]]


def test_only_the_best_candidate_of_a_lone_point_learns():
    losses = torch.tensor([[1.0, 5.0, 2.0, 9.0]] * 2, requires_grad=True)
    total = combined(losses, torch.tensor([True, False]), 0.0)
    assert total.tolist() == pytest.approx([2.5, 16 / 3 + 1])
    total[0].backward()
    assert losses.grad[0].tolist() == [0.5, 0.0, 1.0, 0.0]


def test_the_order_of_candidates_costs_nothing_where_their_differences_are_predicted():
    actual = torch.tensor([[0.9, 0.5, 0.6]])
    assert float(rank_loss(actual - 0.2, actual)) == pytest.approx(0, abs=1e-5)
    assert float(rank_loss(actual.flip(1), actual)) > 1


def test_a_wrong_choice_raises_the_score_of_the_best_candidate():
    scores = torch.tensor([[0.6, 0.8, 0.5]], requires_grad=True)
    rank_loss(scores, torch.tensor([[0.9, 0.5, 0.5]])).backward()
    assert scores.grad[0, 0] < 0 < scores.grad[0, 1]
