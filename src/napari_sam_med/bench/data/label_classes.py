"""From the values of a label image to classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume

WHITE = 255
"""What drawing programs store for the object in a mask of 8 bits."""


def class_labels(
    labels: npt.NDArray[np.integer], names: Mapping[int, str], *, published: bool
) -> npt.NDArray[np.integer]:
    """Bring label values to classes.

    Parameters
    ----------
    labels : (Z, Y, X) integer
        As stored.
    names : mapping of int to str
        Names of the classes; may be empty.
    published : bool
        Whether the rules are those of a published profile.

    Returns
    -------
    (Z, Y, X) integer
        A mask of 0 and 255 becomes 0 and 1. With a single named class the two published
        profiles give all non-zero pixels its value.

    Notes
    -----
    mazurowski-lab/segment-anything-medical-evaluation divides a mask by 255 and
    truncates whenever its maximum is 255; ``strict`` leaves other values than 0 and 255
    alone.

    Examples
    --------
    >>> class_labels(np.array([[[0, 128, 255]]]), {}, published=True).tolist()
    [[[0, 0, 1]]]
    """
    if labels.max() == WHITE and (published or _is_black_and_white(labels)):
        labels = labels // WHITE
    if published and len(names) == 1:
        (only,) = names
        labels = np.where(labels > 0, only, 0)
    return labels


def unknown_labels(labelled: LabelledVolume, *, published: bool) -> list[int]:
    """List the label values that have no name although names were given.

    Parameters
    ----------
    labelled : LabelledVolume
        Image and labels.
    published : bool
        Whether the rules are those of a published profile.

    Returns
    -------
    list of int
        Ascending; empty if no names were given at all.
    """
    if not labelled.label_names:
        return []
    labels = class_labels(labelled.labels, labelled.label_names, published=published)
    found = (int(value) for value in np.unique(labels) if value)
    return [value for value in found if value not in labelled.label_names]


def _is_black_and_white(labels: npt.NDArray[np.integer]) -> bool:
    return bool(np.isin(labels, (0, WHITE)).all())
