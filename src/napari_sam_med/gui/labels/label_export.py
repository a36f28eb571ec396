"""Labels out of layers, into files that lie where the layer lies now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Layer

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.errors import ImageError
from napari_sam_med.gui.labels.label_layers import DRAWN_ON
from napari_sam_med.gui.napari_io import (
    LayerFrame,
    axes_of,
    stored_grid,
    voxels_now,
)


@dataclass(frozen=True, slots=True, eq=False)
class LabelsToWrite:
    """What is taken from a layer on the GUI thread, to be written on another.

    Parameters
    ----------
    array : (Y, X), (Z, Y, X) or (T, Z, Y, X) integer
        Not copied; may be lazy.
    frame : LayerFrame
        Where it lies.
    metadata : mapping
        The layer's: the file's grid, its files, names of labels.
    algorithm : (name, version)
        What made the labels; only a DICOM-SEG says so.
    drawn_on : tuple of str
        Files of the image that they were drawn on, which are never replaced.
    labelmap : bool
        Make a DICOM-SEG one image of numbers (LABELMAP).
    """

    array: Any
    frame: LayerFrame
    metadata: Mapping[str, Any] = field(default_factory=dict)
    algorithm: tuple[str, str] = ("napari-sam-med", "")
    drawn_on: tuple[str, ...] = ()
    labelmap: bool = False

    @classmethod
    def of(
        cls,
        layer: Layer,
        image: Image | None = None,
        algorithm: tuple[str, str] = ("napari-sam-med", ""),
    ) -> LabelsToWrite:
        """Take a layer as it is now.

        Parameters
        ----------
        layer : Layer
            The labels.
        image : Image, optional
            On which they were drawn; its file's grid counts where the labels know none.
        algorithm : (name, version)
            What made the labels.

        Raises
        ------
        ImageError
            If the layer has other than 2, 3 or 4 dimensions, or units that are no
            lengths.
        """
        known = {} if image is None else dict(image.metadata)
        metadata = known | dict(layer.metadata)
        drawn_on = tuple(known.get("files", ())) or _drawn_on(layer.metadata)
        frame = LayerFrame.of(layer)
        return cls(voxels_now(layer), frame, metadata, algorithm, drawn_on)

    @property
    def n_times(self) -> int:
        """Number of time points; 0 without a time axis."""
        return int(self.array.shape[0]) if self.frame.ndim == 4 else 0

    def volume(self, time: int | None = None) -> tuple[np.ndarray, Geometry]:
        """Give the labels in the order of the file they belong to, and their place.

        Parameters
        ----------
        time : int, optional
            Which time point.

        Returns
        -------
        (Z, Y, X) integer, Geometry
            In the layer's own order and place if it has left the file's.

        Raises
        ------
        GeometryError
            If the layer is sheared.
        """
        array = np.asarray(self.array if time is None else self.array[time])
        array = array[None] if array.ndim == 2 else array
        grid = stored_grid(self.frame, array.shape, self.metadata)
        if grid is None:
            return array, self.frame.geometry
        stored, _ = grid
        if self.frame.ndim > 2:
            array = np.transpose(array, np.argsort(axes_of(stored)))
        return array, stored


@dataclass(frozen=True, slots=True)
class WrittenLabels:
    """What ``write_label_files`` has written.

    Parameters
    ----------
    paths : list of Path
        One, or one for each time point.
    segments : str
        Which segment of a DICOM-SEG each label is, where numbers changed.
    """

    paths: list[Path]
    segments: str = ""


def write_label_files(
    path: Path, labels: LabelsToWrite, *, overwrite: bool
) -> WrittenLabels:
    """Write labels, of several time points one file each.

    Parameters
    ----------
    path : Path
        As ``io.export.write_labels`` takes it; time points put ``_t0``, ``_t1`` ...
        before its suffix.
    labels : LabelsToWrite
        What is written.
    overwrite : bool
        Replace an existing file; the files of time points are never replaced.

    Returns
    -------
    WrittenLabels
        Where, and what became of the numbers.

    Raises
    ------
    SamMedError
        As ``io.export.write_labels``.
    """
    from napari_sam_med.io.writing.export import Provenance, check_target, write_labels
    from napari_sam_med.io.writing.segment_numbers import segments_told

    sources = labels.drawn_on
    if not sources and path.suffix.lower() == ".dcm":
        sources = tuple(labels.metadata.get("files", ()))
    provenance = Provenance(
        tuple(Path(file) for file in sources),
        dict(labels.metadata.get("label_names", {})),
        labels.algorithm,
        labels.labelmap,
    )
    if not labels.n_times:
        array, geometry = labels.volume()
        numbers = write_labels(
            path, array, geometry, overwrite=overwrite, provenance=provenance
        )
        return WrittenLabels([path], segments_told(numbers))
    if path.suffix.lower() == ".dcm":
        msg = "labels over time cannot be one DICOM-SEG; choose NIfTI, NRRD or MHA"
        raise ImageError(msg)
    paths = [_at_time(path, time) for time in range(labels.n_times)]
    for each in paths:
        check_target(each)
    for time, each in enumerate(paths):
        array, geometry = labels.volume(time)
        write_labels(each, array, geometry)
    return WrittenLabels(paths)


def write_labels_layer(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:
    """Save a Labels layer where it lies now: napari's writer command.

    Parameters
    ----------
    path : str
        Ends in .nii, .nii.gz, .nrrd or .mha. napari has asked before it replaces a
        file.
    data : (Y, X), (Z, Y, X) or (T, Z, Y, X) integer, or a list of resolutions
        The layer's labels; of several time points each goes into a file of its own.
    meta : mapping
        The layer's attributes.

    Returns
    -------
    list of str
        The paths that were written.

    Raises
    ------
    ImageError
        If the labels are of another number of dimensions, or negative.
    GeometryError
        If the layer is sheared.
    FileWriteError
        If the suffix is another, or a file cannot be written.
    """
    array = data[0] if meta.get("multiscale") or isinstance(data, list) else data
    ndim = int(np.ndim(array))
    if ndim not in (2, 3, 4):
        msg = f"labels of {ndim} dimensions; give a slice, a volume or a time series"
        raise ImageError(msg)
    frame = LayerFrame.of_attributes(ndim, meta)
    metadata = meta.get("metadata") or {}
    labels = LabelsToWrite(array, frame, metadata, drawn_on=_drawn_on(metadata))
    written = write_label_files(Path(path), labels, overwrite=True)
    return [str(each) for each in written.paths]


def _drawn_on(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(metadata.get(DRAWN_ON, ()))


def _at_time(path: Path, time: int) -> Path:
    from napari_sam_med.io.formats import suffix_from_path

    suffix = suffix_from_path(path)
    stem = path.name[: len(path.name) - len(suffix)]
    return path.with_name(f"{stem}_t{time}{path.name[len(stem) :]}")
