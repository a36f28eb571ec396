"""What all parts of a report are made of: rows, default masks, and their means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.analysis.between_models.common_cases import (
    answered_throughout,
    common_cases,
    left_out_of,
    set_side_by_side,
)
from napari_sam_med.bench.analysis.clicking_group_analysis import ClickingGroupTables
from napari_sam_med.bench.analysis.ladder import kept
from napari_sam_med.bench.analysis.object_factors import (
    factor_correlations,
    modalities_of_tasks,
    prompt_gaps,
    summarise_gaps,
    summarise_modalities,
)
from napari_sam_med.bench.analysis.perturbation_analysis import summarise_perturbation
from napari_sam_med.bench.analysis.statistics import (
    mean_over_tasks,
    summarise,
    with_defaults,
)
from napari_sam_med.bench.analysis.task_ranking import rank_tasks
from napari_sam_med.bench.protocol.profiles import DEFAULT
from napari_sam_med.bench.report.report_notes import floors_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import pandas as pd

MODES, CLICKS = "mode", "clicks"
"""How settings begin of which there are figures over common cases."""
READ = (
    *("case_id", "image", "patient", "axis", "slice", "label", "model", "profile"),
    *("setting", "step", "selection", "iou", "dice", "score", "area_px"),
    *("area_fraction", "n_parts", "seconds_embed", "seconds_predict", "error", "task"),
    *("nsd", "hd95_mm", "n_masks", "zoom", "window_low", "window_high"),
)
"""Columns that a report is made of; the prompts, a quarter of all bytes, are read for
the cases of which there is a picture."""


@dataclass(frozen=True, slots=True, eq=False)
class FactorTables:
    """What an object's size, parts and modality have to do with its IoU.

    Parameters
    ----------
    gaps, by_task, correlations, by_modality : pandas.DataFrame
        As ``prompt_gaps``, ``summarise_gaps``, ``factor_correlations`` and
        ``summarise_modalities`` give them; ``gaps`` and ``correlations`` with
        ``cases``, as ``set_side_by_side`` gives it.
    """

    gaps: pd.DataFrame
    by_task: pd.DataFrame
    correlations: pd.DataFrame
    by_modality: pd.DataFrame

    @classmethod
    def of(
        cls,
        defaults: pd.DataFrame,
        manifests: Iterable[Mapping[str, Any]],
        floors: Collection[str],
    ) -> FactorTables:
        """Compute them from the default masks of the cases that models share."""
        own = prompt_gaps(defaults)
        by_task = summarise_gaps(answered_throughout(own, ["profile", "task"]))
        gaps = set_side_by_side(own, ["profile"], floors)
        modalities = modalities_of_tasks(own["task"].unique(), manifests)
        by_modality = summarise_modalities(by_task, modalities, floors)
        whose = gaps[["profile", "model", "cases"]].drop_duplicates()
        correlations = factor_correlations(gaps).merge(whose, on=["profile", "model"])
        return cls(gaps, by_task, correlations, by_modality)


@dataclass(frozen=True, slots=True, eq=False)
class ReportData:
    """One or several runs.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``, and ``run``.
    joined : pandas.DataFrame
        The same with the default masks as a selection of their own.
    defaults : pandas.DataFrame
        The default masks alone, without errors.
    summary, means : pandas.DataFrame
        Of ``joined``, as ``summarise`` and ``mean_over_tasks`` give them.
    common : pandas.DataFrame
        As ``means``, over the cases that all models of a profile answered.
    common_defaults : pandas.DataFrame
        The default masks of these cases.
    left_out : mapping of (str, str) to str
        What of a profile's ``mode`` or ``clicks`` does not stand in ``common``, in a
        sentence; may be empty.
    floors : frozenset of str
        Models that are baselines.
    manifests : mapping of str to dict
        Of the runs, by folder.
    ranked, perturbed : pandas.DataFrame
        As ``rank_tasks`` and ``summarise_perturbation`` give them.
    factors : FactorTables
        What an object's kind has to do with its IoU.
    clicking_groups : ClickingGroupTables
        What clicks off the centre cost.
    clicks : pandas.DataFrame
        Of ``joined``, those on the cases of a task that all its models answered.
    """

    rows: pd.DataFrame
    joined: pd.DataFrame
    defaults: pd.DataFrame
    summary: pd.DataFrame
    means: pd.DataFrame
    common: pd.DataFrame
    common_defaults: pd.DataFrame
    left_out: Mapping[tuple[str, str], str]
    floors: frozenset[str]
    manifests: Mapping[str, dict[str, Any]]
    ranked: pd.DataFrame
    perturbed: pd.DataFrame
    factors: FactorTables
    clicking_groups: ClickingGroupTables
    clicks: pd.DataFrame

    @classmethod
    def of(
        cls, rows: pd.DataFrame, manifests: Mapping[str, dict[str, Any]]
    ) -> ReportData:
        """Compute what the parts of a report share.

        Parameters
        ----------
        rows : pandas.DataFrame
            As ``joined_rows`` gives them.
        manifests : mapping of str to dict
            Of the runs.
        """
        joined = with_defaults(rows)
        good = kept(joined, joined["error"].eq(""))
        summary = summarise(good)
        means = mean_over_tasks(summary)
        shown = good[good["selection"].isin([DEFAULT, "oracle"])]
        shared = common_cases(shown)
        all_shared = len(shared) == len(shown)
        defaults = good[good["selection"].eq(DEFAULT)]
        floors = floors_of(rows, manifests.values())
        clicks = good[good["setting"].eq("clicks")]
        return cls(
            rows,
            joined,
            defaults,
            summary,
            means,
            means if all_shared else mean_over_tasks(summarise(shared)),
            shared[shared["selection"].eq(DEFAULT)],
            {} if all_shared else _left_out(shown, shared),
            floors,
            manifests,
            rank_tasks(summary, floors, list(manifests.values())),
            summarise_perturbation(defaults),
            FactorTables.of(defaults, manifests.values(), floors),
            ClickingGroupTables.of(defaults),
            answered_throughout(clicks, ["profile", "task", "selection"]),
        )


def _left_out(shown: pd.DataFrame, shared: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Say what of each profile's modes and clicks not all of its models answered."""
    profiles = sorted(str(name) for name in shown["profile"].unique())
    found = {}
    for profile in profiles:
        where = f" under {profile}" if len(profiles) > 1 else ""
        for kind in (MODES, CLICKS):
            every, kept_ones = (
                one[one["profile"].eq(profile) & one["setting"].str.startswith(kind)]
                for one in (shown, shared)
            )
            found[profile, kind] = left_out_of(every, kept_ones, where)
    return found
