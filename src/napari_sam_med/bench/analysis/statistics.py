"""From rows to means, spreads and intervals: slices to patients to tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.profiles import (
    DEFAULT,
    Profile,
    default_selection,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

GROUP = ["task", "model", "profile", "setting", "step", "selection"]
MEASURED = ("iou", "dice", "score", "nsd", "hd95_mm")
SUMMED = (
    *("n", "n_patients", "mean", "median", "sd", "ci_low", "ci_high", "ci_unit"),
    *(f"{name}_mean" for name in MEASURED[1:]),
)
RESAMPLES = 999
"""One less than a thousand, so that the interval's ends are ranks of the resamples
(Davison and Hinkley 1997, chapter 5)."""
SEED = 1
"""Any; always the same, so that the same rows give the same interval."""
CONFIDENCE = 0.95
"""The usual one."""


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum up results by task, model, profile, setting, step and selection.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``; rows with an error are left out.

    Returns
    -------
    pandas.DataFrame
        The six columns that make a group, then ``n`` (cases), ``n_patients``, ``mean``,
        ``median`` and ``sd`` of the IoU, ``ci_low`` and ``ci_high`` (95 % bootstrap
        interval of the mean), ``ci_unit`` (``patients`` or ``slices``), ``dice_mean``,
        ``score_mean``, ``nsd_mean`` and ``hd95_mm_mean``.

    Notes
    -----
    The published profiles take the mean over slices. ``strict`` takes each patient's
    mean first and resamples patients; with a single patient the interval is over
    slices, and says nothing about other patients. Median and SD are over cases.
    """
    import pandas as pd

    good = rows[rows["error"] == ""]
    patients = pd.factorize(good["patient"], sort=True)[0]
    values = {name: good[name].to_numpy(float) for name in MEASURED}
    records = [
        dict(zip(GROUP, key, strict=True))
        | _summary_of(
            {name: column[members] for name, column in values.items()},
            patients[members],
            str(key[2]),
        )
        for key, members in sorted(good.groupby(GROUP).indices.items())
    ]
    return pd.DataFrame.from_records(records, columns=[*GROUP, *SUMMED])


def defaults_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the mask that each row's profile calls its default.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``.

    Returns
    -------
    pandas.DataFrame
        A part of the rows, with ``selection`` set to ``default``.

    Notes
    -----
    ``strict`` takes the best score for a single point and the one unambiguous mask
    for everything else; a model without that mask keeps its best score. Its clicks are
    the chain in which each click corrects the default mask of the one before; models
    that offer one mask, and runs of earlier releases, have no such chain, and theirs of
    the best score stands for it.
    """
    import pandas as pd

    clicks = rows["setting"].eq("clicks")
    one_point = (
        rows["setting"].eq("mode1")
        | (rows["setting"].eq("mode2") & rows["n_parts"].eq(1))
        | rows["setting"].isin(["point_shift", "everything"])
    )
    by_model = rows.groupby("model")["selection"]
    has_single = by_model.transform(lambda names: names.eq("single").any())
    cases = pd.MultiIndex.from_frame(rows[["model", "case_id"]])
    in_chain = clicks & cases.isin(cases[rows["selection"].eq(DEFAULT)])
    alone = one_point | clicks | ~has_single.astype(bool)
    rules = {
        (profile, is_alone): str(
            default_selection(Profile(profile), one_point=is_alone) if profile else ""
        )
        for profile in rows["profile"].unique()
        for is_alone in (False, True)
    }
    usual = [rules[key] for key in zip(rows["profile"], alone, strict=True)]
    wanted = np.where(in_chain, DEFAULT, usual)
    kept = rows[rows["selection"].eq(wanted) & rows["error"].eq("")]
    return kept.assign(selection=DEFAULT)


def mean_over_tasks(summary: pd.DataFrame) -> pd.DataFrame:
    """Take the mean of the tasks' means, every task counting alike.

    Parameters
    ----------
    summary : pandas.DataFrame
        As ``summarise`` returns it.

    Returns
    -------
    pandas.DataFrame
        One row for each model, profile, setting, step and selection, with ``mean``
        and ``n_tasks``.
    """
    groups = summary.groupby(GROUP[1:], sort=True)["mean"]
    return groups.agg(mean="mean", n_tasks="count").reset_index()


def bootstrap_interval(values: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Estimate the 95 % interval of a mean by resampling.

    Parameters
    ----------
    values : (n,) float
        One value for each slice or patient.

    Returns
    -------
    low, high : float
        NaN if there are fewer than two values.

    Notes
    -----
    Efron's percentile interval, 999 resamples, seed 1 (``scipy.stats.bootstrap``).
    """
    from scipy import stats

    if len(values) < 2:
        return (float("nan"), float("nan"))
    found = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=100,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return (float(found.low), float(found.high))


def _summary_of(
    values: Mapping[str, npt.NDArray[np.float64]],
    patients: npt.NDArray[np.intp],
    profile: str,
) -> dict[str, float | int | str]:
    """Sum up one group, (n,) values of each kind; arrays, since groups are many."""
    iou = values["iou"]
    _, members = np.unique(patients, return_inverse=True)
    by_patient = np.bincount(members, weights=iou) / np.bincount(members)
    apart = profile == Profile.STRICT and len(by_patient) > 1
    units = by_patient if apart else iou
    found = (
        len(iou),
        len(by_patient),
        float(units.mean()),
        float(np.median(iou)),
        float(np.std(iou, ddof=1)) if len(iou) > 1 else float("nan"),
        *bootstrap_interval(units),
        "patients" if apart else "slices",
        *(_mean(values[name]) for name in MEASURED[1:]),
    )
    return dict(zip(SUMMED, found, strict=True))


def _mean(values: npt.NDArray[np.float64]) -> float:
    """Take the mean of what was measured, NaN if nothing was."""
    measured = values[~np.isnan(values)]
    return float(measured.mean()) if len(measured) else float("nan")
