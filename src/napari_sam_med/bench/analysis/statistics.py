"""From rows to means, spreads and intervals: slices to patients to tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.analysis.ladder import (
    SPREAD,
    spread_of,
    unit_means,
    unit_name,
)
from napari_sam_med.bench.protocol.profiles import (
    DEFAULT,
    Profile,
    default_selection,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

GROUP = ["task", "model", "profile", "setting", "step", "selection"]
MEASURED = ("iou", "dice", "score", "nsd", "hd95_mm", "failed")
FAILED_IOU = 0.5
"""Below it a mask does not count as found: that of Pascal VOC, and of COCO's AP50."""
SUMMED = (
    *("n", "n_patients", *SPREAD, "ci_unit"),
    *(f"{name}_mean" for name in MEASURED[1:-1]),
    "failed_share",
)


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
        ``score_mean``, ``nsd_mean``, ``hd95_mm_mean`` and ``failed_share`` (of IoU
        below .5): all over the units of ``ladder``.
    """
    import pandas as pd

    good = rows[rows["error"] == ""]
    found = good["iou"].lt(FAILED_IOU).astype(float)
    units = unit_means(good.assign(failed=found), GROUP, MEASURED)
    patients = good.groupby(GROUP)["patient"].nunique()
    values = {name: units[name].to_numpy(float) for name in MEASURED}
    cases = units["n"].to_numpy()
    records = []
    for key, members in sorted(units.groupby(GROUP).indices.items()):
        means = (_mean(values[name][members]) for name in MEASURED[1:])
        numbers = (
            int(cases[members].sum()),
            int(patients[key]),
            *spread_of(values["iou"][members]).values(),
            unit_name(str(key[2])),
            *means,
        )
        records.append((*key, *numbers))
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
        A part of the rows, with ``selection`` set to ``default``, and in ``chosen``
        what it was.

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
    return kept.assign(chosen=kept["selection"], selection=DEFAULT)


def with_defaults(rows: pd.DataFrame) -> pd.DataFrame:
    """Join the rows of the four selections with those of the default masks.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``.

    Returns
    -------
    pandas.DataFrame
        With the selection ``default`` for all settings.
    """
    import pandas as pd

    apart = rows[rows["selection"].ne(DEFAULT)]
    return pd.concat([apart, defaults_of(rows)], ignore_index=True)


def mean_over_tasks(summary: pd.DataFrame) -> pd.DataFrame:
    """Take the mean of the tasks' means, every task counting alike.

    Parameters
    ----------
    summary : pandas.DataFrame
        As ``summarise`` returns it.

    Returns
    -------
    pandas.DataFrame
        One row for each model, profile, setting, step and selection: ``mean``,
        ``median``, ``sd`` and interval over tasks, ``n_tasks``, and ``n`` and
        ``n_patients`` (of each task, added up).
    """
    import pandas as pd

    by = GROUP[1:]
    records = [
        (
            *key,
            *spread_of(group["mean"].to_numpy(float)).values(),
            len(group),
            int(group["n"].sum()),
            int(group["n_patients"].sum()),
        )
        for key, group in summary.groupby(by, sort=True)
    ]
    columns = [*by, *SPREAD, "n_tasks", "n", "n_patients"]
    return pd.DataFrame.from_records(records, columns=columns)


def _mean(values: npt.NDArray[np.float64]) -> float:
    """Take the mean of what was measured, NaN if nothing was."""
    measured = values[~np.isnan(values)]
    return float(measured.mean()) if len(measured) else float("nan")
