"""Which part of the data was taken, in words: no count of objects tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FEWER = {
    "max_slices": ("slice", "of each class in each volume"),
    "max_objects": ("object", "of each image"),
}
"""By the name that the data set's options have in a manifest."""
AXES = {1: "1 (y)", 2: "2 (x)"}
"""What slices are taken across where it is not the first array axis."""


def taken_data(manifests: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Say that only some slices or objects were taken, and across which axis.

    Parameters
    ----------
    manifests : mapping of str to mapping
        Of the runs.

    Returns
    -------
    list of str
        Sentences; none where all was taken, across the first axis.
    """
    runs = {str(one.get("run", key)): one for key, one in manifests.items()}
    fewer = [
        f"{most} {what}{'s' * (most != 1)} {of_each}{whose}"
        for name, (what, of_each) in FEWER.items()
        for most, whose in _told(
            {run: one.get("data", {}).get(name) for run, one in runs.items()}
        )
    ]
    axes = [
        f"{AXES[axis]}{whose}"
        for axis, whose in _told(
            {run: one.get("settings", {}).get("axis") for run, one in runs.items()}
        )
    ]
    some = f"The data were thinned evenly to at most {' and '.join(fewer)}."
    across = f"Slices were taken across array axis {' and '.join(axes)}."
    return [some] * bool(fewer) + [across] * bool(axes)


def _told(by_run: Mapping[str, int | None]) -> list[tuple[int, str]]:
    """Give each number but 0 and None, and whose it is where not all runs have it."""
    runs: dict[int, list[str]] = {}
    for run, number in by_run.items():
        if number:
            runs.setdefault(number, []).append(run)
    of_all = any(len(names) == len(by_run) for names in runs.values())
    return [
        (number, "" if of_all else f" ({', '.join(names)})")
        for number, names in sorted(runs.items())
    ]
