"""The data sets of the study: where they are, how their files lie, what labels mean."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_sam_med.bench.data.hashing import hash_of_path
from napari_sam_med.bench.data.labelled_volumes import (
    BadPair,
    LabelledVolume,
    check_unique,
)
from napari_sam_med.core.storage.documents import STRICT, Document
from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.core.volumes import Volume


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """One data set of the study.

    Parameters
    ----------
    name, title, modality, page, licence : str
        What it is called, its DICOM modality, where to get it and on which terms.
    images, pattern, labels
        Its files: see ``catalogue.toml``.
    tasks : mapping of str to list of int or "nonzero"
        Names in the study's tables, and the values in the label files.
    slicing : str
        How volumes become slices, in words.
    unsure : str
        What no public source states; empty if nothing.
    """

    __pydantic_config__ = STRICT

    name: str
    title: str
    modality: str
    page: str
    licence: str
    images: str
    pattern: str
    labels: tuple[str, ...]
    tasks: dict[str, list[int] | Literal["nonzero"]]
    slicing: str
    unsure: str

    @property
    def groups(self) -> list[tuple[str, ...]]:
        """Tasks that can stand in one label image; of overlapping ones each alone."""
        values = [v for v in self.tasks.values() if not isinstance(v, str)]
        flat = [value for each in values for value in each]
        apart = len(flat) == len(set(flat))
        names = tuple(self.tasks)
        return [names] if apart else [(name,) for name in names]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All entries."""

    __pydantic_config__ = STRICT

    dataset: list[DatasetEntry]


CATALOGUE = Document(
    "the catalogue of data sets",
    Catalogue,
    "install the package again",
    error=DatasetError,
)


@cache
def catalogue() -> dict[str, DatasetEntry]:
    """Read the entries that come with the package.

    Returns
    -------
    dict of str to DatasetEntry
        By name.
    """
    file = resources.files("napari_sam_med.bench.data") / "catalogue.toml"
    found = CATALOGUE.parse(file.read_text(encoding="utf-8"), file.name, toml=True)
    return {entry.name: entry for entry in found.dataset}


def open_dataset(name: str, path: Path) -> CataloguedFiles:
    """Find the files of one of the study's data sets.

    Parameters
    ----------
    name : str
        Of the entry.
    path : Path
        Where the data set was unpacked.

    Returns
    -------
    CataloguedFiles

    Raises
    ------
    DatasetError
        If there is no such entry, or no image lies where it says.
    """
    entries = catalogue()
    if not name:
        msg = (
            f"the labels are missing; give LABELS after {path}, or name one of the "
            f"study's data sets: --dataset with {', '.join(entries)}"
        )
        raise DatasetError(msg)
    if name not in entries:
        msg = f"no data set is named {name!r}; known are {', '.join(entries)}"
        raise DatasetError(msg)
    entry = entries[name]
    fits = (p for p in path.glob(entry.images) if _match(entry, path, p))
    images = tuple(sorted(fits, key=lambda p: p.name))
    if not images:
        msg = (
            f"{path} holds no {entry.images} as {entry.title} has them; give the "
            f"unpacked folder, from {entry.page}"
        )
        raise DatasetError(msg)
    return CataloguedFiles(entry, path, images)


@dataclass(frozen=True, slots=True)
class CataloguedFiles:
    """A data set of the study on disk; a ``VolumeSource``.

    Parameters
    ----------
    entry : DatasetEntry
        What is known of it.
    root : Path
        Where it was unpacked.
    images : tuple of Path
        In order of file name.

    Raises
    ------
    DatasetError
        If two images have the same name.
    """

    entry: DatasetEntry
    root: Path
    images: tuple[Path, ...]

    def __post_init__(self) -> None:
        check_unique([self._name_of(path) for path in self.images])

    @property
    def name(self) -> str:
        """That of the entry; the tasks keep the very names of the study's tables."""
        return self.entry.name

    def __len__(self) -> int:
        return len(self.images) * len(self.entry.groups)

    def __iter__(self) -> Iterator[LabelledVolume | BadPair]:
        for image in self.images:
            for tasks in self.entry.groups:
                yield self._load(image, tasks)

    def fingerprint(self) -> list[dict[str, str]]:
        """Hash all images and labels."""
        files = [f for p in self.images for f in (p, *self._labels_of(p))]
        names = [printable(str(file.relative_to(self.root))) for file in files]
        return [
            {"name": name, "sha256": hash_of_path(file)}
            for name, file in zip(names, files, strict=True)
        ]

    def options(self) -> dict[str, Any]:
        """Say who the patients are, and what the labels mean."""
        return {"patients": self.entry.pattern, "labels": self.entry.tasks}

    def _load(self, image: Path, tasks: tuple[str, ...]) -> LabelledVolume | BadPair:
        from napari_sam_med.io.volume_files import read_volume

        alone = len(self.entry.groups) > 1
        name = f"{self._name_of(image)} ({tasks[0]})" if alone else self._name_of(image)
        files = self._labels_of(image)
        if not files:
            return BadPair.of(
                name, f"image {image} has none of {self.entry.labels}", image
            )
        try:
            raw = _joined_labels(files)
            volume = _with_modality(read_volume(image), self.entry.modality)
            labels = np.zeros(raw.shape, dtype=np.uint8)
            for number, task in enumerate(tasks, start=1):
                values = self.entry.tasks[task]
                here = raw > 0 if isinstance(values, str) else np.isin(raw, values)
                labels[here] = number
            names = dict(enumerate(tasks, start=1))
            patient = self._patient_of(image)
            return LabelledVolume(
                volume, labels, name, patient, names, names_tasks=True
            )
        except Exception as error:  # noqa: BLE001 - one bad file is one row
            return BadPair.from_error(name, error, image, *files)

    def _labels_of(self, image: Path) -> list[Path]:
        found = _match(self.entry, self.root, image)
        parts = {} if found is None else found.groupdict()
        escaped = {key: _glob_escape(value) for key, value in parts.items()}
        globs = [each.format(**escaped) for each in self.entry.labels]
        return sorted(file for each in globs for file in self.root.glob(each))

    def _name_of(self, image: Path) -> str:
        from napari_sam_med.io.formats import name_from_path

        relative = image.relative_to(self.root)
        return printable(str(relative.with_name(name_from_path(image))))

    def _patient_of(self, image: Path) -> str:
        found = _match(self.entry, self.root, image)
        return found["patient"] if found else ""


def _match(entry: DatasetEntry, root: Path, image: Path) -> re.Match[str] | None:
    return re.match(entry.pattern, image.relative_to(root).as_posix())


def _glob_escape(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)


def _joined_labels(files: list[Path]) -> npt.NDArray[np.integer]:
    from napari_sam_med.io.volume_files import read_labels

    arrays = [read_labels(file).array for file in files]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        msg = f"labels {', '.join(f.name for f in files)} are not of one shape"
        raise DatasetError(msg)
    joined: npt.NDArray[np.integer] = np.maximum.reduce(arrays)
    return joined


def _with_modality(volume: Volume, modality: str) -> Volume:
    return replace(volume, modality=modality)
