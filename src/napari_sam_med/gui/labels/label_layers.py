"""Labels layers on the grid of an image; never by shape alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.layers import Image, Labels

from napari_sam_med.core.geometry import Geometry, corners_zyx
from napari_sam_med.core.grids import on_grid, resample_nearest, same_grid
from napari_sam_med.errors import GeometryError, ImageError
from napari_sam_med.gui.napari_io import (
    LayerFrame,
    shape_of,
    shape_zyx,
)

KEPT = ("geometry", "shape", "files", "modality")
"""Metadata that labels drawn on an image take over from it."""
DRAWN_ON = "drawn_on"
"""In the metadata of such labels: files of the image, which no export replaces."""
LARGEST_LABEL = np.iinfo(np.int32).max
MOST_WRITTEN = 65535
"""What label files of 16 bits hold, and the dock offers."""


def holds(layer: Labels, label: int) -> bool:
    """Whether a layer's type can hold a number without being widened."""
    info = np.iinfo(layer.dtype)
    return bool(info.min <= label <= info.max)


def widen_for(layer: Labels, label: int) -> None:
    """Give a layer a type that holds a number; its labels stay what they are."""
    if not holds(layer, label):
        wider = np.result_type(layer.dtype, np.min_scalar_type(label))
        layer.data = layer.data.astype(wider)


def is_writable(layer: Labels) -> bool:
    """Whether a layer is one array in memory that may be changed."""
    in_memory = not layer.multiscale and isinstance(layer.data, np.ndarray)
    return in_memory and bool(layer.data.flags.writeable)


def check_writable(layer: Labels, label: int = 1) -> None:
    """Refuse a Labels layer that no mask can be written into.

    Raises
    ------
    ImageError
        If it is no array in memory, is read-only, or the label is no number from 1.
    """
    if not is_writable(layer):
        msg = f"{layer.name} is not an array in memory; choose or make another layer"
        raise ImageError(msg)
    if not 0 < label <= LARGEST_LABEL:
        msg = f"label {label} in {layer.name}; give a number from 1 to {LARGEST_LABEL}"
        raise ImageError(msg)


def check_same_grid(image: Image, labels: Labels) -> None:
    """Refuse labels that do not lie voxel on voxel with an image.

    Raises
    ------
    ImageError
        If shape, place, spacing, orientation or the number of time points differ.
    """
    difference = grid_difference(image, labels)
    if difference:
        msg = (
            f"{labels.name} lies on another grid than {image.name} ({difference}); "
            "under Write to choose it resampled, or a new layer"
        )
        raise ImageError(msg)


def grid_difference(image: Image, labels: Labels) -> str:
    """Say in what the grids of two layers differ; empty if they are the same."""
    own, its = shape_of(image), shape_of(labels)
    if own != its:
        return f"{_shown(its)} voxels for {_shown(own)}"
    try:
        frames = [LayerFrame.of(layer) for layer in (image, labels)]
        if np.allclose(frames[0].matrix, frames[1].matrix, rtol=1e-9, atol=1e-6):
            return ""  # sheared ones too, which have no geometry
        own_place, its_place = (frame.geometry for frame in frames)
        return _place_difference(own_place, its_place, shape_zyx(image))
    except (GeometryError, ImageError) as error:
        return str(error)


def _place_difference(own: Geometry, its: Geometry, shape: tuple[int, int, int]) -> str:
    if same_grid(own, shape, its, shape):
        return ""
    if not np.allclose(own.spacing_xyz, its.spacing_xyz, rtol=1e-3):
        return f"voxels of {_shown(its.spacing_zyx)} mm for {_shown(own.spacing_zyx)}"
    if not np.allclose(own.direction, its.direction, atol=1e-3):
        return "axes in other directions"
    corners = corners_zyx(shape)
    ways = (place.world_xyz_from_zyx(corners) for place in (own, its))
    off = float(np.linalg.norm(np.subtract(*ways), axis=-1).max())
    return f"its voxels lie {off:.4g} mm away"


def labels_onto(labels: Labels, image: Image) -> npt.NDArray[np.generic]:
    """Bring labels onto an image's grid: the same voxels if they can be, or nearest.

    Parameters
    ----------
    labels : Labels
        2-D or 3-D.
    image : Image
        2-D or 3-D.

    Returns
    -------
    (Z, Y, X) same type as the labels
        Takes seconds for large volumes: run it off the GUI thread.

    Raises
    ------
    ImageError
        If a layer has a time axis.
    GeometryError
        If a layer is sheared.
    """
    for layer in (labels, image):
        if layer.ndim == 4:
            msg = f"{layer.name} has a time axis; only slices and volumes are resampled"
            raise ImageError(msg)
    array = np.asarray(labels.data[0] if labels.multiscale else labels.data)
    array = array.reshape(shape_zyx(labels))
    ways = LayerFrame.of(labels).geometry, LayerFrame.of(image).geometry
    try:
        onto = on_grid(array, *ways, shape_zyx(image))
    except GeometryError:
        onto = resample_nearest(array, *ways, shape_zyx(image))
    return onto.copy() if np.shares_memory(onto, array) else onto


def first_unused_label(array: npt.NDArray[np.integer]) -> int:
    """Find the smallest label from 1 that no voxel has.

    Parameters
    ----------
    array : any shape, integer
        Large ones take up to a second: search them off the GUI thread.
    """
    highest = max(int(array.max(initial=0)), 0)
    is_used = np.zeros(min(highest, array.size) + 2, dtype=bool)
    is_used[0] = True
    # No more labels than voxels can be in use, however high or low their numbers.
    fits = highest < len(is_used) and _lowest(array) >= 0
    for part in array:  # a slice at a time stays in the processor's cache
        is_used[part if fits else part[(part > 0) & (part < len(is_used))]] = True
    return int(is_used.argmin())


def free_labels(
    array: npt.NDArray[np.integer], count: int, taken: Collection[int]
) -> list[int]:
    """Give labels above all that are in use.

    Parameters
    ----------
    array : any shape, integer
        The layer's labels; 26 million of two bytes take 6 ms.
    count : int
        How many are wanted.
    taken : collection of int
        Labels that are spoken for, whether they have voxels or not.

    Raises
    ------
    ImageError
        If they would be larger than label files hold.
    """
    highest = max(int(array.max(initial=0)), *taken, 0)
    if highest + count > MOST_WRITTEN:
        msg = (
            f"{count} labels above {highest} are too large for label files, which hold "
            f"{MOST_WRITTEN}; renumber the labels, or write into a new layer"
        )
        raise ImageError(msg)
    return list(range(highest + 1, highest + 1 + count))


def no_labels(shape: tuple[int, ...]) -> npt.NDArray[np.uint16]:
    """Make labels of nothing, with memory that is there; not in the window's thread.

    Memory of zeros comes when it is first written to: the 52 MB of 100 x 512 x 512
    labels take 10 to 100 ms, as quickly as the system has it
    (benchmarks/responsiveness.py).
    """
    array = np.empty(shape, np.uint16)
    array.fill(0)
    return array


def labels_like(image: Image, array: npt.NDArray[Any] | None = None) -> Labels:
    """Make a Labels layer in the place of an image; empty unless an array is given."""
    metadata = {k: v for k, v in image.metadata.items() if k in KEPT}
    if "files" in metadata:
        metadata[DRAWN_ON] = tuple(metadata["files"])
    shape = shape_of(image)
    data = np.zeros(shape, np.uint16) if array is None else array.reshape(shape)
    return Labels(
        data,
        name=f"{image.name} segmentation",
        metadata=metadata,
        scale=image.scale,
        translate=image.translate,
        rotate=image.rotate,
        shear=image.shear,
        affine=image.affine,
        units=image.units,
        axis_labels=image.axis_labels,
    )


def told_hidden(labels: Labels) -> str:
    """Say that what is written is not to be seen; empty if it is."""
    return "" if labels.visible else f"{labels.name} is hidden"


def _lowest(data: npt.NDArray[np.integer]) -> int:
    return 0 if data.dtype.kind in "ub" else int(data.min(initial=0))


def _shown(values: Sequence[float]) -> str:
    return " x ".join(f"{value:.4g}" for value in values)
