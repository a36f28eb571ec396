"""Whether a model knows how good its masks are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.analysis.between_models.common_cases import set_side_by_side
from napari_sam_med.bench.analysis.ladder import ENOUGH, task_means

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt
    import pandas as pd

BINS = 10
"""Some dozens of masks fall into each in a run of hundreds; Guo et al. 2017 take 15
for ten thousands of answers."""
GROUP = ["model", "profile", "setting"]
CASE = ["case_id", "patient", "task", *GROUP, "step"]
ALL_MODES = "all modes"


def reliability(
    scores: npt.NDArray[np.floating], ious: npt.NDArray[np.floating]
) -> pd.DataFrame:
    """Compare predicted with true IoU in ten equal bins of the prediction.

    Parameters
    ----------
    scores : (n,) float
        Predicted IoU; values outside 0 to 1 are counted in the outermost bins.
    ious : (n,) float
        True IoU.

    Returns
    -------
    pandas.DataFrame
        Of each bin that is not empty ``low``, ``high``, ``n``, ``score`` and ``iou``
        (means).

    Examples
    --------
    >>> found = reliability(np.array([0.95, 0.91, 0.15]), np.array([0.5, 0.7, 0.1]))
    >>> found[["low", "n", "iou"]].round(2).values.tolist()
    [[0.1, 1.0, 0.1], [0.9, 2.0, 0.6]]
    """
    import pandas as pd

    frame = pd.DataFrame({"bin": _bins_of(scores), "score": scores, "iou": ious})
    means = frame.groupby("bin").agg(
        n=("iou", "size"), score=("score", "mean"), iou=("iou", "mean")
    )
    means = means.reset_index()
    means.insert(0, "low", means["bin"] / BINS)
    means.insert(1, "high", (means["bin"] + 1) / BINS)
    return means.drop(columns="bin")


def _bins_of(scores: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
    bins = np.clip(np.asarray(scores, float) * BINS, 0, BINS - 1)
    return np.asarray(bins.astype(np.intp))


def calibration_error(
    scores: npt.NDArray[np.floating], ious: npt.NDArray[np.floating]
) -> float:
    """Average the gap between predicted and true IoU over the bins, by their size.

    Parameters
    ----------
    scores, ious : (n,) float
        Predicted and true IoU; n > 0.

    Returns
    -------
    float
        0 for a model that is right on average in every bin.

    Notes
    -----
    Expected calibration error of Naeini et al. 2015, with IoU in place of accuracy.
    """
    over = np.asarray(scores, float) - np.asarray(ious, float)
    gaps = np.bincount(_bins_of(scores), weights=over)  # of a bin: its size times gap
    return float(np.abs(gaps).sum() / len(over))


def judged_masks(rows: pd.DataFrame) -> pd.DataFrame:
    """Collect what a model thought of the mask with its highest score, and the truth.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``; the modes' ``best_score`` and ``oracle`` count.

    Returns
    -------
    pandas.DataFrame
        One row for each case, model, profile and mode: ``case_id``, ``patient``,
        ``task``, ``model``, ``profile``, ``setting``, ``score`` (predicted IoU),
        ``iou`` and ``oracle`` (true IoU of the mask with the highest score, and of the
        best candidate); without masks whose score is no finite number.
    """
    chosen = rows["setting"].str.startswith("mode") & rows["error"].eq("")
    modes = rows.loc[chosen, [*CASE, "selection", "iou", "score"]]
    wide = modes.pivot_table(index=CASE, columns="selection", values=["iou", "score"])
    names = {
        ("score", "best_score"): "score",
        ("iou", "best_score"): "iou",
        ("iou", "oracle"): "oracle",
    }
    # an infinite score says nothing, as one that is no number
    wide = wide.reindex(columns=list(names)).replace([np.inf, -np.inf], np.nan).dropna()
    wide.columns = list(names.values())
    return wide.reset_index().drop(columns="step")


def compared_masks(rows: pd.DataFrame, floors: Collection[str] = ()) -> pd.DataFrame:
    """Collect the judged masks by which models are set beside each other.

    Parameters
    ----------
    rows, floors
        As ``summarise_calibration`` takes them.

    Returns
    -------
    pandas.DataFrame
        As ``judged_masks``, of the cases of a profile and mode that all models
        answered, and ``cases``, as ``set_side_by_side`` gives it. ``all modes`` is over
        the modes that all models were asked, where there are any.
    """
    import pandas as pd

    judged = judged_masks(rows[~rows["model"].isin(list(floors))])
    by_mode = set_side_by_side(judged, ["profile", "setting"])
    models = judged.groupby("profile")["model"].transform("nunique")
    asked = judged.groupby(["profile", "setting"])["model"].transform("nunique")
    of_every = judged[asked.eq(models)]
    lacking = ~judged["profile"].isin(of_every["profile"])
    pairs = pd.concat([of_every, judged[lacking]])
    # a mask of a case is one thing that all models have to have answered
    cases = pairs["case_id"].astype(str) + "\n" + pairs["setting"].astype(str)
    together = set_side_by_side(pairs.assign(case=pairs["case_id"], case_id=cases),
                                ["profile"])  # fmt: skip
    together = together.assign(case_id=together["case"], setting=ALL_MODES)
    return pd.concat([together.drop(columns="case"), by_mode])


def rank_correlation(
    scores: npt.NDArray[np.floating], ious: npt.NDArray[np.floating]
) -> float:
    """Say how well predicted IoU orders masks by their true IoU.

    Parameters
    ----------
    scores, ious : (n,) float
        Predicted and true IoU.

    Returns
    -------
    float
        Spearman's rank correlation; NaN if one of them does not vary.

    Examples
    --------
    >>> round(rank_correlation(np.array([0.2, 0.3, 0.9]), np.array([0.1, 0.5, 0.6])), 3)
    1.0
    """
    from scipy import stats

    if len(ious) < 2 or np.ptp(ious) == 0 or np.ptp(scores) == 0:
        return float("nan")
    # as stats.spearmanr, which spends a millisecond on a p-value that nobody asked for
    ranks = stats.rankdata(np.array([scores, ious], float), axis=1)
    return float(np.corrcoef(ranks)[0, 1])


def summarise_calibration(
    rows: pd.DataFrame, floors: Collection[str] = ()
) -> pd.DataFrame:
    """Sum up how well each model judges its own masks, in all modes and in each.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``; the modes' ``best_score`` and ``oracle`` count.
    floors : collection of str
        Models whose scores are no predicted IoU; they are left out.

    Returns
    -------
    pandas.DataFrame
        By model, profile and setting, first ``all modes``: ``n`` masks, ``error``
        (calibration error over all masks), ``spearman`` (rank correlation of predicted
        and true IoU over all masks; NaN if one of them does not vary),
        ``spearman_within`` (the mean of the same within each task, over the
        ``n_tasks`` that have at least six masks: easy and hard tasks alone make the
        first one high) and ``regret`` (mean IoU of the oracle minus ``best_score``,
        over the ladder: what a perfect choice among the candidates would gain), and
        ``cases``, which they are over, as ``compared_masks`` says.
    """
    import pandas as pd

    together = compared_masks(rows, floors)
    gains = together.assign(regret=together["oracle"] - together["iou"])
    means = task_means(gains, ["task", *GROUP], ["regret"])
    regrets = means.groupby(GROUP)["regret"].last()  # that over tasks, if there is one
    records = []
    for key, one in together.groupby(GROUP, sort=True):
        iou, score = one["iou"].to_numpy(float), one["score"].to_numpy(float)
        within = _within_tasks(one)
        numbers = (
            calibration_error(score, iou),
            rank_correlation(score, iou),
            float(np.mean(within)) if within else float("nan"),
            len(within),
            float(regrets[key]),
        )
        records.append((*key, len(one), *numbers, one["cases"].iloc[0]))
    columns = [*GROUP, "n", "error", "spearman", "spearman_within", "n_tasks", "regret",
               "cases"]  # fmt: skip
    return pd.DataFrame.from_records(records, columns=columns)


def _within_tasks(judged: pd.DataFrame) -> list[float]:
    score, iou = (judged[name].to_numpy(float) for name in ("score", "iou"))
    found = [
        rank_correlation(score[members], iou[members])
        for members in judged.groupby("task").indices.values()
        if len(members) >= ENOUGH
    ]
    return [each for each in found if not np.isnan(each)]
