"""What all segmenters round another segmenter leave to that one."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from napari_sam_med.core.ports import Segmenter

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.ports import Capabilities, ModelInfo
    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.core.strokes.mask_logits import MaskGrid


class SegmenterWrapper(Segmenter):
    """A segmenter under the name, the weights and the embeddings of another one.

    Parameters
    ----------
    inner : Segmenter
        Answers what the wrapper asks.
    """

    def __init__(self, inner: Segmenter) -> None:
        self._inner = inner

    @property
    def name(self) -> str:
        """Name of the wrapped model."""
        return self._inner.name

    @property
    def sha256(self) -> str:
        """SHA-256 of the wrapped model's weights."""
        return self._inner.sha256

    @property
    def capabilities(self) -> Capabilities:
        """What the wrapped model can be asked."""
        return self._inner.capabilities

    @property
    def sam(self) -> Any:
        """The wrapped model's SAM network.

        Raises
        ------
        ModelError
            If it is none.
        """
        return self._inner.sam

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Embed an image as the wrapped model does.

        Parameters
        ----------
        image : (H, W) or (H, W, 3) uint8
            Grey or RGB, square pixels.

        Raises
        ------
        ImageError
            If the image is of another type or shape.
        """
        return self._inner.embed(image)

    @property
    def images_at_once(self) -> int:
        """How many images the wrapped model encodes together."""
        return self._inner.images_at_once

    def embed_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Embedding]:
        """Embed several images as the wrapped model does.

        Parameters
        ----------
        images : sequence of (H, W) or (H, W, 3) uint8
            They may differ in size.

        Raises
        ------
        ImageError
            If an image is of another type or shape.
        """
        return self._inner.embed_many(images)

    def mask_grid(self, shape_hw: tuple[int, int]) -> MaskGrid | None:
        """Say as what logits the wrapped model takes a mask."""
        return self._inner.mask_grid(shape_hw)

    def without_refinement(self) -> Segmenter:
        """Give what is wrapped, itself without refinement."""
        return self._inner.without_refinement()


class AnswerWrapper(SegmenterWrapper):
    """A segmenter that changes each answer of another one by itself."""

    @staticmethod
    @abstractmethod
    def changed(answer: Candidates, prompts: Prompts) -> Candidates:
        """Change the wrapped model's answer to `prompts`."""

    @property
    def info(self) -> ModelInfo:
        """What is known of the wrapped model."""
        return self._inner.info

    def predict(self, embedding: Embedding, prompts: Prompts) -> Candidates:
        """Answer one prompt; see ``changed``.

        Raises
        ------
        PromptError, ModelError
            As the wrapped model.
        """
        return self.changed(self._inner.predict(embedding, prompts), prompts)

    def predict_many(
        self, embedding: Embedding, prompts: Sequence[Prompts]
    ) -> list[Candidates]:
        """Answer several prompts as the wrapped model does, each then changed."""
        answers = self._inner.predict_many(embedding, prompts)
        return [self.changed(*each) for each in zip(answers, prompts, strict=True)]
