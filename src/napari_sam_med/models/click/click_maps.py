"""Clicks as the tensors that click networks read: rows of points, then disks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam_med.models.click.click_values import ClickPoint

_UNUSED = (-1.0, -1.0, -1.0)


def points_tensor(clicks: Sequence[ClickPoint]) -> torch.Tensor:
    """Arrange clicks in the rows that a click network reads.

    Parameters
    ----------
    clicks : sequence of ClickPoint
        Clicks in the network input's frame, in the order they were made.

    Returns
    -------
    (1, 2n, 3) float32
        n rows for the positive clicks, then n for the negative ones, n being the
        larger of the two counts and at least 1. A row is (row, col, index of the
        click); rows not used hold -1.
    """
    rows: dict[bool, list[tuple[float, float, float]]] = {True: [], False: []}
    for index, click in enumerate(clicks):
        rows[click.positive].append((click.row, click.col, float(index)))
    count = max(len(rows[True]), len(rows[False]), 1)
    padded = [
        row
        for positive in (True, False)
        for row in rows[positive] + [_UNUSED] * (count - len(rows[positive]))
    ]
    return torch.tensor([padded], dtype=torch.float32)


def disk_maps(
    points: torch.Tensor, *, radius: float, shape_hw: tuple[int, int]
) -> torch.Tensor:
    """Draw the positive and the negative clicks as filled disks.

    Parameters
    ----------
    points : (B, 2n, 3) float32
        See ``points_tensor``. A row is left out when the larger of its two coordinates
        is negative; the others may lie outside the picture.
    radius : float
        Radius in pixels; the pixels at exactly this distance belong to the disk.
    shape_hw : (height, width)
        Size of the maps in pixels.

    Returns
    -------
    (B, 2, height, width) float32
        1 inside a disk, 0 elsewhere; positive clicks first.
    """
    height, width = shape_hw
    pairs = points[..., :2].reshape(points.shape[0], 2, -1, 2)
    rows = torch.arange(height, dtype=points.dtype, device=points.device)
    cols = torch.arange(width, dtype=points.dtype, device=points.device)
    row_squares = (rows - pairs[..., :1]).square()
    col_squares = (cols - pairs[..., 1:]).square()
    inside = row_squares[..., :, None] + col_squares[..., None, :] <= radius**2
    used = pairs.amax(dim=-1) >= 0
    return (inside & used[..., None, None]).any(dim=2).to(torch.float32)
