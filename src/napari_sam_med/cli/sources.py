"""Data for runs: two folders with the names of their labels, and the samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from napari_sam_med.bench.data.labelled_volumes import (
    InMemory,
    LabelledVolume,
    VolumeSource,
)
from napari_sam_med.bench.data.pairing import PairedFiles
from napari_sam_med.bench.data.subsets import Joined

SAMPLE_DATA = Path(__file__).parents[3] / "sample_data"
SAMPLES = "samples"
"""Name of the data set in the results."""
MODALITIES = {"ct": "CT", "mr": "MR", "xray": "X-ray", "us": "ultrasound"}


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
