"""Orthogonalised momentum for matrices, Adam for everything else, in one optimiser.

``torch.optim.Muon`` does not serve: it takes 2-D parameters only, where many of nano's
matrices are convolutions, came with torch 2.9, and iterates in bfloat16, which took
ten times as long on one core of a CPU as float32 (1.5 s a step instead of 0.14, torch
2.15, 77 matrices of 1.9 million numbers). ``tests/training/test_optimiser.py``
shows that both bring a linear layer to the same weights, but for bfloat16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Below, orthogonal rows say little; chosen without measurement.
SMALLEST_MATRIX = 8
# Iterations, coefficients and momentum of the reference (see `orthogonalised`), and the
# defaults of torch.optim.Muon.
ITERATIONS = 5
QUINTIC = (3.4445, -4.7750, 2.0315)
MOMENTUM = 0.95
# Liu et al. 2025, section 2.2; torch calls it "match_rms_adamw".
RMS_OF_ADAM = 0.2
# The second is shorter than Adam's .999, for runs of some thousand steps; chosen
# without measurement.
BETAS = (0.9, 0.98)
EPSILON = 1e-8


def orthogonalised(matrices: torch.Tensor) -> torch.Tensor:
    """Bring all singular values of matrices near 1.

    Parameters
    ----------
    matrices : torch.Tensor
        float (..., n, m).

    Returns
    -------
    torch.Tensor
        float (..., n, m).

    Notes
    -----
    Newton-Schulz iteration with the quintic of Muon (K. Jordan 2024, "Muon: an
    optimizer for hidden layers"); it ends between about 0.7 and 1.2.
    """
    a, b, c = QUINTIC
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return torch.as_tensor(x.mT if tall else x)


def is_matrix(parameter: nn.Parameter) -> bool:
    """Say whether a parameter maps many channels to many others."""
    flat = parameter.shape[0], parameter[0].numel()
    return parameter.ndim in {2, 4} and min(flat) >= SMALLEST_MATRIX


class MatrixOptimiser(torch.optim.Optimizer):
    """Muon for linear maps and convolutions, AdamW for biases, norms and tokens.

    On a few thousand small steps it learns faster than AdamW alone, which counts
    where a CPU trains. Updates of both kinds have a similar size, so that one rate
    serves both (J. Liu et al. 2025, "Muon is scalable for LLM training", section 2.2).

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
        All that is trained.
    lr : float
        Learning rate.
    weight_decay : float
        Decoupled, of matrices only.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float
    ) -> None:
        given = list(parameters)
        matrices = [each for each in given if is_matrix(each)]
        others = [each for each in given if not is_matrix(each)]
        groups: list[dict[str, Any]] = [
            {"params": matrices, "matrix": True, "weight_decay": weight_decay},
            {"params": others, "matrix": False, "weight_decay": 0.0},
        ]
        super().__init__([g for g in groups if g["params"]], {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update all parameters that have a gradient."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            given = [each for each in group["params"] if each.grad is not None]
            updates = self._matrices(given) if group["matrix"] else self._adam(given)
            # the rate may be a tensor, which a captured graph reads anew
            for parameter, update in zip(given, updates, strict=True):
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.sub_(update * group["lr"])
        return loss

    def _matrices(self, parameters: list[nn.Parameter]) -> list[torch.Tensor]:
        """Orthogonalise the momenta, Nesterov style, scaled to Adam's size.

        Those of one shape together, which for a GPU is a tenth of the kernels.
        """
        alike: dict[torch.Size, list[int]] = {}
        ahead = []
        for at, parameter in enumerate(parameters):
            gradient = torch.as_tensor(parameter.grad)
            state = self.state[parameter]
            if not state:
                state["momentum"] = torch.zeros_like(gradient)
            state["momentum"].lerp_(gradient, 1 - MOMENTUM)
            flat = gradient.lerp(state["momentum"], MOMENTUM).flatten(1)
            ahead.append(flat)
            alike.setdefault(flat.shape, []).append(at)
        for shape, places in alike.items():
            scale = RMS_OF_ADAM * max(shape) ** 0.5
            updates = scale * orthogonalised(torch.stack([ahead[at] for at in places]))
            for at, update in zip(places, updates, strict=True):
                ahead[at] = update
        return [
            update.view_as(parameter)
            for update, parameter in zip(ahead, parameters, strict=True)
        ]

    def _adam(self, parameters: list[nn.Parameter]) -> list[torch.Tensor]:
        """Divide the mean gradient by the root of the mean square (Adam)."""
        updates = []
        for parameter in parameters:
            gradient = torch.as_tensor(parameter.grad)
            state = self.state[parameter]
            if not state:
                state["count"] = torch.zeros((), device=parameter.device)
                state["mean"] = torch.zeros_like(gradient)
                state["square"] = torch.zeros_like(gradient)
            state["count"] += 1
            state["mean"].lerp_(gradient, 1 - BETAS[0])
            state["square"].lerp_(gradient.square(), 1 - BETAS[1])
            mean = state["mean"] / (1 - BETAS[0] ** state["count"])
            square = state["square"] / (1 - BETAS[1] ** state["count"])
            updates.append(mean / (square.sqrt() + EPSILON))
        return updates
