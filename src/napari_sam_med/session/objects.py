"""One state of the work on objects: what undo goes back to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_sam_med.session.volume_prompts import ObjectPrompts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.session.feedback import FeedbackMask
    from napari_sam_med.session.prompt_image import SliceKey
    from napari_sam_med.session.replay import Record


@dataclass(frozen=True, slots=True, eq=False)
class LabelEdit:
    """Voxels of a label array that an accepted mask changed.

    Parameters
    ----------
    place : str
        Which label array, in words of whoever holds it.
    indices : tuple of (n,) integer arrays
        One array for each axis of the label array.
    before : (n,) integer
        Labels that stood there.
    after : int
        Label that was written.
    """

    place: str
    indices: tuple[npt.NDArray[np.intp], ...]
    before: npt.NDArray[np.integer]
    after: int


@dataclass(frozen=True, slots=True, eq=False)
class Acceptance:
    """An accepted mask: what it changed, and how it came about."""

    edit: LabelEdit
    record: Record


@dataclass(frozen=True, slots=True, eq=False)
class SessionState:
    """Prompts, label and accepted masks as they stand together.

    Parameters
    ----------
    prompts : ObjectPrompts
        Of the current object.
    label : int
        Number that the current object is written under.
    accepted : tuple of Acceptance
        Everything accepted so far, oldest first.
    feedback : mapping of SliceKey to FeedbackMask
        The last answer on each slice that a person went on from.
    """

    prompts: ObjectPrompts = field(default_factory=ObjectPrompts)
    label: int = 1
    accepted: tuple[Acceptance, ...] = ()
    feedback: Mapping[SliceKey, FeedbackMask] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UndoStep:
    """What going from one state to another asks of the label arrays.

    Parameters
    ----------
    revert : tuple of LabelEdit
        To be taken back, in this order.
    apply : tuple of LabelEdit
        To be written again, in this order.
    """

    revert: tuple[LabelEdit, ...] = ()
    apply: tuple[LabelEdit, ...] = ()

    @classmethod
    def between(cls, start: SessionState, end: SessionState) -> UndoStep:
        """Compare what was accepted at two moments of one history."""
        shared = min(len(start.accepted), len(end.accepted))
        revert = (each.edit for each in reversed(start.accepted[shared:]))
        return cls(tuple(revert), tuple(a.edit for a in end.accepted[shared:]))
