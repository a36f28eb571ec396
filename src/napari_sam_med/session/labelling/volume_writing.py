"""Many slices of an object written at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from napari_sam_med.session.labelling.write_rules import WriteRules, with_mask, withheld

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt


class HasMask(Protocol):
    """Anything that gives a mask (H, W) bool."""

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """The mask."""


@dataclass(frozen=True, slots=True, eq=False)
class VolumeMasks:
    """What an object is to be on some slices.

    Parameters
    ----------
    axis : 0, 1 or 2
        The array axis that the slices are taken across.
    label : int
        The object.
    written : mapping of int to something with a mask
        By slice.
    cleared : tuple of int
        Slices on which the object is no more.
    """

    axis: int
    label: int
    written: Mapping[int, HasMask]
    cleared: tuple[int, ...] = ()


def with_masks(
    array: npt.NDArray[np.integer], masks: VolumeMasks, rules: WriteRules
) -> tuple[list[int], npt.NDArray[np.integer], npt.NDArray[np.integer]]:
    """Give the part of a volume in which an object's slices lie, before and after.

    Parameters
    ----------
    array : (Z, Y, X) integer
        Labels; not changed.
    masks : VolumeMasks
        The object.
    rules : WriteRules
        Preserved and locked labels.

    Returns
    -------
    list of three int
        Where the part begins.
    (Z', Y', X') integer, twice
        Its labels before and after.

    Raises
    ------
    PromptError
        If the object is locked.
    """
    rules.check(masks.label)
    indices = [*masks.written, *masks.cleared]
    start = [0, 0, 0]
    if not indices:
        none = array[:0, :0, :0]
        return start, none, none
    low, high = min(indices), max(indices) + 1
    start[masks.axis] = low
    part = [slice(None)] * 3
    part[masks.axis] = slice(low, high)
    old = array[tuple(part)].copy()
    new = old.copy()
    across = np.moveaxis(new, masks.axis, 0)
    for index, each in masks.written.items():
        plane = across[index - low]
        plane[...] = with_mask(plane, each.mask, masks.label, rules)
    for index in masks.cleared:
        plane = across[index - low]
        plane[plane == masks.label] = 0
    return start, old, new


def withheld_from(
    start_zyx: list[int], new: npt.NDArray[np.integer], masks: VolumeMasks
) -> dict[int, int]:
    """Count what other objects keep of masks that were written: voxels by label."""
    across, low = np.moveaxis(new, masks.axis, 0), start_zyx[masks.axis]
    kept: Counter[int] = Counter()
    for index, each in masks.written.items():
        kept.update(withheld(across[index - low], each.mask, masks.label))
    return dict(kept)
