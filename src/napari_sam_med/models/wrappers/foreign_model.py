"""Models of other packages: what they answer is looked at before anyone relies on it.

Their code is not ours: whatever it raises becomes one sentence that names the model,
and an answer of another shape, type or range than the port promises is refused.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, cast

import numpy as np

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.embedding import Embedding, check_image
from napari_sam_med.core.ports import ModelInfo, Segmenter, several_images
from napari_sam_med.core.prompts import is_other
from napari_sam_med.core.storage.plain_text import on_one_line
from napari_sam_med.core.video_port import TrackedMask, VideoSegmenter, go_on
from napari_sam_med.errors import ModelError, SamMedError
from napari_sam_med.models.base import check_capable, check_own
from napari_sam_med.models.wrappers.wrapper import SegmenterWrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    import numpy.typing as npt

    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.core.strokes.mask_logits import MaskGrid
    from napari_sam_med.core.video_port import ModelSlices, SlicePrompt


class ForeignModel(SegmenterWrapper, VideoSegmenter):
    """A segmenter of another package.

    Parameters
    ----------
    inner : Segmenter
        What that package's ``ModelPlugin`` loaded.
    name : str
        Under which it is registered.

    Raises
    ------
    ModelError
        If it is no ``Segmenter``, has another name, or says that it follows objects and
        is no ``VideoSegmenter``.
    """

    def __init__(self, inner: Segmenter, name: str) -> None:
        super().__init__(inner)
        self._called = name
        if is_other(inner, Segmenter):
            self._refuse(f"load gave a {type(inner).__name__}, no Segmenter")
        if self.info.name != name:
            self._refuse(f"info says that its name is {self.info.name!r}")
        if self.info.follows and not isinstance(inner, VideoSegmenter):
            self._refuse("info says that it follows, but it is no VideoSegmenter")

    @property
    def info(self) -> ModelInfo:
        """What is known of the model."""
        with told(self._called, "info"):
            info = self._inner.info
        if is_other(info, ModelInfo):
            self._refuse(f"info is a {type(info).__name__}, no ModelInfo")
        return info

    @property
    def images_at_once(self) -> int:
        """How many images the model encodes together."""
        with told(self._called, "images_at_once"):
            return max(int(self._inner.images_at_once), 1)

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Embed an image; see ``Segmenter.embed``."""
        image = check_image(image)
        with told(self._called, "embed"):
            found = self._inner.embed(image)
        return self._embedding(found, image)

    def embed_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Embedding]:
        """Embed several images; see ``Segmenter.embed_many``."""
        images = [check_image(each) for each in several_images(images)]
        with told(self._called, "embed_many"):
            found = self._inner.embed_many(images)
        self._check_count("embed_many", found, len(images))
        return [self._embedding(*each) for each in zip(found, images, strict=True)]

    def predict(self, embedding: Embedding, prompts: Prompts) -> Candidates:
        """Answer one prompt; see ``Segmenter.predict``."""
        self._check_asked(embedding, [prompts])
        with told(self._called, "predict"):
            found = self._inner.predict(embedding, prompts)
        return self._answer(found, embedding.shape_hw)

    def predict_many(
        self, embedding: Embedding, prompts: Sequence[Prompts]
    ) -> list[Candidates]:
        """Answer several prompts; see ``Segmenter.predict_many``."""
        self._check_asked(embedding, prompts)
        with told(self._called, "predict_many"):
            found = self._inner.predict_many(embedding, prompts)
        self._check_count("predict_many", found, len(prompts))
        return [self._answer(each, embedding.shape_hw) for each in found]

    def mask_grid(self, shape_hw: tuple[int, int]) -> MaskGrid | None:
        """Say as what logits the model takes a mask."""
        with told(self._called, "mask_grid"):
            return self._inner.mask_grid(shape_hw)

    def without_refinement(self) -> Segmenter:
        """Give the model without refinement; what it answers is looked at too."""
        with told(self._called, "without_refinement"):
            plain = self._inner.without_refinement()
        return self if plain is self._inner else ForeignModel(plain, self._called)

    def track(
        self,
        slices: ModelSlices,
        order: range,
        prompted: Mapping[int, SlicePrompt],
        *,
        stop: Callable[[], bool] = go_on,
    ) -> Iterator[TrackedMask]:
        """Follow an object; see ``VideoSegmenter.track``."""
        inner = cast("VideoSegmenter", self._inner)
        with told(self._called, "track"):
            found = iter(inner.track(slices, order, prompted, stop=stop))
        return self._tracked(found)

    def _tracked(self, found: Iterator[TrackedMask]) -> Iterator[TrackedMask]:
        while True:
            with told(self._called, "track"):
                each = next(found, None)
            if each is None:
                return
            if is_other(each, TrackedMask):
                kind = type(each).__name__
                self._refuse(f"track gave a {kind}, no TrackedMask")
            if not _is_masks(each.mask, 2):
                self._refuse(f"track gave {_said(each.mask)} instead of a mask")
            if not _finite((each.score, each.presence)):
                self._refuse("track gave a score or presence that is no number")
            yield each

    def _check_asked(self, embedding: Embedding, prompts: Sequence[Prompts]) -> None:
        check_own(self._called, embedding, prompts)
        for each in prompts:
            check_capable(self._called, self.capabilities, each)
            each.check_inside(embedding.shape_hw)

    def _embedding(self, found: object, image: npt.NDArray[np.uint8]) -> Embedding:
        if not isinstance(found, Embedding):
            self._refuse(f"embed gave a {type(found).__name__}, no Embedding")
        if found.model != self._called or found.shape_hw != image.shape[:2]:
            self._refuse(
                f"embed gave an embedding by {found.model!r} of {found.shape_hw} "
                f"pixels for an image of {image.shape[:2]}"
            )
        return found

    def _answer(self, found: object, shape_hw: tuple[int, int]) -> Candidates:
        """Refuse what are no candidates on the image's pixels."""
        if not isinstance(found, Candidates):
            self._refuse(f"predict gave a {type(found).__name__}, no Candidates")
        masks, count = found.masks, len(found.masks)
        if not (count and _is_masks(masks, 3) and masks.shape[1:] == shape_hw):
            height, width = shape_hw
            self._refuse(
                f"predict gave {_said(masks)} for masks; give (K, {height}, {width}) "
                "bool, K at least 1"
            )
        if np.shape(found.scores) != (count,) or not _finite(found.scores):
            self._refuse(
                f"predict gave the scores {found.scores}; give ({count},) numbers, the "
                "predicted IoU of each mask"
            )
        if not _finite(found.logits):
            self._refuse("predict gave logits that are not finite")
        single = found.single
        return replace(
            found,
            scores=np.asarray(found.scores, np.float32),
            logits=np.asarray(found.logits, np.float32),
            single=None if single is None else self._answer(single, shape_hw),
        )

    def _check_count(self, what: str, found: object, wanted: int) -> None:
        count = len(found) if isinstance(found, (list, tuple)) else None
        if count != wanted:
            gave = f"a {type(found).__name__}" if count is None else f"{count} answers"
            self._refuse(f"{what} gave {gave} where {wanted} were asked for")

    def _refuse(self, fault: str) -> NoReturn:
        msg = f"{self._called}, a model of another package, is faulty: {fault}"
        raise ModelError(on_one_line(f"{msg}; {REMEDY}"))


REMEDY = "tell its authors, or choose another model"


@contextmanager
def told(name: str, what: str) -> Iterator[None]:
    """Turn whatever another package's code raises into one sentence.

    Parameters
    ----------
    name : str
        Of its model.
    what : str
        What was asked of it.

    Raises
    ------
    ModelError
        If anything but an error of ours, or a lack of memory, comes out of the block.
    """
    try:
        yield
    except (SamMedError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        msg = (
            f"{name}, a model of another package, failed in {what} "
            f"({type(error).__name__}: {error}); {REMEDY}"
        )
        raise ModelError(on_one_line(msg)) from error


def _is_masks(value: Any, ndim: int) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == bool and value.ndim == ndim


def _finite(values: Any) -> bool:
    """Whether all are numbers; an array of objects is none."""
    array = np.asarray(values)
    return array.dtype.kind in "fiu" and bool(np.isfinite(array).all())


def _said(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return f"a {type(value).__name__}"
    return f"an array {value.shape} of type {value.dtype}"
