"""Embeddings ahead of time, as the session sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.session.background.messages import (
    Precompute,
    PrecomputeStep,
    StopPrecompute,
)
from napari_sam_med.session.status import Phase, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.session.background.messages import Request
    from napari_sam_med.session.prompt_image import PromptImage
    from napari_sam_med.session.runs.generations import Generations

KIND = "precompute"


class PrecomputeRun:
    """Asks for embeddings of many slices, and knows how far they are.

    Parameters
    ----------
    post : callable
        Takes each request for the model thread.
    generations : Generations
        Shared with the session's other requests.
    """

    def __init__(
        self, post: Callable[[Request], None], generations: Generations
    ) -> None:
        self._post, self._generations = post, generations
        self.step: PrecomputeStep | None = None

    def start(
        self, image: PromptImage, plane: SlicePlane, slices: range | None
    ) -> Status | None:
        """Begin; what comes back says why not."""
        there = range(image.volume.shape_zyx[plane.axis])
        wanted = there if slices is None else there[slices.start : slices.stop]
        if not wanted:
            return Status(Phase.ERROR, f"Give slices between 0 and {there[-1]}")
        generation = self._generations.next(KIND)
        self.step = PrecomputeStep(generation, 0, len(wanted), 0.0)
        self._post(Precompute(generation, image, plane, wanted))
        return None

    def stop(self) -> None:
        """Stop; what is embedded stays."""
        if self.step is not None:
            self._generations.next(KIND)
            self.step = None
            self._post(StopPrecompute())

    def take(self, answer: PrecomputeStep) -> Status | None:
        """Note one more slice; after the last one, say how it ended."""
        self.step = answer
        if not answer.stopped and answer.done < answer.total:
            return None
        self.step = None
        why = f": {answer.stopped}" if answer.stopped else ""
        text = f"{answer.done} of {answer.total} slices have embeddings{why}"
        return Status(Phase.READY, text)
