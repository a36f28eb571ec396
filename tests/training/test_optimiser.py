"""Our optimiser beside torch's own Muon and AdamW."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from napari_sam_med.training.optimiser import MatrixOptimiser, orthogonalised

LR, DECAY, STEPS = 0.01, 0.1, 5


def trained(optimisers_of):
    """Weights and biases of a layer after some steps, as one optimiser brings them."""
    torch.manual_seed(0)
    layer = nn.Linear(24, 16)
    start = [each.detach().clone() for each in layer.parameters()]
    optimisers = optimisers_of(layer)
    for _ in range(STEPS):
        loss = (layer(torch.randn(8, 24)) - 1).square().sum()
        layer.zero_grad()
        loss.backward()
        for each in optimisers:
            each.step()
    return [e.detach() - s for e, s in zip(layer.parameters(), start, strict=True)]


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="came with torch 2.9")
def test_a_layer_is_brought_where_torchs_muon_and_adamw_bring_it():
    found = trained(lambda layer: [MatrixOptimiser(layer.parameters(), LR, DECAY)])
    weight, bias = trained(
        lambda layer: [
            torch.optim.Muon(
                [layer.weight],
                lr=LR,
                weight_decay=DECAY,
                adjust_lr_fn="match_rms_adamw",
            ),
            torch.optim.AdamW(
                [layer.bias], lr=LR, betas=(0.9, 0.98), eps=1e-8, weight_decay=0
            ),
        ]
    )
    # 0.046 was measured: torch iterates in bfloat16, of 8 significant bits
    assert (found[0] - weight).norm() < 0.08 * weight.norm()
    torch.testing.assert_close(found[1], bias, rtol=1e-4, atol=1e-6)


def test_singular_values_come_near_one():
    matrix = torch.randn(2, 12, 30, generator=torch.Generator().manual_seed(1))
    values = torch.linalg.svdvals(orthogonalised(matrix))
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_matrices_of_one_shape_are_updated_as_each_alone():
    torch.manual_seed(3)
    given = [nn.Parameter(torch.randn(shape)) for shape in [(12, 16)] * 2 + [(16, 12)]]
    alone = [nn.Parameter(each.detach().clone()) for each in given]
    optimisers = [MatrixOptimiser(given, LR, DECAY)]
    optimisers += [MatrixOptimiser([each], LR, DECAY) for each in alone]
    for _ in range(STEPS):
        for one, other in zip(given, alone, strict=True):
            one.grad = torch.randn_like(one)
            other.grad = one.grad.clone()
        for each in optimisers:
            each.step()
    for one, other in zip(given, alone, strict=True):
        torch.testing.assert_close(one, other)
