"""``convert``: an image or labels from one format into another, place and all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, cast

import numpy as np
import numpy.typing as npt
from cyclopts import Parameter

from napari_sam_med.cli.choices import names_from_texts
from napari_sam_med.cli.inputs import (
    ANY,
    Which,
    read_image,
    read_label_image,
    shared_between,
)
from napari_sam_med.cli.outputs import (
    NOTHING,
    Beside,
    Labelled,
    check_beside,
    refuse_unused,
    tell_lost_place,
    tell_segments,
    tell_written,
    write_beside_and_tell,
)
from napari_sam_med.core.grids import on_grid
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.storage.atomic_files import check_not_read
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import ImageError


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Converted:
    """Where it goes.

    Parameters
    ----------
    out
        File to write: .nii.gz, .nii, .nrrd or .mha, for a single slice .png, .tif or
        .bmp, or .dcm for labels as DICOM-SEG. A DICOM-SEG carries the patient's name
        and identifiers, as its standard demands; no other file does.
    labelmap
        Write a DICOM-SEG as one image of numbers (LABELMAP), which few programs read.
    overwrite
        Replace existing files.
    """

    out: Path
    labelmap: Annotated[bool, Parameter(negative=())] = False
    overwrite: Annotated[bool, Parameter(negative=())] = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Meant:
    """How the input is meant.

    Parameters
    ----------
    labels
        The input is a label image: whole numbers, 0 is the background.
    image
        The image that the labels were drawn on; needed for a DICOM-SEG, a picture and
        statistics. The labels are written in its order of voxels.
    name
        LABEL=NAME, what a label is called in a DICOM-SEG and the statistics, such as
        1=liver; may be given several times. Goes before names that the input has.
    axis
        Array axis that the picture's slice is counted along, in the order that the
        file stores: 0 (z), 1 (y) or 2 (x), of axial slices axial, coronal or sagittal;
        by default 0.
    slice
        Number of the picture's slice along --axis, the first one being 0; by default
        the one with the most labelled voxels.
    """

    labels: Annotated[bool, Parameter(negative=())] = False
    image: Path | None = None
    name: Annotated[tuple[str, ...], Parameter(negative=())] = ()
    axis: Literal[0, 1, 2] | None = None
    slice: int | None = None


def convert(
    source: Path,
    /,
    *,
    keep: Converted,
    meant: Meant = Meant(),
    which: Which = ANY,
    beside: Beside = NOTHING,
) -> int:
    """Write an image or a label image in another format, with its geometry.

    Parameters
    ----------
    source
        NIfTI, NRRD, MHA, DICOM (file or folder), PNG, JPEG, TIFF or BMP.
    keep
        Where it goes.
    meant
        How it is meant.
    which
        Which image of several, be it the input or the one named with --image; a time
        point is taken of whichever has several, of labels and image alike.
    beside
        What else is written, of labels.
    """
    from napari_sam_med.io.writing.export import check_target, write_volume

    check_target(keep.out, overwrite=keep.overwrite)
    check_beside(beside, keep.out, overwrite=keep.overwrite)
    outputs = (keep.out, *beside.paths())
    check_not_read(outputs, [source] if meant.image is None else [source, meant.image])
    if meant.labels:
        return _convert_labels(source, keep, meant, which, beside)
    _refuse_for_images(keep, meant, beside)
    image = read_image(source, which)
    check_not_read(outputs, image.files)
    write_volume(keep.out, image, overwrite=keep.overwrite)
    tell_written([keep.out])
    tell_lost_place(keep.out, image.geometry)
    return 0


def _refuse_for_images(keep: Converted, meant: Meant, beside: Beside) -> None:
    of_labels = {
        "--image": meant.image,
        "--name": meant.name or None,
        "--axis": meant.axis,
        "--slice": meant.slice,
        "--labelmap": keep.labelmap or None,
        "--statistics": beside.statistics,
        "--picture": beside.picture,
        f"--out {keep.out}": keep.out.suffix.lower() == ".dcm" or None,
    }
    asked = [name for name, value in of_labels.items() if value is not None]
    if asked:
        msg = f"{asked[0]} is for labels; add --labels if the input is a label image"
        raise ImageError(msg)


def _refuse_unused_for_labels(keep: Converted, meant: Meant, beside: Beside) -> None:
    if beside.picture is None:
        of_picture = {"--axis": meant.axis, "--slice": meant.slice}
        given = {name: value is not None for name, value in of_picture.items()}
        refuse_unused(given, "the picture (--picture FILE)")
    is_dicom = keep.out.suffix.lower() == ".dcm"
    if not is_dicom:
        refuse_unused({"--labelmap": keep.labelmap}, "a DICOM-SEG (--out FILE.dcm)")
    if not is_dicom and beside.statistics is None and meant.image is not None:
        wanted = "a DICOM-SEG (--out FILE.dcm) and --statistics"
        refuse_unused({"--name": bool(meant.name)}, wanted)


def _convert_labels(
    source: Path, keep: Converted, meant: Meant, which: Which, beside: Beside
) -> int:
    from napari_sam_med.io.writing.export import (
        check_source,
        provenance_of,
        write_labels,
    )

    _refuse_unused_for_labels(keep, meant, beside)
    needs_image = beside.statistics is not None or beside.picture is not None
    if meant.image is None and needs_image:
        msg = "statistics and pictures are of an image; give it with --image"
        raise ImageError(msg)
    given = names_from_texts(meant.name)
    if meant.image is None:
        if given:
            msg = (
                "--name is for a DICOM-SEG and statistics, which are of an image; give "
                "it with --image"
            )
            raise ImageError(msg)
        labels, _ = read_label_image(source, which)
        check_not_read([keep.out], labels.files)
        if keep.out.suffix.lower() == ".dcm":
            msg = "a DICOM-SEG refers to the image; give the DICOM image with --image"
            raise ImageError(msg)
        write_labels(
            keep.out, _whole(labels.array), labels.geometry, overwrite=keep.overwrite
        )
        tell_written([keep.out])
        tell_lost_place(keep.out, labels.geometry)
        return 0
    of_labels, of_image = shared_between(which, source, meant.image)
    labels, stored = read_label_image(source, of_labels)
    names = _all_names(stored, given, labels)
    image = read_image(meant.image, of_image)
    check_not_read((keep.out, *beside.paths()), (*labels.files, *image.files))
    provenance = provenance_of(image, names, labelmap=keep.labelmap)
    check_source(keep.out, provenance)
    placed = on_grid(labels.array, labels.geometry, image.geometry, image.shape_zyx)
    found = Labelled(image, _whole(placed), names)
    plane = _plane(found, meant)
    numbers = write_labels(
        keep.out,
        found.labels,
        image.geometry,
        overwrite=keep.overwrite,
        provenance=provenance,
    )
    tell_segments(numbers)
    tell_written([keep.out])
    tell_lost_place(keep.out, image.geometry)
    return write_beside_and_tell(
        keep.out, beside, found, plane, overwrite=keep.overwrite
    )


def _all_names(
    stored: dict[int, str], given: dict[int, str], labels: Volume
) -> dict[int, str]:
    """Put names that were typed before those that came with the labels."""
    absent = [label for label in given if not (labels.array == label).any()]
    if absent:
        msg = f"there is no label {absent[0]} in the input; leave its --name out"
        raise ImageError(msg)
    return stored | given


def _whole(array: npt.NDArray[np.generic]) -> npt.NDArray[np.integer]:
    """Say what reading labels has seen to: the numbers are whole."""
    return cast("npt.NDArray[np.integer]", array)


def _plane(found: Labelled, meant: Meant) -> SlicePlane:
    across = meant.axis or 0
    count = found.image.shape_zyx[across]
    index = meant.slice
    if index is None:
        others = tuple(axis for axis in range(3) if axis != across)
        index = int(np.count_nonzero(found.labels, axis=others).argmax())
    if not 0 <= index < count:
        msg = f"there is no slice {index}; axis {across} has 0 to {count - 1}"
        raise ImageError(msg)
    return SlicePlane.of(found.image.geometry, across, index)
