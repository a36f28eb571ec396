"""What the session tells: how it stands, and which mask would be accepted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.session.background.messages import Predicted
    from napari_sam_med.session.labelling.write_rules import WriteRules
    from napari_sam_med.session.prompt_image import PromptImage
    from napari_sam_med.session.saved_session import SavedLayer


class Phase(StrEnum):
    """What kind of news a status is."""

    IDLE = "idle"
    BUSY = "busy"
    READY = "ready"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Status:
    """One sentence for the user."""

    phase: Phase = Phase.IDLE
    text: str = ""


class StatusTeller:
    """Tells one status; what a person must read stays beside what comes by itself.

    A refusal or a failure stays until the person acts again: an answer that was on its
    way may come a moment later, and would take the place of what nobody has read.
    """

    def __init__(self) -> None:
        self._held, self._news = Status(), Status()

    @property
    def status(self) -> Status:
        """What stands, then the last news; set it to answer what a person did."""
        held, news = self._held, self._news
        if not held.text or not news.text:
            return held if held.text else news
        phase = held.phase if held.phase is Phase.ERROR else news.phase
        return Status(phase, f"{held.text.removesuffix('.')}. {news.text}")

    @status.setter
    def status(self, status: Status) -> None:
        is_held = status.phase is Phase.ERROR
        self._held, self._news = (status, Status()) if is_held else (Status(), status)

    @property
    def is_busy(self) -> bool:
        """Whether something is under way."""
        return self._news.phase is Phase.BUSY

    def hold(self, status: Status) -> None:
        """Tell what stays until the person acts again, though it is no error."""
        self._held, self._news = status, Status()

    def hear(self, news: Status | None) -> None:
        """Tell what has come by itself; what nobody may have read stays before it."""
        if news is None:
            return
        if news.phase is not Phase.ERROR:
            self._news = news
        elif news.text not in self._held.text:
            self._news = news
            self._held, self._news = self.status, Status()

    def turn_away(self) -> None:
        """Drop what was said of a slice that is no longer shown."""
        self._news = Status()
        if self._held.phase is Phase.ERROR:
            self._held = Status()

    def go_on(self) -> None:
        """Take what stands for read: the person acts."""
        if self._held.text:
            self._news = self._news if self._news.text else self._held
            self._held = Status()


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The mask of an object that would be accepted now.

    ``time``, ``rules``, ``layer`` and ``image_name``, which a file that is opened anew
    has too, are set by who writes it; ``parts`` are the answers that it is made of.
    """

    image: PromptImage
    plane: SlicePlane
    mask: npt.NDArray[np.bool_]
    label: int
    time: int | None = None
    parts: tuple[int, ...] = (0,)
    rules: WriteRules | None = None
    layer: SavedLayer | None = None
    image_name: str = ""


def counted(count: int, noun: str) -> str:
    """Give a number with its noun: 1 slice, 1,204 slices."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def told_refused(count: int, layer: str = "") -> str:
    """Say that what was drawn over locked objects was taken back there."""
    where = f" in {layer}" if layer else ""
    stay = "stays what it is" if count == 1 else "stay what they are"
    return f"{counted(count, 'voxel')} of locked objects{where} {stay}"


def told_unguarded(count: int, layer: str) -> str:
    """Say that locked objects were drawn on while nobody guarded them."""
    was = "was" if count == 1 else "were"
    return (
        f"{counted(count, 'voxel')} of locked objects in {layer} {was} changed while "
        f"SAM Prompts was closed; select {layer} and undo to take that back"
    )


def told_of(answer: Predicted, note: str = "") -> str:
    """Say that candidates have come, and what to do with them."""
    count, objects = len(answer.candidates), 1 + len(answer.others)
    seconds = answer.seconds_embed + answer.seconds_predict
    took = f"in {seconds:.2f} s{', ' if note else ''}{note}"
    if objects > 1:
        return f"Masks for {objects} boxes {took}: Accept writes them all"
    if count == 1:
        return f"One mask {took}: Accept writes it"
    if answer.candidates.is_one_answer:
        agree = "" if note else f", the {count} masks agree"  # the cards say so too
        return f"One answer {took}{agree}: Accept writes it"
    return f"{count} masks {took}: choose one, Accept writes it"


def wrote(chosen: Sequence[Chosen], written: int, *others: str) -> str:
    """Say how many pixels were written under which labels, and what others lost."""
    labels = ", ".join(str(each.label) for each in chosen)
    where = f"label{'s' * (len(chosen) > 1)} {labels} on slice {chosen[0].plane.index}"
    text = f"Wrote {counted(written, 'pixel')} under {where}"
    return "; ".join([text, *filter(None, others)])
