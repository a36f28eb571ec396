"""What a model is called where joined runs have several of its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

APART = ("run", "model", "model_sha256", "profile", "case_id", "error")
"""By which models of several runs are told apart."""
LISTED = 2
"""Runs in a model's name; the legend of a figure holds no more."""
BEFORE_RUNS = " ("


@dataclass(slots=True)
class _OneModel:
    """Runs whose rows stand under one name."""

    weights: set[str] = field(default_factory=set)
    cases: set[tuple[str, str]] = field(default_factory=set)
    runs: list[str] = field(default_factory=list)

    def takes(self, weights: set[str], cases: set[tuple[str, str]]) -> bool:
        """Whether a run has the same weights, and no case that is there already."""
        same = not weights or not self.weights or weights == self.weights
        return same and self.cases.isdisjoint(cases)

    def add(self, run: str, weights: set[str], cases: set[tuple[str, str]]) -> None:
        """Take a run in."""
        self.weights |= weights
        self.cases |= cases
        self.runs.append(run)


def names_told_apart(
    rows: pd.DataFrame, runs: Sequence[str]
) -> dict[tuple[str, str], str]:
    """Name models so that rows of one name are those of one model.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``APART``.
    runs : sequence of str
        Their names, in the order in which they were given.

    Returns
    -------
    dict of (str, str) to str
        By model and run, for models of which there are several; each is named by the
        runs that it is of. Runs of equal weights are one model unless they have a case
        of a profile in common: they go together in their order. What failed counts for
        neither weights nor cases.
    """
    known = rows.loc[rows["model"].ne(""), list(APART)].drop_duplicates().astype(str)
    good = known["error"].eq("")
    place = {run: number for number, run in enumerate(runs)}
    found: dict[str, list[_OneModel]] = {}
    for (model, run), mine in sorted(
        known.groupby(["model", "run"]), key=lambda one: (one[0][0], place[one[0][1]])
    ):
        answered = mine[good[mine.index]]
        weights = {*answered["model_sha256"]}
        cases = {*zip(answered["profile"], answered["case_id"], strict=True)}
        alike = found.setdefault(model, [])
        one = next((each for each in alike if each.takes(weights, cases)), None)
        if one is None:
            one = _OneModel()
            alike.append(one)
        one.add(run, weights, cases)
    return {
        (model, run): _told(model, one.runs, found)
        for model, alike in found.items()
        if len(alike) > 1
        for one in alike
        for run in one.runs
    }


def own_name(told: str, names: Iterable[str]) -> str:
    """Give a model's name without the runs behind it.

    Parameters
    ----------
    told : str
        As it stands in joined rows.
    names : iterable of str
        What it may be; brackets may be a part of them.

    Examples
    --------
    >>> own_name("nano (one and two)", ["nano"]), own_name("a (b)", ["a", "a (b)"])
    ('nano', 'a (b)')
    """
    found = [
        name for name in names if told == name or told.startswith(name + BEFORE_RUNS)
    ]
    return max(found, key=len, default=told)


def with_told_names(
    manifests: Mapping[str, Mapping[str, Any]], rows: pd.DataFrame
) -> dict[str, dict[str, Any]]:
    """Note in manifests what their models are called in joined rows.

    Parameters
    ----------
    manifests : mapping of str to mapping
        Of the runs, by any name; ``run`` in each is what the rows say.
    rows : pandas.DataFrame
        With the columns ``run`` and ``model``.

    Returns
    -------
    dict of str to dict
        The same with ``told_as``, the name in the rows by the model's own.
    """
    pairs = rows[["run", "model"]].drop_duplicates().astype(str)
    return {
        folder: {
            **manifest,
            "told_as": {
                own_name(name, manifest["models"]): name
                for name in pairs.loc[pairs["run"].eq(str(manifest["run"])), "model"]
            },
        }
        for folder, manifest in manifests.items()
    }


def own_names(manifests: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Give the models' own names by those in joined rows.

    Parameters
    ----------
    manifests : iterable of mapping
        As ``with_told_names`` gives them.
    """
    return {
        name: own
        for manifest in manifests
        for own, name in manifest.get("told_as", {}).items()
    }


def many_runs_notes(manifests: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say which runs a name is of that lists the first one only.

    Parameters
    ----------
    manifests : iterable of mapping
        As ``with_told_names`` gives them.
    """
    runs: dict[str, list[str]] = {}
    for manifest in manifests:
        for own, name in manifest.get("told_as", {}).items():
            if name != own:
                runs.setdefault(name, []).append(str(manifest["run"]))
    return [
        f"{name} is of the runs {', '.join(of)}."
        for name, of in sorted(runs.items())
        if len(of) > LISTED
    ]


def _told(model: str, runs: Sequence[str], taken: Iterable[str]) -> str:
    """Put the runs behind a model's name, so that it is no other model's."""
    name = f"{model}{BEFORE_RUNS}{_listed(runs)})"
    return f"{model}{BEFORE_RUNS}run {_listed(runs)})" if name in taken else name


def _listed(runs: Sequence[str]) -> str:
    if len(runs) <= LISTED:
        return " and ".join(runs)
    return f"{runs[0]} and {len(runs) - 1} more"
