"""Steps of the session's history, taken in the Labels layers that they changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from napari.layers import Labels

from napari_sam_med.gui.labels.layer_edits import make_edit, revert_edit
from napari_sam_med.gui.labels.layer_lists import LayerLists
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.session.labelling.label_edits import LabelEdit
from napari_sam_med.session.labelling.write_rules import WriteRules
from napari_sam_med.session.object_steps import told_step
from napari_sam_med.session.objects import SessionState, UndoStep
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.status import Phase, Status


def check_locks(
    state: SessionState,
    edits: Iterable[LabelEdit],
    but: Collection[tuple[str, int]] = (),
) -> None:
    """Refuse edits of objects that were locked, while another image was prompted too.

    Parameters
    ----------
    state : SessionState
        Says what is locked.
    edits : iterable of LabelEdit
        To be made or taken back.
    but : collection of (place, label)
        Locks that do not count.

    Raises
    ------
    PromptError
        If a locked object would lose or gain voxels.
    """
    for edit in edits:
        own = {label for place, label in but if place == edit.place}
        WriteRules(locked=state.locked(edit.place) - own).check(*edit.labels())


def take_step(
    lists: LayerLists, session: PromptSession, did: str, step: UndoStep
) -> None:
    """Bring the layers where the session has gone, and say what was changed.

    Parameters
    ----------
    lists : LayerLists
        Finds the layers.
    session : PromptSession
        Has gone there; is told.
    did : str
        What the sentence begins with.
    step : UndoStep
        What is taken back or made again.
    """
    asked = changed = 0
    for edits, change in ((step.revert, revert_edit), (step.apply, make_edit)):
        for edit in edits:
            labels = lists.find(edit.place)
            if isinstance(labels, Labels) and edit.fits(labels.data):
                old = labels.data[edit.box].copy()
                change(labels, edit)
                asked += edit.count
                changed += int(np.count_nonzero(labels.data[edit.box] != old))
            else:
                text = "The labels were removed, cropped or replaced since: they stay"
                tell_in_viewer(Status(Phase.ERROR, text))
    told = told_step(did, changed, asked - changed, step.said)
    if told:
        session.status = Status(Phase.READY, told)
