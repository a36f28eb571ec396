"""Data for runs as they are given: folders of images and labels, and the samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from napari_sam_med.bench.data.catalogue import open_dataset
from napari_sam_med.bench.data.challenge_files import ChallengeFiles
from napari_sam_med.bench.data.labelled_volumes import (
    InMemory,
    LabelledVolume,
    VolumeSource,
)
from napari_sam_med.bench.data.pairing import PairedFiles, folders_unread
from napari_sam_med.bench.data.subsets import (
    FewerObjects,
    FewerSlices,
    Joined,
    evenly_spaced,
)
from napari_sam_med.core.storage.documents import OPEN
from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Mapping

Item = TypeVar("Item")

SAMPLE_DATA = Path(__file__).parents[4] / "sample_data"
SAMPLES = "samples"
"""Name of the data set in the results."""
MODALITIES = {"ct": "CT", "mr": "MR", "xray": "X-ray", "us": "ultrasound"}


@dataclass(frozen=True, slots=True)
class GivenData:
    """What a run reads, as it was asked for.

    Parameters
    ----------
    images : Path or None
        File or folder; of samples None for those of the package.
    labels : Path or None
        The same; None for a data set of the study, the challenge's files or samples.
    kind : {"files", "challenge", "samples"}
        What lies there.
    dataset, patients, axis, max_slices, max_images, max_objects, series, time
        As the command ``benchmark`` takes them.
    """

    __pydantic_config__ = OPEN

    images: Path | None
    labels: Path | None = None
    kind: Literal["files", "challenge", "samples"] = "files"
    dataset: str = ""
    patients: str = ""
    axis: Literal[0, 1, 2] = 0
    max_slices: int | None = None
    max_images: int | None = None
    max_objects: int | None = None
    series: str | None = None
    time: int | None = None

    def open(self) -> VolumeSource:
        """Find the data.

        Raises
        ------
        DatasetError
            If nothing pairs, or there is no such data set.
        FileReadError
            If ``labels.json`` cannot be used.
        """
        source = self._opened()
        if self.max_objects is not None:
            source = FewerObjects(source, self.max_objects)
        if self.max_slices is not None:
            source = FewerSlices(source, self.max_slices, self.axis)
        return source

    def folders_unread(self) -> list[Path]:
        """List subfolders whose images are not read; other data have a layout."""
        if self.kind != "files" or self.images is None or self.labels is None:
            return []
        return folders_unread(self.images, self.labels)

    def _opened(self) -> VolumeSource:
        if self.kind == "samples":
            return sample_source(self.images)
        images = self.images or Path()
        if self.kind == "challenge":
            return ChallengeFiles.of(images)
        if self.labels is None:
            catalogued = open_dataset(self.dataset, images)
            few = _fewer(catalogued.images, self.max_images)
            return replace(catalogued, images=few)
        paired = paired_files(
            images, self.labels, patient_pattern=self.patients, name=self.dataset
        )
        few_pairs = _fewer(tuple(paired.pairs), self.max_images)
        return replace(paired, pairs=few_pairs, series=self.series, time=self.time)


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
        name=printable(name),
    )
    return replace(source, objects_of=named.objects_of)


def sample_source(folder: Path | None = None) -> VolumeSource:
    """All sample images with their labels.

    Parameters
    ----------
    folder : Path or None
        A folder made by ``python -m napari_sam_med.samples``; by default that of the
        repository, or where it is not there, phantoms made in memory.

    Returns
    -------
    VolumeSource

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
    return Joined(sources, SAMPLES)


def _with_modality(names: Mapping[int, str], prefix: str) -> dict[int, str]:
    """Tell the lesion in MR from that in ultrasound."""
    return {label: f"{MODALITIES[prefix]} {name}" for label, name in names.items()}


def _generated() -> InMemory:
    from napari_sam_med.samples.sample_files import COLLECTIONS

    pairs = []
    for kind in COLLECTIONS:
        for sample in map(kind.make, kind.seeds):
            names = _with_modality(sample.names, kind.prefix)
            name = sample.volume.name
            pairs.append(
                LabelledVolume(sample.volume, sample.labels, name, label_names=names)
            )
    return InMemory(pairs, SAMPLES)


def _fewer(all_of_them: tuple[Item, ...], most: int | None) -> tuple[Item, ...]:
    """Take at most so many, evenly spaced."""
    if most is None:
        return all_of_them
    if most < 1:
        msg = f"at most {most} images; give 1 or more"
        raise DatasetError(msg)
    return tuple(all_of_them[k] for k in evenly_spaced(len(all_of_them), most))
