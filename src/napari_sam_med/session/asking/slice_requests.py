"""What is asked about a slice, made of the state of the work."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.session.background.messages import Predict
from napari_sam_med.session.feedback import PromptRequest, feedback_for
from napari_sam_med.session.kinds.placed_strokes import outlined
from napari_sam_med.session.kinds.questions import ObjectQuestion
from napari_sam_med.session.kinds.start_masks import StartMask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.session.asking.slice_answers import SliceAnswers

    OwnMask = Callable[[], npt.NDArray[np.bool_] | None]
    from napari_sam_med.session.background.messages import Loaded
    from napari_sam_med.session.kinds.slice_objects import SliceObject
    from napari_sam_med.session.objects import SessionState
    from napari_sam_med.session.prompt_image import PromptImage


def requests_on(
    state: SessionState, image: PromptImage, plane: SlicePlane, model: Loaded
) -> tuple[PromptRequest, ...]:
    """Collect what is asked about a slice.

    Parameters
    ----------
    state : SessionState
        Prompts, and the masks that they start from.
    image : PromptImage
        The image.
    plane : SlicePlane
        The slice.
    model : Loaded
        Who is asked.

    Returns
    -------
    tuple of PromptRequest
        One for each object; empty if nothing can be asked.
    """
    each = state.prompts.each_on(plane, model.capabilities)
    own = state.starts.get((plane.axis, plane.index)) if len(each) == 1 else None
    shape_hw = image.shape_hw(plane)
    found = []
    for one in each:
        start = None
        if model.capabilities.masks:
            start = _start_of(one, own, shape_hw)
        corrects = start is not None and _corrects(one)
        found.append(PromptRequest(image, plane, model, one.prompts, start, corrects))
    return tuple(found)


def prediction_of(
    generation: int, state: SessionState, requests: Sequence[PromptRequest]
) -> Predict:
    """Put requests about one slice into one message.

    Parameters
    ----------
    generation : int
        Comes back with the answer.
    state : SessionState
        With the answers that may be fed back; of several objects none is.
    requests : sequence of PromptRequest
        At least one.
    """
    first, *others = requests
    fed = None if others else feedback_for(state.feedback, first)
    logits = None if fed is None else fed.logits()
    prompts = replace(first.prompts, mask_logits=logits)
    return Predict(
        generation,
        first.image,
        first.plane,
        prompts,
        first.start,
        first.corrects,
        tuple(ObjectQuestion(o.prompts, o.start, o.corrects) for o in others),
    )


def correction_of(
    requests: Sequence[PromptRequest], answers: SliceAnswers | None
) -> Prompts | None:
    """Say what a click that corrects an answer brings besides its own point.

    Parameters
    ----------
    requests : sequence of PromptRequest
        What was asked about the slice.
    answers : SliceAnswers or None
        To them.

    Returns
    -------
    Prompts or None
        None if nothing is fed back: there is no answer or there are several, or the
        model takes no masks.
    """
    if answers is None or len(requests) != 1 or len(answers) != 1:
        return None
    if not requests[0].model.capabilities.masks:
        return None
    logits = answers.shown.logits[answers.slot]
    return replace(requests[0].prompts, mask_logits=logits)


def starts_after(
    before: SessionState,
    after: SessionState,
    plane: SlicePlane | None,
    own_mask: OwnMask,
) -> Mapping[tuple[int, int], StartMask]:
    """Say from which masks prompts start after a step.

    Parameters
    ----------
    before, after : SessionState
        The work; only its prompts have changed yet.
    plane : SlicePlane or None
        The slice that is shown.
    own_mask : callable
        Gives what the object has there, (H, W) bool, if prompts shall start from it.

    Returns
    -------
    mapping of (axis, index) to StartMask
        Those of slices that still hold prompts, and one for the slice that is shown if
        it got its first prompt.
    """
    kept = {
        here: start
        for here, start in before.starts.items()
        if after.prompts.on(SlicePlane(*here)) is not None
    }
    if plane is None or before.prompts.on(plane) is not None:
        return kept
    mask = None if after.prompts.on(plane) is None else own_mask()
    if mask is not None and mask.any():
        kept[plane.axis, plane.index] = StartMask.of(mask)
    return kept


def restarted(
    state: SessionState, plane: SlicePlane, own_mask: npt.NDArray[np.bool_] | None
) -> SessionState:
    """Give the state with a slice's prompts starting from a mask, or from none.

    Parameters
    ----------
    state : SessionState
        The one before; it is given back if nothing changes.
    plane : SlicePlane
        The slice.
    own_mask : (H, W) bool or None
        What the object has there, if prompts shall start from it.
    """
    here = (plane.axis, plane.index)
    starts = {k: v for k, v in state.starts.items() if k != here}
    is_prompted = state.prompts.on(plane) is not None
    if is_prompted and own_mask is not None and own_mask.any():
        starts[here] = StartMask.of(own_mask)
    return state if starts == state.starts else replace(state, starts=starts)


def note_on(state: SessionState, requests: Sequence[PromptRequest]) -> str:
    """Say what a person cannot see of what was asked; empty if there is nothing."""
    first = requests[0]
    strokes = state.prompts.strokes
    has_lasso = any(each.is_closed and each.lies_on(first.plane) for each in strokes)
    if has_lasso and not first.model.capabilities.masks:
        able = first.model.capabilities
        kinds = [n for n, can in (("box", able.boxes), ("a point", able.points)) if can]
        asked = " and ".join(kinds)
        return f"{first.model.name} takes no mask: the lasso is asked as {asked}"
    if first.corrects:
        return f"correcting the mask of label {state.label}"
    if first.start is not None and not has_lasso:
        return f"starting from the mask of label {state.label}"
    return ""


def _start_of(
    one: SliceObject, own: StartMask | None, shape_hw: tuple[int, int]
) -> StartMask | None:
    """The outline of the lassos, else the object's own mask if a box lies on it."""
    if not any(each.is_closed for each in one.strokes):
        return own if own is not None and _meets(own, one.prompts) else None
    mask = outlined(one.strokes, shape_hw, None if own is None else own.mask())
    return None if mask is None else StartMask.of(mask)


def _corrects(one: SliceObject) -> bool:
    """Whether points alone say what is wrong with the object's own mask."""
    has_lasso = any(each.is_closed for each in one.strokes)
    return one.prompts.box_rc is None and not has_lasso


def _meets(start: StartMask, prompts: Prompts) -> bool:
    """Whether a box holds some of a mask: else it is drawn round something new."""
    if prompts.box_rc is None:
        return True
    row0, col0, row1, col1 = (int(each) for each in prompts.box_rc)
    return bool(start.mask()[row0 : row1 + 1, col0 : col1 + 1].any())
