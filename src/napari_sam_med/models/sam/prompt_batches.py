"""Which prompts a decoder takes together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch

    from napari_sam_med.core.prompts import Prompts

# Masks of a batch at the image's own size are what takes memory: 32 x 4 masks of 1024 x
# 1024 float32 are 0.5 GB. Chosen without measurement of speed.
PROMPTS_PER_BATCH = 32
# Image tokens of all prompts that a CPU decodes at once: four prompts on the 4,096 of
# ViT-B take 3.9 s for 32 of them, eight 4.4 s and all at once 4.8 s of one core (AMD
# EPYC 3), because the tokens of four stay in its cache.
TOKENS_PER_BATCH = 2**14


def prompt_batches(
    prompts: Sequence[Prompts], embedding: torch.Tensor
) -> Iterator[list[int]]:
    """Group the positions of prompts that fit into one tensor.

    Parameters
    ----------
    prompts : sequence of Prompts
        All of them.
    embedding : (1, C, h, w) tensor
        Of the image; its size and its device decide how many go together.

    Yields
    ------
    list of int
        Positions in ``prompts`` of some with equally many points, with a box or
        without, with a mask or without.

    Notes
    -----
    Filling up with padding points would be simpler, but SAM's padding token takes part
    in attention and changes the answer.
    """
    most = PROMPTS_PER_BATCH
    if embedding.device.type == "cpu":
        tokens = embedding.shape[-1] * embedding.shape[-2]
        most = min(most, max(1, TOKENS_PER_BATCH // tokens))
    groups: dict[tuple[int, bool, bool], list[int]] = {}
    for i, each in enumerate(prompts):
        shape = len(each.points_rc), each.box_rc is None, each.mask_logits is None
        groups.setdefault(shape, []).append(i)
    for members in groups.values():
        for start in range(0, len(members), most):
            yield members[start : start + most]
