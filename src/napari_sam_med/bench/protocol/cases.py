"""From a labelled volume to slices, and to the objects on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from napari_sam_med.bench.data.dataset_identity import case_within, task_within
from napari_sam_med.bench.data.label_classes import class_labels
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.slice_view import SliceView
from napari_sam_med.core.windows import MaximumScaling, default_window

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
    from napari_sam_med.core.windows import Window


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One class on one slice.

    Parameters
    ----------
    case_id : str
        Data set, volume, axis, slice and label in one word; unique among all data.
    image, patient, task : str
        Name of the volume, of the data set's patient, and of the data set's class.
    plane : SlicePlane
        Where the slice lies.
    label : int
        The class's value.
    label_name : str
        What the class is called.
    labels : (H, W) integer
        The slice of the label image, all classes.
    drawn_by : str
        What seeds the draws of ``strict``: the case without its data set, so that the
        same case is prompted alike under any name of the data, and in any company.
    """

    case_id: str
    image: str
    patient: str
    task: str
    plane: SlicePlane
    label: int
    label_name: str
    labels: npt.NDArray[np.integer]
    drawn_by: str

    @property
    def truth(self) -> npt.NDArray[np.bool_]:
        """(H, W) bool: the object; not empty."""
        truth: npt.NDArray[np.bool_] = np.equal(self.labels, self.label)
        return truth


@dataclass(frozen=True, slots=True, eq=False)
class CaseSlice:
    """A slice with its cases; they share one embedding.

    Parameters
    ----------
    view : SliceView
        The slice as the profile shows it to a model.
    cases : tuple of Case
        In order of label.
    """

    view: SliceView
    cases: tuple[Case, ...]


def slices_of(
    labelled: LabelledVolume, *, profile: Profile, axis: int, dataset: str = ""
) -> Iterator[CaseSlice]:
    """Cut a labelled volume into the slices that hold an object.

    Parameters
    ----------
    labelled : LabelledVolume
        Image and labels.
    profile : Profile
        Decides about intensities, pixels and label values.
    axis : 0, 1 or 2
        The array axis to slice across.
    dataset : str
        As ``dataset_id`` gives it; put before cases, patients and tasks. Empty where
        nobody asks which data they are of.

    Yields
    ------
    CaseSlice
        In order along the axis. Classes without a name in ``labelled.label_names`` are
        left out if names were given; ``unknown_labels`` lists them.
    """
    volume = labelled.volume
    labels = labelled.labels
    if not labelled.objects_of:
        published = profile.is_published
        labels = class_labels(labels, labelled.label_names, published=published)
    window: Window | MaximumScaling = MaximumScaling()
    if profile is Profile.STRICT:
        window = labelled.window or default_window(volume.array, volume.modality)
    others = tuple(other for other in range(3) if other != axis)
    for index in np.flatnonzero(labels.any(axis=others)):
        plane = SlicePlane.of(volume.geometry, axis, int(index))
        on_slice = cast("npt.NDArray[np.integer]", plane.take(labels))
        cases = tuple(_cases_on(labelled, plane, on_slice, dataset))
        shown = (
            plane if profile is Profile.STRICT else replace(plane, spacing_rc=(1, 1))
        )
        if cases:
            yield CaseSlice(SliceView.of(volume, shown, window), cases)


def _cases_on(
    labelled: LabelledVolume,
    plane: SlicePlane,
    labels: npt.NDArray[np.integer],
    dataset: str,
) -> Iterator[Case]:
    names = labelled.label_names
    on_plane = f"axis{plane.axis}/{plane.index:04d}"
    for value in np.unique(labels):
        label = int(value)
        if label == 0 or (names and label not in names):
            continue
        name = labelled.objects_of or names.get(label, f"label {label}")
        drawn_by = f"{labelled.name}/{on_plane}/{label}"
        yield Case(
            case_id=case_within(dataset, drawn_by),
            image=labelled.name,
            patient=case_within(dataset, labelled.patient or labelled.name),
            task=name if labelled.names_tasks else task_within(dataset, name),
            plane=plane,
            label=label,
            label_name=name,
            labels=labels,
            drawn_by=drawn_by,
        )
