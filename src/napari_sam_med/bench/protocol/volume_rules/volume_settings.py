"""The profiles for volumes, and what a run over volumes is asked to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from napari_sam_med.errors import RunError
from napari_sam_med.simulate.rng import RELEASED_SEED

CHALLENGE_CLICKS = 5
"""After the box, one for each class and round."""


class VolumeProfile(StrEnum):
    """Which rules a run over volumes follows.

    ``sam2-medical`` are those of the study's authors for SAM 2 on volumes;
    ``cvpr25-3d`` those of the CVPR 2025 challenge on interactive 3D segmentation.
    """

    SAM2_MEDICAL = "sam2-medical"
    CVPR25_3D = "cvpr25-3d"


class PromptedSlices(StrEnum):
    """Which of the slices that hold the object are prompted."""

    FIRST = "first"
    MIDDLE = "middle"
    LARGEST = "largest"
    THREE = "three"


class SlicePromptKind(StrEnum):
    """What is given on a prompted slice."""

    POINT = "point"
    POINTS = "points"
    BOX = "box"
    MASK = "mask"


class Direction(StrEnum):
    """How a video model goes through the slices; others go both ways."""

    FROM_FIRST_SLICE = "forward"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class VolumeSettings:
    """Everything that decides the numbers of a run over volumes, but data and models.

    Parameters
    ----------
    profile : VolumeProfile
        The rules.
    axis : 0, 1 or 2
        The array axis that slices are taken across; the challenge knows 0 only.
    choices, kinds, directions : tuple
        Of ``sam2-medical``: which slices are prompted, with what, and which way video
        models go.
    seed : int
        Of draws among equals.
    tolerance_mm : float
        Of the normalised surface Dice.

    Raises
    ------
    RunError
        If a value is not accepted; all faults are listed.
    """

    profile: VolumeProfile
    axis: int = 0
    choices: tuple[PromptedSlices, ...] = tuple(PromptedSlices)
    kinds: tuple[SlicePromptKind, ...] = tuple(SlicePromptKind)
    directions: tuple[Direction, ...] = tuple(Direction)
    seed: int = RELEASED_SEED
    tolerance_mm: float = 2.0

    def __post_init__(self) -> None:
        challenge = self.profile is VolumeProfile.CVPR25_3D
        axes = (0,) if challenge else (0, 1, 2)
        checks = {
            f"axis {self.axis} (give {', '.join(map(str, axes))})": self.axis in axes,
            "no slices, prompts or directions (give at least one of each)": (
                self.choices and self.kinds and self.directions
            ),
            f"tolerance {self.tolerance_mm} mm (give a number from 0)": (
                0 <= self.tolerance_mm < float("inf")
            ),
        }
        faults = [fault for fault, good in checks.items() if not good]
        if faults:
            msg = f"a run over volumes cannot have {'; '.join(faults)}"
            raise RunError(msg)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain values, for the manifest."""
        return {**asdict(self), "groups": []}
