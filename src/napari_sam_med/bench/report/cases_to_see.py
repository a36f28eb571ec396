"""Cases worth a look: the best, the worst, and those on which models disagree."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.between_models.comparison import TIE
from napari_sam_med.bench.analysis.between_models.told_apart import own_names
from napari_sam_med.bench.analysis.click_metrics import common_clicks
from napari_sam_med.bench.analysis.ladder import ROUNDED
from napari_sam_med.core.storage.plain_text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    import pandas as pd

    from napari_sam_med.bench.report.report_data import ReportData

SHOWN = 3
"""Of each kind: as many as stand side by side on a page."""
SETTINGS = ("mode5", "mode1", "clicks")
"""By which cases are compared: one box where it was asked, else one point."""
COLUMNS = ("why", "profile", "model", "setting", "task", "case", "iou", "open")


def cases_to_see(data: ReportData) -> pd.DataFrame:
    """List cases worth a look, with the command that opens each in the viewer.

    Parameters
    ----------
    data : ReportData
        Of the runs.

    Returns
    -------
    pandas.DataFrame
        ``why`` (best, worst, or ``A above B``), ``profile``, ``model``, ``setting``,
        ``task``, ``case``, ``iou`` of the default mask (of pairs the gain of the first)
        and ``open``.
    """
    import pandas as pd

    records = [record for part in _parts(data) for record in part]
    return pd.DataFrame.from_records(records, columns=list(COLUMNS))


def command_for(
    folder: str, case_id: str, *, model: str = "", setting: str = ""
) -> str:
    """Write the command that opens a case in the viewer.

    Parameters
    ----------
    folder : str
        Of the run, as it was typed. Of one typed from the root the last name stays:
        the folders above the data often hold the name of a person.
    case_id : str
        The case.
    model, setting : str
        Whose row comes first, by the model's own name; empty for the first one.

    Examples
    --------
    >>> command_for("out/demo", "samples/ct 1/axis0/0003/1", model="nano")
    "napari-sam-med gui --run out/demo --case 'samples/ct 1/axis0/0003/1' --model nano"
    """
    run = Path(folder)
    shown = run.name if run.is_absolute() else str(run)
    words = ["napari-sam-med", "gui", "--run", printable(shown), "--case", case_id]
    words += ["--model", model] if model else []
    words += ["--setting", setting] if setting else []
    return shlex.join(words)


@dataclass(frozen=True, slots=True)
class CasePlaces:
    """Where the cases of joined rows are found.

    Parameters
    ----------
    folders : mapping of str to str
        Of the runs, by their names in the rows.
    models : mapping of str to str
        The models' own names, by those in the rows.
    """

    folders: Mapping[str, str]
    models: Mapping[str, str]

    @classmethod
    def of(cls, manifests: Mapping[str, Mapping[str, Any]]) -> CasePlaces:
        """Read them from manifests as ``with_told_names`` gives them, by folder."""
        folders = {str(manifest["run"]): name for name, manifest in manifests.items()}
        return cls(folders, own_names(manifests.values()))

    def command(self, row: Any, run: str) -> str:
        """Write the command that opens the case of a row in the viewer."""
        model = self.models.get(row.model, row.model)
        return command_for(
            self.folders[run], row.case_id, model=model, setting=row.setting
        )


def compared_setting(defaults: pd.DataFrame) -> str:
    """Say by which prompt cases are compared; empty if there is none."""
    there = set(defaults["setting"])
    return next((name for name in SETTINGS if name in there), "")


def of_setting(defaults: pd.DataFrame, setting: str) -> pd.DataFrame:
    """Keep the rows of a prompt, of clicks the last that all models were given."""
    chosen = defaults[defaults["setting"].eq(setting)]
    if setting == "clicks":
        chosen = common_clicks(chosen)
    last = chosen.groupby(["profile", "model", "case_id"])["step"].transform("max")
    return chosen[chosen["step"].eq(last)]


def ends_of(
    mine: pd.DataFrame, count: int = SHOWN, by: str = "iou"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the best and the worst rows of one model; no case stands in both."""
    ordered = mine.sort_values([by, "case_id"], kind="stable")
    worst = ordered.iloc[: min(count, (len(ordered) + 1) // 2)]
    best = ordered.iloc[::-1].iloc[: min(count, len(ordered) // 2)]
    return best, worst


def lead_of(chosen: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Give the rows of one model where it is above another, the largest lead first.

    Parameters
    ----------
    chosen : pandas.DataFrame
        One profile's rows of a prompt.
    first, second : str
        The models.

    Returns
    -------
    pandas.DataFrame
        Rows of ``first`` with ``lead``, without ties.
    """
    mine = chosen[chosen["model"].eq(first)]
    others = chosen[chosen["model"].eq(second)].set_index("case_id")["iou"]
    lead = mine["iou"] - others.reindex(mine["case_id"]).to_numpy()
    ahead = mine.assign(lead=lead)[lead.round(ROUNDED).gt(TIE)]
    return ahead.sort_values(["lead", "case_id"], ascending=[False, True])


def _parts(data: ReportData) -> Iterator[list[tuple[object, ...]]]:
    setting = compared_setting(data.defaults)
    places = CasePlaces.of(data.manifests)
    chosen = of_setting(data.defaults, setting)
    for _, mine in chosen.groupby(["profile", "model"], sort=True):
        best, worst = ends_of(mine)
        yield _records("best", best, "iou", places)
        yield _records("worst", worst, "iou", places)
    real = chosen[~chosen["model"].isin(list(data.floors))]
    for _, part in real.groupby("profile", sort=True):
        for pair in combinations(sorted(part["model"].unique()), 2):
            for first, second in (pair, pair[::-1]):
                ahead = lead_of(part, first, second).iloc[:SHOWN]
                why = f"{first} above {second}"
                yield _records(why, ahead, "lead", places)


def _records(
    why: str, rows: pd.DataFrame, value: str, places: CasePlaces
) -> list[tuple[object, ...]]:
    return [
        (
            why, row.profile, row.model, row.setting, row.task, row.case_id,
            float(getattr(row, value)), places.command(row, row.run),
        )
        for row in rows.itertuples()
    ]  # fmt: skip
