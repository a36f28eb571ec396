"""What the rest of the house asks of a model, without knowing which one it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from napari_sam_med.core.prompts import check_prompts, is_other
from napari_sam_med.core.strokes.mask_logits import MaskGrid
from napari_sam_med.errors import ImageError, ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.prompts import Prompts


CropMode = Literal["off", "on", "auto"]


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


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a caller may know of a model without asking it anything.

    Parameters
    ----------
    name : str
        Name under which results are stored, such as ``nano``.
    sha256 : str
        SHA-256 of the weights in hexadecimal; empty for a model without any.
    capabilities : Capabilities
        Prompts that the model accepts; ``masks`` says that the logits of an earlier
        answer can be fed back.
    logits_side : int or None
        Cells along each side of the square grid of low-resolution logits that the
        model gives and takes back; it covers the square that the image is padded to.
        None if the grid follows the image: the logits of any of the model's own
        answers to this image can be fed back.
    crop_refinement : {"off", "on", "auto"}
        Whether a first answer is refined on a crop round it: never, always, or where
        the object is small. The column ``zoom`` of a benchmark's rows.
    refines : bool
        Whether one answer joins several predictions (crops, mirror images, a first
        answer fed back); ``Segmenter.without_refinement`` then gives another model.
    colour : bool
        Whether colours count; False if their mean is all that the model sees.
    follows : bool
        Whether it is a ``VideoSegmenter``, which follows objects through slices.
    """

    name: str
    sha256: str = ""
    capabilities: Capabilities = Capabilities()
    logits_side: int | None = None
    crop_refinement: CropMode = "off"
    refines: bool = False
    colour: bool = True
    follows: bool = False


class Segmenter(ABC):
    """A stateless predictor: embed once (slow), predict many times (fast).

    All that a caller may ask of a model stands here. Whoever adds a model writes
    ``info``, ``embed`` and ``predict``; the rest has a default. What a model computes
    for an image, crops included, lives in the ``Embedding`` that the caller keeps, and
    is counted by ``Embedding.n_bytes``.
    """

    @property
    @abstractmethod
    def info(self) -> ModelInfo:
        """What is known of the model; the weights may be hashed on the first call."""

    @property
    def name(self) -> str:
        """Name under which results are stored, such as ``nano``."""
        return self.info.name

    @property
    def sha256(self) -> str:
        """SHA-256 of the weights in hexadecimal; empty for a model without any."""
        return self.info.sha256

    @property
    def capabilities(self) -> Capabilities:
        """What the model can be asked."""
        return self.info.capabilities

    @property
    def sam(self) -> Any:
        """The genuine ``segment_anything.modeling.Sam`` that answers.

        Raises
        ------
        ModelError
            If the model is none.
        """
        msg = f"{self.name} is no SAM network; ask a SAM model for its .sam"
        raise ModelError(msg)

    @abstractmethod
    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Compute what all prompts on ``image`` share.

        Parameters
        ----------
        image : (H, W) or (H, W, 3) uint8
            Grey or RGB, square pixels.

        Returns
        -------
        Embedding
            To be kept by the caller, and passed to this model alone.

        Raises
        ------
        ImageError
            If the image is of another type or shape.
        """

    @property
    def images_at_once(self) -> int:
        """How many images ``embed_many`` encodes together; by default one."""
        return 1

    def embed_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Embedding]:
        """Embed several images, by default one after the other.

        Parameters
        ----------
        images : sequence of (H, W) or (H, W, 3) uint8
            They may differ in size.

        Returns
        -------
        list of Embedding
            In the order of ``images``.

        Raises
        ------
        ImageError
            As ``embed``.
        """
        return [self.embed(image) for image in several_images(images)]

    @abstractmethod
    def predict(self, embedding: Embedding, prompts: Prompts) -> Candidates:
        """Answer one prompt.

        Parameters
        ----------
        embedding : Embedding
            What ``embed`` gave for the image.
        prompts : Prompts
            Points, a box, the logits of an earlier answer; (row, column).

        Returns
        -------
        Candidates
            Masks (K, H, W) on the pixels of the image.

        Raises
        ------
        PromptError
            If the prompts lie outside the image, or logits are of the wrong size.
        ModelError
            If the embedding is another model's, or the model does not accept prompts
            of this kind.
        """

    def predict_many(
        self, embedding: Embedding, prompts: Sequence[Prompts]
    ) -> list[Candidates]:
        """Answer several prompts, each for an object of its own.

        Parameters
        ----------
        embedding : Embedding
            What ``embed`` gave for the image.
        prompts : sequence of Prompts
            By default they are answered one after the other; a model that decodes them
            as one batch may differ from ``predict`` in the last bits.

        Returns
        -------
        list of Candidates
            In the order of ``prompts``.

        Raises
        ------
        PromptError, ModelError
            As ``predict``.
        """
        check_prompts(prompts)
        return [self.predict(embedding, each) for each in prompts]

    def mask_grid(
        self,
        shape_hw: tuple[int, int],  # noqa: ARG002 - others need it
    ) -> MaskGrid | None:
        """Say as what logits a person's own mask can be fed to the model.

        Parameters
        ----------
        shape_hw : (height, width)
            Of the image that was embedded.

        Returns
        -------
        MaskGrid or None
            None if the model takes no masks, or only its own answers. By default what
            ``info`` says.
        """
        side = self.info.logits_side
        if side is None or not self.capabilities.masks:
            return None
        return MaskGrid((side, side))

    def without_refinement(self) -> Segmenter:
        """Give the same network, answering with one prediction on the whole image.

        No crops, no mirror images, no first answer fed back: for callers that ask so
        much of one image, such as a grid of points, that refining each answer would
        cost too much.

        Returns
        -------
        Segmenter
            It reads the embeddings of this model. A model that does not refine, or
            whose network does so inside one prediction (FocalClick), gives itself.
        """
        return self


def several_images(
    images: Sequence[npt.NDArray[np.uint8]],
) -> Sequence[npt.NDArray[np.uint8]]:
    """Take several images; what each of them is, the model looks at.

    Parameters
    ----------
    images : sequence of (H, W) or (H, W, 3) uint8
        As ``embed_many`` takes them.

    Raises
    ------
    ImageError
        If there are not several, but one thing.
    """
    if is_other(images, Iterable):
        what = type(images).__name__
        msg = f"a {what} where several images are asked for; give a list of them"
        raise ImageError(msg)
    return images
