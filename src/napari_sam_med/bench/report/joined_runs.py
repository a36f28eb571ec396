"""Several runs as one table, with models told apart where they have to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.core.storage.plain_text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from napari_sam_med.bench.run.store.run_store import RunStore


def joined_rows(stores: Sequence[RunStore]) -> pd.DataFrame:
    """Join runs.

    Parameters
    ----------
    stores : sequence of RunStore
        The runs.

    Returns
    -------
    pandas.DataFrame
        The columns of ``Row`` and ``run``. A model with the same case in several runs,
        or with several weights, is told apart by the run's folder; runs of one model
        over different data are one table.

    Raises
    ------
    FileReadError
        If a part is damaged.
    """
    import pandas as pd

    frames = [
        store.rows().assign(run=name)
        for store, name in zip(stores, names_of(stores), strict=True)
    ]
    rows = pd.concat(frames, ignore_index=True)
    apart = rows["model"].isin(_told_differently(rows[rows["model"].ne("")]))
    rows.loc[apart, "model"] += " (" + rows.loc[apart, "run"] + ")"
    return rows


def _told_differently(rows: pd.DataFrame) -> set[str]:
    """List models with the same case in several runs, or with several weights."""
    runs_of = rows.groupby(["model", "case_id"])["run"].nunique()
    weights_of = rows.groupby("model")["model_sha256"].nunique()
    twice = runs_of[runs_of.gt(1)].index.get_level_values("model")
    return {*twice, *weights_of[weights_of.gt(1)].index}


def names_of(stores: Sequence[RunStore]) -> list[str]:
    """Name runs by their folders, by the whole path where the names are the same.

    Parameters
    ----------
    stores : sequence of RunStore
        The runs.
    """
    names = [store.folder.resolve().name for store in stores]
    return [
        printable(name if names.count(name) == 1 else str(store.folder))
        for store, name in zip(stores, names, strict=True)
    ]
