"""Tasks of which a table of common cases has no line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.object_factors import BOX, POINT
from napari_sam_med.bench.analysis.perturbation_analysis import PERTURBATIONS
from napari_sam_med.bench.protocol.clicking_group_runs import GROUP_SETTINGS
from napari_sam_med.bench.protocol.run_settings import SettingGroup
from napari_sam_med.simulate.modes import Mode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

    from napari_sam_med.bench.report.report_table import ReportTable

MADE_OF: Mapping[str, tuple[str, Sequence[Collection[str]]]] = {
    "best_prompts": ("the best prompt of each task", [[*Mode]]),
    "clicks_needed": ("the number of clicks", [["clicks"]]),
    "box_over_point": ("what one box gains over one point", [[POINT], [BOX]]),
    "perturbation": ("prompt perturbation", [PERTURBATIONS]),
    "clicking_groups": ("clicking groups", [GROUP_SETTINGS]),
    "everything": ("segment everything", [[SettingGroup.EVERYTHING]]),
}
"""Tables over the cases that all models of a task answered: in words, and what of each
kind of prompt has to have been asked."""


def tasks_without_lines(
    defaults: pd.DataFrame,
    tables: Sequence[ReportTable],
    floors: Collection[str],
) -> list[str]:
    """Say which tasks are in no line of a table, since models share no case of theirs.

    Parameters
    ----------
    defaults : pandas.DataFrame
        Rows of the default mask, as ``defaults_of`` gives them.
    tables : sequence of ReportTable
        Of the report.
    floors : collection of str
        Models that alone make no line of the best prompts.

    Returns
    -------
    list of str
        A sentence for each such table.
    """
    frames = {one.name: one.frame for one in tables}
    several = defaults["profile"].nunique() > 1
    found = []
    for name, (words, kinds) in MADE_OF.items():
        rows = defaults
        if name == "best_prompts":
            rows = rows[~rows["model"].isin(list(floors))]
        asked = [_pairs(rows[rows["setting"].isin(list(kind))]) for kind in kinds]
        told = _pairs(frames[name]) if name in frames else set()
        lacking = sorted(set.intersection(*asked) - told)
        if lacking:
            tasks = ", ".join(
                f"{task} ({profile})" if several else task for profile, task in lacking
            )
            found.append(
                f"No line on {words} of {tasks}: no case has every answer of all "
                "models of its task."
            )
    return found


def profiles_without_figures(defaults: pd.DataFrame, common: pd.DataFrame) -> list[str]:
    """Say of which profiles modes or clicks are not drawn, since models share no case.

    Parameters
    ----------
    defaults, common : pandas.DataFrame
        Rows of the default mask, and those of them that all models answered.
    """
    found = []
    for start in ("mode", "clicks"):
        asked, drawn = (
            {*one.loc[one["setting"].str.startswith(start), "profile"].astype(str)}
            for one in (defaults, common)
        )
        found += [
            f"No figure of all {start.rstrip('s')}s under {profile}: no case has every "
            "answer of all models."
            for profile in sorted(asked - drawn)
        ]
    return found


def _pairs(rows: pd.DataFrame) -> set[tuple[str, str]]:
    pairs = rows[["profile", "task"]].drop_duplicates().astype(str)
    return {*pairs.itertuples(index=False, name=None)}
