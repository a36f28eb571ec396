"""The folder of sample files: images, label files beside them, and a DICOM series."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from napari_sam_med.core.storage.atomic_files import remedy_of, write_text
from napari_sam_med.errors import FileWriteError
from napari_sam_med.io.dicom import write_ct_series
from napari_sam_med.io.writing.export import write_labels, write_volume
from napari_sam_med.samples.ct import ct_abdomen
from napari_sam_med.samples.mr import mr_head
from napari_sam_med.samples.us import us_lesion
from napari_sam_med.samples.xray import xray_chest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sam_med.samples.sample import Sample


@dataclass(frozen=True, slots=True)
class Collection:
    """One kind of phantom in the sample folder.

    Parameters
    ----------
    prefix : str
        Folders are ``PREFIX_images`` and ``PREFIX_labels``.
    make : callable
        From a seed to a sample.
    suffix : str
        File type of images and labels.
    seeds : tuple of int
        One file for each.
    """

    prefix: str
    make: Callable[[int], Sample]
    suffix: str
    seeds: tuple[int, ...]


COLLECTIONS = (
    Collection("ct", ct_abdomen, ".nii.gz", (0,)),
    Collection("mr", mr_head, ".nrrd", (0,)),
    Collection("xray", xray_chest, ".png", (0, 1, 2)),
    Collection("us", us_lesion, ".mha", (0, 1, 2)),
)


def write_samples(
    folder: Path, collections: Sequence[Collection] = COLLECTIONS
) -> None:
    """Write all sample files; the same call always gives the same bytes.

    Parameters
    ----------
    folder : Path
        Absent or empty. Gets ``ct_images/abdomen_0.nii.gz``,
        ``ct_labels/abdomen_0.nii.gz``, ``ct_labels/labels.json`` and so on for
        ``mr`` (NRRD), ``xray`` (PNG) and ``us`` (MHA), and ``ct_dicom/abdomen_0/``.
    collections : sequence of Collection
        Which kinds; all by default.

    Raises
    ------
    FileWriteError
        If the folder holds files already, or cannot be written.
    """
    if folder.is_file() or (folder.exists() and any(folder.iterdir())):
        msg = f"{folder} holds files already; give an empty or new folder"
        raise FileWriteError(msg)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # all or none: what a full disk or a kill left would be in the next call's way
        with TemporaryDirectory(dir=folder.parent, prefix=".part-") as aside:
            part = Path(aside) / folder.name
            part.mkdir()
            for collection in collections:
                for seed in collection.seeds:
                    _write_one(part, collection, collection.make(seed))
            if folder.exists():
                folder.rmdir()
            part.replace(folder)
    except FileWriteError:
        raise
    except OSError as error:
        msg = (
            f"the samples cannot be written to {folder} ({error.strerror or error}); "
            f"{remedy_of(error, 'give another folder')}"
        )
        raise FileWriteError(msg) from error


def _write_one(folder: Path, collection: Collection, sample: Sample) -> None:
    volume = sample.volume
    name = f"{volume.name}{collection.suffix}"
    labels = folder / f"{collection.prefix}_labels"
    write_volume(folder / f"{collection.prefix}_images" / name, volume)
    write_labels(labels / name, sample.labels, volume.geometry)
    names = {str(label): text for label, text in sample.names.items()}
    text = json.dumps(names, indent=2) + "\n"
    write_text(labels / "labels.json", text)
    if volume.modality == "CT":
        series = replace(volume, name=f"phantom-{volume.name}")
        target = folder / f"{collection.prefix}_dicom" / volume.name
        write_ct_series(target, series, description="Abdomen portal venous 5 mm")
