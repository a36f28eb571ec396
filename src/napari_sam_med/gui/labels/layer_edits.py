"""Changes of Labels layers that the session can take back, and napari draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from napari.layers import Labels

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.errors import ImageError
from napari_sam_med.gui.labels.label_layers import check_writable, widen_for
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.session.labelling.label_edits import LabelEdit, Relabelling
from napari_sam_med.session.labelling.write_rules import (
    WriteRules,
    losses,
    with_mask,
    withheld,
)


@dataclass(frozen=True, slots=True, eq=False)
class MaskChange:
    """What writing masks would change.

    Parameters
    ----------
    edit : LabelEdit
        Not made yet.
    written : int
        Pixels of the slice that the objects would have then.
    lost : dict of int to int
        Pixels that other objects would lose, by label.
    kept : dict of int to int
        Pixels of the masks that stay with other objects, by label.
    left_out : tuple of int
        Which of the masks, counted from 1, would get no pixel.
    replaced : dict of int to int
        Pixels of masks that objects had there, of which nothing stays, by label.
    """

    edit: LabelEdit
    written: int
    lost: dict[int, int]
    kept: dict[int, int]
    left_out: tuple[int, ...]
    replaced: dict[int, int]


def labels_zyx(layer: Labels, time: int | None = None) -> npt.NDArray[np.integer]:
    """Give a layer's array as (Z, Y, X), not copied; of several times this one.

    Raises
    ------
    ImageError
        If the layer is no array in memory, or has a time axis and no time is given.
    """
    check_writable(layer)
    if (layer.ndim == 4) != (time is not None):
        msg = (
            f"{layer.name} has the shape {layer.data.shape}, which is not the image's; "
            "choose another Labels layer or a new one"
        )
        raise ImageError(msg)
    array: npt.NDArray[np.integer] = layer.data
    if layer.ndim == 2:
        return array[None]
    return array if time is None else array[time]


def mask_change(
    layer: Labels,
    plane: SlicePlane,
    masks: Mapping[int, npt.NDArray[np.bool_]],
    rules: WriteRules,
    *,
    time: int | None = None,
) -> MaskChange:
    """Find what objects' masks on a slice would change in a Labels layer.

    Parameters
    ----------
    layer : Labels
        (Z, Y, X), (Y, X) or (T, Z, Y, X), on the image's grid. It gets a wider type if
        its own cannot hold the numbers.
    plane : SlicePlane
        Slice of the masks.
    masks : mapping of int to (H, W) bool
        The objects on this slice from now on, by label; no pixel is in two of them.
    rules : WriteRules
        Preserved and locked labels.
    time : int, optional
        Time point, of a layer that has several.

    Raises
    ------
    ImageError
        If the slice is of another shape, the layer is no array in memory, or a label
        is no positive whole number.
    PromptError
        If an object is locked.
    """
    check_writable(layer, max(masks))
    widen_for(layer, max(masks))
    array = labels_zyx(layer, time)
    for mask in masks.values():
        _check_slice(layer, array, plane, mask)
    new = old = np.asarray(plane.take(array))
    for label, mask in masks.items():
        new = with_mask(new, mask, label, rules)
    start = [0, 0, 0]
    start[plane.axis] = plane.index
    parts = (np.expand_dims(each, plane.axis) for each in (old, new))
    edit = part_change(layer, start, *parts, time=time)
    pixels = [int((new == label).sum()) for label in masks]
    lost = {k: n for k, n in losses(old, new, label).items() if k not in masks}
    kept: Counter[int] = Counter()
    for label, mask in masks.items():
        kept.update(withheld(new, mask, label))
    left_out = tuple(k for k, count in enumerate(pixels, 1) if count == 0)
    had = {k: n for k in masks if (n := int((old == k).sum()))}
    gone = {k: n for k, n in had.items() if not np.any(new[old == k] == k)}
    return MaskChange(edit, sum(pixels), lost, dict(kept), left_out, gone)


def part_change(
    layer: Labels,
    start_zyx: list[int],
    old: npt.NDArray[np.integer],
    new: npt.NDArray[np.integer],
    *,
    time: int | None = None,
    shape: tuple[int, ...] | None = None,
) -> LabelEdit:
    """Compare a (Z, Y, X) part of a layer with what it is to be; nothing is written.

    On another thread, ``shape`` is what the layer's array had when it was read.
    """
    start = tuple(start_zyx)
    if layer.ndim == 2:
        start, old, new = start[1:], old[0], new[0]
    elif time is not None:
        start, old, new = (time, *start), old[None], new[None]
    shape = layer.data.shape if shape is None else shape
    return LabelEdit.between(place_of(layer), old, new, start, shape)


def make_edit(layer: Labels, edit: LabelEdit) -> bool:
    """Make an edit, or make it again, and draw it; False if it no longer fits."""
    return edit.count == 0 or _drawn(layer, edit.apply(layer.data))


def revert_edit(layer: Labels, edit: LabelEdit) -> bool:
    """Take an edit back and draw it; False if it no longer fits."""
    return edit.count == 0 or _drawn(layer, edit.revert(layer.data))


def _drawn(layer: Labels, is_changed: bool) -> bool:  # noqa: FBT001 - a result
    """Draw what was changed beside napari's own history, which would keep it twice.

    What that history holds of strokes before would take back voxels of this, where a
    person undoes in napari alone: it begins anew.
    """
    if is_changed:
        layer._undo_history.clear()  # noqa: SLF001  # napari has no public name
        layer._redo_history.clear()  # noqa: SLF001
        layer.refresh(extent=False)
    return is_changed


def _check_slice(
    layer: Labels,
    array: npt.NDArray[np.integer],
    plane: SlicePlane,
    mask: npt.NDArray[np.bool_],
) -> None:
    """A last guard; whether both lie on one grid was asked before."""
    here = tuple(n for axis, n in enumerate(array.shape) if axis != plane.axis)
    if here != mask.shape or plane.index >= array.shape[plane.axis]:
        msg = (
            f"{layer.name} has the shape {layer.data.shape}, which is not the image's; "
            "choose another Labels layer or a new one"
        )
        raise ImageError(msg)


def relabel_edit(
    layer: Labels, label: int, into: int, time: int | None = None
) -> LabelEdit:
    """Find what giving all voxels of a label another one would change.

    Parameters
    ----------
    layer : Labels
        In memory.
    label, into : int
        The old number and the new one; 0 deletes.
    time : int, optional
        Time point, of a layer that has several.

    Raises
    ------
    ImageError
        If the layer is no array in memory.
    """
    array = labels_zyx(layer, time)
    widen_for(layer, into)
    array = labels_zyx(layer, time)
    box = box_of(array == label)
    old = array[box]
    new = np.where(old == label, np.array(into, dtype=array.dtype), old)
    edit = part_change(layer, [part.start for part in box], old, new, time=time)
    return replace(edit, relabels=Relabelling(place_of(layer), time, label, into))


def box_of(mask: npt.NDArray[np.bool_]) -> tuple[slice, ...]:
    """Give the smallest box round what is true; an empty one if nothing is."""
    box = []
    for axis in range(mask.ndim):
        others = tuple(each for each in range(mask.ndim) if each != axis)
        at = np.flatnonzero(mask.any(axis=others))
        box.append(slice(int(at[0]), int(at[-1]) + 1) if at.size else slice(0, 0))
    return tuple(box)


def is_elsewhere(layer: Labels, label: int, time: int | None) -> bool:
    """Whether time points of a layer other than this one hold a label."""
    if time is None:
        return False
    others = (each for k, each in enumerate(layer.data) if k != time)
    return any(bool((each == label).any()) for each in others)
