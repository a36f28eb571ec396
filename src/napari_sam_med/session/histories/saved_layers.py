"""Which Labels layers accepted masks are in, and what became of their objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam_med.session.replay import Record


def last_labels(records: Sequence[Record]) -> list[int]:
    """Give the label that each record's object has in the end; 0 if it was deleted."""
    becomes: dict[tuple[str, int], int] = {}
    found = []
    for record in reversed(records):
        key = record.layer_key
        for label, into in reversed(record.then):
            becomes[key, label] = becomes.get((key, into), into)
        found.append(becomes.get((key, record.label), record.label))
    return found[::-1]


def extreme_labels(records: Sequence[Record]) -> tuple[int, int]:
    """Give the smallest and the largest label that are ever written, 0 among them."""
    written = [each.label for each in records]
    given = [into for each in records for _, into in each.then]
    return min(0, *written, *given), max(0, *written, *given)


def layer_names(records: Sequence[Record]) -> dict[str, str]:
    """Give the Labels layers that records are in: their keys by their last names.

    Layers that were called alike get numbers, the first one accepted into has none.
    """
    last = {each.layer_key: each.layer.name for each in records if each.layer}
    keys: dict[str, str] = {}
    for key, name in last.items():
        free, number = name, 1
        while free in keys:
            number += 1
            free = f"{name} [{number}]"
        keys[free] = key
    return keys
