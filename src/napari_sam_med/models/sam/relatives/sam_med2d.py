"""SAM-Med2D: SAM ViT-B at 256 pixels, with an adapter in each block."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from segment_anything.modeling.image_encoder import (
    Block,
    window_partition,
    window_unpartition,
)
from torch import nn

from napari_sam_med.models.sam.encoding.vit_encoding import vit_features
from napari_sam_med.models.sam.sam_architecture import (
    PATCH_PX,
    VIT_SIZES,
    WINDOW,
    sam_round,
    vit_encoder,
)
from napari_sam_med.models.sam.sam_variants import SamVariant

if TYPE_CHECKING:
    import numpy.typing as npt
    from segment_anything.modeling import Sam

INPUT_PX = 256
SQUEEZE = 4


def build_sam_med2d() -> Sam:
    """Build SAM-Med2D with fresh weights.

    Notes
    -----
    Cheng et al., "SAM-Med2D", arXiv:2308.16184; OpenGVLab/SAM-Med2D.
    """
    size = VIT_SIZES["vit_b"]
    encoder = vit_encoder(size, INPUT_PX)
    side = INPUT_PX // PATCH_PX
    encoder.blocks = nn.ModuleList(
        AdapterBlock(
            size.width,
            size.heads,
            norm_layer=partial(nn.LayerNorm, eps=1e-6),
            use_rel_pos=True,
            window_size=0 if i in size.global_blocks else WINDOW,
            input_size=(side, side),
        )
        for i in range(size.depth)
    )
    return sam_round(encoder, INPUT_PX)


class AdapterBlock(Block):
    """SAM's transformer block with an adapter beside the MLP.

    Parameters
    ----------
    dim : int
        Channels of a token.
    num_heads : int
        Attention heads.
    **options
        As ``Block`` takes them.
    """

    def __init__(self, dim: int, num_heads: int, **options: object) -> None:
        super().__init__(dim, num_heads, **options)
        self.Adapter = Adapter(dim)  # Named so in the published file.

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, H, W, C) to the same."""
        tokens = self.norm1(x)
        if self.window_size:
            windows, padded = window_partition(tokens, self.window_size)
            hw = (tokens.shape[1], tokens.shape[2])
            attended = self.attn(windows)
            x = x + window_unpartition(attended, self.window_size, padded, hw)
        else:
            x = x + self.attn(tokens)
        return x + self.feed_forward(self.norm2(x))

    def feed_forward(self, normed: torch.Tensor) -> torch.Tensor:
        """Give what the MLP and the adapter beside it add to tokens (B, H, W, C)."""
        out: torch.Tensor = self.mlp(normed) + self.Adapter(normed)
        return out


class Adapter(nn.Module):
    """Weighs the channels, then folds and unfolds the map; the input is added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.channel = nn.Sequential(
            nn.Linear(width, width // SQUEEZE, bias=False),
            nn.ReLU(),
            nn.Linear(width // SQUEEZE, width, bias=False),
            nn.Sigmoid(),
        )
        self.spatial = nn.Sequential(
            nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False),
            nn.ReLU(),
            nn.ConvTranspose2d(width, width, 4, stride=2, padding=1, bias=False),
            nn.ReLU(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, H, W, C) to the same."""
        maps = x.permute(0, 3, 1, 2)
        weights = self.channel(maps.mean(dim=(2, 3)))
        folded = self.spatial(maps * weights[:, :, None, None])
        adapted: torch.Tensor = self.norm((maps + folded).permute(0, 2, 3, 1))
        return adapted


class SamMed2dVariant(SamVariant):
    """Preparation of SAM-Med2D's predictor; masks and channels as in its training.

    Notes
    -----
    Its training reads files as BGR and normalises them with the means of RGB, so that
    colours are exchanged here too (for grey images it makes no difference), and feeds
    back ``sigmoid`` of the logits. The published predictor leaves both to its caller,
    and returns only the best of slots 1 to 3, which is ``Candidates.best_index`` here.
    """

    keeps_aspect = False

    def input_from_image(
        self, sam: Sam, rgb: npt.NDArray[np.uint8]
    ) -> tuple[torch.Tensor, tuple[int, int]]:
        """Normalise, then take the nearest pixels of a square, aspect not kept.

        Parameters
        ----------
        sam : Sam
            The network, for its input size, mean and standard deviation.
        rgb : (H, W, 3) uint8
            The image.

        Returns
        -------
        (1, 3, S, S) float32 tensor, (height, width)
            The encoder's input, and (S, S).
        """
        side = sam.image_encoder.img_size
        # Floor, not rounding: OpenCV's INTER_NEAREST.
        rows, cols = (np.arange(side) * length // side for length in rgb.shape[:2])
        square = np.ascontiguousarray(rgb[rows][:, cols, ::-1].transpose(2, 0, 1))
        tensor = torch.as_tensor(square, device=sam.device)
        return ((tensor - sam.pixel_mean) / sam.pixel_std)[None], (side, side)

    def encode(self, sam: Sam, tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Run the image encoder, adapters included.

        Parameters
        ----------
        sam : Sam
            The network.
        tensor : (B, 3, S, S) float32
            Its input.

        Returns
        -------
        tuple of one (B, C, h, w) tensor
            The image embedding.
        """
        return vit_features(sam.image_encoder, tensor, AdapterBlock.feed_forward)[:1]

    def mask_prompt(self, logits: torch.Tensor) -> torch.Tensor:
        """Turn earlier logits into what the prompt encoder was trained on.

        Parameters
        ----------
        logits : (B, 1, h, w) float32
            Of an earlier answer.

        Returns
        -------
        (B, 1, h, w) float32 tensor
            Probabilities.
        """
        return logits.sigmoid()
