"""Segment Anything networks behind the house's ``Segmenter`` port.

Outside, coordinates are (row, column) and arrays are numpy; (x, y) and tensors exist
only here and in ``models.variants``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.embedding import Embedding, check_image, rgb_from_image
from napari_sam_med.core.ports import ModelInfo
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models.base import (
    NetworkSegmenter,
    check_capable,
    check_logits,
    check_own,
)
from napari_sam_med.models.devices import device_from_name, encoder_precision
from napari_sam_med.models.sam.sam_variants import SamVariant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt
    from segment_anything.modeling import Sam

    from napari_sam_med.core.ports import Capabilities
    from napari_sam_med.models.load_options import Precision

# Masks of a batch at the image's own size are what takes memory: 32 x 4 masks of 1024 x
# 1024 float32 are 0.5 GB. Chosen without measurement of speed.
PROMPTS_PER_BATCH = 32

Features = tuple[torch.Tensor, ...]
"""What an image encoder gives: (1, C, h, w) tensors, first the image embedding."""

Decoder = Callable[
    [Features, list[Prompts], Embedding], tuple[torch.Tensor, torch.Tensor]
]
"""From features and P prompts of one shape to logits (P, 4, h, w), scores (P, 4)."""


class SamSegmenter(NetworkSegmenter):
    """A SAM network that remembers nothing between calls.

    Threads may share one: the network is only read. ``predict`` gives the very bits of
    ``segment_anything.SamPredictor``; ``predict_many`` may differ in the last bits,
    because a batch is summed in another order.

    Parameters
    ----------
    sam : segment_anything.modeling.Sam
        The network with its weights; it is set to ``eval`` and moved to the device.
    name : str
        Name under which results are stored.
    variant : SamVariant, optional
        Image preparation and decoding, if they are not plain SAM's.
    weights : Path, optional
        The file that the weights came from; ``sha256`` is its hash.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    precision : {"fp32", "bf16", "auto"}
        Of the image encoder; the decoder always computes in float32.

    Raises
    ------
    ModelError
        If the device or the precision is unknown or not available.
    """

    def __init__(
        self,
        sam: Sam,
        *,
        name: str,
        variant: SamVariant | None = None,
        weights: Path | None = None,
        device: str = "auto",
        precision: Precision = "fp32",
    ) -> None:
        super().__init__(name, weights, device_from_name(device))
        encoder_precision(precision, self._device)
        self._sam = sam.eval().requires_grad_(False).to(self._device)  # noqa: FBT003
        self._variant = variant or SamVariant()
        self._precision = precision

    @property
    def capabilities(self) -> Capabilities:
        """Prompts that the model was trained on, and its number of candidates."""
        return self._variant.capabilities

    @property
    def sam(self) -> Sam:
        """The network itself, for ``segment_anything.SamPredictor`` and the like."""
        return self._sam

    @property
    def variant(self) -> SamVariant:
        """How images are prepared and slots decoded."""
        return self._variant

    @cached_property
    def info(self) -> ModelInfo:
        """Name and weights, prompts, and the size of the prompt encoder's mask."""
        side: int | None = int(self._sam.prompt_encoder.mask_input_size[0])
        if not self._variant.keeps_aspect:
            side = None  # the grid follows the image
        return ModelInfo(self.name, self.sha256, self.capabilities, logits_side=side)

    @torch.no_grad()
    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Run the image encoder.

        Parameters
        ----------
        image : (H, W) or (H, W, 3) uint8
            Grey or RGB, square pixels.

        Returns
        -------
        Embedding
            Its first array is (C, h, w) float32.

        Raises
        ------
        ImageError
            If the image is of another type or shape.
        """
        image, tensor, input_hw = self.input_from_image(image)
        return self.embedding_of(image, self.encode(tensor), input_hw)

    def input_from_image(
        self, image: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.uint8], torch.Tensor, tuple[int, int]]:
        """Check an image; give it, the encoder's input (1, 3, S, S), its size there."""
        image = check_image(image)
        prepared = self._variant.input_from_image(self._sam, rgb_from_image(image))
        return image, *prepared

    def encode(self, tensor: torch.Tensor) -> Features:
        """Encode inputs (B, 3, S, S) as tensors (B, C, h, w) in the precision asked."""
        with encoder_precision(self._precision, self._device):
            return self._variant.encode(self._sam, tensor)

    def embedding_of(
        self,
        image: npt.NDArray[np.uint8],
        features: Features,
        input_hw: tuple[int, int],
    ) -> Embedding:
        """Keep what was encoded, as float32 arrays (C, h, w) in main memory."""
        arrays = tuple(each[0].float().cpu().numpy() for each in features)
        return Embedding(self._name, image, arrays, input_hw)

    def predict(self, embedding: Embedding, prompts: Prompts) -> Candidates:
        """Answer one prompt.

        Parameters
        ----------
        embedding : Embedding
            What ``embed`` gave for the image.
        prompts : Prompts
            Points, a box, an earlier mask; (row, column).

        Returns
        -------
        Candidates
            Slots 1 to 3 of the decoder (for SAM); ``single`` is slot 0.

        Raises
        ------
        PromptError
            If prompts lie outside the image, or the mask is not the decoder's size.
        ModelError
            If the embedding is another model's, or the model never saw such prompts.
        """
        return self.predict_many(embedding, [prompts])[0]

    @torch.no_grad()
    def predict_many(
        self, embedding: Embedding, prompts: Sequence[Prompts]
    ) -> list[Candidates]:
        """Answer several prompts, each for an object of its own.

        Parameters
        ----------
        embedding : Embedding
            What ``embed`` gave for the image.
        prompts : sequence of Prompts
            They are decoded together where they have equally many points.

        Returns
        -------
        list of Candidates
            In the order of ``prompts``.

        Raises
        ------
        PromptError, ModelError
            As ``predict``.
        """
        return self.answers(embedding, prompts, self.decode)

    def answers(
        self, embedding: Embedding, prompts: Sequence[Prompts], decoder: Decoder
    ) -> list[Candidates]:
        """Check prompts and answer them, those of one shape in one decoder call."""
        self._check(embedding, prompts)
        features = tuple(
            torch.as_tensor(each, device=self._device)[None]
            for each in embedding.features
        )
        answers: dict[int, Candidates] = {}
        for chosen in _batches(prompts):
            asked = [prompts[i] for i in chosen]
            logits, ious = decoder(features, asked, embedding)
            for i, one_logits, one_ious in zip(chosen, logits, ious, strict=True):
                answers[i] = self._candidates(one_logits, one_ious, embedding)
        return [answers[i] for i in range(len(prompts))]

    def _check(self, embedding: Embedding, prompts: Sequence[Prompts]) -> None:
        check_own(self._name, embedding)
        mask_hw = tuple(self._sam.prompt_encoder.mask_input_size)
        for each in prompts:
            each.check_inside(embedding.shape_hw)
            check_capable(self._name, self.capabilities, each)
            check_logits(self._name, each, mask_hw)

    def decode(
        self, features: Features, prompts: list[Prompts], embedding: Embedding
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Give logits (P, 4, h, w) and predicted IoU (P, 4) of prompts of one shape."""
        sparse, dense = self.encode_prompts(prompts, embedding)
        return self._variant.decode(self._sam, features, sparse, dense)

    def encode_prompts(
        self, prompts: list[Prompts], embedding: Embedding
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode prompts with equally many points that all have a box, or none has."""
        scale_rc = _scale_rc(embedding)
        points, boxes, masks = None, None, None
        if len(prompts[0].points_rc):
            placed = [
                self._variant.place_points(each.points_rc, scale_rc) for each in prompts
            ]
            coords = np.stack(placed)[..., ::-1].copy()
            labels = np.stack([each.labels for each in prompts])
            points = self._tensor(coords), self._tensor(labels, torch.int)
        boxes_rc = [each.box_rc for each in prompts if each.box_rc is not None]
        if boxes_rc:
            placed = [self._variant.place_box(each, scale_rc) for each in boxes_rc]
            corners = np.reshape(placed, (-1, 2, 2))[..., ::-1].copy()
            boxes = self._tensor(corners).reshape(-1, 4)
        earlier = [each.mask_logits for each in prompts if each.mask_logits is not None]
        if earlier:
            logits = self._tensor(np.stack(earlier))[:, None]
            masks = self._variant.mask_prompt(logits)
        encoded: tuple[torch.Tensor, torch.Tensor] = self._sam.prompt_encoder(
            points=points, boxes=boxes, masks=masks
        )
        return encoded

    def _tensor(
        self, array: npt.NDArray[np.generic], dtype: torch.dtype = torch.float
    ) -> torch.Tensor:
        # float64 is narrowed before the move: MPS has no float64.
        return torch.as_tensor(array, dtype=dtype).to(self._device)

    def _candidates(
        self, logits: torch.Tensor, ious: torch.Tensor, embedding: Embedding
    ) -> Candidates:
        single = self._slots(logits, ious, embedding, (self._variant.single_slot,))
        slots = self._variant.candidate_slots
        return replace(self._slots(logits, ious, embedding, slots), single=single)

    def _slots(
        self,
        logits: torch.Tensor,
        ious: torch.Tensor,
        embedding: Embedding,
        chosen: tuple[int, ...],
    ) -> Candidates:
        """Bring the chosen slots to the image's size, as many at once as SAM does.

        The last bits of an interpolation depend on the number of channels: with one
        thread torch takes another path for four than for three.
        """
        picked = logits[list(chosen)]
        masks = self._variant.masks_from_logits(
            self._sam, picked[None], embedding.input_hw, embedding.shape_hw
        )[0]
        return Candidates(
            masks.cpu().numpy(), ious[list(chosen)].cpu().numpy(), picked.cpu().numpy()
        )


def _scale_rc(embedding: Embedding) -> npt.NDArray[np.float64]:
    return np.divide(embedding.input_hw, embedding.shape_hw)


def _batches(prompts: Sequence[Prompts]) -> Iterator[list[int]]:
    """Group the positions of prompts that fit into one tensor.

    Filling up with padding points would be simpler, but SAM's padding token takes part
    in attention and changes the answer.
    """
    groups: dict[tuple[int, bool, bool], list[int]] = {}
    for i, each in enumerate(prompts):
        shape = len(each.points_rc), each.box_rc is None, each.mask_logits is None
        groups.setdefault(shape, []).append(i)
    for members in groups.values():
        for start in range(0, len(members), PROMPTS_PER_BATCH):
            yield members[start : start + PROMPTS_PER_BATCH]
