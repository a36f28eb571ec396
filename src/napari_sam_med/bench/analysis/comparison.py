"""Which of two models is better, patient by patient."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

TIE = 0.005
"""IoU is told to two decimals; what is closer is the same number when rounded."""
KEY = ["profile", "setting", "step"]


def compare_models(rows: pd.DataFrame) -> pd.DataFrame:
    """Compare every two models that answered the same cases.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``, of one selection, such as ``defaults_of`` gives.

    Returns
    -------
    pandas.DataFrame
        By profile, setting, step and pair of models: ``n_patients``, ``difference``
        (mean IoU of the first minus the second), ``win``, ``tie`` and ``loss``
        (patients for whom the first is better, within .005, or worse), ``p`` (paired
        Wilcoxon signed-rank test) and ``p_holm`` (corrected for all comparisons of the
        table).

    Notes
    -----
    A patient's value is the mean over the tasks' means of his or her cases, so that
    slices, which are not independent, are never counted as if they were.
    """
    import pandas as pd

    good = rows[rows["error"].eq("")]
    by_task = good.groupby([*KEY, "model", "patient", "task"])["iou"].mean()
    by_patient = by_task.groupby([*KEY, "model", "patient"]).mean().unstack("model")
    records = []
    for key, of_setting in by_patient.groupby(level=KEY):
        for first, second in combinations(sorted(of_setting.columns), 2):
            both = of_setting[[first, second]].dropna()
            if len(both):
                gained = (both[first] - both[second]).to_numpy(float)
                records.append(
                    {
                        **dict(zip(KEY, key, strict=True)),
                        "first": first,
                        "second": second,
                        **_test(gained),
                    }
                )
    columns = [*KEY, "first", "second", *_test(np.zeros(1)), "p_holm"]
    table = pd.DataFrame.from_records(records, columns=columns)
    table["p_holm"] = holm(table["p"].to_numpy(float))
    return table


def holm(p_values: Sequence[float] | npt.NDArray[np.floating]) -> list[float]:
    """Correct p-values for their number.

    Parameters
    ----------
    p_values : (n,) float
        NaN for a test that could not be made; it stays NaN and does not count.

    Returns
    -------
    list of float
        In the same order.

    Notes
    -----
    Holm 1979, "A simple sequentially rejective multiple test procedure".

    Examples
    --------
    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=float)
    order = [
        int(i) for i in np.argsort(values, kind="stable") if not np.isnan(values[i])
    ]
    corrected, highest = np.full(len(values), np.nan), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * values[index]))
        corrected[index] = highest
    return [float(value) for value in corrected]


def _test(gained: npt.NDArray[np.float64]) -> dict[str, float]:
    from scipy import stats

    p = float("nan")
    if len(gained) > 1 and np.any(gained):
        p = float(stats.wilcoxon(gained).pvalue)
    return {
        "n_patients": len(gained),
        "difference": float(gained.mean()),
        "win": int(np.count_nonzero(gained > TIE)),
        "tie": int(np.count_nonzero(np.abs(gained) <= TIE)),
        "loss": int(np.count_nonzero(gained < -TIE)),
        "p": p,
    }
