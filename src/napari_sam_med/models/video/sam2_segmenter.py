"""SAM 2.1 networks behind the house's ports, for pictures and for slices."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.embedding import Embedding, check_image, rgb_from_image
from napari_sam_med.core.ports import Capabilities, ModelInfo
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.strokes.mask_logits import MaskGrid
from napari_sam_med.core.video_port import (
    ModelSlices,
    SlicePrompt,
    TrackedMask,
    VideoSegmenter,
    check_track,
    go_on,
)
from napari_sam_med.models.base import (
    NetworkSegmenter,
    check_capable,
    check_logits,
    check_own,
)
from napari_sam_med.models.devices import device_from_name, encoder_precision
from napari_sam_med.models.torch_defaults import as_torch_begins
from napari_sam_med.models.video.sam2_network import (
    Resampling,
    Sam2Features,
    Sam2Network,
    masks_from_logits,
)
from napari_sam_med.models.video.slice_memory import SliceMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.models.load_options import Precision

# Logits that are fed back; SAM2ImagePredictor clips them so (facebookresearch/sam2).
MOST_LOGIT = 32.0


class Sam2Segmenter(NetworkSegmenter, VideoSegmenter):
    """A SAM 2.1 network that remembers nothing between calls.

    Images are squeezed to the network's square, their aspect not kept, and logits cover
    just the image. ``predict`` answers as ``SAM2ImagePredictor`` does, ``track`` as
    ``SAM2VideoPredictor`` (facebookresearch/sam2), but for its filling of holes up to 8
    cells, and for masks that are given, which are remembered sharp.

    Parameters
    ----------
    network : transformers.Sam2VideoModel
        With its weights; it is set to ``eval`` and moved to the device.
    name : str
        Name under which results are stored.
    resampling : {"bilinear", "bicubic"}
        How ``embed`` squeezes an image; ``track`` always does so bicubically. Both are
        the official code's ways.
    weights : Path, optional
        The file that the weights came from; ``sha256`` is its hash.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    precision : {"fp32", "bf16", "auto"}
        Of the image encoder; all else computes in float32.

    Raises
    ------
    ModelError
        If the device or the precision is unknown or not available.
    """

    def __init__(
        self,
        network: Any,
        *,
        name: str,
        resampling: Resampling = "bilinear",
        weights: Path | None = None,
        device: str = "auto",
        precision: Precision = "fp32",
    ) -> None:
        super().__init__(name, weights, device_from_name(device))
        encoder_precision(precision, self._device)
        self._network = Sam2Network(network, self._device)
        self._resampling = resampling
        self._precision = precision

    @property
    def capabilities(self) -> Capabilities:
        """Points, boxes, masks; three candidates."""
        return Capabilities()

    @cached_property
    def info(self) -> ModelInfo:
        """Name, weights and prompts; logits cover the image, not a padded square."""
        return ModelInfo(self.name, self.sha256, self.capabilities, follows=True)

    def mask_grid(
        self,
        shape_hw: tuple[int, int],  # noqa: ARG002 - others need it
    ) -> MaskGrid | None:
        """Say that a mask is taken as a square of logits that covers just the image."""
        side = self._network.logits_side
        return MaskGrid((side, side), is_padded=False)

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Run the image encoder.

        Parameters
        ----------
        image : (H, W) or (H, W, 3) uint8
            Grey or RGB, square pixels.

        Returns
        -------
        Embedding
            Its arrays are float32 of three scales: (32, S/4, S/4), (64, S/8, S/8) and
            (256, S/16, S/16), S the side of the network's input.

        Raises
        ------
        ImageError
            If the image is of another type or shape.
        """
        image = check_image(image)
        features = self._encode(image, self._resampling)
        arrays = tuple(each[0].float().cpu().numpy() for each in features)
        side = self._network.input_px
        return Embedding(self._name, image, arrays, (side, side))

    @as_torch_begins()
    @torch.no_grad()
    def _encode(
        self, image: npt.NDArray[np.uint8], resampling: Resampling
    ) -> Sam2Features:
        tensor = self._network.input_from_image(rgb_from_image(image), resampling)
        with encoder_precision(self._precision, self._device):
            features = self._network.encode(tensor)
        return tuple(each.float() for each in features)

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
            Three masks; ``single`` is the fourth, or the best of the three where the
            fourth is not stable.

        Raises
        ------
        PromptError
            If prompts lie outside the image, or the mask is not the decoder's size.
        ModelError
            If the embedding is another model's.
        """
        return self.predict_many(embedding, [prompts])[0]

    @as_torch_begins()
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
            They are decoded one by one, on features that are prepared once.

        Returns
        -------
        list of Candidates
            In the order of ``prompts``.

        Raises
        ------
        PromptError, ModelError
            As ``predict``.
        """
        self._check(embedding, prompts)
        features = self._network.pictured(self._features_of(embedding))
        return [self._answer(features, embedding, each) for each in prompts]

    def _check(self, embedding: Embedding, prompts: Sequence[Prompts]) -> None:
        check_own(self._name, embedding, prompts)
        side = self._network.logits_side
        for each in prompts:
            each.check_inside(embedding.shape_hw)
            check_capable(self._name, self.capabilities, each)
            check_logits(self._name, each, (side, side))

    def _features_of(self, embedding: Embedding) -> Sam2Features:
        return tuple(
            torch.as_tensor(each, device=self._device)[None]
            for each in embedding.features
        )

    def _answer(
        self, features: Sam2Features, embedding: Embedding, prompts: Prompts
    ) -> Candidates:
        several, single = (
            self._candidates(*answer, embedding.shape_hw)
            for answer in self._network.decode(features, prompts, embedding.shape_hw)
        )
        return Candidates(several.masks, several.scores, several.logits, single)

    def _candidates(
        self, logits: torch.Tensor, scores: torch.Tensor, shape_hw: tuple[int, int]
    ) -> Candidates:
        masks = masks_from_logits(logits[None], shape_hw)[0]
        kept = logits.clamp(-MOST_LOGIT, MOST_LOGIT)
        return Candidates(masks.cpu().numpy(), scores.cpu().numpy(), kept.cpu().numpy())

    def track(
        self,
        slices: ModelSlices,
        order: range,
        prompted: Mapping[int, SlicePrompt],
        *,
        stop: Callable[[], bool] = go_on,
    ) -> Iterator[TrackedMask]:
        """Follow one object in one direction.

        Parameters
        ----------
        slices, order, prompted, stop
            As ``VideoSegmenter.track`` takes them.

        Returns
        -------
        iterator of TrackedMask
            In the order of ``order``.

        Raises
        ------
        PromptError, ImageError, ModelError
            As ``VideoSegmenter.track``.

        Notes
        -----
        Each slice sees the memories of up to 8 prompted slices (the nearest on either
        side, then the next nearest), of the 6 slices before it and the object pointers
        of the 15 before it. Nothing older is kept.
        """
        check_track(len(slices), order, prompted)
        for each in prompted.values():
            if isinstance(each, Prompts):
                check_capable(self._name, self.capabilities, each)
        memory = SliceMemory(
            self._network, len(slices), prompted, reverse=order.step < 0
        )
        return self._tracked(slices, order, memory, stop)

    def _tracked(
        self,
        slices: ModelSlices,
        order: range,
        memory: SliceMemory,
        stop: Callable[[], bool],
    ) -> Iterator[TrackedMask]:
        for index in order:
            for prompted in memory.missing(index):
                if stop():
                    return
                memory.learn(prompted, *self._seen(slices, prompted, memory))
            answer = memory.learned(index)
            if answer is None:
                if stop():
                    return
                answer = memory.follow(index, *self._seen(slices, index, memory))
            yield answer

    def _seen(
        self, slices: ModelSlices, index: int, memory: SliceMemory
    ) -> tuple[Sam2Features, tuple[int, int]]:
        """Features and size of a slice."""
        taken = slices[index]
        if isinstance(taken, Embedding):
            check_own(self._name, taken)
            memory.check_size(index, taken.shape_hw)
            return self._features_of(taken), taken.shape_hw
        image = check_image(taken)
        shape_hw = (image.shape[0], image.shape[1])
        memory.check_size(index, shape_hw)
        return self._encode(image, "bicubic"), shape_hw
