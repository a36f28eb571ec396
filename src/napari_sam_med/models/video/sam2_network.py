"""What SAM 2.1's network computes, with the coordinates and arrays of the house."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from PIL import Image
from torch.nn import functional
from torchvision.transforms.v2 import functional as images

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.prompts import Prompts

Resampling = Literal["bilinear", "bicubic"]
Sam2Features = tuple[torch.Tensor, ...]
"""(1, 32, S/4, S/4), (1, 64, S/8, S/8), (1, 256, S/16, S/16) float32 tensors."""

Decoded = tuple[torch.Tensor, torch.Tensor]
"""Logits (K, S/4, S/4) and predicted IoU (K,)."""

# Of ImageNet, as in SAM2Transforms and load_video_frames (facebookresearch/sam2).
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
BOX_LABELS = (2, 3)
# Of the decoder that ran last in this thread: `Sam2VideoModel` does not hand it out.
_predicted_iou: ContextVar[torch.Tensor] = ContextVar("predicted_iou")


class Sam2Network:
    """The parts of a ``Sam2VideoModel``; it is read only, so threads may share one.

    Parameters
    ----------
    network : transformers.Sam2VideoModel
        With its weights; it is set to ``eval`` and moved to the device.
    device : torch.device
        Where it runs.
    """

    def __init__(self, network: Any, device: torch.device) -> None:
        self.model = network.eval().requires_grad_(requires_grad=False).to(device)
        self.model.mask_decoder.register_forward_hook(_note_iou)
        self.device = device
        self.input_px = int(network.config.image_size)
        self.logits_side = int(network.prompt_encoder.mask_input_size[0])

    def input_from_image(
        self, rgb: npt.NDArray[np.uint8], resampling: Resampling
    ) -> torch.Tensor:
        """Squeeze an image to a square and normalise it.

        Parameters
        ----------
        rgb : (H, W, 3) uint8
            The image.
        resampling : {"bilinear", "bicubic"}
            Of numbers in 0..1, as the official image predictor does, or of bytes, as
            its video predictor does and MedSAM2's scripts do.

        Returns
        -------
        (1, 3, S, S) float32 tensor
        """
        side = self.input_px
        if resampling == "bicubic":
            # keeps bytes, so that the result is rounded; Pillow averages over areas
            square = np.asarray(Image.fromarray(rgb).resize((side, side)))
            tensor = torch.as_tensor(square / 255.0, dtype=torch.float)
            tensor = tensor.permute(2, 0, 1)
        else:
            tensor = torch.as_tensor(rgb).permute(2, 0, 1).float() / 255.0
            tensor = images.resize(tensor, [side, side], antialias=True)
        normal: torch.Tensor = images.normalize(tensor, MEAN, DEVIATION)
        return normal[None].contiguous().to(self.device)

    def encode(self, tensor: torch.Tensor) -> Sam2Features:
        """Run the image encoder on inputs (B, 3, S, S)."""
        flat = self.model.get_image_features(tensor, return_dict=True).fpn_hidden_states
        return tuple(
            each.permute(1, 2, 0).unflatten(2, tuple(size))
            for each, size in zip(flat, self.model.backbone_feature_sizes, strict=True)
        )

    def pictured(self, features: Sam2Features) -> Sam2Features:
        """Tell the decoder that nothing is remembered: the image stands alone."""
        nothing = self.model.no_memory_embedding.reshape(1, -1, 1, 1)
        return *features[:-1], features[-1] + nothing

    def place(
        self, prompts: Prompts, shape_hw: tuple[int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Say where prompts lie in the network's input.

        Parameters
        ----------
        prompts : Prompts
            In pixels of the image.
        shape_hw : (height, width)
            Of the image, in pixels.

        Returns
        -------
        (1, 1, N, 2) float32 and (1, 1, N) int32 tensors
            (x, y) and labels, the box's corners first; the prompt encoder adds half a
            pixel.
        """
        places, labels = [prompts.points_rc], [prompts.labels]
        if prompts.box_rc is not None:
            places.insert(0, prompts.box_rc.reshape(2, 2))
            labels.insert(0, np.array(BOX_LABELS))
        scale_rc = np.divide(self.input_px, shape_hw)
        xy = (np.concatenate(places) * scale_rc)[:, ::-1].copy()
        # float64 is narrowed before the move: MPS has no float64
        coords = torch.as_tensor(xy, dtype=torch.float).to(self.device)
        kinds = torch.as_tensor(np.concatenate(labels), dtype=torch.int32)
        return coords[None, None], kinds.to(self.device)[None, None]

    def decode(
        self, features: Sam2Features, prompts: Prompts, shape_hw: tuple[int, int]
    ) -> tuple[Decoded, Decoded]:
        """Answer a prompt on an image of its own.

        Parameters
        ----------
        features : Sam2Features
            What ``pictured`` gave.
        prompts : Prompts
            In pixels of the image.
        shape_hw : (height, width)
            Of the image, in pixels.

        Returns
        -------
        Decoded, Decoded
            Of three candidates, and of the one for unambiguous prompts.
        """
        points, labels = self.place(prompts, shape_hw)
        logits = prompts.mask_logits
        earlier = None
        if logits is not None:
            earlier = torch.as_tensor(logits, device=self.device)[None, None]
        sparse, dense = self.model.prompt_encoder(
            input_points=points,
            input_labels=labels,
            input_boxes=None,
            input_masks=earlier,
        )
        answers = []
        for several in (True, False):
            masks, ious, *_ = self.model.mask_decoder(
                image_embeddings=features[-1],
                image_positional_embeddings=(
                    self.model.get_image_wide_positional_embeddings()
                ),
                sparse_prompt_embeddings=sparse,
                dense_prompt_embeddings=dense,
                multimask_output=several,
                high_resolution_features=list(features[:-1]),
            )
            answers.append((masks[0, 0], ious[0, 0]))
        return answers[0], answers[1]


def _note_iou(_module: object, _inputs: object, out: tuple[torch.Tensor, ...]) -> None:
    _predicted_iou.set(out[1])


def last_predicted_iou() -> float:
    """Predicted IoU of the mask that the decoder last chose in this thread."""
    return float(_predicted_iou.get().max())


def masks_from_logits(logits: torch.Tensor, shape_hw: tuple[int, int]) -> torch.Tensor:
    """Bring logits to the image's size and threshold them.

    Parameters
    ----------
    logits : (B, K, h, w) float32 tensor
        They cover the image.
    shape_hw : (height, width)
        Of the image, in pixels.

    Returns
    -------
    (B, K, H, W) bool tensor
    """
    full = functional.interpolate(
        logits, shape_hw, mode="bilinear", align_corners=False
    )
    return full > 0
