"""Steps on an image that is perhaps no longer the one that is prompted."""

from __future__ import annotations

from dataclasses import replace

from napari_sam_med.session.labelling.label_edits import LabelEdit
from napari_sam_med.session.objects import SessionState
from napari_sam_med.session.prompt_session import PromptSession


def push_at(
    session: PromptSession,
    place: str,
    state: SessionState,
    made: tuple[LabelEdit, ...],
) -> None:
    """Make another state the present one of an image, as one step of its history.

    Parameters
    ----------
    session : PromptSession
        Asks the model again if it is the image that is shown.
    place : str
        The image's, with its time point.
    state : SessionState
        The state.
    made : tuple of LabelEdit
        What was changed in label arrays with it.
    """
    if session.image is not None and place == session.image.place:
        session.push(state, made)
    else:
        session.histories.of(place).push(replace(state, made=made))
