"""One object on its slice: image, truth, mask and prompts, as a part of a figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.windows import default_window
from napari_sam_med.io.writing.slice_pictures import upright

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
    from napari_sam_med.core.prompts import Prompts

MASK_COLOUR, TRUTH_COLOUR = (240, 160, 40), "white"
POINT_COLOURS = {1: "#39d353", 0: "#ff5555"}
BOX_COLOUR = "#5ac8fa"
OPACITY = 0.35
SURROUNDINGS = 0.4
"""Of the larger side of what is shown, on each side."""
LEAST_PX = 12
"""Round a tiny object, so that one sees where it lies."""
PANEL = 1.75
"""Inches of a side; five stand on a line."""


@dataclass(frozen=True, slots=True, eq=False)
class PicturePanel:
    """What one part of a figure shows.

    Parameters
    ----------
    labelled : LabelledVolume
        Image and truth.
    axis, index : int
        The slice.
    truth, mask : (H, W) bool
        The object, and what a model found.
    prompts : tuple of Prompts
        What it was asked.
    title : str
        Above it.
    frame : (H, W) bool, optional
        What has to be in the picture; by default object and mask.
    """

    labelled: LabelledVolume
    axis: int
    index: int
    truth: npt.NDArray[np.bool_]
    mask: npt.NDArray[np.bool_]
    prompts: tuple[Prompts, ...]
    title: str
    frame: npt.NDArray[np.bool_] | None = None


def figure_of_panels(panels: Sequence[PicturePanel | None], columns: int) -> Figure:
    """Set panels in lines.

    Parameters
    ----------
    panels : sequence of PicturePanel or None
        At least one; the place of None stays empty.
    columns : int
        Panels of a line.

    Returns
    -------
    Figure
    """
    from matplotlib.figure import Figure

    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(PANEL * columns, (PANEL + 0.4) * rows))
    places = figure.subplots(rows, columns, squeeze=False)
    for axes in places.flat:
        axes.set_axis_off()
    for axes, panel in zip(places.flat, panels, strict=False):
        if panel is not None:
            _draw(axes, panel)
    figure.subplots_adjust(wspace=0.05, hspace=0.25)
    return figure


def _draw(axes: Axes, panel: PicturePanel) -> None:
    plane = SlicePlane.of(panel.labelled.volume.geometry, panel.axis, panel.index)
    turned = _Turned(panel.labelled, panel.axis, panel.truth.shape)
    truth, mask = turned.array(panel.truth), turned.array(panel.mask)
    picture = _painted(turned.array(_shown(panel.labelled, plane)), mask)
    row_mm, col_mm = turned.pair(plane.spacing_rc)
    axes.imshow(picture, aspect=row_mm / col_mm, interpolation="nearest")
    if truth.any():
        axes.contour(truth, [0.5], colors=TRUTH_COLOUR, linewidths=1.0)
    frame = truth | mask if panel.frame is None else turned.array(panel.frame)
    shown: list[npt.NDArray[np.float64]] = [np.argwhere(frame).astype(float)]
    for prompts in panel.prompts:
        shown += _add_prompts(axes, turned, prompts)
    _look_at(axes, np.concatenate(shown), truth.shape)
    axes.set_title(panel.title.replace("$", r"\$"), fontsize=7)  # no formula


def _shown(labelled: LabelledVolume, plane: SlicePlane) -> npt.NDArray[np.uint8]:
    """Give the slice as bytes, (H, W, 3)."""
    volume = labelled.volume
    taken = np.asarray(plane.take(volume.array))
    if volume.array.ndim == 4:
        return taken.astype(np.uint8)
    window = labelled.window or default_window(volume.array, volume.modality)
    grey = np.asarray(window.apply(taken), dtype=np.uint8)
    return np.stack([grey] * 3, axis=-1)


def _painted(
    picture: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint8]:
    painted = picture.astype(float)
    colour = np.array(MASK_COLOUR, float)
    painted[mask] = (1 - OPACITY) * painted[mask] + OPACITY * colour
    return painted.astype(np.uint8)


def _add_prompts(
    axes: Axes, turned: _Turned, prompts: Prompts
) -> list[npt.NDArray[np.float64]]:
    """Draw points and box; give their places, (N, 2) rows and columns."""
    from matplotlib.patches import Rectangle

    points = turned.points(prompts.points_rc)
    for (row, col), label in zip(points, prompts.labels.tolist(), strict=True):
        axes.scatter(col, row, s=34, marker="o" if label else "X", zorder=5,
                     color=POINT_COLOURS[int(label)], edgecolors="black",
                     linewidths=0.6)  # fmt: skip
    if prompts.box_rc is None:
        return [points]
    ends = turned.points(np.reshape(prompts.box_rc, (2, 2)))
    low, high = ends.min(axis=0) - 0.5, ends.max(axis=0) + 0.5
    height, width = high - low
    axes.add_patch(Rectangle((low[1], low[0]), width, height, fill=False,
                             edgecolor=BOX_COLOUR, linewidth=1.2))  # fmt: skip
    return [points, ends]


def _look_at(
    axes: Axes, places: npt.NDArray[np.float64], shape_hw: tuple[int, ...]
) -> None:
    """Show what lies at some places, (N, 2), as a square inside the slice."""
    if not len(places):
        return
    low, high = places.min(axis=0), places.max(axis=0)
    half = max(float((high - low).max()) * (0.5 + SURROUNDINGS), LEAST_PX)
    middle = (low + high) / 2
    ends = [
        (max(-0.5, middle[k] - half), min(shape_hw[k] - 0.5, middle[k] + half))
        for k in (0, 1)
    ]
    axes.set(xlim=ends[1], ylim=ends[0][::-1])


class _Turned:
    """A slice the way up that radiologists look at it, and where its pixels went."""

    def __init__(
        self, labelled: LabelledVolume, axis: int, shape_hw: tuple[int, ...]
    ) -> None:
        self._geometry, self._axis = labelled.volume.geometry, axis
        places = np.moveaxis(np.indices(shape_hw), 0, -1)
        seen = self.array(places)
        self._start = seen[0, 0].astype(float)
        self._steps = np.eye(2)
        if min(shape_hw) > 1:  # else one way there is nothing to be turned
            down, right = seen[1, 0] - seen[0, 0], seen[0, 1] - seen[0, 0]
            self._steps = np.column_stack([down, right]).astype(float)

    def array(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Turn an (H, W) or (H, W, n) array."""
        deep = array[..., None] if array.ndim == 2 else array
        found = upright(deep, self._geometry, self._axis)
        return found[..., 0] if array.ndim == 2 else found

    def points(self, points_rc: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Turn (N, 2) points."""
        moved = np.reshape(points_rc, (-1, 2)) - self._start
        turned: npt.NDArray[np.float64] = moved @ np.linalg.inv(self._steps).T
        return turned

    def pair(self, of_rows_and_cols: tuple[float, float]) -> tuple[float, float]:
        """Turn what is said of rows and columns, such as their spacing."""
        first, second = np.abs(np.linalg.inv(self._steps)) @ of_rows_and_cols
        return (float(first), float(second))
