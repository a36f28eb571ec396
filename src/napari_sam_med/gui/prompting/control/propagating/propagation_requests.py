"""What a propagation starts from, and how far it may go."""

from __future__ import annotations

import numpy as np
from napari.layers import Labels

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.errors import PromptError
from napari_sam_med.gui.labels.layer_edits import labels_zyx
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.prompting.views.propagate_bar import (
    PropagateForm,
    PropagateMethod,
    PropagateRange,
)
from napari_sam_med.propagation.propagation_settings import (
    PropagationSettings,
    SliceGiven,
    StopRule,
)
from napari_sam_med.session.objects import SessionState
from napari_sam_med.session.prompt_image import PromptImage
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.runs.propagation_run import (
    PropagationTarget,
    kept_slices,
)

NEVER = StopRule(
    least_score=0.0, least_overlap=0.0, least_evidence=-9.0, most_growth=1e9
)
"""No slice fails it: scores and overlaps are never below 0, evidence never below -3."""


def given_slices(
    session: PromptSession, labels: Labels | None, time: int | None
) -> dict[int, SliceGiven]:
    """Collect what is known of the present object, in the orientation that is shown.

    Parameters
    ----------
    session : PromptSession
        Prompts not accepted yet, the candidate that is chosen, and which slices a
        person made.
    labels : Labels or None
        Where accepted masks are.
    time : int or None
        The time point that is shown.

    Returns
    -------
    dict of int to Prompts or (H, W) bool
        Accepted and corrected masks, prompts of other slices, and the chosen candidate
        of this one. If there is nothing of the kind, the mask that the object has on
        the slice that is shown.

    Raises
    ------
    PromptError
        If nothing is known of the object.
    """
    image, plane, state = session.image, session.plane, session.state
    if image is None or plane is None:
        msg = "open an image and show a slice of it first"
        raise PromptError(msg)
    given: dict[int, SliceGiven] = {}
    if labels is not None:
        given.update(_own_masks(session, labels, plane, time))
    _check_one_object(session, plane)
    for index in session.pending:
        prompts = state.prompts.on(image.plane(plane.axis, index))
        if prompts is not None:
            given[index] = prompts
    if session.answers is not None and session.is_fresh:
        mask = np.any(session.answers.masks, axis=0)
        if mask.any():
            given[plane.index] = np.array(mask)
    if not given:
        msg = (
            f"nothing is known of label {state.label}; click on it or draw a box, or "
            "go to a slice that has it"
        )
        raise PromptError(msg)
    return given


def settings_of(
    asked: PropagateForm,
    image: PromptImage,
    plane: SlicePlane,
    given: dict[int, SliceGiven],
) -> tuple[PropagationSettings, dict[int, SliceGiven]]:
    """Say how far and how an object is followed, and from which of its slices.

    Parameters
    ----------
    asked : PropagateForm
        What a person wants.
    image : PromptImage
        The volume.
    plane : SlicePlane
        The slice that is shown; ranges count from it.
    given : dict of int to Prompts or (H, W) bool
        All that is known of the object.

    Raises
    ------
    PromptError
        If nothing known lies in the range.
    """
    last, here = image.volume.shape_zyx[plane.axis] - 1, plane.index
    nearest = min(given, key=lambda index: abs(index - here))
    limits = {
        PropagateRange.WHOLE: (0, last),
        PropagateRange.UP: (min(here, nearest), last),
        PropagateRange.DOWN: (0, max(here, nearest)),
        PropagateRange.HERE: (min(here, nearest), max(here, nearest)),
    }[asked.reach]
    inside = {k: v for k, v in given.items() if limits[0] <= k <= limits[1]}
    if asked.method is PropagateMethod.INTERPOLATION and len(inside) < 2:
        msg = "interpolation lies between slices; accept masks on two of them first"
        raise PromptError(msg)
    stop = StopRule(least_score=asked.least_score) if asked.stops else NEVER
    settings = PropagationSettings(
        axis=plane.axis,
        method=asked.method.value,
        limits=limits,
        window=image.window,
        stop=stop,
    )
    return settings, inside


def _check_one_object(session: PromptSession, plane: SlicePlane) -> None:
    crowded = session.state.prompts.crowded(plane.axis)
    if crowded:
        msg = (
            f"slice {crowded[0]} holds boxes of several objects; accept them, then "
            "propagate one object after the other"
        )
        raise PromptError(msg)


def _own_masks(
    session: PromptSession, labels: Labels, plane: SlicePlane, time: int | None
) -> dict[int, SliceGiven]:
    """Masks that a person made or corrected; without any, the one that is seen."""
    state, array = session.state, labels_zyx(labels, time)
    place, axis = place_of(labels), plane.axis
    own = {
        index: SlicePlane(axis, index).take(array) == state.label
        for index in kept_slices(state, place, state.label, axis, time) or {plane.index}
    }
    return {index: np.array(mask) for index, mask in own.items() if mask.any()}


def told_corrected(
    state: SessionState, target: PropagationTarget, stay: set[int]
) -> str:
    """Name slices that a person had corrected, and has prompted anew."""
    prompted = sorted(stay.intersection(state.prompts.slices(target.settings.axis)))
    if not prompted:
        return ""
    slices = ", ".join(str(each) for each in prompted)
    many = len(prompted) > 1
    return (
        f"slice{'s' * many} {slices} {'keep' if many else 'keeps'} the mask that was "
        "accepted or drawn there; accept the new prompts there themselves"
    )
