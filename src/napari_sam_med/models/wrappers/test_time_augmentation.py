"""Test-time augmentation by flips: a SAM network asked on mirror images, and twice.

What a small network says of an image and of its mirror image differs by chance; the
mean is nearer the truth. Embedding costs as many times more as there are views,
decoding little, since all views are decoded in one batch. A first answer goes back to
the network with the same prompts, as an earlier mask; the mean of what it said before
and says then is better than either. Chosen on synthetic scenes.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_sam_med.core.ports import Segmenter
from napari_sam_med.errors import ModelError
from napari_sam_med.models.base import check_own
from napari_sam_med.models.sam.batched_decoder import decode
from napari_sam_med.models.torch_defaults import as_torch_begins
from napari_sam_med.models.wrappers.wrapper import SegmenterWrapper

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.ports import ModelInfo
    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.models.sam.sam_segmenter import Features, SamSegmenter

Axes = tuple[int, ...]
ROWS, COLS = 0, 1


class FlipAugmentation(SegmenterWrapper):
    """A SAM network whose logits are means over mirror images and over two answers.

    An image is seen in two views: as it is, and mirrored along its longer side (a
    square one along its columns), since the network knows padding at the bottom and the
    right alone. Two further views of a square image changed the IoU of one box on 56
    synthetic objects by 0.001 and cost as much again. Prompts without an
    earlier mask are asked once more with the answer as one: after a lone point with the
    candidate of best score, which alone takes the mean; else with the single answer,
    and all slots take the mean. Scores are those of the first answer.

    Parameters
    ----------
    sam : SamSegmenter
        A network that is encoded and decoded as plain SAM is: its logits are averaged
        inside one batch of the decoder, which no other segmenter offers.

    Notes
    -----
    Mirror averaging at test time is what RITM and SimpleClick do too
    (SamsungLabs/ritm_interactive_segmentation, ``isegm/inference/transforms/flip.py``).
    """

    def __init__(self, sam: SamSegmenter) -> None:
        super().__init__(sam)
        self._plain = sam

    @cached_property
    def info(self) -> ModelInfo:
        """As the network's, but that answers are refined."""
        return replace(self._plain.info, refines=True, follows=False)

    @as_torch_begins()
    @torch.inference_mode()
    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Run the image encoder on all views; the embedding holds an array for each.

        Parameters
        ----------
        image : (H, W) or (H, W, 3) uint8
            Grey or RGB, square pixels.

        Raises
        ------
        ImageError
            If the image is of another type or shape.
        """
        image, tensor, input_hw = self._plain.input_from_image(image)
        views = [tensor.flip(_of_images(axes)) for axes in flip_axes(input_hw)]
        (features,) = self._plain.encode(torch.cat(views))
        return self._plain.embedding_of(image, torch.split(features, 1), input_hw)

    @property
    def images_at_once(self) -> int:
        """One: its views are a batch already."""
        return 1

    def embed_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Embedding]:
        """Embed one image after the other."""
        return Segmenter.embed_many(self, images)

    def predict(self, embedding: Embedding, prompts: Prompts) -> Candidates:
        """Answer one prompt; see ``SamSegmenter.predict``.

        Raises
        ------
        PromptError
            If prompts lie outside the image, or the mask is not the decoder's size.
        ModelError
            If the embedding was made by another model, or by the network alone.
        """
        return self.predict_many(embedding, [prompts])[0]

    @as_torch_begins()
    @torch.inference_mode()
    def predict_many(
        self, embedding: Embedding, prompts: Sequence[Prompts]
    ) -> list[Candidates]:
        """Answer several prompts, decoded together where they have one shape."""
        check_own(self.name, embedding, prompts)
        views = len(flip_axes(embedding.input_hw))
        if len(embedding.features) != views:
            msg = (
                f"the embedding holds {len(embedding.features)} of {views} views; "
                "embed the image with the model that answers"
            )
            raise ModelError(msg)
        return self._plain.answers(embedding, prompts, self._decoded)

    def _decoded(
        self, features: Features, prompts: list[Prompts], embedding: Embedding
    ) -> tuple[torch.Tensor, torch.Tensor]:
        first, scores = self._in_all_views(features, prompts, embedding)
        if prompts[0].mask_logits is not None:
            return first, scores
        rows = torch.arange(len(prompts), device=first.device)
        slots = self._trusted(prompts, scores)
        asked = [
            replace(each, mask_logits=logits)
            for each, logits in zip(
                prompts, first[rows, slots].cpu().numpy(), strict=True
            )
        ]
        again, _ = self._in_all_views(features, asked, embedding)
        second = again[:, self._plain.variant.single_slot]
        if prompts[0].is_single_point:
            joined = first.clone()
            joined[rows, slots] = (first[rows, slots] + second) / 2
            return joined, scores
        return (first + second[:, None]) / 2, scores

    def _trusted(self, prompts: list[Prompts], scores: torch.Tensor) -> torch.Tensor:
        """Name the slot of each answer (P, 4) that goes back with its prompts."""
        if not prompts[0].is_single_point:
            return torch.full_like(scores[:, 0], self._plain.variant.single_slot).long()
        candidates = torch.tensor(
            self._plain.variant.candidate_slots, device=scores.device
        )
        return candidates[scores[:, candidates].argmax(1)]

    def _in_all_views(
        self,
        features: Features,
        prompts: list[Prompts],
        embedding: Embedding,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Give the mean logits (P, 4, h, w) and scores (P, 4) over all views."""
        views = flip_axes(embedding.input_hw)
        asked = [
            flipped(each, axes, embedding.shape_hw)
            for axes in views
            for each in prompts
        ]
        sparse, dense = self._plain.encode_prompts(asked, embedding)
        index = torch.arange(len(views), device=sparse.device)
        index = index.repeat_interleave(len(prompts))
        logits, ious = decode(
            self._plain.sam, torch.cat(features), index, sparse, dense
        )
        each_view = torch.split(logits, len(prompts))
        back = [
            each.flip(_of_images(axes))
            for each, axes in zip(each_view, views, strict=True)
        ]
        scores = torch.stack(torch.split(ious, len(prompts))).mean(0)
        return torch.stack(back).mean(0), scores


def flip_axes(input_hw: tuple[int, int]) -> tuple[Axes, ...]:
    """Name the axes to mirror for each view of an image.

    Parameters
    ----------
    input_hw : (height, width)
        Size of the image inside the network's square input.

    Returns
    -------
    tuple of tuple of int
        0 stands for rows, 1 for columns; the first view is the image as it is.

    Examples
    --------
    >>> flip_axes((256, 256))
    ((), (1,))
    >>> flip_axes((256, 100))
    ((), (0,))
    """
    height, width = input_hw
    return (), (ROWS if height > width else COLS,)


def flipped(prompts: Prompts, axes: Axes, shape_hw: tuple[int, int]) -> Prompts:
    """Say the same of the mirror image.

    Parameters
    ----------
    prompts : Prompts
        Of the image.
    axes : tuple of int
        Axes that are mirrored.
    shape_hw : (height, width)
        Of the image, in pixels.

    Returns
    -------
    Prompts

    Examples
    --------
    >>> from napari_sam_med.core.prompts import Prompts
    >>> asked = Prompts([(2, 3)], [1], box_rc=(1, 2, 3, 4))
    >>> turned = flipped(asked, (1,), (10, 20))
    >>> turned.points_rc.tolist(), turned.box_rc.tolist()
    ([[2.0, 16.0]], [1.0, 15.0, 3.0, 17.0])
    """
    points, box, logits = prompts.points_rc.copy(), prompts.box_rc, prompts.mask_logits
    for axis in axes:
        last = shape_hw[axis] - 1
        points[:, axis] = last - points[:, axis]
        if box is not None:
            box = box.copy()
            box[[axis, axis + 2]] = last - box[[axis + 2, axis]]
    if logits is not None:
        logits = np.flip(logits, axes)
    return replace(prompts, points_rc=points, box_rc=box, mask_logits=logits)


def _of_images(axes: Axes) -> Axes:
    """Name the same axes of tensors whose last two are rows and columns."""
    return tuple(axis - 2 for axis in axes)
