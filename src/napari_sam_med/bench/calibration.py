"""Whether a model knows how good its masks are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

BINS = 10
CASE = ["case_id", "model", "profile", "setting", "step"]


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

    bins = np.clip((np.asarray(scores, float) * BINS).astype(int), 0, BINS - 1)
    frame = pd.DataFrame({"bin": bins, "score": scores, "iou": ious})
    means = frame.groupby("bin").agg(
        n=("iou", "size"), score=("score", "mean"), iou=("iou", "mean")
    )
    means = means.reset_index()
    means.insert(0, "low", means["bin"] / BINS)
    means.insert(1, "high", (means["bin"] + 1) / BINS)
    return means.drop(columns="bin")


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
    bins = reliability(scores, ious)
    gaps = (bins["score"] - bins["iou"]).abs()
    return float((gaps * bins["n"]).sum() / bins["n"].sum())


def summarise_calibration(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum up how well each model judges its own masks, mode by mode.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``; the modes' ``best_score`` and ``oracle`` count.

    Returns
    -------
    pandas.DataFrame
        By model, profile and setting: ``n``, ``error`` (calibration error),
        ``spearman`` (rank correlation of predicted and true IoU; NaN if one of them
        does not vary) and ``regret`` (mean IoU of the oracle minus ``best_score``: what
        a perfect choice among the candidates would gain).
    """
    import pandas as pd
    from scipy import stats

    modes = rows[rows["setting"].str.startswith("mode") & rows["error"].eq("")]
    wide = modes.pivot_table(index=CASE, columns="selection", values=["iou", "score"])
    wanted = [("iou", "best_score"), ("iou", "oracle"), ("score", "best_score")]
    group = ["model", "profile", "setting"]
    columns = [*group, "n", "error", "spearman", "regret"]
    if not set(wanted) <= set(wide.columns):
        return pd.DataFrame(columns=columns)
    records = []
    for key, one in wide[wanted].dropna().groupby(level=group):
        iou, oracle, score = (one[name].to_numpy(float) for name in wanted)
        varies = np.ptp(iou) > 0 and np.ptp(score) > 0
        rank = float(stats.spearmanr(score, iou).statistic) if varies else float("nan")
        error, regret = calibration_error(score, iou), float((oracle - iou).mean())
        records.append((*key, len(one), error, rank, regret))
    return pd.DataFrame.from_records(records, columns=columns)
