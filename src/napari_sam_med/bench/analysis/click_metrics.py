"""What a whole chain of clicks is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.analysis.ladder import kept, task_means

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

TARGETS = (0.80, 0.85, 0.90)
"""Those of the numbers of clicks (NoC) that RITM's published evaluation prints."""
GROUP = ["task", "model", "profile", "selection"]
CHAIN = (
    "cap",
    *(f"{what}{100 * t:.0f}" for t in TARGETS for what in ("noc", "failed")),
    "auc",
)


def clicks_to_target(ious: npt.NDArray[np.floating], target: float) -> int | None:
    """Count the clicks until an IoU is reached.

    Parameters
    ----------
    ious : (n,) float
        IoU after 1, 2, ... clicks.
    target : float
        The IoU to reach.

    Returns
    -------
    int or None
        None if it is never reached.

    Examples
    --------
    >>> clicks_to_target(np.array([0.5, 0.82, 0.7]), 0.8)
    2
    """
    reached = np.flatnonzero(ious >= target)
    return int(reached[0]) + 1 if reached.size else None


def area_under_clicks(ious: npt.NDArray[np.floating]) -> float:
    """Measure the normalised area under the curve of IoU against clicks.

    Parameters
    ----------
    ious : (n,) float
        IoU after 1, 2, ... clicks.

    Returns
    -------
    float
        0 to 1, by the trapezoid rule; of a single click its IoU.

    Examples
    --------
    >>> area_under_clicks(np.array([0.0, 1.0, 1.0]))
    0.75
    """
    if len(ious) == 1:
        return float(ious[0])
    return float(np.trapezoid(ious) / (len(ious) - 1))


def chain_values(
    clicks: pd.DataFrame, steps: int | None = None, by: Sequence[str] = ()
) -> pd.DataFrame:
    """Sum up each chain of clicks.

    Parameters
    ----------
    clicks : pandas.DataFrame
        Rows of chains without errors, one for each click.
    steps : int, optional
        Clicks that count; by default all.
    by : sequence of str
        Columns that tell chains of a case apart, beside their selection.

    Returns
    -------
    pandas.DataFrame
        One row for each task, model, profile, selection, case and patient, and what
        ``by`` says: ``cap`` (its
        clicks), ``noc80`` to ``noc90`` (the clicks to an IoU of .80 to .90, the cap if
        it is never reached), ``failed80`` to ``failed90`` (1 if it is never reached)
        and ``auc``.
    """
    if steps is not None:
        clicks = clicks[clicks["step"].le(steps)]
    key = [*GROUP, *by, "case_id", "patient"]
    wide = clicks.set_index([*key, "step"])["iou"].unstack("step").sort_index(axis=1)
    ious = wide.to_numpy(float)
    cap = np.count_nonzero(~np.isnan(ious), axis=1)
    found = {"cap": cap.astype(float)}
    for target in TARGETS:
        reached = ious >= target  # of NaN, a click that was not made, never
        ever, name = reached.any(axis=1), f"{100 * target:.0f}"
        first = reached.argmax(axis=1) + 1 if ious.size else cap
        found[f"noc{name}"] = np.where(ever, first, cap).astype(float)
        found[f"failed{name}"] = (~ever).astype(float)
    found["auc"] = _areas(ious, cap)
    return wide.index.to_frame(index=False).assign(**found)


def common_clicks(clicks: pd.DataFrame) -> pd.DataFrame:
    """Keep as many clicks of each case as all models that answered it were given.

    Parameters
    ----------
    clicks : pandas.DataFrame
        Rows of chains without errors, one for each click.

    Returns
    -------
    pandas.DataFrame
        A part of the rows: models of several runs, or with prompts of another run, may
        have been given more clicks on one case and fewer on the next.
    """
    case = ["profile", "selection", "case_id"]
    last = clicks.groupby([*case, "model"])["step"].max()
    least = last.groupby(case).min().rename("least")
    most = clicks[case].merge(least, left_on=case, right_index=True, how="left")
    return kept(clicks, clicks["step"].le(most["least"]))


def summarise_clicks(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum up chains of clicks by task, model, profile and selection.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``.

    Returns
    -------
    pandas.DataFrame
        As ``task_means``, of what ``chain_values`` gives for a chain.

    Notes
    -----
    Number of clicks with failures counted as the cap: Sofiiuk et al. 2022,
    "Reviving iterative training with mask guidance", section 4; its cap is 20.
    """
    chosen = rows["setting"].eq("clicks") & rows["error"].eq("")
    clicks = rows.loc[chosen, [*GROUP, "case_id", "patient", "step", "iou"]]
    return task_means(chain_values(clicks), GROUP, CHAIN)


def _areas(
    ious: npt.NDArray[np.float64], cap: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """Do as ``area_under_clicks`` for (n, clicks) chains with NaN after their end."""
    if not ious.size:
        return np.zeros(len(ious))
    steps = np.nansum((ious[:, 1:] + ious[:, :-1]) / 2, axis=1)
    areas: npt.NDArray[np.float64] = np.where(
        cap > 1, steps / np.maximum(cap - 1, 1), ious[:, 0]
    )
    return areas
