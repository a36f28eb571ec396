"""Image files and label files that belong together by name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from napari_sam_med.bench.data.hashing import hash_of_path
from napari_sam_med.bench.data.labelled_volumes import (
    BadPair,
    LabelledVolume,
    check_unique,
    file_entry,
    labels_on_image,
)
from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.errors import DatasetError, SamMedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt


LABEL_ENDINGS = re.compile(
    r"[_-](labels?|seg|segmentation|masks?|gt|truth)$", re.IGNORECASE
)
BRIGHT = 127
"""Classes count from 1; alone from here up, a value is a picture's white or grey."""
IMAGE_ENDINGS = re.compile(r"[_-](0000|image|img)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FilePair:
    """An image and its labels on disk.

    Parameters
    ----------
    name : str
        Name of the image without folders and suffixes.
    image, labels : Path or None
        A file, or a folder with one DICOM series; None if there is no partner.
    """

    name: str
    image: Path | None
    labels: Path | None


@dataclass(frozen=True)
class PairedFiles:
    """Pairs of files, read one after the other when iterated.

    Parameters
    ----------
    pairs : sequence of FilePair
        In order of the images' file names.
    name : str
        Name of the data set; may be empty.
    label_names : mapping of int to str
        Names of the classes; may be empty.
    patient_pattern : str
        Regular expression whose first group, found in a pair's name, is the patient;
        empty if each image shows another patient.
    objects_of : str
        If given, every label value is an object of this one class.
    series : str or None
        SeriesInstanceUID to take from image folders with several DICOM series.
    time : int or None
        Time point to take from images and labels with several, from 0.

    Raises
    ------
    DatasetError
        If two pairs have the same name, or the pattern does not fit a name.

    Notes
    -----
    Labels belong to an image if they have its voxels, whatever the order and direction
    of their axes. Labels of a part of the image are refused: what lies outside would
    count as background, also where nobody looked, and a header that lost its spacing
    would pass for a part.
    Pictures, which store no position, need the image's shape.
    Label pictures without names that hold one value of 127 or more throughout, such as
    0 and 128, are black and white: what is not 0 is the class 1, as in masks of 255.
    """

    pairs: Sequence[FilePair]
    name: str = ""
    label_names: Mapping[int, str] = field(default_factory=dict)
    patient_pattern: str = ""
    objects_of: str = ""
    series: str | None = None
    time: int | None = None

    def __post_init__(self) -> None:
        names = [pair.name for pair in self.pairs]
        check_unique(names)
        unfit = [name for name in names if self._patient_of(name) is None]
        if unfit:
            msg = (
                f"patient pattern {self.patient_pattern!r} finds no group in "
                f"{', '.join(unfit[:3])}; give one with a group that fits every name"
            )
            raise DatasetError(msg)

    @classmethod
    def of(
        cls,
        images: Path,
        labels: Path,
        *,
        label_names: Mapping[int, str] | None = None,
        patient_pattern: str | None = None,
        name: str = "",
    ) -> PairedFiles:
        """Find the pairs of two folders, or take two files as one pair.

        Parameters
        ----------
        images, labels : Path
            Files, DICOM folders, or folders of either. Both may be the same folder if
            the label files end in ``_label``, ``_seg``, ``_mask`` or the like.
        label_names : mapping of int to str, optional
            Names of the classes.
        patient_pattern : str, optional
            See the class.
        name : str
            Name of the data set.

        Raises
        ------
        DatasetError
            If a path is absent, nothing pairs, or several label files fit an image.
        """
        missing = [str(path) for path in (images, labels) if not path.exists()]
        if missing:
            msg = f"{' and '.join(missing)} not found; give files or folders that exist"
            raise DatasetError(msg)
        pairs = _paired(images, labels)
        if not any(pair.image and pair.labels for pair in pairs):
            nested = [
                f"; in subfolders ({printable(str(each))} ...) no file is read"
                for each in folders_unread(images, labels)[:1]
            ]
            msg = (
                f"no image in {_told(images)} has labels of the same name in "
                f"{_told(labels)}; name them alike, for instance a.nii.gz or "
                "a_0000.nii.gz with a.nii.gz, a_seg.nii.gz or a_label.nii.gz"
                f"{''.join(nested)}"
            )
            raise DatasetError(msg)
        return cls(pairs, name, label_names or {}, patient_pattern or "")

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[LabelledVolume | BadPair]:
        return map(self.load, self.pairs)

    def load(self, pair: FilePair) -> LabelledVolume | BadPair:
        """Read one pair.

        Parameters
        ----------
        pair : FilePair
            One of ``pairs``.

        Returns
        -------
        LabelledVolume or BadPair
            The latter if a partner is missing or something cannot be used.
        """
        from napari_sam_med.io.volume_files import (
            read_labels,
            read_volume,
            times_shared,
        )

        if pair.image is None:
            return BadPair.of(
                pair.name, f"labels {pair.labels} have no image", pair.labels
            )
        if pair.labels is None:
            return BadPair.of(
                pair.name, f"image {pair.image} has no labels", pair.image
            )
        try:
            of_labels, of_image = times_shared(
                pair.labels, pair.image, self.time, self.series
            )
            volume = read_volume(pair.image, series=self.series, time=of_image)
            labels = read_labels(pair.labels, time=of_labels)
            values = cast("npt.NDArray[np.integer]", labels.array)
            if _is_picture(pair.labels) and self._is_black_and_white:
                values = (values > 0).astype(np.uint8)
            if not (_is_picture(pair.image) or _is_picture(pair.labels)):
                values = labels_on_image(values, labels.geometry, volume, pair.name)
            patient = self._patient_of(pair.name) or ""
            return LabelledVolume(
                volume,
                values,
                pair.name,
                patient,
                self.label_names,
                objects_of=self.objects_of,
            )
        except Exception as error:  # noqa: BLE001 - one bad file is one row
            return BadPair.from_error(pair.name, error, pair.image, labels=pair.labels)

    def fingerprint(self) -> list[dict[str, str]]:
        """Hash all files."""
        paths = [p for pair in self.pairs for p in (pair.image, pair.labels) if p]
        return [
            file_entry(
                printable(path.name), hash_of_path(path), in_pixels=_is_picture(path)
            )
            for path in paths
        ]

    def options(self) -> dict[str, Any]:
        """Say who the patients are, what the labels mean, and what is taken."""
        return {
            "patients": self.patient_pattern,
            "labels": {str(key): name for key, name in self.label_names.items()},
            "objects_of": self.objects_of,
            "series": self.series,
            "time": self.time,
        }

    @cached_property
    def _is_black_and_white(self) -> bool:
        """Whether one bright grey is all that the label pictures hold."""
        if self.label_names or self.objects_of:
            return False
        found: set[int] = set()
        for path in (pair.labels for pair in self.pairs):
            if path is not None and _is_picture(path):
                found |= _values_in(path)
            if len(found) > 1:
                return False
        return min(found, default=0) >= BRIGHT

    def _patient_of(self, name: str) -> str | None:
        if not self.patient_pattern:
            return name
        try:
            found = re.search(self.patient_pattern, name)
        except re.error as error:
            msg = f"patient pattern {self.patient_pattern!r} is no regular expression"
            raise DatasetError(msg) from error
        return found.group(1) if found and found.re.groups else None


def folders_unread(*places: Path) -> list[Path]:
    """List subfolders with images of which none is read, at whatever depth they lie.

    Parameters
    ----------
    places : Path
        Files and folders as ``PairedFiles.of`` takes them; subfolders that hold one of
        them are none of these.

    Returns
    -------
    list of Path
        In the order of the places, then by name; DICOM series are read.
    """
    from napari_sam_med.io.formats import is_image_file

    known = {place.resolve() for place in places}
    known |= {above for place in known for above in place.parents}
    found = [
        folder
        for place in dict.fromkeys(places)
        if place.is_dir()
        for folder in sorted({*place.iterdir()} - {*_entries(place)})
        if folder.is_dir() and folder.resolve() not in known
    ]
    return [
        folder
        for folder in found
        if any(is_image_file(file) and file.is_file() for file in folder.rglob("*"))
    ]


def _paired(images: Path, labels: Path) -> list[FilePair]:
    from napari_sam_med.io.formats import name_from_path

    image_paths, label_paths = _entries(images), _entries(labels)
    if images == labels:
        label_paths = [
            p for p in label_paths if LABEL_ENDINGS.search(name_from_path(p))
        ]
        image_paths = [p for p in image_paths if p not in label_paths]
    if image_paths == [images] and label_paths == [labels]:
        return [FilePair(name_from_path(images), images, labels)]
    by_name: dict[str, list[Path]] = {}
    shortened: dict[str, list[Path]] = {}
    for path in label_paths:
        name = name_from_path(path)
        by_name.setdefault(name, []).append(path)
        shortened.setdefault(LABEL_ENDINGS.sub("", name), []).append(path)
    pairs, used = [], set()
    for path in image_paths:
        name = name_from_path(path)
        short = IMAGE_ENDINGS.sub("", name)
        candidates = (by_name.get(name), shortened.get(name), shortened.get(short))
        found = _only(next((each for each in candidates if each), []), name)
        used.add(found)
        pairs.append(FilePair(name, path, found))
    lonely = [path for path in label_paths if path not in used]
    return pairs + [FilePair(f"{name_from_path(p)} (labels)", None, p) for p in lonely]


def _only(fitting: Sequence[Path], image: str) -> Path | None:
    """Take the label file that fits an image; of several none is the truth."""
    if len(fitting) > 1:
        names = " and ".join(printable(path.name) for path in fitting[:2])
        msg = (
            f"several label files fit the image {printable(image)}, {names}; leave "
            "only one of them in the folder"
        )
        raise DatasetError(msg)
    return fitting[0] if fitting else None


def _entries(path: Path) -> list[Path]:
    """List images in a folder by file name; a file or a DICOM series is one."""
    from napari_sam_med.io.formats import DICOM, is_image_file, suffix_from_path

    if path.is_file():
        return [path]
    files = [p for p in path.iterdir() if p.is_file() and is_image_file(p)]
    if files and all(suffix_from_path(p) in DICOM for p in files):
        return [path]
    series = [
        folder
        for folder in path.iterdir()
        if folder.is_dir()
        and any(suffix_from_path(p) in DICOM for p in folder.iterdir())
    ]
    return sorted([*files, *series], key=lambda p: p.name)


def _told(path: Path) -> str:
    """Name a path, and the first image of a folder."""
    first = next((each for each in _entries(path) if each != path), None)
    return str(path) if first is None else f"{path} ({printable(first.name)} ...)"


def _values_in(path: Path) -> set[int]:
    """List the labels in a picture; none if it cannot be read, which is told later."""
    from napari_sam_med.io.volume_files import read_labels

    try:
        return {int(value) for value in np.unique(read_labels(path).array) if value}
    except SamMedError:
        return set()


def _is_picture(path: Path) -> bool:
    """Whether its bytes are a picture's; what cannot be read is told later."""
    from napari_sam_med.io.detect import kind_of

    try:
        return kind_of(path).is_picture
    except SamMedError:
        return False
