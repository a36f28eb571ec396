"""What the worker is asked and what it answers, as values between the threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_sam_med.bench.data.placed_pairs import PlacedPair
from napari_sam_med.bench.protocol.run_settings import RunSettings
from napari_sam_med.gui.benchmark.model_offers import Offer
from napari_sam_med.gui.benchmark.plot_means import CurveSums
from napari_sam_med.gui.benchmark.views.benchmark_values import Progress, ResultRow


@dataclass(frozen=True, slots=True, eq=False)
class RunPlan:
    """One run.

    Parameters
    ----------
    pairs : tuple of PlacedPair
        At least one.
    offers : tuple of Offer
        The models, at least one.
    settings : RunSettings
    folder : Path
        Where it is stored.
    """

    pairs: tuple[PlacedPair, ...]
    offers: tuple[Offer, ...]
    settings: RunSettings
    folder: Path


@dataclass(frozen=True, slots=True, eq=False)
class CaseNews:
    """A case is done: its rows, and how far the run is."""

    rows: tuple[ResultRow, ...]
    progress: Progress


@dataclass(frozen=True, slots=True)
class RunEnd:
    """A run is over.

    Parameters
    ----------
    report : Path or None
        The report, if there is one.
    done, total : int
        Cases that were finished, and cases in all.
    failed : int
        Cases without a result.
    cancelled : bool
        Whether it was stopped before its end.
    error : str
        Why it could not start or go on; empty if all went well.
    """

    report: Path | None = None
    done: int = 0
    total: int = 0
    failed: int = 0
    cancelled: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class OpenedRun:
    """What a folder holds of an older run.

    Parameters
    ----------
    folder : Path
        Where it is stored.
    rows : tuple of mapping
        Its results.
    texts : tuple of str
        What the table looks for words in, row by row.
    sums : CurveSums
        Of the plot.
    report : Path or None
        Its report, if there is one.
    error : str
        Why it cannot be read; else empty.
    """

    folder: Path
    rows: tuple[ResultRow, ...] = ()
    texts: tuple[str, ...] = ()
    sums: CurveSums = field(default_factory=CurveSums)
    report: Path | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class RowMasks:
    """What a row's prompts gave, and what they should have given.

    Parameters
    ----------
    row : mapping
        The row that was asked for.
    truth : (H, W) bool
        The object on the slice; of an object found in a volume (Z, Y, X).
    mask : (H, W) bool or None
        The prediction, of the same shape; None where it could not be made again.
    error : str
        Why not; else empty.
    """

    row: ResultRow
    truth: npt.NDArray[np.bool_]
    mask: npt.NDArray[np.bool_] | None
    error: str = ""
