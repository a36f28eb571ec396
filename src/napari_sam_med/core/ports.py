"""What the rest of the house asks of a model, without knowing which one it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.prompts import Prompts


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Which prompts a model was trained on, and what it answers with.

    Parameters
    ----------
    points, boxes, masks : bool
        Kinds of prompt that the model has seen in training.
    n_candidates : int
        Masks per prediction: 3 for SAM, 1 for click models and baselines.
    """

    points: bool = True
    boxes: bool = True
    masks: bool = True
    n_candidates: int = 3


@runtime_checkable
class Segmenter(Protocol):
    """A stateless predictor: embed once (slow), predict many times (fast)."""

    @property
    def name(self) -> str:
        """Name under which results are stored, such as ``nano``."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the weights in hexadecimal; empty for a model without any."""

    @property
    def capabilities(self) -> Capabilities:
        """What the model can be asked."""

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Compute what all prompts on ``image`` share.

        Parameters
        ----------
        image : (H, W) or (H, W, 3) uint8
            Grey or RGB, square pixels.

        Raises
        ------
        ImageError
            If the image is of another type or shape.
        """

    def predict(self, embedding: Embedding, prompts: Prompts) -> Candidates:
        """Answer one prompt.

        Raises
        ------
        PromptError
            If the prompts lie outside the image.
        ModelError
            If the embedding is another model's.
        """

    def predict_many(
        self, embedding: Embedding, prompts: Sequence[Prompts]
    ) -> list[Candidates]:
        """Answer several prompts, each for an object of its own, in one batch.

        Raises
        ------
        PromptError, ModelError
            As ``predict``.
        """
