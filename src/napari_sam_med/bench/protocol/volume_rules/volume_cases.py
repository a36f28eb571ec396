"""From a labelled volume to the objects in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from napari_sam_med.bench.data.dataset_identity import case_within, task_within
from napari_sam_med.bench.data.label_classes import class_labels
from napari_sam_med.core.planes import SlicePlane

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume


@dataclass(frozen=True, slots=True, eq=False)
class VolumeCase:
    """One class in one volume.

    Parameters
    ----------
    case_id, image, patient, task : str
        As those of a slice's case.
    axis : 0, 1 or 2
        The array axis that slices are taken across.
    label : int
        The class's value.
    label_name : str
        What the class is called.
    truth : (Z, Y, X) bool
        The object; not empty.
    spacing_zyx : (3,) float
        Millimetres between voxels.
    drawn_by : str
        What seeds the draws: the case without its data set.
    """

    case_id: str
    image: str
    patient: str
    task: str
    axis: int
    label: int
    label_name: str
    truth: npt.NDArray[np.bool_]
    spacing_zyx: tuple[float, float, float]
    drawn_by: str

    def slice_at(self, index: int) -> npt.NDArray[np.bool_]:
        """(H, W) bool: the object on a slice."""
        found = SlicePlane(self.axis, index).take(self.truth)
        return cast("npt.NDArray[np.bool_]", found)

    @property
    def areas_px(self) -> npt.NDArray[np.integer]:
        """(N,) int: pixels of the object on each slice along the axis."""
        others = tuple(axis for axis in range(3) if axis != self.axis)
        areas: npt.NDArray[np.integer] = np.count_nonzero(self.truth, axis=others)
        return areas

    @property
    def indices(self) -> npt.NDArray[np.integer]:
        """(n,) int: slices that hold the object, in order."""
        return np.flatnonzero(self.areas_px)


def volume_cases_of(
    labelled: LabelledVolume, *, axis: int, dataset: str = ""
) -> Iterator[VolumeCase]:
    """List the objects of a labelled volume.

    Parameters
    ----------
    labelled : LabelledVolume
        Image and labels.
    axis : 0, 1 or 2
        The array axis that slices are taken across.
    dataset : str
        As ``dataset_id`` gives it.

    Yields
    ------
    VolumeCase
        In order of label. Classes without a name in ``labelled.label_names`` are left
        out if names were given.
    """
    names, labels = labelled.label_names, labelled.labels
    if not labelled.objects_of:
        labels = class_labels(labels, names, published=False)
    for value in np.unique(labels):
        label = int(value)
        if label == 0 or (names and label not in names and not labelled.objects_of):
            continue
        name = labelled.objects_of or names.get(label, f"label {label}")
        drawn_by = f"{labelled.name}/axis{axis}/volume/{label}"
        yield VolumeCase(
            case_id=case_within(dataset, drawn_by),
            image=labelled.name,
            patient=case_within(dataset, labelled.patient or labelled.name),
            task=name if labelled.names_tasks else task_within(dataset, name),
            axis=axis,
            label=label,
            label_name=name,
            truth=np.equal(labels, label),
            spacing_zyx=labelled.volume.geometry.spacing_zyx,
            drawn_by=drawn_by,
        )
