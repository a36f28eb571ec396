"""The object that a row is about."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_sam_med.bench.data.label_classes import class_labels
from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.gui.views.benchmark_values import ResultRow


def truth_of_row(
    row: ResultRow, labelled: LabelledVolume, profile: Profile
) -> npt.NDArray[np.bool_]:
    """Cut a row's object out of the labels that the run read.

    Parameters
    ----------
    row : mapping
        With ``axis``, ``slice`` and ``label``.
    labelled : LabelledVolume
        The volume that it belongs to.
    profile : Profile
        The rules for label values.

    Returns
    -------
    (H, W) bool
    """
    labels = class_labels(
        labelled.labels, labelled.label_names, published=profile.is_published
    )
    on_slice = SlicePlane(row["axis"], row["slice"]).take(labels)
    truth: npt.NDArray[np.bool_] = np.equal(on_slice, row["label"])
    return truth
