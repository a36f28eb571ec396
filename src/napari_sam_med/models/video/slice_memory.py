"""What a video model remembers of an object while it goes from slice to slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.video_port import TrackedMask, check_mask_shape
from napari_sam_med.errors import ImageError
from napari_sam_med.models.torch_defaults import as_torch_begins
from napari_sam_med.models.video.sam2_network import (
    last_predicted_iou,
    masks_from_logits,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.core.video_port import SlicePrompt
    from napari_sam_med.models.video.sam2_network import Sam2Features, Sam2Network

OBJECT = 1
POINTER = "object_pointer"
# The clips of SAM 2's training have 8 frames (facebookresearch/sam2,
# sam2.1_hiera_b+_MOSE_finetune.yaml), so it never saw more prompted ones at once.
# Without a limit, time and memory grow with the number of prompted slices.
MOST_PROMPTED = 8


class _Slices(dict[int, Any]):
    """Frames that a session counts but never holds: features are handed in."""

    def __init__(self, counted: int) -> None:
        super().__init__()
        self._counted = counted

    def __len__(self) -> int:
        return self._counted


class SliceMemory:
    """One object, from its prompts on; made for one run and dropped with it.

    Parameters
    ----------
    network : Sam2Network
        What answers.
    count : int
        Slices of the volume.
    prompted : mapping of int to Prompts or (H, W) bool
        What is known of the object.
    reverse : bool
        Whether slices come in descending order.
    """

    def __init__(
        self,
        network: Sam2Network,
        count: int,
        prompted: Mapping[int, SlicePrompt],
        *,
        reverse: bool,
    ) -> None:
        from transformers import Sam2VideoInferenceSession

        side = network.input_px
        self._session: Any = Sam2VideoInferenceSession(
            video_height=side,
            video_width=side,
            inference_device=network.device,
            inference_state_device=network.device,
            dtype=torch.float32,
        )
        self._session.processed_frames = _Slices(count)
        self._place = self._session.obj_id_to_idx(OBJECT)
        self._network = network
        self._prompted = dict(prompted)
        self._reverse = reverse
        self._shape_hw: tuple[int, int] | None = None
        self._known: dict[int, TrackedMask] = {}

    @property
    def n_bytes(self) -> int:
        """Bytes of all that is remembered between two slices."""
        return _bytes_of([self._session.output_dict_per_obj, self._known])

    def check_size(self, index: int, shape_hw: tuple[int, int]) -> None:
        """Refuse a slice that is not of the size of those before it.

        Raises
        ------
        ImageError
            If it is not.
        """
        if self._shape_hw not in (None, shape_hw):
            msg = (
                f"slice {index} is {shape_hw[0]} x {shape_hw[1]} where the others are "
                f"{self._shape_hw[0]} x {self._shape_hw[1]}; give slices of one size"
            )
            raise ImageError(msg)
        self._shape_hw = shape_hw

    def missing(self, index: int) -> list[int]:
        """Say which prompted slices are to be learned before a slice is followed.

        Parameters
        ----------
        index : int
            The slice that is next.

        Returns
        -------
        list of int
            In ascending order. What no slice from here on needs is forgotten.
        """
        wanted = nearest_prompted(index, self._prompted)
        conditions = self._outputs("cond_frame_outputs")
        for old in [each for each in conditions if each not in wanted]:
            del conditions[old]
            self._known.pop(old, None)
        return [each for each in sorted(wanted) if each not in conditions]

    def learned(self, index: int) -> TrackedMask | None:
        """Give the answer of a slice with a prompt of its own."""
        return self._known.get(index)

    def learn(
        self, index: int, features: Sam2Features, shape_hw: tuple[int, int]
    ) -> None:
        """Take in a prompted slice.

        Parameters
        ----------
        index : int
            The slice.
        features : Sam2Features
            What the encoder made of it.
        shape_hw : (height, width)
            Its size in pixels.

        Raises
        ------
        PromptError
            If its prompts lie outside, or its mask is of another size.
        """
        prompt = self._prompted[index]
        given: npt.NDArray[np.bool_] | None = None
        if isinstance(prompt, Prompts):
            prompt.check_inside(shape_hw)
            points, labels = self._network.place(prompt, shape_hw)
            inputs = {"point_coords": points, "point_labels": labels}
            self._session.add_point_inputs(self._place, index, inputs)
        else:
            check_mask_shape(index, prompt, shape_hw)
            given = prompt
            self._session.add_mask_inputs(self._place, index, self._square(prompt))
        self._session.obj_with_new_inputs = [OBJECT]
        answer = self._step(index, features, shape_hw, given)
        self._session.remove_point_inputs(self._place, index)
        self._session.remove_mask_inputs(self._place, index)
        _keep(self._outputs("cond_frame_outputs")[index], large=True)
        self._known[index] = answer

    def follow(
        self, index: int, features: Sam2Features, shape_hw: tuple[int, int]
    ) -> TrackedMask:
        """Find the object on a slice without a prompt.

        Parameters
        ----------
        index, features, shape_hw
            As ``learn`` takes them.
        """
        answer = self._step(index, features, shape_hw, None)
        outputs = self._outputs("non_cond_frame_outputs")
        most = self._network.model.config.max_object_pointers_in_encoder
        for old in [each for each in outputs if abs(each - index) >= most]:
            del outputs[old]
        near = self._network.model.num_maskmem
        for each, output in outputs.items():
            _keep(output, large=abs(each - index) < near)
        self._session.frames_tracked_per_obj[self._place].clear()
        return answer

    @as_torch_begins()
    @torch.inference_mode()
    def _step(
        self,
        index: int,
        features: Sam2Features,
        shape_hw: tuple[int, int],
        given: npt.NDArray[np.bool_] | None,
    ) -> TrackedMask:
        model = self._network.model
        position = model.vision_encoder.neck.position_encoding(
            features[-1].shape, features[-1].device, torch.float32
        )
        flat = [each.flatten(2).permute(2, 0, 1) for each in features]
        seen = {
            "vision_feats": flat,
            "vision_pos_embeds": [position.flatten(2).permute(2, 0, 1)],
        }
        self._session.cache.cache_vision_features(index, seen)
        output = model(self._session, frame_idx=index, reverse=self._reverse)
        self._session.cache.clear_all()
        presence = float(output.object_score_logits.float().sigmoid().reshape(-1)[0])
        prompted = index in self._prompted
        if given is not None:
            return TrackedMask(index, given, 1.0, presence, prompted)
        mask = masks_from_logits(output.pred_masks.float(), shape_hw)[0, 0]
        return TrackedMask(
            index, mask.cpu().numpy(), last_predicted_iou(), presence, prompted
        )

    def _outputs(self, kind: str) -> dict[int, dict[str, Any]]:
        outputs: dict[int, dict[str, Any]]
        outputs = self._session.output_dict_per_obj[self._place][kind]
        return outputs

    def _square(self, mask: npt.NDArray[np.bool_]) -> torch.Tensor:
        """Squeeze a mask to the network's square, as SAM2VideoPredictor does."""
        tensor = torch.as_tensor(mask, device=self._network.device).float()[None, None]
        side = (self._network.input_px, self._network.input_px)
        if mask.shape == side:
            return tensor
        squeezed = functional.interpolate(
            tensor, side, mode="bilinear", align_corners=False, antialias=True
        )
        return (squeezed >= 0.5).float()


def nearest_prompted(
    index: int, prompted: Iterable[int], most: int = MOST_PROMPTED
) -> list[int]:
    """Choose the prompted slices that a slice remembers.

    Parameters
    ----------
    index : int
        The slice.
    prompted : iterable of int
        All prompted slices.
    most : int
        How many at most.

    Returns
    -------
    list of int
        The nearest before it, the nearest at or after it, then the next nearest; as
        ``select_closest_cond_frames`` of facebookresearch/sam2 does.
    """
    places = list(prompted)
    before = max((each for each in places if each < index), default=None)
    after = min((each for each in places if each >= index), default=None)
    chosen = [each for each in (before, after) if each is not None]
    rest = sorted(set(places) - set(chosen), key=lambda each: (abs(each - index), each))
    return (chosen + rest)[:most]


def _keep(output: dict[str, Any], *, large: bool) -> None:
    """Drop what no later slice reads: of old slices all but the pointer."""
    read = {POINTER, "maskmem_features", "maskmem_pos_enc"} if large else {POINTER}
    for name in output.keys() - read:
        del output[name]


def _bytes_of(kept: object) -> int:
    if isinstance(kept, dict):
        return sum(_bytes_of(each) for each in kept.values())
    if isinstance(kept, list | tuple):
        return sum(_bytes_of(each) for each in kept)
    if isinstance(kept, TrackedMask):
        return kept.mask.nbytes
    return kept.nbytes if isinstance(kept, torch.Tensor) else 0
