"""A source of which those objects are kept that somebody prompted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam_med.bench.data.labelled_volumes import BadPair, LabelledVolume

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam_med.bench.data.labelled_volumes import VolumeSource


@dataclass(frozen=True, slots=True)
class PromptedCases:
    """A source of which those objects are kept that a person prompted.

    Parameters
    ----------
    source : VolumeSource
        The data.
    cases : frozenset of str
        Their cases, without the data set: volume, axis, slice and label.
    """

    source: VolumeSource
    cases: frozenset[str]

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.source.name

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[LabelledVolume | BadPair]:
        for pair in self.source:
            places = [case.rsplit("/", 3) for case in self.cases]
            mine = [place[1:] for place in places if place[0] == pair.name]
            if isinstance(pair, BadPair) or not mine:
                continue
            labels = np.zeros_like(pair.labels)
            for across, index, label in mine:
                axis = int(across.removeprefix("axis"))
                on_slice = np.take(pair.labels, int(index), axis)
                kept = np.moveaxis(labels, axis, 0)[int(index)]
                kept[on_slice == int(label)] = int(label)
            yield replace(pair, labels=labels)

    def fingerprint(self) -> list[dict[str, str]]:
        """List what the source reads."""
        return self.source.fingerprint()

    def options(self) -> dict[str, Any]:
        """Say how many objects were prompted; the prompts' hash says which."""
        return {**self.source.options(), "recorded_objects": len(self.cases)}
