"""Several sources as one, and sources with fewer slices or objects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy import ndimage

from napari_sam_med.bench.data.labelled_volumes import BadPair, LabelledVolume
from napari_sam_med.bench.data.pairing import PairedFiles
from napari_sam_med.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from napari_sam_med.bench.data.labelled_volumes import VolumeSource


@dataclass(frozen=True, slots=True)
class Joined:
    """Several sources, one after the other.

    Parameters
    ----------
    sources : sequence of VolumeSource
        Each with names of its own for its labels.
    name : str
        Name of the data set.
    """

    sources: Sequence[VolumeSource]
    name: str = ""

    def __len__(self) -> int:
        return sum(len(source) for source in self.sources)

    def __iter__(self) -> Iterator[LabelledVolume | BadPair]:
        for source in self.sources:
            yield from source

    def fingerprint(self) -> list[dict[str, str]]:
        """List what all sources read."""
        return [entry for source in self.sources for entry in source.fingerprint()]

    def options(self) -> dict[str, Any]:
        """List those of all sources."""
        return {"sources": [source.options() for source in self.sources]}


@dataclass(frozen=True, slots=True)
class _Fewer(ABC):
    """A source of which a part of each volume is kept."""

    source: VolumeSource
    most: int
    what: ClassVar[str]

    def __post_init__(self) -> None:
        if self.most < 1:
            msg = f"at most {self.most} {self.what}; give 1 or more"
            raise DatasetError(msg)

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.source.name

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[LabelledVolume | BadPair]:
        for pair in self.source:
            yield pair if isinstance(pair, BadPair) else self.thinned(pair)

    def fingerprint(self) -> list[dict[str, str]]:
        """List what the source reads."""
        return self.source.fingerprint()

    @abstractmethod
    def thinned(self, pair: LabelledVolume) -> LabelledVolume:
        """Keep the part."""


@dataclass(frozen=True, slots=True)
class FewerSlices(_Fewer):
    """A source whose classes keep at most so many slices of a volume, evenly spaced.

    Parameters
    ----------
    source : VolumeSource
        The data.
    most : int
        Slices to keep of each class in each volume, at least 1.
    axis : 0, 1 or 2
        Array axis that slices are taken across.

    Raises
    ------
    DatasetError
        If ``most`` is not positive.
    """

    axis: int
    what: ClassVar[str] = "slices"

    def options(self) -> dict[str, Any]:
        """Say which slices are taken."""
        return {**self.source.options(), "max_slices": self.most, "across": self.axis}

    def thinned(self, pair: LabelledVolume) -> LabelledVolume:
        """Keep the slices."""
        across = tuple(axis for axis in range(3) if axis != self.axis)
        labels = np.zeros_like(pair.labels)
        values = np.unique(pair.labels[pair.labels > 0])
        sorted_values = np.concatenate([np.zeros(1, values.dtype), values])
        numbers = np.searchsorted(sorted_values, pair.labels)
        # in its own box each: cells of a volume may be thousands
        for label, box in zip(values, ndimage.find_objects(numbers), strict=True):
            mask = pair.labels[box] == label
            found = np.flatnonzero(mask.any(axis=across))
            kept = found[evenly_spaced(len(found), self.most)]
            of_slices = np.isin(np.arange(mask.shape[self.axis]), kept)
            mask &= np.expand_dims(of_slices, across)
            labels[box][mask] = label
        return replace(pair, labels=labels)


@dataclass(frozen=True, slots=True)
class FewerObjects(_Fewer):
    """A source whose volumes keep at most so many label values, evenly spaced.

    Parameters
    ----------
    source : VolumeSource
        The data; meant for images in which every value is an object.
    most : int
        Values to keep of each volume, at least 1.

    Raises
    ------
    DatasetError
        If ``most`` is not positive.
    """

    what: ClassVar[str] = "objects"

    def options(self) -> dict[str, Any]:
        """Say how many objects are taken."""
        return {**self.source.options(), "max_objects": self.most}

    def thinned(self, pair: LabelledVolume) -> LabelledVolume:
        """Keep the objects."""
        values = np.unique(pair.labels[pair.labels > 0])
        kept = values[evenly_spaced(len(values), self.most)]
        labels = np.where(np.isin(pair.labels, kept), pair.labels, 0)
        return replace(pair, labels=labels)


def load_named(
    source: VolumeSource, names: Collection[str]
) -> Iterator[LabelledVolume]:
    """Load the labelled volumes of some names, and where files are paired no others.

    Parameters
    ----------
    source : VolumeSource
        The data.
    names : collection of str
        Of the volumes; what cannot be read or is not there is left out.

    Yields
    ------
    LabelledVolume
        In order of the source.
    """
    if isinstance(source, Joined):
        for each in source.sources:
            yield from load_named(each, names)
        return
    if isinstance(source, _Fewer):
        for pair in load_named(source.source, names):
            yield source.thinned(pair)
        return
    pairs: Iterable[LabelledVolume | BadPair] = source
    if isinstance(source, PairedFiles):
        pairs = (source.load(pair) for pair in source.pairs if pair.name in names)
    for found in pairs:
        if isinstance(found, LabelledVolume) and found.name in names:
            yield found


def evenly_spaced(count: int, most: int) -> list[int]:
    """Choose at most ``most`` of ``count`` positions, the middles of equal stretches.

    Parameters
    ----------
    count, most : int
        Positive.

    Returns
    -------
    list of int
        Ascending.

    Examples
    --------
    >>> evenly_spaced(18, 3), evenly_spaced(2, 5)
    ([3, 9, 15], [0, 1])
    """
    if count <= most:
        return list(range(count))
    return [int((k + 0.5) * count / most) for k in range(most)]
