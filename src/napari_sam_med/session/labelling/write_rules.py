"""Which voxels an object may take from the background and from other objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import PromptError

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class WriteRules:
    """What holds for every way of writing labels.

    Parameters
    ----------
    keep_others : bool
        Voxels of other objects stay what they are.
    locked : frozenset of int
        Labels whose voxels neither come nor go.
    adds : bool
        The object keeps what it has outside a new mask.
    """

    keep_others: bool = True
    locked: frozenset[int] = field(default_factory=frozenset)
    adds: bool = False

    def check(self, *labels: int) -> None:
        """Refuse to change a locked object.

        Raises
        ------
        PromptError
            If one of the labels is locked.
        """
        for label in labels:
            if label in self.locked:
                msg = f"label {label} is locked; unlock it in the table of objects"
                raise PromptError(msg)

    def open_for(
        self, present: npt.NDArray[np.integer], label: int
    ) -> npt.NDArray[np.bool_]:
        """Say which voxels may become a label.

        Parameters
        ----------
        present : integer
            Labels that stand there.
        label : int
            To be written; not locked.

        Returns
        -------
        bool, same shape
        """
        is_open: npt.NDArray[np.bool_] = (present == 0) | (present == label)
        if not self.keep_others:
            is_open |= ~np.isin(present, list(self.locked))
        return is_open


def with_mask(
    present: npt.NDArray[np.integer],
    mask: npt.NDArray[np.bool_],
    label: int,
    rules: WriteRules,
) -> npt.NDArray[np.integer]:
    """Give labels as they are once an object is this mask.

    Parameters
    ----------
    present : integer
        Labels that stand there; not changed.
    mask : bool, same shape
        The object from now on, as far as others leave room.
    label : int
        The object's.
    rules : WriteRules
        Preserved and locked labels.

    Raises
    ------
    PromptError
        If the object is locked.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.array([False, True, True])
    >>> with_mask(np.array([1, 2, 0]), mask, 1, WriteRules()).tolist()
    [0, 2, 1]
    """
    rules.check(label)
    new = present.copy()
    if not rules.adds:
        new[(present == label) & ~mask] = 0
    new[mask & rules.open_for(present, label)] = label
    return new


def withheld(
    new: npt.NDArray[np.integer], mask: npt.NDArray[np.bool_], label: int
) -> dict[int, int]:
    """Count what other objects keep of a mask that was written: voxels by label."""
    return _counts(new[mask & (new != label)])


def losses(
    old: npt.NDArray[np.integer], new: npt.NDArray[np.integer], label: int
) -> dict[int, int]:
    """Count what other objects lose to a label: voxels by label."""
    return _counts(old[(old != new) & (old != 0) & (old != label)])


def _counts(voxels: npt.NDArray[np.integer]) -> dict[int, int]:
    labels, counts = np.unique(voxels, return_counts=True)
    pairs = zip(labels.tolist(), counts.tolist(), strict=True)
    return dict(pairs)
