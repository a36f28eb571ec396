"""What is accepted of the answers about a slice, and the records of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import PromptError
from napari_sam_med.session.feedback import feedback_for
from napari_sam_med.session.replay import Record
from napari_sam_med.session.status import Chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.session.asking.slice_answers import SliceAnswers
    from napari_sam_med.session.feedback import PromptRequest
    from napari_sam_med.session.objects import SessionState


def chosen_of(
    state: SessionState,
    asked: Sequence[PromptRequest],
    answers: SliceAnswers | None,
    *,
    is_fresh: bool,
) -> tuple[Chosen, ...]:
    """Give the mask of each object of a slice.

    Parameters
    ----------
    state : SessionState
        Says whether boxes are objects, or parts of one.
    asked : sequence of PromptRequest
        The questions.
    answers : SliceAnswers or None
        The answers, and what was chosen of each.
    is_fresh : bool
        Whether they answer these questions, and not older ones.

    Returns
    -------
    tuple of Chosen
        All under the present label.

    Raises
    ------
    PromptError
        If there is none, one is empty, or other objects leave nothing of it.
    """
    if answers is None or not asked:
        msg = "there is no mask to accept; click on the image or draw a box first"
        raise PromptError(msg)
    if not is_fresh:
        msg = "the model is still answering the last prompt; accept once it is done"
        raise PromptError(msg)
    image, plane, label = asked[0].image, asked[0].plane, state.label
    masks = answers.masks
    if state.prompts.joins or len(masks) == 1:
        joined = np.any(masks, axis=0)
        _check_not_empty(joined, "the chosen mask")
        return (Chosen(image, plane, joined, label, parts=tuple(range(len(masks)))),)
    for number, mask in enumerate(masks, 1):
        _check_not_empty(mask, f"the mask of box {number}")
    found = apart(masks)
    for number, mask in enumerate(found, 1):
        _check_not_empty(mask, f"what other boxes leave of the mask of box {number}")
    return tuple(
        Chosen(image, plane, mask, label, parts=(k,)) for k, mask in enumerate(found)
    )


def apart(masks: Sequence[npt.NDArray[np.bool_]]) -> list[npt.NDArray[np.bool_]]:
    """Give pixels that several masks hold to the smallest of these.

    Examples
    --------
    >>> liver, lesion = np.array([1, 1, 1], bool), np.array([0, 1, 0], bool)
    >>> [mask.astype(int).tolist() for mask in apart([liver, lesion])]
    [[1, 0, 1], [0, 1, 0]]
    """
    order = np.argsort([np.count_nonzero(mask) for mask in masks], kind="stable")
    taken = np.zeros_like(masks[0])
    found = list(masks)
    for k in order:
        found[k] = masks[k] & ~taken
        taken |= found[k]
    return found


def records_of(
    state: SessionState,
    chosen: Sequence[Chosen],
    asked: Sequence[PromptRequest],
    answers: SliceAnswers | None,
) -> list[tuple[Chosen, Record]]:
    """Describe how masks came about that are accepted now; each with its record.

    Parameters
    ----------
    state : SessionState
        With the answers that were fed back.
    chosen : sequence of Chosen
        The masks.
    asked : sequence of PromptRequest
        The questions.
    answers : SliceAnswers or None
        The answers.

    Raises
    ------
    PromptError
        If there is none.
    """
    if answers is None or not asked:
        msg = "there is no mask to record; click on the image or draw a box first"
        raise PromptError(msg)
    fed = feedback_for(state.feedback, asked[0]) if len(asked) == 1 else None
    found = [
        (one, Record.of(one, asked[k], answers.each[k], answers.slots[k], fed))
        for one in chosen
        for k in one.parts
    ]
    return [
        (one, replace(record, is_part=number > 0))
        for number, (one, record) in enumerate(found)
    ]


def _check_not_empty(mask: npt.NDArray[np.bool_], what: str) -> None:
    if not mask.any():
        msg = f"{what} is empty; pick another one or add a prompt"
        raise PromptError(msg)
