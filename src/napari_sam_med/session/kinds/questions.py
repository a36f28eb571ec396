"""What is asked about one object of a slice, and how a model is asked it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_sam_med.core.strokes.corrections import corrected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.core.slice_view import EmbeddedSlice
    from napari_sam_med.session.kinds.start_masks import StartMask


@dataclass(frozen=True, slots=True, eq=False)
class ObjectQuestion:
    """Prompts about one object, and the mask that they start from.

    Parameters
    ----------
    prompts : Prompts
        In pixels of the slice; logits of an earlier answer go before ``start``.
    start : StartMask or None
        What a model that takes masks is shown.
    corrects : bool
        Whether the object is that mask wherever no point is near a change.
    """

    prompts: Prompts
    start: StartMask | None = None
    corrects: bool = False


def answers_to(
    questions: Sequence[ObjectQuestion], seen: EmbeddedSlice
) -> list[Candidates]:
    """Ask a model about the objects of a slice, several of them in one batch.

    Parameters
    ----------
    questions : sequence of ObjectQuestion
        At least one.
    seen : EmbeddedSlice
        The model, and what it made of the slice.

    Returns
    -------
    list of Candidates
        In the order of the questions.

    Raises
    ------
    PromptError, ModelError
        As ``EmbeddedSlice.predict`` and ``EmbeddedSlice.logits_of``.
    """
    asked = [_started(each, seen) for each in questions]
    answers = [seen.predict(asked[0])] if len(asked) == 1 else seen.predict_many(asked)
    return [_merged(*each) for each in zip(questions, answers, strict=True)]


def _started(question: ObjectQuestion, seen: EmbeddedSlice) -> Prompts:
    """Give prompts the logits of their starting mask, unless they bring others."""
    prompts, start = question.prompts, question.start
    if start is None or prompts.mask_logits is not None:
        return prompts
    return replace(prompts, mask_logits=seen.logits_of(start.mask()))


def _merged(question: ObjectQuestion, answer: Candidates) -> Candidates:
    if question.start is None or not question.corrects:
        return answer
    start, points = question.start.mask(), question.prompts.points_rc
    return replace(answer, masks=corrected(answer.masks, start, points))
