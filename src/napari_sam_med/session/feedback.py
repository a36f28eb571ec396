"""Which earlier answer goes back to the model with the next click."""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.session.background.messages import Loaded
    from napari_sam_med.session.kinds.start_masks import StartMask
    from napari_sam_med.session.prompt_image import PromptImage, SliceKey

KEPT = 32


@dataclass(frozen=True, slots=True, eq=False)
class FeedbackMask:
    """An answer that a person went on from with one more click.

    Parameters
    ----------
    model : Loaded
        Who gave it.
    prompts : Prompts
        What it answers, in pixels of the slice.
    start : StartMask or None
        The mask that the first of these answers started from.
    chosen : int
        Slot of the candidate that was chosen when the click came.
    logits : weak reference to (h, w) float32
        Of that candidate; `Feedback` keeps the recent ones alive.
    earlier : FeedbackMask or None
        What was fed back to get this answer.
    """

    model: Loaded
    prompts: Prompts
    start: StartMask | None
    chosen: int
    logits: weakref.ref[npt.NDArray[np.float32]]
    earlier: FeedbackMask | None

    def chain(self) -> Iterator[FeedbackMask]:
        """Give this answer and those before it, the newest first."""
        link: FeedbackMask | None = self
        while link is not None:
            yield link
            link = link.earlier

    def rounds(self) -> tuple[tuple[int, int], ...]:
        """Give each answer's number of points and chosen slot, the oldest first."""
        pairs = [(len(each.prompts.points_rc), each.chosen) for each in self.chain()]
        return tuple(reversed(pairs))


@dataclass(frozen=True, slots=True, eq=False)
class PromptRequest:
    """What is asked of which model on which slice, as in ``ObjectQuestion``."""

    image: PromptImage
    plane: SlicePlane
    model: Loaded
    prompts: Prompts
    start: StartMask | None = None
    corrects: bool = False

    @property
    def key(self) -> SliceKey:
        """Name of the slice as it reaches the model."""
        return self.image.key(self.plane)


class Feedback:
    """Keeps the logits of the last answers that were fed back.

    Logits can be as large as the image, so undo goes back further than they do: beyond
    the last 32 the model is asked all prompts at once again.
    """

    def __init__(self) -> None:
        self._recent: deque[npt.NDArray[np.float32]] = deque(maxlen=KEPT)

    def noted(
        self,
        fed: Mapping[SliceKey, FeedbackMask],
        asked: PromptRequest,
        candidates: Candidates,
        chosen: int,
    ) -> Mapping[SliceKey, FeedbackMask]:
        """Add an answer to those that may be fed back.

        Parameters
        ----------
        fed : mapping of SliceKey to FeedbackMask
            The last answer on each slice so far; it is not changed.
        asked : PromptRequest
            What is answered.
        candidates : Candidates
            The answer.
        chosen : int
            Slot of the candidate that a person goes on from.
        """
        logits = np.array(candidates.logits[chosen])
        self._recent.append(logits)
        earlier = feedback_for(fed, asked)
        answer = FeedbackMask(
            asked.model,
            asked.prompts,
            asked.start,
            chosen,
            weakref.ref(logits),
            earlier,
        )
        return {**fed, asked.key: answer}


def feedback_for(
    fed: Mapping[SliceKey, FeedbackMask], asked: PromptRequest
) -> FeedbackMask | None:
    """Choose what goes back with prompts.

    Parameters
    ----------
    fed : mapping of SliceKey to FeedbackMask
        The last answer on each slice that a person went on from.
    asked : PromptRequest
        What is asked next.

    Returns
    -------
    FeedbackMask or None
        The newest answer of this very model that the prompts only add points to; None
        if a prompt was moved or taken away since, or another mask is started from, or
        the model takes no masks.
    """
    newest = fed.get(asked.key)
    if newest is None or not asked.model.capabilities.masks:
        return None
    for each in newest.chain():
        kept = each.model is asked.model and each.logits() is not None
        kept = kept and each.start == asked.start
        if kept and _only_adds_points(each.prompts, asked.prompts):
            return each
    return None


def same_prompts(some: Prompts, others: Prompts) -> bool:
    """Whether two slices were asked the same points and box."""
    return (
        np.array_equal(some.points_rc, others.points_rc)
        and np.array_equal(some.labels, others.labels)
        and _same_box(some, others)
    )


def _only_adds_points(before: Prompts, after: Prompts) -> bool:
    count = len(before.points_rc)
    return (
        len(after.points_rc) > count
        and np.array_equal(after.points_rc[:count], before.points_rc)
        and np.array_equal(after.labels[:count], before.labels)
        and _same_box(before, after)
    )


def _same_box(before: Prompts, after: Prompts) -> bool:
    if before.box_rc is None or after.box_rc is None:
        return before.box_rc is after.box_rc
    return np.array_equal(before.box_rc, after.box_rc)
