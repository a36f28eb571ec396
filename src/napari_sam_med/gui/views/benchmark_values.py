"""What the benchmark dock shows and what a person sets in it, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True, slots=True)
class BenchmarkForm:
    """What a person set for the next run.

    Parameters
    ----------
    models : tuple of str
        Names of the ticked models.
    profile : str
        Name of the rules, such as ``strict``.
    modes : bool
        Whether the five prompt modes are run.
    clicks : int
        Number of iterative clicks; 0 for none.
    axis : 0, 1 or 2
        The array axis that slices are taken across.
    folder : str
        Where the run is stored; empty for a temporary folder.
    everything : int
        Points a side of the grid that segments everything; 0 for none.
    jitter : int
        Number of boxes and points of each kind that are a little off; 0 for none.
    jitter_percent : int
        The most that they are off, in percent of the object's side.
    """

    models: tuple[str, ...] = ()
    profile: str = "strict"
    modes: bool = True
    clicks: int = 9
    axis: int = 0
    folder: str = ""
    everything: int = 0
    jitter: int = 0
    jitter_percent: int = 10


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
