"""Clicking groups, summed up: what off-centre clicks cost, and how much they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.analysis.between_models.common_cases import (
    answered_throughout,
    asked_both_ways,
)
from napari_sam_med.bench.analysis.click_metrics import CHAIN, TARGETS, chain_values
from napari_sam_med.bench.analysis.ladder import task_means
from napari_sam_med.bench.protocol.clicking_group_runs import GROUP_SETTINGS
from napari_sam_med.simulate.clicking_groups import GROUPS

if TYPE_CHECKING:
    import pandas as pd

KEY = ["task", "model", "profile"]
CASE = [*KEY, "case_id", "patient"]
COUNTS = ["n", "n_units", "unit"]


@dataclass(frozen=True, slots=True, eq=False)
class ClickingGroupTables:
    """Numbers of clicks (NoC) of the clicking groups.

    Parameters
    ----------
    by_group : pandas.DataFrame
        As ``task_means``, by task, model, profile and ``group`` (1 near the border, 10
        around the centre), of what ``chain_values`` gives for the cases of a task that
        all its models answered, with as many clicks into the centre too where any were
        clicked so.
    spread : pandas.DataFrame
        By task, model, profile and ``target`` (IoU): ``noc``, the mean over the groups;
        ``sd``, the standard deviation over the ten groups of an object; ``range``, the
        largest less the smallest of the groups' means; ``delta_gr``, how much larger
        that of group 1 is than that of group 10, as a part of it; ``centre``, the NoC
        of ``clicks``, and ``delta_sb``, how much larger ``noc`` is, as a part of it
        (NaN where these were not made, or not as many).
    """

    by_group: pd.DataFrame
    spread: pd.DataFrame

    @classmethod
    def of(cls, defaults: pd.DataFrame) -> ClickingGroupTables:
        """Sum up the rows of the default masks, as ``defaults_of`` gives them.

        Notes
        -----
        Sample NoC, delta-GR and delta-SB: Antonov et al. 2024 (RClicks), section 5.
        """
        groups = defaults[defaults["setting"].isin(GROUP_SETTINGS)]
        number = groups["setting"].str[-2:].astype(int)
        cases = chain_values(groups.assign(group=number), by=["group"])
        cases = cases[cases["cap"].eq(cases.groupby(CASE)["cap"].transform("max"))]
        within = ["profile", "task"]
        centre = chain_values(defaults[defaults["setting"].eq("clicks")])
        known = centre[[*CASE, "cap"]].assign(centred=1.0)
        cases = cases.merge(known, on=[*CASE, "cap"], how="left")
        cases = asked_both_ways(cases, "centred", within)
        # of a case that failed in one group no other group counts
        cases = answered_throughout(cases, within, ("model", "group"))
        by_group = task_means(cases, [*KEY, "group"], CHAIN)
        return cls(by_group, _spread(cases, centre, by_group))


def _spread(
    cases: pd.DataFrame, centre: pd.DataFrame, by_group: pd.DataFrame
) -> pd.DataFrame:
    import pandas as pd

    tables = [_of_target(cases, centre, by_group, target) for target in TARGETS]
    found = pd.concat(tables, ignore_index=True)
    order = [*KEY, "target", *COUNTS, "noc", "sd", "range", "delta_gr", "centre"]
    return found[[*order, "delta_sb"]]


def _of_target(
    cases: pd.DataFrame, centre: pd.DataFrame, by_group: pd.DataFrame, target: float
) -> pd.DataFrame:
    noc = f"noc{100 * target:.0f}"
    own = cases.groupby([*CASE, "cap"])[noc]
    # all ten there are, not a sample of more
    objects = own.mean().to_frame("noc").assign(sd=own.std(ddof=0)).reset_index()
    known = centre[[*CASE, "cap", noc]].rename(columns={noc: "centre"})
    objects = objects.merge(known, on=[*CASE, "cap"], how="left")
    found = task_means(objects, KEY, ["noc", "sd", "centre"])
    means = by_group.pivot_table(index=KEY, columns="group", values=noc)
    # (lines, groups); without any group there is neither
    of_groups = means.reindex(
        index=found.set_index(KEY).index, columns=range(1, GROUPS + 1)
    ).to_numpy(float)
    border, centre_most = of_groups[:, 0], of_groups[:, -1]
    return found.assign(
        target=target,
        range=np.ptp(of_groups, axis=1),
        delta_gr=(border - centre_most) / centre_most,
        delta_sb=(found["noc"] - found["centre"]) / found["centre"],
    )
