"""HQ-SAM: SAM with a fifth mask token that sharpens the other four."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from segment_anything.modeling import MaskDecoder
from segment_anything.modeling.common import LayerNorm2d
from segment_anything.modeling.mask_decoder import MLP
from torch import nn

from napari_sam_med.models.sam.encoding.vit_encoding import vit_features
from napari_sam_med.models.sam.sam_architecture import VIT_SIZES, sam_round, vit_encoder
from napari_sam_med.models.sam.sam_variants import SamVariant

if TYPE_CHECKING:
    from segment_anything.modeling import Sam


def build_hq_sam(size: str) -> Sam:
    """Build HQ-SAM with fresh weights.

    Parameters
    ----------
    size : {"vit_b", "vit_l", "vit_h"}
        Which image encoder.

    Notes
    -----
    Ke et al., "Segment Anything in High Quality", NeurIPS 2023; SysCV/sam-hq.
    """
    shape = VIT_SIZES[size]
    decoder = partial(HqMaskDecoder, vit_width=shape.width)
    return sam_round(vit_encoder(shape), decoder_kind=decoder)


class HqMaskDecoder(MaskDecoder):
    """SAM's mask decoder with one more token, fed with early features.

    Parameters
    ----------
    transformer_dim : int
        Channels of the image embedding, 256.
    vit_width : int
        Channels of the encoder's tokens.
    **parts
        As ``MaskDecoder`` takes them.
    """

    def __init__(self, *, transformer_dim: int, vit_width: int, **parts: Any) -> None:
        super().__init__(transformer_dim=transformer_dim, **parts)
        wide, fine = transformer_dim // 4, transformer_dim // 8
        self.hf_token = nn.Embedding(1, transformer_dim)
        self.hf_mlp = MLP(transformer_dim, transformer_dim, fine, 3)
        self.compress_vit_feat = _enlarge(vit_width, transformer_dim, fine)
        self.embedding_encoder = _enlarge(transformer_dim, wide, fine)
        self.embedding_maskfeature = nn.Sequential(
            nn.Conv2d(fine, wide, 3, padding=1),
            LayerNorm2d(wide),
            nn.GELU(),
            nn.Conv2d(wide, fine, 3, padding=1),
        )

    def fine_features(
        self, embedding: torch.Tensor, early: torch.Tensor
    ) -> torch.Tensor:
        """Join early and final features at four times their size.

        Parameters
        ----------
        embedding : (B, 256, h, w) float32
            The image embedding.
        early : (B, V, h, w) float32
            Output of the encoder's first global block.

        Returns
        -------
        (B, 32, 4h, 4w) float32 tensor
        """
        fine: torch.Tensor = self.embedding_encoder(embedding)
        fine = fine + self.compress_vit_feat(early)
        return fine

    def five_slots(
        self,
        features: tuple[torch.Tensor, torch.Tensor],
        positions: torch.Tensor,
        sparse: torch.Tensor,
        dense: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Decode SAM's four slots and the high-quality one, apart.

        Parameters
        ----------
        features : tensors of (1, 256, h, w) and (1, 32, 4h, 4w)
            The image embedding and the fine features.
        positions : (1, 256, h, w) float32
            Position code of the embedding.
        sparse : (B, N, 256) float32
            Encoded points and boxes.
        dense : (B, 256, h, w) float32
            Encoded masks.

        Returns
        -------
        (B, 5, 4h, 4w) and (B, 4) float32 tensors
            Logits, the high-quality mask last, and predicted IoU of the first four.
        """
        embedding, fine = features
        count, slots = len(sparse), self.num_mask_tokens
        own = [self.iou_token.weight, self.mask_tokens.weight, self.hf_token.weight]
        tokens = torch.cat([torch.cat(own).expand(count, -1, -1), sparse], dim=1)
        source = embedding.expand(count, -1, -1, -1) + dense
        states, mixed = self.transformer(
            source, positions.expand(count, -1, -1, -1), tokens
        )
        coarse = self.output_upscaling(mixed.transpose(1, 2).view(source.shape))
        sharp = self.embedding_maskfeature(coarse) + fine
        heads = [*self.output_hypernetworks_mlps, self.hf_mlp]
        weights = torch.stack(
            [head(states[:, 1 + slot]) for slot, head in enumerate(heads)], dim=1
        )
        logits = torch.cat(
            [
                torch.einsum("bsc,bchw->bshw", weights[:, :slots], coarse),
                torch.einsum("bsc,bchw->bshw", weights[:, slots:], sharp),
            ],
            dim=1,
        )
        return logits, self.iou_prediction_head(states[:, 0])


def _enlarge(before: int, middle: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(before, middle, 2, 2),
        LayerNorm2d(middle),
        nn.GELU(),
        nn.ConvTranspose2d(middle, after, 2, 2),
    )


class HqSamVariant(SamVariant):
    """HQ-SAM's encoding and decoding; all else is SAM's.

    Every slot is SAM's logits plus the high-quality mask's, as the authors' predictor
    adds them. That predictor then keeps only the best of slots 1 to 3, which is
    ``Candidates.best_index`` here.
    """

    def encode(self, sam: Sam, tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Run the image encoder, and keep what its first global block gave.

        Parameters
        ----------
        sam : Sam
            The network.
        tensor : (B, 3, S, S) float32
            Its input.

        Returns
        -------
        (B, 256, h, w) and (B, 32, 4h, 4w) tensors
            The image embedding and the fine features.
        """
        embedding, early = vit_features(sam.image_encoder, tensor)
        return embedding, sam.mask_decoder.fine_features(embedding, early)

    def decode(
        self,
        sam: Sam,
        features: tuple[torch.Tensor, ...],
        sparse: torch.Tensor,
        dense: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add the high-quality mask to each of SAM's slots.

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
            Logits and predicted IoU of all four slots.
        """
        logits, ious = sam.mask_decoder.five_slots(
            features, self.positions(sam), sparse, dense
        )
        return logits[:, :4] + logits[:, 4:], ious
