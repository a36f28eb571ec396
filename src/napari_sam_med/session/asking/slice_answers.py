"""The answers about one slice, and which candidate of each a person chose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_sam_med.session.feedback import same_prompts
from napari_sam_med.session.objects import CandidateChoice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.session.background.messages import Predicted
    from napari_sam_med.session.feedback import PromptRequest

    Choices = Mapping[tuple[int, int], tuple[CandidateChoice, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class SliceAnswers:
    """Candidates for each object that was asked about.

    Parameters
    ----------
    each : tuple of Candidates
        In the order of the questions.
    slots : tuple of int
        The candidate of each that would be accepted.
    at : int
        Whose candidates are shown.
    """

    each: tuple[Candidates, ...]
    slots: tuple[int, ...]
    at: int = 0

    def __len__(self) -> int:
        return len(self.each)

    @property
    def shown(self) -> Candidates:
        """The candidates to choose from."""
        return self.each[self.at]

    @property
    def slot(self) -> int:
        """The one of them that would be accepted."""
        return self.slots[self.at]

    @property
    def masks(self) -> list[npt.NDArray[np.bool_]]:
        """What would be accepted: a mask (H, W) for each object."""
        pairs = zip(self.each, self.slots, strict=True)
        return [each.masks[slot] for each, slot in pairs]

    def with_slot(self, slot: int) -> SliceAnswers:
        """Choose another candidate of those that are shown."""
        slots = (*self.slots[: self.at], slot, *self.slots[self.at + 1 :])
        return replace(self, slots=slots)

    def turned_to(self, at: int) -> SliceAnswers:
        """Show the candidates of another object."""
        return replace(self, at=at)


def answers_of(
    answer: Predicted,
    requests: Sequence[PromptRequest],
    choices: Choices,
    before: SliceAnswers | None,
) -> SliceAnswers:
    """Take answers over, with what a person chose of the same ones before.

    Parameters
    ----------
    answer : Predicted
        What came.
    requests : sequence of PromptRequest
        What it answers.
    choices : mapping of (axis, index) to tuple of CandidateChoice
        Made before, on each slice.
    before : SliceAnswers or None
        What was shown before; a new object's candidates are shown at once.
    """
    each = (answer.candidates, *answer.others)
    here = choices.get((answer.plane.axis, answer.plane.index), ())
    slots = tuple(
        _slot(one, asked, here) for one, asked in zip(each, requests, strict=True)
    )
    last = len(each) - 1
    if before is None or len(each) > len(before):
        return SliceAnswers(each, slots, last)
    return SliceAnswers(each, slots, min(before.at, last))


def noted_choices(
    choices: Choices, requests: Sequence[PromptRequest], answers: SliceAnswers
) -> Choices:
    """Add what was chosen now; what is of no present question is dropped."""
    asked = requests[answers.at]
    here = (asked.plane.axis, asked.plane.index)
    kept = [
        each
        for each in choices.get(here, ())
        if any(_is_of(each, one) for one in requests if one is not asked)
    ]
    made = CandidateChoice(asked.prompts, asked.model.name, answers.slot)
    return {**choices, here: (*kept, made)}


def _slot(
    answer: Candidates, asked: PromptRequest, choices: Sequence[CandidateChoice]
) -> int:
    for choice in choices:
        if _is_of(choice, asked) and choice.slot < len(answer):
            return choice.slot
    return answer.best_index


def _is_of(choice: CandidateChoice, asked: PromptRequest) -> bool:
    is_same = same_prompts(choice.prompts, asked.prompts)
    return choice.model == asked.model.name and is_same
