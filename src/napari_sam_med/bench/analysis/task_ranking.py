"""Tasks in the order of their difficulty, as the study's main figure shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.analysis.published_tables import compare_with_published
from napari_sam_med.bench.protocol.profiles import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

KEY = ["profile", "model", "task"]
ORACLE = "oracle"


def rank_tasks(
    summary: pd.DataFrame,
    floors: Collection[str] = (),
    manifests: Collection[Mapping[str, Any]] = (),
) -> pd.DataFrame:
    """Rank the tasks of each model by the mean IoU over its modes.

    Parameters
    ----------
    summary : pandas.DataFrame
        As ``summarise`` returns it, with the selections ``default`` and ``oracle``.
    floors : collection of str
        Models that are left out.
    manifests : collection of mapping
        Of the runs, as ``compare_with_published`` takes them.

    Returns
    -------
    pandas.DataFrame
        By profile, model, task and mode (``setting``), sorted by rank: ``rank`` (1 for
        the task with the highest mean over the default masks of its modes; equal ones
        in order of name), ``default`` and ``oracle`` (mean IoU), ``published`` and
        ``published_oracle`` (the study's; NaN where its tables have no such task) and
        ``match``, which says whether model, weights and rules are the study's.
    """
    modes = summary[summary["setting"].str.startswith("mode")]
    modes = modes[~modes["model"].isin(list(floors))]
    wide = _wide(modes, "mean", {DEFAULT: DEFAULT, ORACLE: ORACLE})
    published = compare_with_published(modes, floors, manifests)
    names = {DEFAULT: "published", ORACLE: "published_oracle"}
    index = [*KEY, "setting"]
    wide = wide.join(_wide(published, "published", names))
    wide = wide.join(published.groupby(index)["match"].first()).reset_index()
    wide["match"] = wide["match"].astype(object).fillna("")
    means = wide.groupby(KEY)[DEFAULT].mean().reset_index()
    order = ["profile", "model", DEFAULT, "task"]
    means = means.sort_values(order, ascending=[True, True, False, True])
    means["rank"] = means.groupby(["profile", "model"]).cumcount() + 1
    ranked = wide.merge(means[[*KEY, "rank"]], on=KEY)
    return ranked.sort_values(
        ["profile", "model", "rank", "setting"], ignore_index=True
    )


def _wide(frame: pd.DataFrame, value: str, names: dict[str, str]) -> pd.DataFrame:
    """Set selections side by side."""
    index = [*KEY, "setting", "selection"]
    values = frame.set_index(index)[value].unstack("selection")
    return values.reindex(columns=list(names)).rename(columns=names)
