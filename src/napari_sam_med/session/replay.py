"""What a person prompted, kept in a file so that any model can be asked the same."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.storage.atomic_files import write_text
from napari_sam_med.core.storage.documents import MOST_BYTES, STRICT, Document
from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import (
    FileReadError,
    FileWriteError,
    ImageError,
    PromptError,
)
from napari_sam_med.session.saved_session import (
    SavedLayer,
    SavedMask,
    SavedRules,
    SavedSession,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.session.feedback import FeedbackMask, PromptRequest
    from napari_sam_med.session.status import Chosen

FORMAT = "napari-sam-med prompts"
VERSION = 8
"""Version 2 added what was fed back, 3 the whole session, 4 lines and the masks that
prompts start from, 5 the other time points of an image, 6 how masks were written,
7 into which Labels layer, and what was merged or deleted, 8 all Labels layers of an
image."""
OLDEST = 1
AT_TIME = " (time "
"""What stands between an image's name and its time point."""
LARGEST_LABEL = 2**31 - 1
"""What a Labels layer of napari shows, and the dock offers."""

# as Geometry takes it: pixels of electron microscopes are below a nanometre
_Spacing = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Axis = Annotated[int, Field(ge=0, le=2)]
_Count = Annotated[int, Field(ge=0)]
_Label = Annotated[int, Field(ge=1, le=LARGEST_LABEL)]
_AnyLabel = Annotated[int, Field(ge=-LARGEST_LABEL, le=LARGEST_LABEL)]
"""Layers of other programs hold negative labels too, and 0 is the background."""


@dataclass(frozen=True, slots=True)
class Record:
    """One accepted mask: everything needed to ask for it again.

    Parameters
    ----------
    image : str
        Name of the image.
    axis, index : int
        Which slice of it.
    spacing_rc : (row, column)
        Millimetres between the slice's pixels.
    window : (low, high) or None
        Intensities shown as black and white; None for colour images.
    prompts : dict
        As ``Prompts.to_json`` gives them, in pixels of the slice.
    label : int
        Number that the mask was written under.
    model, sha256 : str
        Who was asked.
    chosen : int
        Slot of the accepted candidate.
    score : float
        Its predicted IoU.
    fed : tuple of (int, int)
        For each answer that was fed back, oldest first, the number of points that it
        answers and the slot that was chosen. Files of version 1 have none.
    start : SavedMask or None
        The mask that the first answer started from: the object's own, or a lasso's
        inside.
    corrects : bool
        Whether the object is that mask wherever no point is near a change.
    rules : SavedRules or None
        How the mask was written; None in files before version 6.
    is_part : bool
        Whether it was accepted together with the record before it.
    layer : SavedLayer or None
        Which Labels layer it was written into; None in files before version 7.
    then : tuple of (int, int)
        Labels of that layer that were given another one before its next mask was
        accepted: the old one, and the new one, which is 0 if the object was deleted.
    """

    __pydantic_config__ = STRICT

    image: str
    axis: _Axis
    index: _Count
    spacing_rc: tuple[_Spacing, _Spacing]
    window: tuple[float, float] | None
    prompts: dict[str, Any]
    label: _Label
    model: str
    sha256: str
    chosen: _Count
    score: float
    fed: tuple[tuple[_Count, _Count], ...] = ()
    start: SavedMask | None = None
    corrects: bool = False
    rules: SavedRules | None = None
    is_part: bool = False
    layer: SavedLayer | None = None
    then: tuple[tuple[_AnyLabel, _AnyLabel], ...] = ()

    @classmethod
    def of(
        cls,
        chosen: Chosen,
        asked: PromptRequest,
        candidates: Candidates,
        slot: int,
        fed: FeedbackMask | None,
    ) -> Record:
        """Describe a mask that is accepted now.

        Parameters
        ----------
        chosen : Chosen
            The mask, and where it goes.
        asked : PromptRequest
            What it answers.
        candidates : Candidates
            The answer.
        slot : int
            Which of them was chosen.
        fed : FeedbackMask or None
            What was fed back with the last click.
        """
        plane, window = chosen.plane, chosen.image.window
        return cls(
            image=printable(chosen.image_name or chosen.image.volume.name),
            axis=plane.axis,
            index=plane.index,
            spacing_rc=plane.spacing_rc,
            window=None if window is None else (window.low, window.high),
            prompts=asked.prompts.to_json(),
            label=chosen.label,
            model=asked.model.name,
            sha256=asked.model.sha256,
            chosen=slot,
            score=float(candidates.scores[slot]),
            fed=() if fed is None else fed.rounds(),
            start=None if asked.start is None else SavedMask.of(asked.start),
            corrects=asked.corrects,
            rules=None if chosen.rules is None else SavedRules.of(chosen.rules),
            layer=chosen.layer,
        )

    @property
    def plane(self) -> SlicePlane:
        """The slice that was prompted."""
        return SlicePlane(self.axis, self.index, self.spacing_rc)

    @property
    def layer_key(self) -> str:
        """Which Labels layer it was written into; empty if that is not known."""
        return "" if self.layer is None else self.layer.key


@dataclass(frozen=True, slots=True)
class SavedTime:
    """The work on one time point of an image, and its accepted prompts."""

    __pydantic_config__ = STRICT

    session: SavedSession
    records: list[Record]


@dataclass(frozen=True, slots=True)
class SavedPrompts:
    """What a file of saved prompts holds: see ``Record`` and ``SavedSession``."""

    __pydantic_config__ = STRICT

    format: str
    version: int
    records: list[Record]
    session: SavedSession | None = None
    others: list[SavedTime] = field(default_factory=list)

    def at_time(self, time: int | None) -> SavedPrompts:
        """Take the work on one time point of a session; all of any other file."""
        for each in self.others:
            if each.session.image.time == time:
                return replace(
                    self, session=each.session, records=each.records, others=[]
                )
        return self

    @property
    def image_names(self) -> list[str]:
        """Name the images that something was accepted on, sorted."""
        records = [
            *self.records,
            *(one for each in self.others for one in each.records),
        ]
        return sorted({one.image for one in records})


SAVED_PROMPTS = Document(
    "saved prompts",
    SavedPrompts,
    "give a file that the dock has saved",
    format=FORMAT,
    versions=range(OLDEST, VERSION + 1),
)


def image_names(name: str, time: int | None) -> set[str]:
    """Say how saved prompts may name an image of which one time point is read.

    Parameters
    ----------
    name : str
        Of the image.
    time : int or None
        Which time point; None if it has no several.

    Examples
    --------
    >>> sorted(image_names("cine", 1))
    ['cine', 'cine (time 1)']
    """
    names = {printable(name)}
    return names if time is None else {*names, name_at_time(printable(name), time)}


def name_at_time(name: str, time: int) -> str:
    """Name one time point of an image."""
    return f"{name}{AT_TIME}{time})"


def save_records(
    path: Path,
    records: Sequence[Record],
    session: SavedSession | None = None,
    others: Sequence[SavedTime] = (),
) -> None:
    """Write accepted prompts to a JSON file, by request with the whole session.

    Parameters
    ----------
    path : Path
        Where to; an existing file is replaced once the new one is whole.
    records : sequence of Record
        In the order in which they were accepted.
    session : SavedSession, optional
        The work that they belong to.
    others : sequence of SavedTime
        The work on other time points of the image.

    Raises
    ------
    FileWriteError
        If the file cannot be written, or would be too large to be read.
    """
    stored: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "records": [asdict(record) for record in records],
    }
    if session is not None:
        stored["session"] = asdict(session)
        stored["others"] = [asdict(each) for each in others]
    text = json.dumps(stored, indent=1)
    if len(text) > MOST_BYTES:
        msg = (
            f"{path} was not written: it would have {len(text) >> 20} MB, and at most "
            f"{MOST_BYTES >> 20} MB can be read again; export the labels instead"
        )
        raise FileWriteError(msg)
    write_text(path, text)


def load_records(path: Path) -> list[Record]:
    """Read what ``save_records`` wrote.

    Parameters
    ----------
    path : Path
        A JSON file.

    Raises
    ------
    FileReadError
        If the file is absent, is no JSON, is not of this format, or a record holds
        what no dock saves.
    """
    return load_saved(path).records


def load_times(path: Path) -> tuple[SavedTime, ...]:
    """Read a session that ``save_records`` wrote: first the time point that was shown.

    Parameters
    ----------
    path : Path
        A JSON file.

    Raises
    ------
    FileReadError
        As ``load_records``, or if the file holds accepted prompts only.
    """
    saved = load_saved(path)
    if saved.session is None:
        msg = (
            f"{path} holds accepted prompts and no session; give a file that Save "
            "session has written, or replay it"
        )
        raise FileReadError(msg)
    return SavedTime(saved.session, saved.records), *saved.others


def load_session(path: Path) -> tuple[SavedSession, tuple[Record, ...]]:
    """Read the time point that was shown, see ``load_times``."""
    first = load_times(path)[0]
    return first.session, tuple(first.records)


def load_saved(path: Path) -> SavedPrompts:
    """Read all of a file, see ``load_records``."""
    saved = SAVED_PROMPTS.read(path)
    of_others = (record for each in saved.others for record in each.records)
    for number, record in enumerate((*saved.records, *of_others)):
        try:
            _check(record)
        except (ImageError, PromptError) as error:
            msg = (
                f"{path} cannot be used as saved prompts: records[{number}] is wrong "
                f"({error}); save the prompts again"
            )
            raise FileReadError(msg) from error
    return saved


def _check(record: Record) -> None:
    """Refuse what each field alone does not show to be wrong."""
    if record.window is not None:
        Window(*record.window)
    if record.start is not None:
        record.start.start()
    if record.rules is not None:
        record.rules.rules().check(record.label)
    count = len(Prompts.from_json(record.prompts).points_rc)
    if any(answered >= count for answered, _ in record.fed):
        msg = f"answers fed back {record.fed} for {count} points"
        raise PromptError(msg)
