"""Segmentations as 3D Slicer writes them: segments with names, in several layers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.volumes import slices_of
from napari_sam_med.errors import ImageError
from napari_sam_med.io.formats import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

_KEY = re.compile(r"Segment(\d{1,5})_(ID|Name|LabelValue|Layer)")
_LARGEST = 65535


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a segmentation.

    Parameters
    ----------
    name : str
        As a person called it.
    layer : int
        Which of the volumes holds it.
    value : int
        Its voxels there.
    label : int
        Its number where all layers are one label image: ``value`` if each segment has
        another, else 1, 2, ... in their order.
    """

    name: str
    layer: int
    value: int
    label: int


def segments_from(fields: Mapping[str, str]) -> tuple[Segment, ...]:
    """List the segments that an NRRD header describes.

    Parameters
    ----------
    fields : mapping
        The key/value pairs, such as ``Segment0_Name``.

    Returns
    -------
    tuple of Segment
        Empty if the header is no segmentation's.

    Notes
    -----
    Older Slicers write no ``LabelValue`` and ``Layer``: each segment is then a layer of
    its own with value 1 (3D Slicer's documentation of .seg.nrrd).

    Examples
    --------
    >>> fields = {"Segment0_Name": "liver", "Segment0_LabelValue": "5"}
    >>> segments_from(fields)
    (Segment(name='liver', layer=0, value=5, label=5),)
    """
    found: dict[int, dict[str, str]] = {}
    for key, text in fields.items():
        match = _KEY.fullmatch(key)
        if match:
            found.setdefault(int(match[1]), {})[match[2]] = text.strip()
    rows = []
    for place, number in enumerate(sorted(found)):
        told = found[number]
        name = told.get("Name") or told.get("ID") or f"segment {number}"
        layer = _number(told.get("Layer"), 0 if "LabelValue" in told else place)
        rows.append((shown(name), layer, _number(told.get("LabelValue"), 1)))
    values = [value for _, _, value in rows]
    own = len(set(values)) == len(values) and min(values, default=1) > 0
    return tuple(
        Segment(name, layer, value, value if own else place)
        for place, (name, layer, value) in enumerate(rows, start=1)
    )


def merged(
    layers: npt.NDArray[np.generic],
    segments: Sequence[Segment],
    path: Path,
    *,
    first_layer: int = 0,
) -> npt.NDArray[np.uint16]:
    """Bring all layers into one label image.

    Parameters
    ----------
    layers : (T, Z, Y, X) integer
        One volume for each layer.
    segments : sequence of Segment
        What they hold.
    path : Path
        For messages.
    first_layer : int
        Which layer ``layers`` starts with.

    Returns
    -------
    (Z, Y, X) uint16
        The segments' ``label`` values.

    Raises
    ------
    ImageError
        If two segments overlap, or a voxel belongs to none that is described.
    """
    if layers.dtype.kind not in "iu" or layers.min() < 0 or layers.max() > _LARGEST:
        msg = f"{shown(path)} has layers of {layers.dtype}; give labels 0 to {_LARGEST}"
        raise ImageError(msg)
    labels = np.zeros(layers.shape[1:], np.uint16)
    for number, layer in enumerate(layers, start=first_layer):
        table = _table(segments, number)
        for part, target in zip(slices_of(layer), slices_of(labels), strict=True):
            found = table[part]
            if (found < 0).any():
                msg = (
                    f"layer {number} of {shown(path)} holds the value "
                    f"{int(part[found < 0].flat[0])} that none of its segments has; "
                    "save the segmentation again"
                )
                raise ImageError(msg)
            if np.logical_and(target, found).any():
                msg = (
                    f"{shown(path)} has segments that overlap; give one of its layers, "
                    f"0 to {len(layers) - 1} (--time)"
                )
                raise ImageError(msg)
            np.copyto(target, found.astype(np.uint16), where=found > 0)
    return labels


def _table(segments: Sequence[Segment], layer: int) -> npt.NDArray[np.int32]:
    """Label for each value of a layer; -1 for values that no segment has."""
    table = np.full(_LARGEST + 1, -1, np.int32)
    table[0] = 0
    for segment in segments:
        if segment.layer == layer and 0 < segment.value <= _LARGEST:
            table[segment.value] = segment.label
    return table


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 6 else default
