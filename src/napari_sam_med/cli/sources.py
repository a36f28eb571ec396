"""Data for runs: several folders as one, fewer slices or objects, the samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from napari_sam_med.bench.data.labelled_volumes import (
    BadPair,
    InMemory,
    LabelledVolume,
    Source,
)
from napari_sam_med.bench.data.pairing import PairedFiles
from napari_sam_med.errors import DatasetError

SAMPLE_DATA = Path(__file__).parents[3] / "sample_data"
MODALITIES = {"ct": "CT", "mr": "MR", "xray": "X-ray", "us": "ultrasound"}


@dataclass(frozen=True, slots=True)
class Joined:
    """Several sources, one after the other.

    Parameters
    ----------
    sources : sequence of Source
        Each with names of its own for its labels.
    name : str
        Name of the data set.
    """

    sources: Sequence[Source]
    name: str = ""

    def __len__(self) -> int:
        return sum(len(source) for source in self.sources)

    def __iter__(self) -> Iterator[LabelledVolume | BadPair]:
        for source in self.sources:
            yield from source

    def fingerprint(self) -> list[dict[str, str]]:
        """List what all sources read."""
        return [entry for source in self.sources for entry in source.fingerprint()]


@dataclass(frozen=True, slots=True)
class FewerSlices:
    """A source whose classes keep at most so many slices of a volume, evenly spaced.

    Parameters
    ----------
    source : Source
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

    source: Source
    most: int
    axis: int

    def __post_init__(self) -> None:
        if self.most < 1:
            msg = f"at most {self.most} slices; give 1 or more"
            raise DatasetError(msg)

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.source.name

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[LabelledVolume | BadPair]:
        for pair in self.source:
            yield pair if isinstance(pair, BadPair) else self._thinned(pair)

    def fingerprint(self) -> list[dict[str, str]]:
        """List what the source reads, and that slices were left out."""
        entry = {"name": f"at most {self.most} slices across axis {self.axis}"}
        return [*self.source.fingerprint(), entry | {"sha256": ""}]

    def _thinned(self, pair: LabelledVolume) -> LabelledVolume:
        across = tuple(axis for axis in range(3) if axis != self.axis)
        labels = np.zeros_like(pair.labels)
        for label in np.unique(pair.labels[pair.labels > 0]):
            mask = pair.labels == label
            found = np.flatnonzero(mask.any(axis=across))
            kept = found[evenly_spaced(len(found), self.most)]
            of_slices = np.isin(np.arange(mask.shape[self.axis]), kept)
            mask &= np.expand_dims(of_slices, across)
            labels[mask] = label
        return replace(pair, labels=labels)


@dataclass(frozen=True, slots=True)
class FewerObjects:
    """A source whose volumes keep at most so many label values, evenly spaced.

    Parameters
    ----------
    source : Source
        The data; meant for images in which every value is an object.
    most : int
        Values to keep of each volume, at least 1.

    Raises
    ------
    DatasetError
        If ``most`` is not positive.
    """

    source: Source
    most: int

    def __post_init__(self) -> None:
        if self.most < 1:
            msg = f"at most {self.most} objects; give 1 or more"
            raise DatasetError(msg)

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.source.name

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[LabelledVolume | BadPair]:
        for pair in self.source:
            yield pair if isinstance(pair, BadPair) else self._thinned(pair)

    def fingerprint(self) -> list[dict[str, str]]:
        """List what the source reads, and that objects were left out."""
        entry = {"name": f"at most {self.most} objects of an image"}
        return [*self.source.fingerprint(), entry | {"sha256": ""}]

    def _thinned(self, pair: LabelledVolume) -> LabelledVolume:
        values = np.unique(pair.labels[pair.labels > 0])
        kept = values[evenly_spaced(len(values), self.most)]
        labels = np.where(np.isin(pair.labels, kept), pair.labels, 0)
        return replace(pair, labels=labels)


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


def paired_files(
    images: Path, labels: Path, *, patient_pattern: str = "", name: str = ""
) -> PairedFiles:
    """Pair the files of two folders; ``labels.json`` names the labels.

    Parameters
    ----------
    images, labels, patient_pattern, name
        See `PairedFiles.of`.

    Raises
    ------
    DatasetError
        If nothing pairs.
    FileReadError
        If ``labels.json`` cannot be used.
    """
    from napari_sam_med.io.label_names import find_label_names

    named = find_label_names(labels)
    source = PairedFiles.of(
        images,
        labels,
        label_names=named.names,
        patient_pattern=patient_pattern,
        name=name,
    )
    return replace(source, objects_of=named.objects_of)


def sample_source(folder: Path | None = None) -> Source:
    """All sample images with their labels.

    Parameters
    ----------
    folder : Path or None
        A folder made by ``python -m napari_sam_med.samples``; by default that of the
        repository, or where it is not there, phantoms made in memory.

    Returns
    -------
    Source

    Raises
    ------
    DatasetError
        If the folder is not such a one.
    """
    folder = folder or SAMPLE_DATA
    if folder == SAMPLE_DATA and not folder.is_dir():
        return _generated()
    sources = []
    for prefix in MODALITIES:
        images, labels = folder / f"{prefix}_images", folder / f"{prefix}_labels"
        paired = paired_files(images, labels)
        names = _with_modality(paired.label_names, prefix)
        sources.append(replace(paired, label_names=names))
    return Joined(sources)


def _with_modality(names: Mapping[int, str], prefix: str) -> dict[int, str]:
    """Tell the lesion in MR from that in ultrasound."""
    return {label: f"{MODALITIES[prefix]} {name}" for label, name in names.items()}


def _generated() -> InMemory:
    from napari_sam_med.samples.files import COLLECTIONS

    pairs = []
    for kind in COLLECTIONS:
        for sample in map(kind.make, kind.seeds):
            names = _with_modality(sample.names, kind.prefix)
            name = sample.volume.name
            pairs.append(
                LabelledVolume(sample.volume, sample.labels, name, label_names=names)
            )
    return InMemory(pairs)
