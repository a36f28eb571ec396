"""Several runs as one table, with models told apart where they have to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam_med.bench.analysis.between_models.told_apart import (
    APART,
    names_told_apart,
)
from napari_sam_med.bench.data.dataset_identity import image_of_case
from napari_sam_med.bench.protocol.result_rows import COLUMNS
from napari_sam_med.core.storage.plain_text import printable, shown
from napari_sam_med.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from napari_sam_med.bench.run.store.run_store import RunStore

OPTION_OF = {"patient": "patients", "task": "labels"}
"""What decides about names of patients and tasks, among the data of a manifest."""
IN_MEMORY = {"patients": "patient", "labels": "labels"}
NAMING = {
    "patient": ("who the patients", "patients"),
    "task": ("what the labels", "names"),
}
KEPT = (
    " Images that {first} does not have keep the {names} of their own run: one patient "
    "or task may have two names."
)


def joined_rows(
    stores: Sequence[RunStore],
    columns: Sequence[str] | None = None,
    *,
    categories: bool = False,
) -> pd.DataFrame:
    """Join runs.

    Parameters
    ----------
    stores : sequence of RunStore
        The runs.
    columns, categories
        As ``RunStore.rows`` takes them; case, model and profile are always among the
        columns.

    Returns
    -------
    pandas.DataFrame
        These columns of ``Row``, and ``run``. Models of one name with other weights, or
        with the same case under one profile, are told apart by their runs; runs of
        equal weights over different data, or under different profiles, are one model.
        A case has one patient and one task in all runs, as ``named_by`` says.

    Raises
    ------
    RunError
        As ``check_joined``.
    FileReadError
        If a part is damaged.
    """
    check_joined(stores)
    names = names_of(stores)
    own = [name for name in APART if name != "run"]
    wanted = list(dict.fromkeys((*(COLUMNS if columns is None else columns), *own)))
    frames = [
        _named(store.rows(wanted, categories=categories), name, categories=categories)
        for store, name in zip(stores, names, strict=True)
    ]
    rows = _joined(frames, categories=categories)
    del frames
    apart = names_told_apart(rows, names)
    if apart:
        told = rows["model"].astype(object)
        for (model, run), name in apart.items():
            told = told.mask(rows["model"].eq(model) & rows["run"].eq(run), name)
        rows["model"] = told.astype("category" if categories else rows["model"].dtype)
    if columns is not None and "model_sha256" not in columns:
        del rows["model_sha256"]
    if len(stores) > 1:
        manifests = [store.manifest() for store in stores]
        runs = dict(zip(names, manifests, strict=True))
        for column in OPTION_OF:
            if column in rows:
                rows = _named_alike(rows, column, named_by(runs, column))
    return rows


def named_by(runs: Mapping[str, Mapping[str, Any]], column: str) -> list[str]:
    """Say whose names count where runs name one case differently.

    Parameters
    ----------
    runs : mapping of str to mapping
        Manifests by the runs' names.
    column : {"patient", "task"}
        What is named.

    Returns
    -------
    list of str
        All runs, those first that were told the names.
    """
    return sorted(runs, key=lambda name: not names_told(runs[name], column))


def names_told(manifest: Mapping[str, Any], column: str) -> str:
    """Give what a run was told about its patients or tasks; empty if it was not.

    Parameters
    ----------
    manifest : mapping
        Of the run.
    column : {"patient", "task"}
        What is named.
    """
    data, option = manifest.get("data", {}), OPTION_OF[column]
    told = data.get(option) or {
        name: pair[IN_MEMORY[option]]
        for name, pair in data.get("pairs", {}).items()
        if pair.get(IN_MEMORY[option])
    }
    return str(told) if told else ""


def names_used_notes(
    rows: pd.DataFrame, manifests: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Say whose patients, and whose names of labels, count where runs differ in them.

    Parameters
    ----------
    rows : pandas.DataFrame
        As ``joined_rows`` gives them.
    manifests : iterable of mapping
        Of the runs, and ``run``, the name of each.

    Returns
    -------
    list of str
        One sentence for patients and one for labels, where runs over the same images
        were told different ones.
    """
    runs = {str(manifest["run"]): manifest for manifest in manifests}
    if len(runs) < 2:
        return []
    pairs = rows[["run", "case_id"]].drop_duplicates().astype(str)
    images = pairs.assign(image=pairs["case_id"].map(image_of_case))
    images = images[["run", "image"]].drop_duplicates()
    holders = images.groupby("image")["run"].agg(frozenset)
    of_run = {name: set(images.loc[images["run"].eq(name), "image"]) for name in runs}
    found = []
    for column, (what, names) in NAMING.items():
        for sharing in sorted(holders.unique(), key=sorted):
            order = [name for name in named_by(runs, column) if name in sharing]
            told = {name: names_told(runs[name], column) for name in order}
            if len(set(told.values())) < 2:
                continue
            said = "; ".join(
                f"{name}: {shown(told[name], quoted=False) or 'nothing'}"
                for name in order
            )
            first, *others = order
            alone = set().union(*(of_run[name] for name in others)) - of_run[first]
            found.append(
                f"These runs were told differently {what} of the same images are "
                f"({said}): the {names} of {first} are used for all of them."
                f"{KEPT.format(first=first, names=names) if alone else ''}"
            )
    return found


def _named_alike(rows: pd.DataFrame, column: str, runs: Sequence[str]) -> pd.DataFrame:
    """Give the same images the same patient, and the same cases the same task.

    What a case is called depends on options and on ``labels.json``; what it is does
    not, since equal data have equal names of cases.
    """
    known = rows[["run", "case_id", column]].drop_duplicates().astype(str)
    known = known[known[column].ne("")]
    known["of"] = known["case_id"]
    if column == "patient":
        known["of"] = known["case_id"].map(image_of_case)
    known["place"] = known["run"].map({name: place for place, name in enumerate(runs)})
    firsts = known.sort_values("place", kind="stable").drop_duplicates("of")
    used = known["of"].map(firsts.set_index("of")[column])
    if used.eq(known[column]).all():
        return rows
    names = dict(zip(known["case_id"], used, strict=True))
    texts = rows[column].astype(str)
    named = rows["case_id"].astype(str).map(names).where(texts.ne(""), texts)
    return rows.assign(**{column: named.astype(rows[column].dtype.name)})


def _named(rows: pd.DataFrame, name: str, *, categories: bool) -> pd.DataFrame:
    import pandas as pd

    codes = np.zeros(len(rows), np.int8)
    run = pd.Categorical.from_codes(codes, [name]) if categories else name
    return rows.assign(run=run)


def _joined(frames: list[pd.DataFrame], *, categories: bool) -> pd.DataFrame:
    """Put frames below each other; categories of the same column become the same."""
    import pandas as pd
    from pandas.api.types import union_categoricals

    if not categories:
        return pd.concat(frames, ignore_index=True)
    if len(frames) == 1:
        return frames[0]
    texts = frames[0].select_dtypes("category").columns
    numbers = pd.concat([one.drop(columns=texts) for one in frames], ignore_index=True)
    joined = {
        name: union_categoricals([one[name] for one in frames], sort_categories=True)
        for name in texts
    }
    return numbers.assign(**joined)


def check_joined(stores: Sequence[RunStore]) -> None:
    """Refuse runs that cannot be set side by side.

    Parameters
    ----------
    stores : sequence of RunStore
        The runs.

    Raises
    ------
    RunError
        If a run is given twice, or two runs call other files by the same name of data
        set.
    FileReadError
        If a manifest cannot be read.
    """
    places = [store.folder.resolve() for store in stores]
    for store, place in zip(stores, places, strict=True):
        if places.count(place) > 1:
            msg = f"{store.folder} was given twice; give each run once"
            raise RunError(msg)
    known: dict[str, tuple[RunStore, dict[str, frozenset[str]]]] = {}
    for store in stores:
        manifest = store.manifest()
        name, files = manifest.get("dataset_id", ""), _hashes(manifest)
        first, others = known.setdefault(name, (store, files))
        for file in sorted(files.keys() & others.keys()) if name else ():
            # one of them may know the image alone, where labels have another name
            if not (files[file] <= others[file] or files[file] >= others[file]):
                msg = (
                    f"{first.folder} and {store.folder} both name their data {name}, "
                    f"but {file} has other content in each; run one of them with "
                    "another --dataset"
                )
                raise RunError(msg)


def _hashes(manifest: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Give the hashes of each file; image and label may have one name."""
    found: dict[str, frozenset[str]] = {}
    for file in manifest["files"]:
        if file["sha256"]:
            own = found.get(file["name"], frozenset())
            found[file["name"]] = own | {file["sha256"]}
    return found


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
