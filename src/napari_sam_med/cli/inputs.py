"""Images as commands read them: which of several, and what reading put right."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from cyclopts import Parameter

from napari_sam_med.cli.terminal import Console
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from napari_sam_med.session.replay import Record


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Which:
    """Which image, where a file or folder holds several.

    Parameters
    ----------
    series
        SeriesInstanceUID of the DICOM series to take from a folder with several.
    time
        Time point of an image with several, from 0.
    """

    series: str | None = None
    time: int | None = None


ANY = Which()
SAME_SPACING = 1e-3
"""Relative; formats round a spacing by less, and a resampled image differs by more."""


def read_image(path: Path, which: Which) -> Volume:
    """Read an image and say on standard error what had to be put right.

    Parameters
    ----------
    path : Path
        A file, or a folder with a DICOM series.
    which : Which
        Which of several.

    Returns
    -------
    Volume

    Raises
    ------
    FileReadError, ImageError, GeometryError
        As ``io.volumes.read_volume``.
    """
    from napari_sam_med.io.volume_files import read_volume

    volume = read_volume(path, series=which.series, time=which.time)
    tell_notes(volume)
    return volume


def image_beside(document: Path, images: Collection[str], out: Path | None) -> Path:
    """Find the image that saved prompts are of in the folder that they lie in.

    Parameters
    ----------
    document : Path
        The saved prompts.
    images : collection of str
        Names of the images that they are of.
    out : Path or None
        What is to be written there; it is not the image.

    Returns
    -------
    Path

    Raises
    ------
    DatasetError
        If not just one file or folder beside it has one of the names.
    """
    from napari_sam_med.io.formats import is_image_file, name_from_path
    from napari_sam_med.session.replay import AT_TIME

    names = {name.partition(AT_TIME)[0] for name in images}
    found = [
        each
        for each in sorted(document.absolute().parent.iterdir())
        if name_from_path(each) in names and (each.is_dir() or is_image_file(each))
        if out is None or each != out.absolute()
    ]
    if len(found) == 1:
        Console(stderr=True).print(
            f"Note: no image was given; {found[0]} is asked about", soft_wrap=True
        )
        return found[0]
    what = ", ".join(sorted(names)) or "nothing"
    where = f"{len(found)} files of that name are" if found else "no such file is"
    msg = f"{document} holds prompts of {what}, and {where} beside it; give IMAGE, too"
    raise DatasetError(msg)


def read_label_image(path: Path, which: Which = ANY) -> tuple[Volume, dict[int, str]]:
    """Read a label image and the names of its labels.

    Parameters
    ----------
    path : Path
        A file; the names come out of a DICOM-SEG, or from ``labels.json`` beside it.
    which : Which
        Which of several.

    Returns
    -------
    Volume
        (Z, Y, X) integers.
    dict of int to str
        Names of labels that have one.

    Raises
    ------
    FileReadError, ImageError, GeometryError
        As ``io.volumes.read_labels``.
    """
    from napari_sam_med.io.label_names import find_label_names
    from napari_sam_med.io.volume_files import read_labels, read_stored_names

    labels = read_labels(path, series=which.series, time=which.time)
    names = read_stored_names(path, series=which.series)
    if not names:
        found = find_label_names(path)
        names = dict(found.names)
        if found.objects_of:
            names = dict.fromkeys(
                range(1, int(labels.array.max()) + 1), found.objects_of
            )
    tell_notes(labels)
    return labels, names


def shared_between(which: Which, labels: Path, image: Path) -> tuple[Which, Which]:
    """Say what is asked of labels and what of their image.

    Parameters
    ----------
    which : Which
        What was typed for both.
    labels, image : Path
        The files, or the folder of a series.

    Returns
    -------
    of_labels, of_image : Which
        The series is the image's, the time as ``io.volume_files.times_shared`` says.
    """
    from napari_sam_med.io.volume_files import times_shared

    of_labels, of_image = times_shared(labels, image, which.time, which.series)
    return Which(None, of_labels), Which(which.series, of_image)


def as_typed(text: str) -> str:
    """Give the letters of an argument back that the locale (LANG=C) lacks."""
    try:
        return os.fsencode(text).decode("utf-8")
    except UnicodeError:
        return text


def tell_other_pixels(records: Sequence[Record], image: Volume) -> None:
    """Say where an image has pixels of another size than those that were prompted.

    Parameters
    ----------
    records : sequence of Record
        What was prompted on it.
    image : Volume
        The image.
    """
    for record in records:
        plane = SlicePlane.of(image.geometry, record.axis, record.index)
        if not np.allclose(plane.spacing_rc, record.spacing_rc, rtol=SAME_SPACING):
            then, now = (
                f"{rows:.3g} x {columns:.3g} mm"
                for rows, columns in (record.spacing_rc, plane.spacing_rc)
            )
            Console(stderr=True).print(
                f"Note: prompts were made on pixels of {then}, and {image.name} has "
                f"some of {now}; give the image that was prompted, or masks may lie "
                "elsewhere",
                soft_wrap=True,
            )
            return


def tell_notes(volume: Volume) -> None:
    """Say what reading had to put right."""
    console = Console(stderr=True)
    for note in volume.notes:
        console.print(f"Note: {note}", soft_wrap=True)
