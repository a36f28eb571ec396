"""What a model is asked on a slice, made from where the object is expected there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.prompts import NEGATIVE, POSITIVE, Prompts
from napari_sam_med.errors import ModelError
from napari_sam_med.propagation.propagation_settings import PromptedBy

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.ports import Capabilities, ModelInfo


MOST_PEAKS = 3
"""Positive points on an object: as many as the study's modes use for its parts."""
PEAK_FRACTION = 0.5
"""A further peak of the distance map lies at least half as deep as the first."""


def check_prompted_by(info: ModelInfo, prompted_by: PromptedBy) -> None:
    """Refuse prompts that a model does not take.

    Raises
    ------
    ModelError
        If it takes neither boxes nor points, or no mask where one is wanted.
    """
    able = info.capabilities
    if not (able.boxes or able.points):
        msg = f"{info.name} takes neither boxes nor points; choose a model that does"
        raise ModelError(msg)
    if prompted_by is PromptedBy.BOX:
        return
    if not able.masks or info.logits_side is None:
        msg = f"{info.name} takes no outline as a prompt; prompt it by box"
        raise ModelError(msg)


def prompts_from_distance(
    distance: npt.NDArray[np.float32],
    able: Capabilities,
    prompted_by: PromptedBy = PromptedBy.BOX,
) -> Prompts | None:
    """Make prompts from the expected outline of an object, without logits.

    Parameters
    ----------
    distance : (h, w) float32
        Signed distance to the outline, positive inside.
    able : Capabilities
        What the model accepts; without boxes, points stand for one.
    prompted_by : PromptedBy
        What is wanted; a mask is accompanied by points on it, since logits alone are
        no prompt.

    Returns
    -------
    Prompts or None
        In pixels of the map; None if nothing is inside.

    Examples
    --------
    >>> from napari_sam_med.core.ports import Capabilities
    >>> expected = np.array([[-1.0, 1.0, -1.0], [-1.0, 2.0, 1.0], [-1.0, -1.0, -1.0]])
    >>> prompts_from_distance(expected, Capabilities()).box_rc.tolist()
    [0.0, 1.0, 1.0, 2.0]
    """
    inside = distance > 0
    if not inside.any():
        return None
    if prompted_by is PromptedBy.MASK and able.points:
        return Prompts(*_peaks(distance))
    if able.boxes:
        return Prompts(box_rc=_box(inside))
    return _points(distance)


def _box(inside: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, cols = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(cols[0]), int(rows[-1]), int(cols[-1])


def _peaks(
    distance: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Positive points (n, 2) where the object is deepest, and their labels."""
    left = np.maximum(distance, 0)
    found: list[tuple[float, float]] = []
    deepest = float(left.max())
    rows, cols = np.ogrid[: distance.shape[0], : distance.shape[1]]
    while len(found) < MOST_PEAKS and left.max() > PEAK_FRACTION * deepest:
        row, col = divmod(int(left.argmax()), left.shape[1])
        found.append((float(row), float(col)))
        radius = 2 * _radius_px(distance, row, col)
        left[np.hypot(rows - row, cols - col) < radius] = 0
    return np.array(found), np.full(len(found), POSITIVE, dtype=np.int64)


def _radius_px(distance: npt.NDArray[np.float32], row: int, col: int) -> float:
    """Pixels from a point inside to the nearest pixel outside."""
    outside = np.argwhere(distance <= 0)
    if not len(outside):
        return float(max(distance.shape))
    return float(np.hypot(*(outside - (row, col)).T).min())


def _points(distance: npt.NDArray[np.float32]) -> Prompts:
    """Stand in for a box: points inside, and points beside its four sides."""
    points, labels = _peaks(distance)
    row0, col0, row1, col1 = _box(distance > 0)
    height, width = distance.shape
    row, col = (row0 + row1) / 2, (col0 + col1) / 2
    beside = np.array(
        [(row0 - 2, col), (row1 + 2, col), (row, col0 - 2), (row, col1 + 2)]
    )
    inside = ((beside >= 0) & (beside <= (height - 1, width - 1))).all(axis=1)
    kept = beside[inside]
    return Prompts(
        np.concatenate([points, kept]),
        np.concatenate([labels, np.full(len(kept), NEGATIVE)]),
    )
