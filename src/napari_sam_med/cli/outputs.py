"""What commands write beside a label file: a table of its objects, a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from cyclopts import Parameter

from napari_sam_med.cli.terminal import Console
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.measures.label_statistics import statistics_of
from napari_sam_med.core.storage.atomic_files import check_free
from napari_sam_med.core.storage.plain_text import on_one_line
from napari_sam_med.errors import FileWriteError, ImageError, SamMedError
from napari_sam_med.io.writing.slice_pictures import picture_of_slice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.core.volumes import Volume
    from napari_sam_med.core.windows import Window


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Beside:
    """What is written beside the label file; no name of a file or patient is in it.

    Parameters
    ----------
    statistics
        CSV file for the voxels, millilitres, mean, SD, minimum, maximum and centroid
        (LPS, mm) of each object.
    picture
        PNG file for the slice with the labels over it, front or head up and the
        patient's left to the right.
    """

    statistics: Path | None = None
    picture: Path | None = None

    def paths(self) -> tuple[Path | None, ...]:
        """Name the files, None for what is not asked for."""
        return self.statistics, self.picture


NOTHING = Beside()


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Labels on an image's grid.

    Parameters
    ----------
    image : Volume
        The image.
    labels : (Z, Y, X) integer
        On its grid.
    names : mapping of int to str
        Names of labels.
    """

    image: Volume
    labels: npt.NDArray[np.integer]
    names: Mapping[int, str]


def check_beside(beside: Beside, out: Path, *, overwrite: bool) -> None:
    """Refuse places that could not be written to, before work is spent on them.

    Parameters
    ----------
    beside : Beside
        What is to be written.
    out : Path
        The label file.
    overwrite : bool
        Whether existing files may be replaced.

    Raises
    ------
    FileWriteError
        If a file exists already, or is named twice, or the table is no CSV or the
        picture no PNG: another ending is likelier a file of the input, such as the
        voxels of a header.
    """
    asked = [path for path in (beside.statistics, beside.picture) if path is not None]
    for path in asked:
        check_free(path, overwrite=overwrite)
    named = [path.resolve() for path in (out, *asked)]
    if len(set(named)) < len(named):
        msg = "one file is named for two outputs; give each a file of its own"
        raise FileWriteError(msg)
    table = beside.statistics
    if table is not None and table.suffix.lower() != ".csv":
        msg = f"{table} is no place for a table; give a name that ends .csv"
        raise FileWriteError(msg)
    if beside.picture is not None and beside.picture.suffix.lower() != ".png":
        msg = f"{beside.picture} is no place for a picture; give a name that ends .png"
        raise FileWriteError(msg)


def write_beside(
    beside: Beside,
    found: Labelled,
    plane: SlicePlane | None,
    *,
    window: Window | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Write the table and the picture that were asked for.

    Parameters
    ----------
    beside : Beside
        What is to be written.
    found : Labelled
        The labels and their image.
    plane : SlicePlane or None
        The slice of the picture; None only without one.
    window : Window or None
        As ``picture_of_slice`` takes it.
    overwrite : bool
        Whether existing files may be replaced.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    FileWriteError
        If a file cannot be written.
    """
    from napari_sam_med.io.writing.export_pictures import write_picture
    from napari_sam_med.io.writing.tables import write_statistics

    image, labels, names = found.image, found.labels, found.names
    written = []
    if beside.statistics is not None:
        rows = statistics_of(labels, image, names)
        write_statistics(beside.statistics, rows, overwrite=overwrite)
        written.append(beside.statistics)
    if beside.picture is not None and plane is not None:
        picture = picture_of_slice(image, labels, plane, window=window)
        write_picture(beside.picture, picture[None], overwrite=overwrite)
        written.append(beside.picture)
    return written


def write_beside_and_tell(
    out: Path,
    beside: Beside,
    found: Labelled,
    plane: SlicePlane | None,
    *,
    window: Window | None = None,
    overwrite: bool = False,
) -> int:
    """Write what ``write_beside`` does, each for itself, and say what was written.

    Parameters
    ----------
    out : Path
        The label file, which is written already.
    beside, found, plane, window, overwrite
        As ``write_beside`` takes them.

    Returns
    -------
    int
        Exit status: 0, or 1 if a file could not be written.
    """
    written, faults = [], []
    for part in (Beside(beside.statistics), Beside(picture=beside.picture)):
        try:
            written += write_beside(
                part, found, plane, window=window, overwrite=overwrite
            )
        except (SamMedError, OSError) as error:
            faults.append(f"{error}; {out} was written all the same")
    tell_written(written)
    for fault in faults:
        Console(stderr=True).print(on_one_line(fault), soft_wrap=True)
    return 1 if faults else 0


def refuse_unused(asked: Mapping[str, bool], wanted: str) -> None:
    """Refuse options that would change nothing.

    Parameters
    ----------
    asked : mapping of str to bool
        Options, and whether each was given.
    wanted : str
        What they are for, with the option that asks for it.

    Raises
    ------
    ImageError
        If one was given.
    """
    name = next((name for name, is_given in asked.items() if is_given), None)
    if name is not None:
        msg = f"{name} is for {wanted}; add that, or leave {name} out"
        raise ImageError(msg)


def tell_empty_mask(mask: npt.NDArray[np.bool_]) -> None:
    """Say that an object has no pixel: the file that was written looks like any."""
    if not mask.any():
        Console(stderr=True).print(
            "Note: the mask is empty, since the model found no pixel for these "
            "prompts; look where they lie on the slice, or try another candidate",
            soft_wrap=True,
        )


def tell_lost_place(out: Path, geometry: Geometry) -> None:
    """Say where a file keeps no spacing and position, though the image has them."""
    from napari_sam_med.io.writing.export import keeps_place

    if not keeps_place(out) and geometry != Geometry():
        Console(stderr=True).print(
            f"Note: {out} keeps neither spacing nor position; choose .nii.gz, .nrrd or "
            ".mha to keep them",
            soft_wrap=True,
        )


def tell_segments(numbers: Mapping[int, int]) -> None:
    """Say which segment of a DICOM-SEG each label is, where numbers changed."""
    from napari_sam_med.io.writing.segment_numbers import segments_told

    told = segments_told(numbers)
    if told:
        Console().print(f"Segments: {told}", soft_wrap=True)


def tell_written(paths: Sequence[Path]) -> None:
    """Name the files that were written."""
    for path in paths:
        Console().print(f"Written to {path}", soft_wrap=True)
