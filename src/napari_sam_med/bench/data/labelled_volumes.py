"""Labelled volumes, and the sources that yield them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from napari_sam_med.core.grids import check_covers, on_grid
from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.core.volumes import check_finite
from napari_sam_med.errors import (
    DatasetError,
    GeometryError,
    NoObjectError,
    SamMedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from napari_sam_med.core.geometry import Geometry
    from napari_sam_med.core.volumes import Volume
    from napari_sam_med.core.windows import Window


@dataclass(frozen=True, slots=True, eq=False)
class LabelledVolume:
    """An image with the truth about it.

    Parameters
    ----------
    volume : Volume
        The image.
    labels : (Z, Y, X) integer
        0 is background; other values are classes.
    name : str
        Unique in a run; stands in result rows.
    patient : str
        Whom it shows, for the statistics; the name if empty.
    label_names : mapping of int to str
        Names of the classes. If any are given, other values are reported and left out.
    window : Window or None
        What ``strict`` shows of the intensities; None for the modality's default.
    objects_of : str
        If given, every label value is an object of this one class.
    names_tasks : bool
        Whether the names of the classes name whole tasks, such as those of the study's
        tables; then no data set's name is put before them.
    in_pixels : bool
        Whether the image has no spacing, as pictures have none.

    Raises
    ------
    DatasetError
        If the labels are no integers, of another shape, or one is below 0.
    NoObjectError
        If they are all background.
    ImageError
        If a voxel is NaN or infinite.
    """

    volume: Volume
    labels: npt.NDArray[np.integer]
    name: str
    patient: str = ""
    label_names: Mapping[int, str] = field(default_factory=dict)
    window: Window | None = None
    objects_of: str = ""
    names_tasks: bool = False
    in_pixels: bool = False

    def __post_init__(self) -> None:
        check_finite(self.volume.array, self.name)
        if self.labels.shape != self.volume.shape_zyx:
            msg = (
                f"labels of {self.name} have shape {self.labels.shape}, the image has "
                f"{self.volume.shape_zyx}; give labels drawn on this image"
            )
            raise DatasetError(msg)
        if self.labels.dtype.kind not in "iu":
            msg = (
                f"labels of {self.name} are {self.labels.dtype}; give whole numbers, "
                "0 for background"
            )
            raise DatasetError(msg)
        if (low := self.labels.min()) < 0:
            msg = (
                f"labels of {self.name} are from {low}; give whole numbers from 0, the "
                "background"
            )
            raise DatasetError(msg)
        if not self.labels.any():
            msg = (
                f"labels of {self.name} are all background; give at least one "
                "labelled pixel"
            )
            raise NoObjectError(msg)


@dataclass(frozen=True, slots=True)
class BadPair:
    """An image and its labels that could not be used; it becomes a row of its own.

    Parameters
    ----------
    name : str
        Of the pair.
    reason : str
        One sentence for the report.
    is_empty : bool
        Whether all is well but for the lack of an object, as in normal cases: such a
        pair is noted and is no failure.
    """

    name: str
    reason: str
    is_empty: bool = False

    @classmethod
    def from_error(
        cls,
        name: str,
        error: Exception,
        *files: Path | None,
        labels: Path | None = None,
    ) -> BadPair:
        """Do as ``of`` with what went wrong, be it an error of ours or not.

        The file of ``labels``, which may have the image's name, is called labels.
        """
        ours = isinstance(error, SamMedError)
        reason = str(error) if ours else f"{type(error).__name__}: {error}"
        if labels is not None:
            reason = reason.replace(str(labels), f"labels {labels.name}")
        made = cls.of(name, reason, *files)
        return replace(made, is_empty=isinstance(error, NoObjectError))

    @classmethod
    def of(cls, name: str, reason: str, *files: Path | None) -> BadPair:
        """Give a reason without the folders of its files.

        Parameters
        ----------
        name, reason : str
            As those of the class.
        files : Path or None
            What the reason may name; results are handed on, and the folders above the
            data often hold the name of a person.
        """
        for file in files:
            if file is not None:
                reason = reason.replace(f"{file.parent}{os.sep}", "")
        return cls(name, printable(reason))


class VolumeSource(Protocol):
    """Labelled volumes, one after the other in order of name."""

    @property
    def name(self) -> str:
        """Name of the data set; may be empty."""

    def fingerprint(self) -> list[dict[str, str]]:
        """List everything that is read, see ``file_entry``, to tell runs apart."""

    def options(self) -> dict[str, Any]:
        """What else decides about cases and patients, as plain values."""

    def __len__(self) -> int:
        """Count the pairs, good and bad."""

    def __iter__(self) -> Iterator[LabelledVolume | BadPair]:
        """Load pair after pair."""


def file_entry(name: str, sha256: str, *, in_pixels: bool) -> dict[str, str]:
    """Write down what is read, for a run's manifest.

    Parameters
    ----------
    name, sha256 : str
        Of the file, or of the image and labels in memory.
    in_pixels : bool
        Whether it has no spacing, so that distances in it are in pixels.
    """
    entry = {"name": name, "sha256": sha256}
    return entry | ({"unit": "px"} if in_pixels else {})


@dataclass(frozen=True, slots=True)
class InMemory:
    """Pairs that are loaded already, such as a viewer's layers.

    Parameters
    ----------
    pairs : sequence of LabelledVolume or BadPair
        Sorted by name when iterated.
    name : str
        Name of the data set; may be empty.

    Raises
    ------
    DatasetError
        If two pairs have the same name.
    """

    pairs: Sequence[LabelledVolume | BadPair]
    name: str = ""

    def __post_init__(self) -> None:
        check_unique([pair.name for pair in self.pairs])

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[LabelledVolume | BadPair]:
        return iter(sorted(self.pairs, key=lambda pair: pair.name))

    def fingerprint(self) -> list[dict[str, str]]:
        """Hash the arrays."""
        return [
            file_entry(
                pair.name,
                _hash_of(pair),
                in_pixels=isinstance(pair, LabelledVolume) and pair.in_pixels,
            )
            for pair in self
        ]

    def options(self) -> dict[str, Any]:
        """Say who the patients are, and what the labels mean."""
        return {
            "pairs": {
                pair.name: {
                    "patient": pair.patient,
                    "labels": {str(k): v for k, v in pair.label_names.items()},
                    "objects_of": pair.objects_of,
                    "window": [pair.window.low, pair.window.high]
                    if pair.window
                    else None,
                }
                for pair in self
                if isinstance(pair, LabelledVolume)
            }
        }


def labels_on_image(
    labels: npt.NDArray[np.integer], geometry: Geometry, image: Volume, name: str
) -> npt.NDArray[np.integer]:
    """Bring labels that have voxels of the image into the image's order of voxels.

    Parameters
    ----------
    labels : (Z, Y, X) integer
        On a grid of their own.
    geometry : Geometry
        Where they lie.
    image : Volume
        What they are drawn on.
    name : str
        Of the pair, for the message.

    Returns
    -------
    (Z, Y, X) integer
        On the image's grid.

    Raises
    ------
    GeometryError
        If they lie elsewhere, or do not cover the image.
    """
    try:
        moved = on_grid(labels, geometry, image.geometry, image.shape_zyx)
        check_covers(geometry, labels.shape, image.geometry, image.shape_zyx)
    except GeometryError as error:
        msg = f"labels of {name} do not lie on the image: {error}"
        raise GeometryError(msg) from error
    return cast("npt.NDArray[np.integer]", moved)


def check_unique(names: Sequence[str]) -> None:
    """Refuse pairs that would share their rows.

    Parameters
    ----------
    names : sequence of str
        Names of the pairs.

    Raises
    ------
    DatasetError
        If a name occurs twice.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = (
            f"several images are named {', '.join(twice)}; give each a name of its own"
        )
        raise DatasetError(msg)


def _hash_of(pair: LabelledVolume | BadPair) -> str:
    digest = hashlib.sha256()
    if isinstance(pair, BadPair):
        digest.update(pair.reason.encode())
    else:
        for array in (pair.volume.array, pair.labels):
            digest.update(str((array.shape, array.dtype)).encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
