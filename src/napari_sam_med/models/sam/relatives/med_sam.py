"""MedSAM: SAM ViT-B trained on boxes over medical images, prepared its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from skimage import transform
from torch.nn import functional

from napari_sam_med.core.ports import Capabilities
from napari_sam_med.models.sam.sam_variants import SamVariant

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    from segment_anything.modeling import Sam

CUBIC = 3


class MedSamVariant(SamVariant):
    """Steps of MedSAM's published inference; one box in, one mask out.

    Notes
    -----
    Ma et al., "Segment Anything in Medical Images", Nature Communications 15:654,
    2024; bowang-lab/MedSAM, ``MedSAM_Inference.py``. Only slot 0 was trained.
    """

    capabilities = Capabilities(points=False, masks=False, n_candidates=1)
    candidate_slots = (0,)
    keeps_aspect = False

    def input_from_image(
        self, sam: Sam, rgb: npt.NDArray[np.uint8]
    ) -> tuple[torch.Tensor, tuple[int, int]]:
        """Resize to a square, aspect not kept, and stretch to 0..1.

        Parameters
        ----------
        sam : Sam
            The network, for its input size; its mean and deviation are not used.
        rgb : (H, W, 3) uint8
            The image, windowed.

        Returns
        -------
        (1, 3, S, S) float32 tensor, (height, width)
            The encoder's input, and (S, S).
        """
        side = sam.image_encoder.img_size
        resize: Callable[..., npt.NDArray[np.float64]] = transform.resize
        square = resize(
            rgb, (side, side), order=CUBIC, preserve_range=True, anti_aliasing=True
        ).astype(np.uint8)
        low, high = int(square.min()), int(square.max())
        scaled = (square - low) / max(high - low, 1e-8)
        tensor = torch.as_tensor(scaled.transpose(2, 0, 1), dtype=torch.float)
        return tensor[None].to(sam.device), (side, side)

    def masks_from_logits(
        self,
        sam: Sam,
        logits: torch.Tensor,
        input_hw: tuple[int, int],
        shape_hw: tuple[int, int],
    ) -> torch.Tensor:
        """Interpolate probabilities, not logits, straight to the image's size.

        Parameters
        ----------
        sam : Sam
            The network; not used.
        logits : (B, K, h, w) float32
            Low-resolution logits.
        input_hw, shape_hw : (height, width)
            Size of the image inside the network's input (not used), and its own.

        Returns
        -------
        (B, K, H, W) bool tensor
        """
        del sam, input_hw
        full = functional.interpolate(
            logits.sigmoid(), shape_hw, mode="bilinear", align_corners=False
        )
        return full > 0.5

    many_masks_from_logits = masks_from_logits
