"""Cautions of what counts as a patient, and of how few there are."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.analysis.ladder import ENOUGH
from napari_sam_med.bench.data.patient_names import suggested_pattern
from napari_sam_med.bench.protocol.profiles import Profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

MOST_NAMED = 3
"""Tasks in a caution; the study has 28."""


def patients_notes(
    rows: pd.DataFrame, manifests: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Say that images were counted as patients, where nothing says who they show.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row`` and ``run``, of all runs.
    manifests : iterable of mapping
        Of the runs, and ``run``, the name of each.

    Returns
    -------
    list of str
        A text for each data set of which no run was told its patients; none over
        volumes, which have neither interval nor test, or where there is one image.
    """
    untold: dict[str, list[Mapping[str, Any]]] = {}
    for manifest in manifests:
        if not manifest.get("data", {}).get("patients"):
            name = manifest.get("dataset_id") or f"run {manifest['run']}"
            untold.setdefault(str(name), []).append(manifest)
    found = []
    for same in untold.values():
        runs = [str(one["run"]) for one in same]
        good = rows[rows["error"].eq("") & rows["profile"].isin([*Profile])]
        good = good[good["run"].isin(runs)]
        images = sorted(good["image"].unique())
        if len(images) < 2 or good["patient"].nunique() < len(images):
            continue
        name = same[0].get("dataset") or same[0].get("dataset_id", "the data")
        note = (
            f"Every image of {name} counts as a patient of its own, since nothing said "
            "who they show: with several images of one patient, intervals and tests "
            "promise too much."
        )
        pattern = suggested_pattern(images)
        more = f" Their names would fit --patients '{pattern}'." if pattern else ""
        found.append(f"{note}{more}")
    return found


def few_patients_notes(rows: pd.DataFrame) -> list[str]:
    """Say that a published profile's intervals are over slices of a few patients.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``, of all runs: patients are counted over what each model
        has, and over what two models have in common.

    Returns
    -------
    list of str
        A text for each profile whose intervals promise too much; none where patients
        are the units, or are six or more, or where there is no interval anyway.
    """
    published = rows["profile"].isin([one for one in Profile if one.is_published])
    good = rows[rows["error"].eq("") & published]
    columns = ["profile", "task", "model", "case_id", "patient"]
    told: dict[str, list[str]] = {}
    known = good[columns].drop_duplicates().astype(str)
    for (profile, task), mine in known.groupby(["profile", "task"], sort=True):
        few = _fewest_patients(mine)
        if few:
            told.setdefault(str(profile), []).append(f"{task} ({few})")
    return [
        f"{profile} counts slices, so a patient counts once for each. In "
        f"{', '.join(said[:MOST_NAMED])}{_more_tasks(said)} there are fewer than "
        f"{ENOUGH} patients: intervals and tests promise too much."
        for profile, said in told.items()
    ]


def _more_tasks(said: Sequence[str]) -> str:
    more = len(said) - MOST_NAMED
    return f" and {more} more task{'s' * (more > 1)}" if more > 0 else ""


def _fewest_patients(mine: pd.DataFrame) -> str:
    """Tell the fewest patients behind enough slices of a model, or of two in common."""
    cases = {
        str(model): dict(zip(one["case_id"], one["patient"], strict=True))
        for model, one in mine.groupby("model", sort=True)
    }
    alone = {f" of {name}": patients for name, patients in cases.items()}
    pairs = {
        f" that {one} and {two} have in common": {
            case: cases[one][case] for case in cases[one].keys() & cases[two].keys()
        }
        for one, two in combinations(cases, 2)
    }
    counts = [
        (len({*patients.values()}), -len(patients), whose)
        for whose, patients in (alone | pairs).items()
        if len(patients) >= ENOUGH
    ]
    few, slices, whose = min(counts, key=lambda one: one[:2], default=(ENOUGH, 0, ""))
    if few >= ENOUGH:
        return ""
    of_all = -slices == mine["case_id"].nunique()
    return f"{-slices} slices of {_patients(few)}{'' if of_all else whose}"


def _patients(count: int) -> str:
    return "one patient" if count == 1 else f"{count} patients"
