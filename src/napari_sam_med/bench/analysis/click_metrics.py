"""What a whole chain of clicks is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

TARGETS = (0.80, 0.85, 0.90)
"""Those of the numbers of clicks (NoC) that RITM's published evaluation prints."""
GROUP = ["task", "model", "profile", "selection"]


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


def summarise_clicks(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum up chains of clicks by task, model, profile and selection.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``.

    Returns
    -------
    pandas.DataFrame
        ``n`` chains, ``cap`` clicks at most, ``noc80`` to ``noc90`` the mean number of
        clicks to an IoU of .80 to .90, ``failed80`` to ``failed90`` how many chains
        never reached it (they count with the cap), and ``auc`` the mean area under the
        click curve.

    Notes
    -----
    Number of clicks with failures counted as the cap: Sofiiuk et al. 2022,
    "Reviving iterative training with mask guidance", section 4; its cap is 20.
    """
    import pandas as pd

    clicks = rows[rows["setting"].eq("clicks") & rows["error"].eq("")]
    records = []
    for key, group in clicks.sort_values("step").groupby(GROUP, sort=True):
        chains = [c["iou"].to_numpy(float) for _, c in group.groupby("case_id")]
        record = dict(zip(GROUP, key, strict=True))
        records.append({**record, **_summary_of(chains)})
    columns = [*GROUP, *_summary_of([np.zeros(1)])]
    return pd.DataFrame.from_records(records, columns=columns)


def _summary_of(chains: list[npt.NDArray[np.float64]]) -> dict[str, float]:
    cap = max(len(chain) for chain in chains)
    found: dict[str, float] = {"n": len(chains), "cap": cap}
    for target in TARGETS:
        counts = [clicks_to_target(chain, target) for chain in chains]
        name = f"{target * 100:.0f}"
        found[f"noc{name}"] = float(np.mean([count or cap for count in counts]))
        found[f"failed{name}"] = counts.count(None)
    found["auc"] = float(np.mean([area_under_clicks(chain) for chain in chains]))
    return found
