"""A model that computes on one thread, whatever else the process does."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import torch

from napari_sam_med.core.video_port import VideoSegmenter, go_on
from napari_sam_med.models.wrappers.wrapper import SegmenterWrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.ports import ModelInfo, Segmenter
    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.core.video_port import ModelSlices, SlicePrompt, TrackedMask


class OnOneThread(SegmenterWrapper, VideoSegmenter):
    """Gives the same bits on any number of threads, since it takes one.

    With more of them torch adds in another order; a network's last bits differ, and now
    and then a simulated click follows.

    Parameters
    ----------
    inner : Segmenter
        A small model: on two threads ``nano`` is 2.6 times as fast (536 and 212 ms for
        an image of 512 x 512 and a point, the best of five, on a busy machine).
    """

    @property
    def info(self) -> ModelInfo:
        """What is known of the wrapped model."""
        return self._inner.info

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Embed on one thread; see ``Segmenter.embed``."""
        with _one_thread():
            return self._inner.embed(image)

    def embed_many(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[Embedding]:
        """Embed on one thread; see ``Segmenter.embed_many``."""
        with _one_thread():
            return self._inner.embed_many(images)

    def predict(self, embedding: Embedding, prompts: Prompts) -> Candidates:
        """Answer on one thread; see ``Segmenter.predict``."""
        with _one_thread():
            return self._inner.predict(embedding, prompts)

    def predict_many(
        self, embedding: Embedding, prompts: Sequence[Prompts]
    ) -> list[Candidates]:
        """Answer on one thread; see ``Segmenter.predict_many``."""
        with _one_thread():
            return self._inner.predict_many(embedding, prompts)

    def track(
        self,
        slices: ModelSlices,
        order: range,
        prompted: Mapping[int, SlicePrompt],
        *,
        stop: Callable[[], bool] = go_on,
    ) -> Iterator[TrackedMask]:
        """Follow an object on one thread; see ``VideoSegmenter.track``."""
        inner = cast("VideoSegmenter", self._inner)
        with _one_thread():
            found = iter(inner.track(slices, order, prompted, stop=stop))
        return _stepped(found)

    def without_refinement(self) -> Segmenter:
        """Give what is wrapped without refinement, on one thread too."""
        return OnOneThread(self._inner.without_refinement())


def load_on_one_thread(load: Callable[[], Segmenter]) -> OnOneThread:
    """Load a model that computes on one thread.

    Parameters
    ----------
    load : callable
        Returns the model; picklable if this is to be shipped to workers.
    """
    return OnOneThread(load())


def _stepped(found: Iterator[TrackedMask]) -> Iterator[TrackedMask]:
    """Go from slice to slice on one thread, and leave the caller all between them."""
    while True:
        with _one_thread():
            each = next(found, None)
        if each is None:
            return
        yield each


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
