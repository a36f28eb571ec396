"""How one kind of SAM network turns an image into features and slots into masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from segment_anything.modeling import ImageEncoderViT
from segment_anything.utils.transforms import ResizeLongestSide

from napari_sam_med.core.ports import Capabilities
from napari_sam_med.models.sam.encoding.vit_encoding import vit_features
from napari_sam_med.models.sam.mask_sizes import masks_beyond_rounding, resized_masks

if TYPE_CHECKING:
    import numpy.typing as npt
    from segment_anything.modeling import Sam


class SamVariant:
    """SAM as it was published; its relatives override the steps in which they differ.

    ``candidate_slots`` are the decoder's mask tokens that become candidates: the three
    of ``multimask_output=True``. ``single_slot`` is that of ``multimask_output=False``.
    ``keeps_aspect`` says that an image is padded to the square, not squeezed.

    Notes
    -----
    Steps and order are those of ``SamPredictor`` (facebookresearch/segment-anything,
    ``segment_anything/predictor.py``).
    """

    capabilities = Capabilities()
    candidate_slots: tuple[int, ...] = (1, 2, 3)
    single_slot = 0
    keeps_aspect = True

    def __init__(self) -> None:
        self._positions: tuple[torch.Tensor, torch.Tensor] | None = None

    def input_from_image(
        self, sam: Sam, rgb: npt.NDArray[np.uint8]
    ) -> tuple[torch.Tensor, tuple[int, int]]:
        """Resize, normalise and pad.

        Parameters
        ----------
        sam : Sam
            The network, for its input size, mean and standard deviation.
        rgb : (H, W, 3) uint8
            The image.

        Returns
        -------
        (1, 3, S, S) float32 tensor, (height, width)
            The encoder's input on the network's device, and the image's size inside it.
        """
        resized = _InputSize(sam.image_encoder.img_size).apply_image(rgb)
        tensor = torch.as_tensor(resized, device=sam.device)
        tensor = tensor.permute(2, 0, 1).contiguous()[None]
        return sam.preprocess(tensor), resized.shape[:2]

    def encode(self, sam: Sam, tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Run the image encoder.

        Parameters
        ----------
        sam : Sam
            The network.
        tensor : (B, 3, S, S) float32
            Its input.

        Returns
        -------
        tuple of (B, C, h, w) tensors
            First the image embedding.
        """
        encoder = sam.image_encoder
        if isinstance(encoder, ImageEncoderViT):
            return vit_features(encoder, tensor)[:1]
        return (encoder(tensor),)

    def place_points(
        self, points_rc: npt.NDArray[np.float64], scale_rc: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Say where points of the image lie in the network's input.

        Parameters
        ----------
        points_rc : (N, 2) float64
            Row and column in pixels of the image, centres at integers.
        scale_rc : (2,) float64
            Input pixels per image pixel, along rows and along columns.

        Returns
        -------
        (N, 2) float64
            Row and column as ``PromptEncoder`` takes them; it adds half a pixel.
        """
        return points_rc * scale_rc

    def place_box(
        self, box_rc: npt.NDArray[np.float64], scale_rc: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Say where a box of the image lies in the network's input.

        Parameters
        ----------
        box_rc : (4,) float64
            ``(row0, col0, row1, col1)``, inclusive pixels of the image.
        scale_rc : (2,) float64
            Input pixels per image pixel, along rows and along columns.

        Returns
        -------
        (4,) float64
            In the same order, as ``PromptEncoder`` takes them; it adds half a pixel.
        """
        return box_rc * np.tile(scale_rc, 2)

    def mask_prompt(self, logits: torch.Tensor) -> torch.Tensor:
        """Turn earlier logits into what the prompt encoder was trained on.

        Parameters
        ----------
        logits : (B, 1, h, w) float32
            Of an earlier answer.

        Returns
        -------
        (B, 1, h, w) float32 tensor
            For SAM the logits themselves.
        """
        return logits

    def decode(
        self,
        sam: Sam,
        features: tuple[torch.Tensor, ...],
        sparse: torch.Tensor,
        dense: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run the mask decoder on a batch of encoded prompts.

        Parameters
        ----------
        sam : Sam
            The network.
        features : tuple of (1, C, h, w) tensors
            What ``encode`` gave.
        sparse : (B, N, C) float32
            Encoded points and boxes.
        dense : (B, C, h, w) float32
            Encoded masks.

        Returns
        -------
        (B, 4, 4h, 4w) and (B, 4) float32 tensors
            Logits and predicted IoU of all four slots, before any is chosen.
        """
        logits, ious = sam.mask_decoder.predict_masks(
            image_embeddings=features[0],
            image_pe=self.positions(sam),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
        )
        return logits, ious

    def positions(self, sam: Sam) -> torch.Tensor:
        """Encode the places of an embedding, once for the same network.

        Parameters
        ----------
        sam : Sam
            The network.

        Returns
        -------
        (1, C, h, w) float32 tensor
            ``PromptEncoder.get_dense_pe``; sines of 4,096 places, 4 ms a prompt.
        """
        frequencies = sam.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix
        known = self._positions
        if known is None or not _same(known[0], frequencies):
            known = frequencies.clone(), sam.prompt_encoder.get_dense_pe()
            self._positions = known
        return known[1]

    def masks_from_logits(
        self,
        sam: Sam,
        logits: torch.Tensor,
        input_hw: tuple[int, int],
        shape_hw: tuple[int, int],
    ) -> torch.Tensor:
        """Bring logits to the image's size and threshold them.

        Parameters
        ----------
        sam : Sam
            The network.
        logits : (B, K, h, w) float32
            Low-resolution logits.
        input_hw, shape_hw : (height, width)
            Size of the image inside the network's input, and its own.

        Returns
        -------
        (B, K, H, W) bool tensor
        """
        side, threshold = sam.image_encoder.img_size, sam.mask_threshold
        masks = masks_beyond_rounding(logits, threshold, side, input_hw, shape_hw)
        if masks is None:
            full = sam.postprocess_masks(logits, input_hw, shape_hw)
            masks = torch.as_tensor(full > threshold)
        return masks

    def many_masks_from_logits(
        self,
        sam: Sam,
        logits: torch.Tensor,
        input_hw: tuple[int, int],
        shape_hw: tuple[int, int],
    ) -> torch.Tensor:
        """Do as ``masks_from_logits``, faster, but for rounding at the threshold.

        Parameters
        ----------
        sam : Sam
            The network.
        logits : (B, K, h, w) float32
            Low-resolution logits.
        input_hw, shape_hw : (height, width)
            Size of the image inside the network's input, and its own.

        Returns
        -------
        (B, K, H, W) bool tensor
        """
        side, threshold = sam.image_encoder.img_size, sam.mask_threshold
        return resized_masks(logits, threshold, side, input_hw, shape_hw)


class _InputSize(ResizeLongestSide):
    """Keeps a pixel of the shorter side, which SAM rounds to none in 3 x 2000 ones."""

    @staticmethod
    def get_preprocess_shape(
        oldh: int, oldw: int, long_side_length: int
    ) -> tuple[int, int]:
        """Height and width inside the input."""
        rows, cols = ResizeLongestSide.get_preprocess_shape(
            oldh, oldw, long_side_length
        )
        return max(rows, 1), max(cols, 1)


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.device == other.device and torch.equal(one, other)
