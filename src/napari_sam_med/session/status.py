"""What the session tells: how it stands, and which mask would be accepted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.core.planes import SlicePlane
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
    """The candidate that would be accepted now."""

    image: PromptImage
    plane: SlicePlane
    mask: npt.NDArray[np.bool_]
    label: int
