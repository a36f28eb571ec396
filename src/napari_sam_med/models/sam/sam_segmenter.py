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
from segment_anything.modeling import ImageEncoderViT, MaskDecoder

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.embedding import Embedding, check_image, rgb_from_image
from napari_sam_med.core.ports import ModelInfo
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.strokes.mask_logits import MaskGrid
from napari_sam_med.models.base import (
    NetworkSegmenter,
    check_capable,
    check_logits,
    check_own,
)
from napari_sam_med.models.devices import device_from_name, encoder_precision
from napari_sam_med.models.sam.batched_decoder import decode
from napari_sam_med.models.sam.encoding.image_batches import prepared_ahead
from napari_sam_med.models.sam.encoding.precision_probe import bfloat16_pays
from napari_sam_med.models.sam.prompt_batches import prompt_batches
from napari_sam_med.models.sam.sam_variants import SamVariant
from napari_sam_med.models.torch_defaults import as_torch_begins

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt
    from segment_anything.modeling import Sam

    from napari_sam_med.core.ports import Capabilities
    from napari_sam_med.models.load_options import Precision

# On one H200, ViT-B: 58 ms an image alone, 18 ms in batches of eight.
IMAGES_PER_BATCH = 8
# Of tokens, hidden layers and windows of ViT-H in float32. Reckoned, not measured.
BYTES_PER_IMAGE = 2**30

Prepared = tuple["npt.NDArray[np.uint8]", torch.Tensor, tuple[int, int]]
"""An image, the encoder's input (1, 3, S, S), and the image's size inside it."""

Features = tuple[torch.Tensor, ...]
"""What an image encoder gives: (1, C, h, w) tensors, first the image embedding."""

Decoder = Callable[
    [Features, list[Prompts], Embedding], tuple[torch.Tensor, torch.Tensor]
]
"""From features and P prompts of one shape to logits (P, 4, h, w), scores (P, 4)."""

Resize = Callable[["Sam", torch.Tensor, tuple[int, int], tuple[int, int]], torch.Tensor]
"""From logits (B, K, h, w), size in the input and own size to masks (B, K, H, W)."""


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
        Of the image encoder; the decoder always computes in float32. On a CPU ``auto``
        is bfloat16 for vision transformers where that was measured to be faster.

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

    def mask_grid(self, shape_hw: tuple[int, int]) -> MaskGrid | None:
        """Say as what logits a mask is taken; squeezed where images are squeezed."""
        if self._variant.keeps_aspect or not self.capabilities.masks:
            return super().mask_grid(shape_hw)
        side = int(self._sam.prompt_encoder.mask_input_size[0])
        return MaskGrid((side, side), is_padded=False)

    @as_torch_begins()
    @torch.inference_mode()
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

    @cached_property
    def images_at_once(self) -> int:
        """One on a CPU; on a GPU as many as fit into what is free, up to eight."""
        if self._device.type != "cuda":
            return 1
        free, _ = torch.cuda.mem_get_info(self._device)
        return int(min(IMAGES_PER_BATCH, max(1, free // BYTES_PER_IMAGE)))

    def embed_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Embedding]:
        """Embed several images, on a GPU in batches.

        The next batch is prepared while one is encoded.

        Parameters
        ----------
        images : sequence of (H, W) or (H, W, 3) uint8
            They may differ in size.

        Returns
        -------
        list of Embedding
            In the order of ``images``; those of a batch may differ from those of
            ``embed`` in the last bits.

        Raises
        ------
        ImageError
            As ``embed``.
        """
        count = self.images_at_once
        if count == 1 or not hasattr(images, "__len__") or len(images) < 2:
            return super().embed_many(images)
        found: list[Embedding] = []
        for prepared in prepared_ahead(self._prepared, images, count):
            found += self._embeddings_of(prepared)
        return found

    @as_torch_begins()
    @torch.inference_mode()
    def _prepared(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Prepared]:
        return [self.input_from_image(image) for image in images]

    @as_torch_begins()
    @torch.inference_mode()
    def _embeddings_of(self, prepared: list[Prepared]) -> list[Embedding]:
        features = self.encode(torch.cat([tensor for _, tensor, _ in prepared]))
        arrays = [each.float().cpu() for each in features]
        return [
            self.embedding_of(
                image, tuple(each[i : i + 1] for each in arrays), input_hw
            )
            for i, (image, _, input_hw) in enumerate(prepared)
        ]

    def input_from_image(
        self, image: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.uint8], torch.Tensor, tuple[int, int]]:
        """Check an image; give it, the encoder's input (1, 3, S, S), its size there."""
        image = check_image(image)
        prepared = self._variant.input_from_image(self._sam, rgb_from_image(image))
        return image, *prepared

    def encode(self, tensor: torch.Tensor) -> Features:
        """Encode inputs (B, 3, S, S) as tensors (B, C, h, w) in the precision asked."""
        with encoder_precision(self._chosen_precision, self._device):
            return self._variant.encode(self._sam, tensor)

    @cached_property
    def _chosen_precision(self) -> Precision:
        """What ``auto`` means for a vision transformer on this processor."""
        vit = isinstance(self._sam.image_encoder, ImageEncoderViT)
        if self._precision == "auto" and self._device.type == "cpu" and vit:
            return "bf16" if bfloat16_pays() else "fp32"
        return self._precision

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

    @as_torch_begins()
    @torch.inference_mode()
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
        resize = (
            self._variant.masks_from_logits
            if len(prompts) == 1
            else self._variant.many_masks_from_logits
        )
        answers: dict[int, Candidates] = {}
        for chosen in prompt_batches(prompts, features[0]):
            asked = [prompts[i] for i in chosen]
            logits, ious = decoder(features, asked, embedding)
            for i, one_logits, one_ious in zip(chosen, logits, ious, strict=True):
                answers[i] = self._candidates((one_logits, one_ious), embedding, resize)
        return [answers[i] for i in range(len(prompts))]

    def _check(self, embedding: Embedding, prompts: Sequence[Prompts]) -> None:
        check_own(self._name, embedding, prompts)
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
        if len(prompts) == 1 or type(self._sam.mask_decoder) is not MaskDecoder:
            return self._variant.decode(self._sam, features, sparse, dense)
        index = torch.zeros(len(prompts), dtype=torch.long, device=self._device)
        masks = None if prompts[0].mask_logits is None else dense
        return decode(self._sam, features[0], index, sparse, masks)

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
        self,
        decoded: tuple[torch.Tensor, torch.Tensor],
        embedding: Embedding,
        resize: Resize,
    ) -> Candidates:
        """Bring the slots to the image's size, as many at once as SAM does.

        The last bits of an interpolation depend on the number of channels: with one
        thread torch takes another path for four than for three.
        """

        def slots(chosen: tuple[int, ...]) -> Candidates:
            logits, ious = (each[list(chosen)] for each in decoded)
            sizes = embedding.input_hw, embedding.shape_hw
            masks = resize(self._sam, logits[None], *sizes)[0]
            return Candidates(
                masks.cpu().numpy(), ious.cpu().numpy(), logits.cpu().numpy()
            )

        single = slots((self._variant.single_slot,))
        return replace(slots(self._variant.candidate_slots), single=single)


def _scale_rc(embedding: Embedding) -> npt.NDArray[np.float64]:
    return np.divide(embedding.input_hw, embedding.shape_hw)
