"""The border between napari's layers and our values.

Layers hold (Z, Y, X) or (Y, X) arrays with scale, translation, rotation, shear and
affine; values are volumes of (Z, Y, X) with millimetres. A 2-D layer is a volume of one
slice. A viewer may have more dimensions than a layer: its last ones are the layer's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.components import Dims, ViewerModel
from napari.layers import Image, Labels, Layer

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import ImageError
from napari_sam_med.session.objects import LabelEdit
from napari_sam_med.session.targets import Target

ROLE = "napari_sam_med"
"""Key in the metadata of layers that the docks make for themselves."""
VOXEL_DIGITS = 4
"""A click is not more exact, and 14.000000000000002 reads badly in a file."""


def place_of(layer: Layer) -> str:
    """Name a layer for as long as it lives, whatever its title."""
    return str(layer.unique_id)


def is_ours(layer: Layer) -> bool:
    """Whether a dock made this layer for itself, so that no list should offer it."""
    return ROLE in layer.metadata


def target_from_layer(layer: Image, revision: int = 0) -> Target:
    """Take an Image layer as something to prompt on.

    Parameters
    ----------
    layer : Image
        (Z, Y, X) or (Y, X), or with a last axis of 3 or 4 if it is RGB.
    revision : int
        Grows whenever the layer's voxels change.

    Returns
    -------
    Target
        With the layer's contrast limits as window and its spacing in the world; voxels
        are not copied.

    Raises
    ------
    ImageError
        If the layer has other dimensions, its colours are no uint8, or its contrast
        limits are no window.
    """
    data = layer.data[0] if layer.multiscale else layer.data
    if layer.ndim not in (2, 3):
        msg = (
            f"{layer.name} has {layer.ndim} dimensions; a slice or a volume can be "
            "prompted, so split it first (right click, Split Stack)"
        )
        raise ImageError(msg)
    array = data[None] if layer.ndim == 2 else data
    spacing_zyx = spacing_of(layer)
    geometry = Geometry((spacing_zyx[2], spacing_zyx[1], spacing_zyx[0]))
    if layer.rgb:
        volume = Volume(array[..., :3], geometry, layer.name)
        return Target(volume, None, place_of(layer), revision)
    low, high = (float(limit) for limit in layer.contrast_limits)
    volume = Volume(array, geometry, layer.name)
    return Target(volume, Window(low, high), place_of(layer), revision)


def spacing_of(layer: Layer) -> tuple[float, float, float]:
    """World distance between voxels along z, y and x; 1 across a 2-D layer.

    Raises
    ------
    ImageError
        If the layer has neither 2 nor 3 dimensions.
    """
    if layer.ndim not in (2, 3):
        msg = f"{layer.name} has {layer.ndim} dimensions; give a slice or a volume"
        raise ImageError(msg)
    steps = np.linalg.norm(_linear(layer), axis=0)
    z, y, x = (1.0,) * (3 - layer.ndim) + tuple(float(step) for step in steps)
    return (z, y, x)


def shown_slice(dims: Dims, layer: Layer) -> tuple[int, int]:
    """Find which slice of a layer the viewer shows.

    Parameters
    ----------
    dims : Dims
        The viewer's.
    layer : Layer
        2-D or 3-D.

    Returns
    -------
    axis, index : int
        Of the volume (Z, Y, X) that the layer holds.

    Raises
    ------
    ImageError
        If the viewer shows 3-D, another plane, or a place outside the layer.
    """
    if dims.ndisplay != 2:
        msg = "the viewer shows a 3-D view; switch to 2-D to prompt on slices"
        raise ImageError(msg)
    extra = dims.ndim - layer.ndim
    shown = {axis - extra for axis in dims.displayed}
    across = [axis for axis in range(layer.ndim) if axis not in shown]
    if min(shown) < 0 or len(across) != layer.ndim - 2:
        msg = f"the viewer shows no plane of {layer.name}; roll its axes back"
        raise ImageError(msg)
    if not across:
        return (0, 0)
    axis = across[0]
    index = int(np.floor(layer.world_to_data(dims.point)[axis] + 0.5))
    count = _shape(layer)[axis]
    if not 0 <= index < count:
        msg = f"the viewer shows no slice of {layer.name}; move the slider to it"
        raise ImageError(msg)
    return (axis, index)


def voxel_from_world(
    layer: Layer, position: Sequence[float], plane: SlicePlane
) -> tuple[float, float, float] | None:
    """Turn a place under the mouse into a voxel of the slice that is shown.

    Parameters
    ----------
    layer : Layer
        2-D or 3-D.
    position : sequence of float
        World coordinates in the viewer's dimensions.
    plane : SlicePlane
        The slice that is shown.

    Returns
    -------
    (z, y, x) or None
        Exactly on the slice; None outside the layer.
    """
    voxel = np.zeros(3)
    voxel[3 - layer.ndim :] = layer.world_to_data(position)
    voxel[plane.axis] = plane.index
    shape = np.array((1,) * (3 - layer.ndim) + _shape(layer))
    if not ((voxel >= -0.5) & (voxel < shape - 0.5)).all():
        return None
    z, y, x = (round(float(v), VOXEL_DIGITS) for v in voxel)
    return (z, y, x)


def placement_of(
    layer: Layer, corner_zyx: Sequence[float] = (0.0, 0.0, 0.0)
) -> dict[str, Any]:
    """Give the arguments that put a new layer where a part of another one lies.

    Parameters
    ----------
    layer : Layer
        2-D or 3-D.
    corner_zyx : (3,) float
        Voxel of ``layer`` at which the new layer's first voxel lies.

    Returns
    -------
    dict
        ``scale``, ``translate``, ``rotate``, ``shear``, ``affine`` and ``units``.
    """
    corner = np.asarray(corner_zyx, dtype=float)[3 - layer.ndim :]
    moved = np.linalg.solve(layer.affine.linear_matrix, _linear(layer) @ corner)
    return {
        "scale": layer.scale,
        "translate": np.add(layer.translate, moved),
        "rotate": layer.rotate,
        "shear": layer.shear,
        "affine": layer.affine,
        "units": layer.units,
    }


def write_mask(
    layer: Labels,
    plane: SlicePlane,
    mask: npt.NDArray[np.bool_],
    label: int,
    *,
    keep_others: bool,
) -> LabelEdit:
    """Write a mask into a Labels layer, as an edit that napari itself can undo.

    Parameters
    ----------
    layer : Labels
        (Z, Y, X) or (Y, X), of the image's shape.
    plane : SlicePlane
        Slice of the mask.
    mask : (H, W) bool
        What to write.
    label : int
        Number to write.
    keep_others : bool
        Leave voxels of other labels as they are.

    Returns
    -------
    LabelEdit
        The voxels that changed; there may be none.

    Raises
    ------
    ImageError
        If the labels are of another shape, cannot be written to, or cannot hold the
        number.
    """
    check_writable(layer, plane, mask, label)
    array = layer.data[None] if layer.ndim == 2 else layer.data
    indices = plane.put(array, mask)
    present = array[indices]
    changes = (present == 0) if keep_others else (present != label)
    indices = tuple(each[changes] for each in indices)[3 - layer.ndim :]
    edit = LabelEdit(place_of(layer), indices, present[changes], label)
    layer.data_setitem(indices, label)
    return edit


def revert_edit(layer: Labels, edit: LabelEdit) -> None:
    """Take an edit back wherever its label still stands."""
    still = layer.data[edit.indices] == edit.after
    layer.data_setitem(tuple(i[still] for i in edit.indices), edit.before[still])


def apply_edit(layer: Labels, edit: LabelEdit) -> None:
    """Write an edit again wherever the labels are those from before it."""
    still = layer.data[edit.indices] == edit.before
    layer.data_setitem(tuple(i[still] for i in edit.indices), edit.after)


def check_writable(
    layer: Labels, plane: SlicePlane, mask: npt.NDArray[np.bool_], label: int
) -> None:
    """Refuse a Labels layer that a mask cannot be written into.

    Raises
    ------
    ImageError
        If it is of another shape, is no array in memory, or cannot hold the number.
    """
    if layer.multiscale or not isinstance(layer.data, np.ndarray):
        msg = f"{layer.name} is not an array in memory; choose or make another layer"
        raise ImageError(msg)
    shape = (1,) * (3 - layer.ndim) + layer.data.shape
    here = tuple(n for axis, n in enumerate(shape) if axis != plane.axis)
    if len(shape) != 3 or here != mask.shape or plane.index >= shape[plane.axis]:
        msg = (
            f"{layer.name} has the shape {layer.data.shape}, which is not the image's; "
            "choose another Labels layer or a new one"
        )
        raise ImageError(msg)
    largest = np.iinfo(layer.data.dtype).max
    if not 0 < label <= largest:
        msg = f"label {label} in {layer.name}; it holds labels 1 to {largest}"
        raise ImageError(msg)


def first_unused_label(layer: Labels) -> int:
    """Find the smallest label from 1 that no voxel of a layer has.

    Raises
    ------
    ImageError
        If the layer is no array in memory.
    """
    if layer.multiscale or not isinstance(layer.data, np.ndarray):
        msg = f"{layer.name} is not an array in memory; choose or make another layer"
        raise ImageError(msg)
    highest = max(int(layer.data.max(initial=0)), 0)
    is_used = np.zeros(min(highest, layer.data.size) + 2, dtype=bool)
    is_used[0] = True
    # No more labels than voxels can be in use, however high or low their numbers.
    fits = highest < len(is_used) and _lowest(layer.data) >= 0
    for part in layer.data:  # a slice at a time stays in the processor's cache
        is_used[part if fits else part[(part > 0) & (part < len(is_used))]] = True
    return int(is_used.argmin())


def _lowest(data: np.ndarray) -> int:
    return 0 if data.dtype.kind in "ub" else int(data.min(initial=0))


def labels_like(image: Image) -> Labels:
    """Make an empty Labels layer in the place of an image."""
    metadata = {k: v for k, v in image.metadata.items() if k == "geometry"}
    return Labels(
        np.zeros(_shape(image), dtype=np.uint16),
        name=f"{image.name} segmentation",
        metadata=metadata,
        **placement_of(image),
    )


def add_quietly(viewer: ViewerModel, layer: Layer) -> None:
    """Add a layer below those that the docks made, and leave the selection alone."""
    layers = viewer.layers
    active = layers.selection.active
    above = [i for i, each in enumerate(layers) if is_ours(each)]
    viewer.add_layer(layer)
    if above:
        layers.move(len(layers) - 1, min(above))
    if active is not None:
        layers.selection.active = active


def _linear(layer: Layer) -> npt.NDArray[np.float64]:
    """World vectors of one step along each of the layer's axes, as columns."""
    zero = np.asarray(layer.data_to_world(np.zeros(layer.ndim)))
    steps = [np.subtract(layer.data_to_world(e), zero) for e in np.eye(layer.ndim)]
    linear: npt.NDArray[np.float64] = np.stack(steps, axis=1)
    return linear


def _shape(layer: Layer) -> tuple[int, ...]:
    data = layer.data[0] if layer.multiscale else layer.data
    return tuple(int(n) for n in data.shape[: layer.ndim])
