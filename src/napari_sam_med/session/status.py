"""What the session tells: how it stands, and which mask would be accepted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.session.background.messages import Predicted
    from napari_sam_med.session.prompt_image import PromptImage


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


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The candidate that would be accepted now; ``time`` is set by who writes it."""

    image: PromptImage
    plane: SlicePlane
    mask: npt.NDArray[np.bool_]
    label: int
    time: int | None = None


def told_of(answer: Predicted) -> str:
    """Say that candidates have come, and what to do with them."""
    count = len(answer.candidates)
    seconds = answer.seconds_embed + answer.seconds_predict
    if count == 1:
        return f"One mask in {seconds:.2f} s: Enter accepts it"
    if answer.candidates.is_one_answer:
        agree = f"the {count} masks agree"
        return f"One answer in {seconds:.2f} s, {agree}: Enter accepts it"
    return f"{count} masks in {seconds:.2f} s: choose one, Enter accepts it"
