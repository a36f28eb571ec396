"""The bundled model: a genuine ``Sam`` with a small encoder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file
from segment_anything.modeling import (
    MaskDecoder,
    PromptEncoder,
    Sam,
    TwoWayTransformer,
)
from torch import nn

from napari_sam_med.errors import CheckpointError
from napari_sam_med.models.nano.nano_encoder import STRIDE, NanoEncoder
from napari_sam_med.models.sam.sam_variants import SamVariant

if TYPE_CHECKING:
    import numpy.typing as npt

IMG_SIZE = 256
CHANNELS = 128
PIXEL_MEAN, PIXEL_STD = 128.0, 64.0
WEIGHTS = Path(__file__).parents[2] / "weights" / "nano.safetensors"


class NanoVariant(SamVariant):
    """Prompts where nano saw them in training: on the pixels that are meant.

    SAM multiplies the coordinates of pixel centres. Where a small image is enlarged,
    the lower right corner of its box then lies a pixel or more inside the object.
    """

    def place_points(
        self, points_rc: npt.NDArray[np.float64], scale_rc: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Take the centre of the enlarged pixel.

        Examples
        --------
        >>> NanoVariant().place_points(np.array([[0.0, 2.0]]), np.array([3.0, 3.0]))
        array([[1., 7.]])
        """
        return (points_rc + 0.5) * scale_rc - 0.5

    def place_box(
        self, box_rc: npt.NDArray[np.float64], scale_rc: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Take the first and the last of the pixels that the enlarged box covers.

        Examples
        --------
        >>> NanoVariant().place_box(np.array([0.0, 1, 2, 1]), np.array([3.0, 3.0]))
        array([0., 3., 8., 5.])
        """
        low = box_rc[:2] * scale_rc
        high = np.maximum((box_rc[2:] + 1) * scale_rc - 1, low)
        return np.concatenate([low, high])


def build_nano() -> Sam:
    """Build nano with fresh weights.

    Returns
    -------
    segment_anything.modeling.Sam
        256-pixel input, 32 x 32 embedding of 128 channels, 128 x 128 logits. Grey
        128 normalises to zero, the value that ``Sam.preprocess`` pads with.
    """
    side = IMG_SIZE // STRIDE
    return Sam(
        image_encoder=NanoEncoder(IMG_SIZE, CHANNELS),
        prompt_encoder=PromptEncoder(
            embed_dim=CHANNELS,
            image_embedding_size=(side, side),
            input_image_size=(IMG_SIZE, IMG_SIZE),
            mask_in_chans=16,
        ),
        mask_decoder=MaskDecoder(
            transformer_dim=CHANNELS,
            transformer=TwoWayTransformer(
                depth=2, embedding_dim=CHANNELS, num_heads=4, mlp_dim=512
            ),
            activation=nn.ReLU,
            iou_head_hidden_dim=CHANNELS,
        ),
        pixel_mean=[PIXEL_MEAN] * 3,
        pixel_std=[PIXEL_STD] * 3,
    )


def load_nano_state(sam: Sam, path: Path = WEIGHTS) -> None:
    """Fill nano with stored weights (half precision in the file, single in use).

    Parameters
    ----------
    sam : segment_anything.modeling.Sam
        As `build_nano` gives it; changed in place and set to evaluation.
    path : pathlib.Path
        A safetensors file; the bundled one by default.

    Raises
    ------
    CheckpointError
        If the file is absent, damaged, or holds other tensors.
    """
    if path.exists() and not path.is_file():
        msg = f"{path} is no regular file; give nano's weights"
        raise CheckpointError(msg)
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        msg = f"{path} cannot be read as safetensors ({error}); give nano's weights"
        raise CheckpointError(msg) from error
    try:
        sam.load_state_dict({name: value.float() for name, value in state.items()})
    except RuntimeError as error:
        msg = (
            f"{path} holds tensors of another model or of an earlier nano; give "
            "weights of this one"
        )
        raise CheckpointError(msg) from error
    sam.eval()
