"""What is told about a run over volumes: tables and the finding in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.analysis.between_models.comparison import TIE
from napari_sam_med.bench.analysis.ladder import ROUNDED
from napari_sam_med.bench.analysis.volume_summary import (
    MEASURES,
    is_floor,
    last_answers,
    means_over_tasks,
    summarise_volumes,
    tells_mask,
)
from napari_sam_med.bench.protocol.volume_rules.challenge_runs import CLICKS_SETTING
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.bench.report.cases_to_see import CasePlaces, ends_of
from napari_sam_med.bench.report.report_table import ReportTable, printed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

MAIN_MEASURE = {VolumeProfile.SAM2_MEDICAL: "iou", VolumeProfile.CVPR25_3D: "dice"}
"""What each profile's paper ranks models by."""
NAMES = {"iou": "IoU", "dice": "Dice coefficient"}
NOTES = {
    "volumes": "Means over objects, then patients, of each task. iou: under "
    "sam2-medical over the slices that hold the object, under cvpr25-3d of all voxels; "
    "dice, nsd, hd95_mm (lower is better) and iou_volume: of the whole volume; "
    "surplus_slices: slices with a mask where there is no object (over-propagation); "
    "lost_mm: from the nearest prompted slice to where the object was lost, over the "
    "n_lost objects that were; dsc_auc, nsd_auc: area under Dice and NSD over clicks 1 "
    "to 5 (at most 4). copy and interpolation are floors: they are told the true mask "
    "of the prompted slices and know no model.",
    "volumes_over_tasks": "The mean of the tasks' means, over the n_tasks that a "
    "line has; those over others are not to be compared. lost_mm: over the tasks in "
    "which an object was lost. Ways that begin with mask "
    "tell the true mask of the prompted slices, to models as to floors: they stand "
    "last of each model, and none is its best way of prompting.",
    "beside_floors": "Of each task and model the way of prompting with the highest "
    "mean over its n objects, clicks by the last of them, beside the best floor over "
    "the n_both of these objects that it has; above: what the model gains over it on "
    "these. The floor is told the true mask, a model a box or a few clicks; ways that "
    "tell a model the true mask are left out here.",
    "cases_to_see": "The best and the worst objects of each model by its best way of "
    "prompting (of clicks by the last one), without ways that tell it the true mask; "
    "the command opens one in the viewer with prompts and masks.",
}
TITLES = {
    "volumes": "All tasks, models and ways of prompting",
    "volumes_over_tasks": "Means over tasks",
    "beside_floors": "Beside the floors",
    "cases_to_see": "Cases worth a look",
}


def volume_tables(rows: pd.DataFrame, places: CasePlaces) -> dict[str, ReportTable]:
    """Build the tables of a run over volumes.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row`` and ``run``, all of one profile.
    places : CasePlaces
        Where its cases are found.

    Returns
    -------
    dict of str to ReportTable
        By name, without those that would be empty.
    """
    summary = summarise_volumes(rows)
    frames = {
        "beside_floors": beside_floors(rows),
        "volumes_over_tasks": _masks_last(_measured(means_over_tasks(summary))),
        "volumes": _measured(summary),
        "cases_to_see": _cases(rows, places),
    }
    return {
        name: ReportTable(name, TITLES[name], NOTES[name], frame)
        for name, frame in frames.items()
        if len(frame)
    }


def beside_floors(rows: pd.DataFrame) -> pd.DataFrame:
    """Set each model's best way of prompting beside the best floor.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``, all of one profile.

    Returns
    -------
    pandas.DataFrame
        By task and model: ``measure``, ``setting``, ``step``, ``mean`` and ``n``
        objects, ``floor``, ``floor_mean`` and ``n_both``, the objects of the model that
        the floor has (empty, NaN and 0 without any), and ``above``, what the model
        gains on these. A model told the true mask is not among the ways, nor are
        clicks that another one follows.
    """
    import pandas as pd

    records = []
    good = rows[rows["error"].eq("")]
    floors = good[is_floor(good["model"])]
    real = good[~is_floor(good["model"]) & ~tells_mask(good["setting"])]
    real = last_answers(real)
    for (task, model), mine in real.groupby(["task", "model"], sort=True):
        measure = MAIN_MEASURE[VolumeProfile(mine["profile"].iloc[0])]
        found = _best_way(mine, measure)
        if found is None:
            continue
        setting, step, mean, count = found
        asked = mine[mine["setting"].eq(setting) & mine["step"].eq(step)]
        best: tuple[float, str, int, float] | None = None
        others = floors[
            floors["task"].eq(task) & floors["case_id"].isin(asked["case_id"])
        ]
        for floor, theirs in others.groupby("model", sort=True):
            top = _best_way(theirs, measure)
            if top is None:
                continue
            its = theirs[theirs["setting"].eq(top[0]) & theirs["step"].eq(top[1])]
            own = _best_way(asked[asked["case_id"].isin(its["case_id"])], measure)
            one = (top[2], str(floor), top[3], own[2] - top[2] if own else np.nan)
            # of equal ones the first by name, as everywhere
            if best is None or round(one[0] - best[0], ROUNDED) > 0:
                best = one
        floor_mean, name, both, above = best or (np.nan, "", 0, np.nan)
        told = (measure, setting, step, mean, count, name, floor_mean, both, above)
        records.append((task, model, *told))
    columns = ["task", "model", "measure", "setting", "step", "mean", "n", "floor",
               "floor_mean", "n_both", "above"]  # fmt: skip
    return pd.DataFrame.from_records(records, columns=columns)


def _best_way(rows: pd.DataFrame, measure: str) -> tuple[str, int, float, int] | None:
    """Give setting, step, mean and number of objects of the highest mean."""
    summary = summarise_volumes(rows)
    if not len(summary) or not summary[measure].notna().any():
        return None
    best = summary.loc[summary[measure].idxmax()]
    told = (str(best["setting"]), int(best["step"]), float(best[measure]))
    return (*told, int(best["n"]))


def volume_findings(beside: pd.DataFrame) -> list[str]:
    """Say how each model does, and where it is above the floor.

    Parameters
    ----------
    beside : pandas.DataFrame
        As ``beside_floors`` gives it.

    Returns
    -------
    list of str
        One text for each model.
    """
    said = []
    for model, mine in beside.groupby("model", sort=True):
        measure = NAMES[mine["measure"].iloc[0]]
        ways = ", ".join(
            sorted(
                f"{one.setting} {one.step}"
                if one.setting == CLICKS_SETTING
                else str(one.setting)
                for one in mine.drop_duplicates(["setting", "step"]).itertuples()
            )
        )
        text = (
            f"{model} reaches a mean {measure} of "
            f"{printed(float(mine['mean'].mean()))} over {_tasks(len(mine))} with the "
            f"best way of prompting of each ({ways})."
        )
        if mine["floor_mean"].notna().any():
            beside = mine[mine["floor_mean"].notna()]
            gained = beside["above"].round(ROUNDED)
            above, below = beside[gained > TIE], beside[~(gained >= -TIE)]
            tied = ", ".join(beside.loc[gained.abs() <= TIE, "task"])
            both, count = int(beside["n_both"].sum()), int(mine["n"].sum())
            fewer = f" on the {both} of {count} objects that it has" * (both < count)
            text += (
                f" The best floor reaches {printed(float(beside['floor_mean'].mean()))}"
                f"{fewer}; {model} is above it in {len(above)} of {_tasks(len(beside))}"
            )
            text += f", ties with it in {tied}" if tied else ""
            lacking = ", ".join(below["task"])
            text += f", not in {lacking}." if lacking else "."
        said.append(text)
    return said


@dataclass(frozen=True, slots=True, eq=False)
class BestAndWorst:
    """The objects that a model found best and worst by its best way of prompting.

    Parameters
    ----------
    model, measure : str
        The model, and the column that objects are ordered by.
    prompts : str
        The way of prompting, with the number of the click.
    best, worst : pandas.DataFrame
        Rows, no object in both.
    """

    model: str
    measure: str
    prompts: str
    best: pd.DataFrame
    worst: pd.DataFrame


def best_and_worst(rows: pd.DataFrame) -> Iterator[BestAndWorst]:
    """Find the best and the worst objects of each model that is no floor.

    Its best way of prompting has the highest mean over its tasks, objects becoming
    patients as elsewhere; one that tells a model the true mask never is, and of clicks
    the last one counts.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``, all of one profile.

    Yields
    ------
    BestAndWorst
        In order of the models' names; none of a model of which nothing was measured.
    """
    good = rows[rows["error"].eq("") & ~is_floor(rows["model"])]
    good = last_answers(good[~tells_mask(good["setting"])])
    for model, mine in good.groupby("model", sort=True):
        measure = MAIN_MEASURE[VolumeProfile(mine["profile"].iloc[0])]
        means = means_over_tasks(summarise_volumes(mine))
        means = means[means["n_tasks"].eq(means["n_tasks"].max())]
        if not np.isfinite(means[measure]).any():
            continue
        setting, step = means.loc[means[measure].idxmax(), ["setting", "step"]]
        chosen = mine[mine["setting"].eq(setting) & mine["step"].eq(step)]
        best, worst = ends_of(chosen, by=measure)
        yield BestAndWorst(str(model), measure, f"{setting} {step}", best, worst)


def _masks_last(means: pd.DataFrame) -> pd.DataFrame:
    """Put ways that tell the true mask after the others of a model."""
    told = means.assign(_told=tells_mask(means["setting"]))
    ordered = told.sort_values(["model", "profile", "_told"], kind="stable")
    return ordered.drop(columns="_told").reset_index(drop=True)


def _tasks(count: int) -> str:
    return "one task" if count == 1 else f"{count} tasks"


def _measured(summary: pd.DataFrame) -> pd.DataFrame:
    """Leave out measures that no row has."""
    empty = [name for name in MEASURES if summary[name].isna().all()]
    return summary.drop(columns=empty)


def _cases(rows: pd.DataFrame, places: CasePlaces) -> pd.DataFrame:
    import pandas as pd

    records = []
    for ends in best_and_worst(rows):
        for why, part in (("best", ends.best), ("worst", ends.worst)):
            records += [
                (why, ends.model, ends.prompts, row.task, row.case_id,
                 getattr(row, ends.measure), places.command(row, row.run))
                for row in part.itertuples()
            ]  # fmt: skip
    columns = ["why", "model", "prompts", "task", "case", "mean", "open"]
    return pd.DataFrame.from_records(records, columns=columns)
