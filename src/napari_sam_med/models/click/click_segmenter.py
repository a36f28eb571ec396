"""ClickPoint models behind the house's ``Segmenter`` port."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.embedding import Embedding, check_image, rgb_from_image
from napari_sam_med.core.ports import Capabilities, ModelInfo
from napari_sam_med.core.prompts import POSITIVE
from napari_sam_med.core.strokes.mask_logits import MaskGrid
from napari_sam_med.models.base import (
    NetworkSegmenter,
    check_capable,
    check_logits,
    check_own,
)
from napari_sam_med.models.click.click_feedback import (
    answer_from_logits,
    logits_from_answer,
)
from napari_sam_med.models.click.click_predictor import MASK_THRESHOLD, ClickAnswer
from napari_sam_med.models.click.click_values import ClickPoint
from napari_sam_med.models.devices import device_from_name, encoder_precision
from napari_sam_med.models.torch_defaults import as_torch_begins

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt
    from torch import nn

    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.models.click.click_values import ZoomIn
    from napari_sam_med.models.load_options import Precision


class Predictor(Protocol):
    """What answers a list of clicks: plain, with a cascade, with a refiner."""

    @property
    def network(self) -> nn.Module:
        """The network that does the work."""

    @property
    def zoom(self) -> ZoomIn | None:
        """Rules by which it narrows the picture."""

    @property
    def refine(self) -> bool:
        """Whether a second network redraws each answer on a crop."""

    def predict(
        self,
        image: torch.Tensor,
        clicks: Sequence[ClickPoint],
        previous: ClickAnswer | None = None,
    ) -> ClickAnswer:
        """Predict the object of all clicks.

        Parameters
        ----------
        image : (1, 3, H, W) float32 in 0..1
            Red, green, blue.
        clicks : sequence of ClickPoint
            All clicks so far, in pixels of the image.
        previous : ClickAnswer, optional
            The answer to feed back.
        """


class ClickSegmenter(NetworkSegmenter):
    """A click model that remembers nothing between calls.

    Without ``mask_logits`` in the prompts all clicks go in at once, in one forward
    pass, as in the study. With the logits of an earlier answer they are fed back, and
    the zoom goes on from there, as the models' authors evaluate them.

    Parameters
    ----------
    predictor : Predictor
        With its weights; the network is set to ``eval`` and moved to the device.
    name : str
        Name under which results are stored.
    weights : Path, optional
        The file that the weights came from; ``sha256`` is its hash.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    precision : {"fp32", "bf16", "auto"}
        Of the network; zoom, mirroring and merging always compute in float32.

    Raises
    ------
    ModelError
        If the device or the precision is unknown or not available.
    """

    def __init__(
        self,
        predictor: Predictor,
        *,
        name: str,
        weights: Path | None = None,
        device: str = "auto",
        precision: Precision = "fp32",
    ) -> None:
        super().__init__(name, weights, device_from_name(device))
        encoder_precision(precision, self._device)
        self._precision = precision
        predictor.network.eval().requires_grad_(requires_grad=False).to(self._device)
        self._predictor = predictor

    @property
    def capabilities(self) -> Capabilities:
        """Points and earlier answers, one candidate."""
        return Capabilities(boxes=False, n_candidates=1)

    @cached_property
    def info(self) -> ModelInfo:
        """Logits of the image's size; crops if a second network refines answers."""
        return ModelInfo(
            self.name,
            self.sha256,
            self.capabilities,
            crop_refinement="on" if self._predictor.refine else "off",
        )

    def mask_grid(self, shape_hw: tuple[int, int]) -> MaskGrid | None:
        """Say that a mask is taken as logits of the image's own pixels."""
        return MaskGrid(shape_hw, is_padded=False)

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Keep the image: these networks see picture and clicks together.

        Parameters
        ----------
        image : (H, W) or (H, W, 3) uint8
            Grey or RGB, square pixels.

        Returns
        -------
        Embedding
            Without features.

        Raises
        ------
        ImageError
            If the image is of another type or shape.
        """
        image = check_image(image)
        return Embedding(self._name, image, (), (image.shape[0], image.shape[1]))

    @as_torch_begins()
    @torch.no_grad()
    def predict(self, embedding: Embedding, prompts: Prompts) -> Candidates:
        """Answer one prompt with one candidate.

        Parameters
        ----------
        embedding : Embedding
            What ``embed`` gave for the image.
        prompts : Prompts
            Points in the order they were made, (row, column); optionally the logits of
            this model's answer to all but the last of them.

        Returns
        -------
        Candidates
            One mask, of the pixels with a probability above 0.49. Its logits are those
            of the probability map, at the image's size. Its score is the IoU to be
            expected if the probabilities are right: no network predicts it.

        Raises
        ------
        PromptError
            If points lie outside the image, or the logits are not of its size.
        ModelError
            If the embedding is another model's, or a box is given.
        """
        self._check(embedding, prompts)
        rgb = rgb_from_image(embedding.image)
        image = torch.from_numpy(rgb).permute(2, 0, 1)[None].to(self._device)
        clicks = [
            ClickPoint(float(row), float(col), bool(label == POSITIVE))
            for (row, col), label in zip(prompts.points_rc, prompts.labels, strict=True)
        ]
        with encoder_precision(self._precision, self._device):
            answer = self._predictor.predict(
                image.float() / 255, clicks, self._previous(prompts)
            )
        return _candidates(answer)

    def _check(self, embedding: Embedding, prompts: Prompts) -> None:
        check_own(self._name, embedding, [prompts])
        prompts.check_inside(embedding.shape_hw)
        check_capable(self._name, self.capabilities, prompts)
        check_logits(self._name, prompts, embedding.shape_hw)

    def _previous(self, prompts: Prompts) -> ClickAnswer | None:
        if prompts.mask_logits is None:
            return None
        answer = answer_from_logits(prompts.mask_logits, self._predictor.zoom)
        return ClickAnswer(answer.probability.to(self._device), answer.crop)


def _candidates(answer: ClickAnswer) -> Candidates:
    probability = answer.probability[0, 0].cpu().numpy()
    mask = probability > MASK_THRESHOLD
    shared = float(probability[mask].sum())
    union = float(np.count_nonzero(mask)) + float(probability[~mask].sum())
    score = shared / union if mask.any() else 0.0
    return Candidates(
        mask[None],
        np.array([score], dtype=np.float32),
        logits_from_answer(answer)[None],
    )
