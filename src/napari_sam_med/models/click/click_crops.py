"""The zoom: which crop goes into the network, and the way there and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from napari_sam_med.models.click.click_values import ClickCrop, ClickPoint, ZoomIn

if TYPE_CHECKING:
    from collections.abc import Sequence


def resized(maps: torch.Tensor, shape_hw: tuple[int, int]) -> torch.Tensor:
    """Resize (B, C, H, W) maps to (height, width): bilinear, corners aligned."""
    if tuple(maps.shape[-2:]) == tuple(shape_hw):
        return maps
    return functional.interpolate(
        maps, size=tuple(shape_hw), mode="bilinear", align_corners=True
    )


def object_crop(
    mask: npt.NDArray[np.bool_], clicks: Sequence[ClickPoint], zoom: ZoomIn
) -> ClickCrop:
    """Find the crop round an object and its positive clicks.

    Parameters
    ----------
    mask : (H, W) bool
        The object so far; at least one pixel of it, or one positive click, is needed.
    clicks : sequence of ClickPoint
        Clicks in pixels of the mask; the pixels of the positive ones extend the box.
    zoom : ZoomIn
        Expansion and smallest size.

    Returns
    -------
    ClickCrop
        The expanded box, its limits rounded half to even, inside the image.
    """
    spans = []
    for axis, size in enumerate(mask.shape):
        found = np.flatnonzero(mask.any(axis=1 - axis)).tolist()
        found += [
            int((click.row, click.col)[axis]) for click in clicks if click.positive
        ]
        spans.append(_expanded_span(min(found), max(found), size, zoom))
    (row0, row1), (col0, col1) = spans
    return ClickCrop(row0, row1, col0, col1)


def _expanded_span(first: int, last: int, size: int, zoom: ZoomIn) -> tuple[int, int]:
    """One axis of a box, widened about its centre and cut to 0 .. size - 1."""
    centre = 0.5 * (first + last)
    half = 0.5 * max(zoom.expansion * (last - first + 1), zoom.min_crop)
    return max(0, round(centre - half)), min(size - 1, round(centre + half))


def next_crop(
    previous: npt.NDArray[np.float32] | None,
    clicks: Sequence[ClickPoint],
    *,
    shape_hw: tuple[int, int],
    stored: ClickCrop | None,
    zoom: ZoomIn,
) -> ClickCrop | None:
    """Choose the crop for the next forward pass.

    Parameters
    ----------
    previous : (H, W) float32 in 0..1, or None
        The last answer at image size.
    clicks : sequence of ClickPoint
        All clicks so far, in pixels of the image.
    shape_hw : (height, width)
        Size of the image in pixels.
    stored : ClickCrop or None
        The crop of the last pass.
    zoom : ZoomIn
        The rules.

    Returns
    -------
    ClickCrop or None
        None: the whole picture at its own size.

    Notes
    -----
    Rules of SamsungLabs/ritm_interactive_segmentation
    (``isegm/inference/transforms/zoom_in.py``), with one exception: where the last
    answer is empty and the whole picture goes in, the original still pastes the
    answer into the crop stored before. Here the answer keeps its place.
    """
    if len(clicks) <= zoom.skip_clicks:
        return None
    mask = None if previous is None else previous > zoom.threshold
    if mask is None or not mask.any():
        if zoom.skip_clicks >= 0:
            return None
        found = ClickCrop.whole(shape_hw)
    else:
        found = object_crop(mask, clicks, zoom)
    return stored if _is_kept(stored, found, clicks, zoom) else found


def _is_kept(
    stored: ClickCrop | None,
    found: ClickCrop,
    clicks: Sequence[ClickPoint],
    zoom: ZoomIn,
) -> bool:
    """Whether the stored crop still serves."""
    if stored is None or zoom.keep_overlap is None:
        return False
    outside = any(click.positive and not stored.covers(click) for click in clicks)
    return not outside and found.overlap(stored) >= zoom.keep_overlap


def input_shape(crop: ClickCrop, target: int | tuple[int, int]) -> tuple[int, int]:
    """Height and width that a crop has in the network.

    Parameters
    ----------
    crop : ClickCrop
        The crop, in pixels of the image.
    target : int or (height, width)
        See ``ZoomIn.target``.

    Returns
    -------
    (height, width)
        In pixels.
    """
    if not isinstance(target, int):
        return target
    height, width = crop.shape_hw
    scale = target / max(height, width)
    return round(height * scale), round(width * scale)


def clicks_in_crop(
    clicks: Sequence[ClickPoint], crop: ClickCrop, shape_hw: tuple[int, int]
) -> list[ClickPoint]:
    """Move clicks from the image into a crop resized to ``shape_hw``.

    Parameters
    ----------
    clicks : sequence of ClickPoint
        Clicks in pixels of the image.
    crop : ClickCrop
        The crop, in pixels of the image.
    shape_hw : (height, width)
        Size that the crop is resized to.

    Returns
    -------
    list of ClickPoint
        Every click, those outside the crop too, in pixels of the resized crop.
    """
    height, width = crop.shape_hw
    return [
        ClickPoint(
            row=(click.row - crop.row0) * shape_hw[0] / height,
            col=(click.col - crop.col0) * shape_hw[1] / width,
            positive=click.positive,
        )
        for click in clicks
    ]


def pasted(
    probability: torch.Tensor, crop: ClickCrop, shape_hw: tuple[int, int]
) -> torch.Tensor:
    """Bring a probability map back from a crop to the image.

    Parameters
    ----------
    probability : (1, 1, h, w) float32
        Map of the crop, at the network's size.
    crop : ClickCrop
        Where it belongs, in pixels of the image.
    shape_hw : (height, width)
        Size of the image in pixels.

    Returns
    -------
    (1, 1, height, width) float32
        The map; 0 outside the crop.
    """
    inside = resized(probability, crop.shape_hw)
    if crop == ClickCrop.whole(shape_hw):
        return inside
    full = torch.zeros((1, 1, *shape_hw), dtype=inside.dtype, device=inside.device)
    full[(..., *crop.slices)] = inside
    return full
