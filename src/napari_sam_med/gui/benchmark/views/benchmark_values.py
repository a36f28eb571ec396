"""What the benchmark dock shows and what a person sets in it, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from napari_sam_med.core.storage.documents import OPEN
from napari_sam_med.gui.shared.widgets.forms import Choice, setting

ResultRow = Mapping[str, Any]
"""One row of the results, by the column names of the stored table."""

ANY_SELECTION = ""
"""Stands for "rows of every selection rule"."""


@dataclass(frozen=True, slots=True)
class PairValue:
    """An image layer and the labels layer that holds its truth.

    Parameters
    ----------
    image, labels : str
        Names of the two layers; empty where none is chosen yet.
    checked : bool
        Whether the pair takes part in the next run.
    """

    image: str
    labels: str
    checked: bool = True


@dataclass(frozen=True, slots=True)
class ModelValue:
    """A model that can be asked for, or the reason why it cannot.

    Parameters
    ----------
    name : str
        As the results name it, such as ``nano``.
    available : bool
        Whether it can be loaded now.
    note : str
        One sentence for the tooltip.
    only : str
        What it can be asked if not everything, such as ``points``.
    """

    name: str
    available: bool = True
    note: str = ""
    only: str = ""


class ShiftUnit(StrEnum):
    """What a perturbation of prompts is measured in, as the run's settings name it."""

    FRACTION = "fraction"
    PIXELS = "px"


SHIFT_UNITS = {
    ShiftUnit.FRACTION: Choice("% of box side"),
    ShiftUnit.PIXELS: Choice("pixels"),
}
AXES = {
    0: Choice("0: slices as stored", "Axial in most CT volumes"),
    1: Choice("1: across rows", "Coronal in most CT volumes"),
    2: Choice("2: across columns", "Sagittal in most CT volumes"),
}
CLICKS, GRID = {"with_clicks": True}, {"with_everything": True}
PERTURBATION, OUTLINES = {"with_perturbation": True}, {"with_outlines": True}
# Above these a run in the viewer takes hours; the command line goes further.
MOST_CLICKS, MOST_GRID, MOST_DRAWS = 20, 128, 100


@dataclass(frozen=True, slots=True)
class BenchmarkForm:
    """What a person set for the next run; a field with a `setting` is a line.

    Parameters
    ----------
    models : tuple of str
        Names of the ticked models; shown in a list of their own.
    """

    __pydantic_config__ = OPEN

    models: tuple[str, ...] = ()
    profile: str = field(
        default="strict",
        metadata=setting("Profile", "Which rules the run follows"),
    )
    modes: bool = field(
        default=True,
        metadata=setting(
            "Five prompt modes",
            "One or more points, one or more boxes, a box around all",
        ),
    )
    with_clicks: bool = field(
        default=True,
        metadata=setting(
            "Iterative clicks", "One after another, each where the mask is wrong"
        ),
    )
    clicks: int = field(
        default=9,
        metadata=setting("Clicks per object", least=1, most=MOST_CLICKS, needs=CLICKS),
    )
    feed_back: bool = field(
        default=True,
        metadata=setting(
            "Feed the mask back",
            "Give the last mask's logits with each click, to models that take masks",
            needs={**CLICKS, "profile": "strict"},
        ),
    )
    with_clicking_groups: bool = field(
        default=False,
        metadata=setting(
            "Clicking groups",
            "Clicks off the centre, as people make them, in ten groups from the border "
            "of the error to its centre; takes as long as ten rounds of clicks",
            needs=CLICKS,
        ),
    )
    with_everything: bool = field(
        default=False,
        metadata=setting(
            "Everything", "A grid of points, the best mask for each object"
        ),
    )
    grid: int = field(
        default=32,
        metadata=setting(
            "Points per side", "Of the slice", least=1, most=MOST_GRID, needs=GRID
        ),
    )
    with_perturbation: bool = field(
        default=False,
        metadata=setting(
            "Prompt perturbation", "Boxes and points that are displaced at random"
        ),
    )
    draws: int = field(
        default=5,
        metadata=setting(
            "Draws",
            "Random prompts of each kind per object",
            least=1,
            most=MOST_DRAWS,
            needs=PERTURBATION,
        ),
    )
    shift: float = field(
        default=10.0,
        metadata=setting(
            "Largest shift", "Of an edge of the box, or a point", needs=PERTURBATION
        ),
    )
    shift_unit: ShiftUnit = field(
        default=ShiftUnit.FRACTION,
        metadata=setting("Measured in", choices=SHIFT_UNITS, needs=PERTURBATION),
    )
    axis: int = field(
        default=0,
        metadata=setting(
            "Slice axis", "The array axis across which volumes are cut", choices=AXES
        ),
    )
    with_outlines: bool = field(
        default=True,
        metadata=setting(
            "Surface metrics", "Normalised surface Dice; takes a little longer"
        ),
    )
    tolerance_mm: float = field(
        default=2.0,
        metadata=setting(
            "Tolerance",
            "Outlines that lie this close count as the same",
            step=0.5,
            unit="mm",
            needs=OUTLINES,
        ),
    )
    folder: Path | None = field(
        default=None,
        metadata=setting("Store in", "Folder of the run", empty="a temporary folder"),
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Parameters
    ----------
    done, total : int
        Cases that are finished, and cases in all.
    seconds_left : float or None
        Expected time to the end, in seconds; None as long as nobody can know.
    """

    done: int
    total: int
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Mean IoU of one model at each mode or each number of clicks.

    Parameters
    ----------
    model : str
        Name of the model.
    steps : tuple of int
        Mode numbers or numbers of clicks, from 1.
    means : tuple of float
        Mean IoU at each, 0 to 1.
    """

    model: str
    steps: tuple[int, ...]
    means: tuple[float, ...]
