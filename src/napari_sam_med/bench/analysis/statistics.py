"""From rows to means, spreads and intervals: slices to patients to tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.analysis.ladder import in_words, kept, unit_means, unit_name
from napari_sam_med.bench.analysis.spreads import SPREAD, means_of, spreads_of
from napari_sam_med.bench.protocol.clicking_group_runs import CLICK_CHAINS
from napari_sam_med.bench.protocol.people.recorded_runs import RECORDED_CLICKS
from napari_sam_med.bench.protocol.profiles import (
    DEFAULT,
    Profile,
    default_selection,
)

if TYPE_CHECKING:
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
    good = kept(rows, rows["error"].eq(""))
    failed = good["iou"].lt(FAILED_IOU).astype(float)
    units = unit_means(good.assign(failed=failed), GROUP, MEASURED)
    groups = units.groupby(GROUP, sort=True)
    numbers, count = groups.ngroup().to_numpy(), groups.ngroups
    found = groups["n"].sum().to_frame()
    # sorted as the units are
    found["n_patients"] = good.groupby(GROUP, sort=True)["patient"].nunique()
    found = found.assign(**spreads_of(units["iou"].to_numpy(float), numbers, count))
    found["ci_unit"] = [
        unit_name(str(one)) for one in found.index.get_level_values("profile")
    ]
    for name, measure in zip(SUMMED[-len(MEASURED) + 1 :], MEASURED[1:], strict=True):
        found[name] = means_of(units[measure].to_numpy(float), numbers, count)
    return in_words(found.reset_index())


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

    clicks = rows["setting"].isin([*CLICK_CHAINS, RECORDED_CLICKS])
    one_point = (
        rows["setting"].eq("mode1")
        | (rows["setting"].eq("mode2") & rows["n_parts"].eq(1))
        | (rows["setting"].eq(RECORDED_CLICKS) & rows["step"].eq(1))
        | rows["setting"].isin(["point_shift", "everything"])
    )
    by_model = rows.groupby(["model", "profile"])["selection"]
    has_single = by_model.transform(lambda names: names.eq("single").any())
    chain = ["model", "profile", "case_id", "setting"]
    cases = pd.MultiIndex.from_frame(rows[chain])
    in_chain = clicks & cases.isin(cases[rows["selection"].eq(DEFAULT)])
    alone = one_point | rows["setting"].isin(CLICK_CHAINS) | ~has_single.astype(bool)
    rules = {
        (profile, is_alone): str(
            default_selection(Profile(profile), one_point=is_alone) if profile else ""
        )
        for profile in rows["profile"].unique()
        for is_alone in (False, True)
    }
    usual = [rules[key] for key in zip(rows["profile"], alone, strict=True)]
    wanted = np.where(in_chain, DEFAULT, usual)
    found = rows[rows["selection"].eq(wanted) & rows["error"].eq("")]
    return found.assign(chosen=found["selection"], selection=DEFAULT)


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

    groups = summary.groupby(GROUP[1:], sort=True)
    spread = spreads_of(
        summary["mean"].to_numpy(float), groups.ngroup().to_numpy(), groups.ngroups
    )
    found = pd.DataFrame(spread, index=groups["n"].sum().index)
    found = found.assign(n_tasks=groups.size())
    return found.join(groups[["n", "n_patients"]].sum()).reset_index()
