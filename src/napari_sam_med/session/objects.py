"""One state of the work on objects: what undo goes back to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_sam_med.session.volume_prompts import ObjectPrompts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.session.feedback import FeedbackMask
    from napari_sam_med.session.kinds.start_masks import StartMask
    from napari_sam_med.session.labelling.label_edits import LabelEdit
    from napari_sam_med.session.prompt_image import SliceKey
    from napari_sam_med.session.replay import Record

PROMPTED = "prompted"
"""Where a mask came from that a person prompted and accepted."""

EDITED = "edited"
"""Where a mask came from that a person corrected by hand."""


@dataclass(frozen=True, slots=True)
class ObjectEntry:
    """What a person says of an object.

    Parameters
    ----------
    name : str
        Empty if it has none.
    colour : (red, green, blue) or None
        0 to 255; None for the layer's own.
    is_locked : bool
        Whether its voxels neither come nor go.
    """

    name: str = ""
    colour: tuple[int, int, int] | None = None
    is_locked: bool = False

    def joined(self, other: ObjectEntry) -> ObjectEntry | None:
        """Give what both say, a lock of either; None if names or colours differ.

        Examples
        --------
        >>> ObjectEntry("liver").joined(ObjectEntry(is_locked=True))
        ObjectEntry(name='liver', colour=None, is_locked=True)
        """
        names = {self.name, other.name} - {""}
        colours = {self.colour, other.colour} - {None}
        if len(names) > 1 or len(colours) > 1:
            return None
        return ObjectEntry(
            next(iter(names), ""),
            next(iter(colours), None),
            self.is_locked or other.is_locked,
        )


@dataclass(frozen=True, slots=True)
class MaskPlace:
    """Which slice of which object a mask stands on.

    Parameters
    ----------
    place : str
        The label array.
    label : int
        The object.
    axis, index : int
        The slice.
    time : int or None
        Time point, of an array that has several.
    """

    place: str
    label: int
    axis: int
    index: int
    time: int | None = None


@dataclass(frozen=True, slots=True)
class MaskSource:
    """How a mask that stands came about.

    Parameters
    ----------
    score : float
        Predicted IoU, or what a method of propagation says instead.
    origin : str
        ``prompted`` for one that a person accepted; else the method.
    """

    score: float
    origin: str = PROMPTED


@dataclass(frozen=True, slots=True)
class NoteChanges:
    """What a step has changed: key, value before and value after, None for nothing.

    Parameters
    ----------
    objects : tuple of ((place, label), ObjectEntry, ObjectEntry)
        Names, colours and locks.
    sources : tuple of (MaskPlace, MaskSource or None, MaskSource or None)
        How masks came about.
    """

    objects: tuple[tuple[tuple[str, int], ObjectEntry, ObjectEntry], ...] = ()
    sources: tuple[tuple[MaskPlace, MaskSource | None, MaskSource | None], ...] = ()

    @property
    def locking(self) -> frozenset[tuple[str, int]]:
        """Which objects were locked by the step itself."""
        return frozenset(
            key
            for key, before, after in self.objects
            if after.is_locked and not before.is_locked
        )

    @property
    def reversed(self) -> NoteChanges:
        """What takes these changes back."""
        return NoteChanges(
            tuple((key, after, before) for key, before, after in self.objects),
            tuple((key, after, before) for key, before, after in self.sources),
        )


@dataclass(frozen=True, slots=True, eq=False)
class CandidateChoice:
    """Which candidate a person picked, of the answer to which prompts."""

    prompts: Prompts
    model: str
    slot: int


@dataclass(frozen=True, slots=True, eq=False)
class SessionState:
    """Prompts, objects and accepted masks as they stand together.

    Parameters
    ----------
    prompts : ObjectPrompts
        Of the current object.
    label : int
        Number that the current object is written under.
    records : tuple of Record
        Everything accepted so far, oldest first. What was merged and deleted after the
        steps that wrote them is not in them: ``NotedHistories.noted`` adds it.
    feedback : mapping of SliceKey to FeedbackMask
        The last answer on each slice that a person went on from.
    choices : mapping of (axis, index) to tuple of CandidateChoice
        The candidates picked last on each slice, one for each object.
    objects : mapping of (place, label) to ObjectEntry
        What is said of objects; those of which nothing is said are left out.
    sources : mapping of MaskPlace to MaskSource
        How each mask that stands came about, as far as it is known.
    starts : mapping of (axis, index) to StartMask
        The mask of the object that the prompts of a slice correct.
    made : tuple of LabelEdit
        What the step that led here changed, in this order.
    said : NoteChanges
        What that step changed of objects and sources, which belong to Labels layers
        and are shared by all images.
    step : int
        The number of that step among those of all images; 0 before the first one.
    written : tuple of int
        For each record, the number of the step that wrote it.
    """

    prompts: ObjectPrompts = field(default_factory=ObjectPrompts)
    label: int = 1
    records: tuple[Record, ...] = ()
    feedback: Mapping[SliceKey, FeedbackMask] = field(default_factory=dict)
    choices: Mapping[tuple[int, int], tuple[CandidateChoice, ...]] = field(
        default_factory=dict
    )
    objects: Mapping[tuple[str, int], ObjectEntry] = field(default_factory=dict)
    sources: Mapping[MaskPlace, MaskSource] = field(default_factory=dict)
    starts: Mapping[tuple[int, int], StartMask] = field(default_factory=dict)
    made: tuple[LabelEdit, ...] = ()
    said: NoteChanges = field(default_factory=NoteChanges)
    step: int = 0
    written: tuple[int, ...] = ()

    def entry(self, place: str, label: int) -> ObjectEntry:
        """What is said of an object."""
        return self.objects.get((place, label), ObjectEntry())

    def locked(self, place: str) -> frozenset[int]:
        """The locked objects of a label array."""
        pairs = self.objects.items()
        return frozenset(k[1] for k, v in pairs if v.is_locked and k[0] == place)


@dataclass(frozen=True, slots=True)
class UndoStep:
    """What going from one state to another asks of the label arrays.

    Parameters
    ----------
    revert : tuple of LabelEdit
        To be taken back, in this order.
    apply : tuple of LabelEdit
        To be made again, in this order.
    said : NoteChanges
        What the step had changed of objects, or changes again.
    """

    revert: tuple[LabelEdit, ...] = ()
    apply: tuple[LabelEdit, ...] = ()
    said: NoteChanges = field(default_factory=NoteChanges)
