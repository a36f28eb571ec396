"""Perturbed prompts, summed up: how much an answer depends on the exact prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.between_models.common_cases import asked_both_ways
from napari_sam_med.bench.analysis.ladder import task_means

if TYPE_CHECKING:
    import pandas as pd

GROUP = ["task", "model", "profile"]
EXACT = {
    "box_shift": "mode5",
    "box_expand": "mode5",
    "box_corners": "mode5",
    "point_shift": "mode1",
}
"""The mode with the prompt that was moved."""
PERTURBATIONS = tuple(EXACT)


def summarise_perturbation(defaults: pd.DataFrame) -> pd.DataFrame:
    """Sum up what perturbed prompts cost, by task, model, profile and kind.

    Parameters
    ----------
    defaults : pandas.DataFrame
        Rows of the default mask, as ``defaults_of`` gives them.

    Returns
    -------
    pandas.DataFrame
        As ``task_means``, of the cases of a task that all its models answered, with
        the exact prompt too where any were asked it: ``draws``, ``unperturbed``, the
        IoU of the exact prompt (of box perturbations mode 5's, of the point's mode 1's;
        NaN without modes), ``mean`` IoU over a case's draws, and ``spread``, their
        standard deviation.
    """
    chosen = defaults[defaults["setting"].isin(PERTURBATIONS)]
    by_case = chosen.groupby([*GROUP, "setting", "case_id", "patient"])["iou"]
    cases = by_case.agg(mean="mean", spread="std", draws="size").reset_index()
    cases["exact"] = cases["setting"].astype(str).map(EXACT)
    exact = defaults[defaults["setting"].isin(EXACT.values())]
    exact = exact.rename(columns={"setting": "exact", "iou": "unperturbed"})
    key = ["model", "profile", "case_id", "exact"]
    cases = cases.merge(exact[[*key, "unperturbed"]], on=key, how="left")
    cases = asked_both_ways(cases, "unperturbed", ["profile", "task", "setting"])
    measures = ["draws", "unperturbed", "mean", "spread"]
    return task_means(cases, [*GROUP, "setting"], measures)
