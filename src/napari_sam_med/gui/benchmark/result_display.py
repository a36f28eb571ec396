"""Shows one result in the viewer: its slice, truth, prompts and mask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Points, Shapes
from napari.utils.colormaps import DirectLabelColormap

from napari_sam_med.bench.protocol.result_rows import prompts_from_text
from napari_sam_med.bench.protocol.volume_rules.prompts_from_truth import (
    prompts_of_volume,
)
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import ImageError
from napari_sam_med.gui.benchmark.views.benchmark_values import ResultRow
from napari_sam_med.gui.napari_io import ROLE, shape_zyx
from napari_sam_med.gui.shared.later import remove_layers
from napari_sam_med.gui.shared.point_marks import limit_marks
from napari_sam_med.gui.shared.prompt_layers import (
    BOX_COLOUR,
    COLOURS,
    POINT_SIZE_PX,
    SYMBOLS,
)
from napari_sam_med.gui.shared.prompt_vertices import data_from_points
from napari_sam_med.gui.shared.shown_slice import (
    ShownSlice,
    drawn_at,
    go_to_slice,
    placement_over,
)

OUR_ROLE = "benchmark"
MASK, TRUTH = "benchmark: mask", "benchmark: truth"
POINTS, BOXES = "benchmark: points", "benchmark: boxes"
MASK_COLOUR, TRUTH_COLOUR = "#f0a028", "#ffffff"
OUTLINE_PX = 2
SURROUNDINGS = 3.0  # the canvas shows so many times an object's own extent
LARGEST_VOXEL_PX = 12.0  # small objects are not enlarged beyond that
CANVAS_PX = (500, 500)  # of napari before 0.9, which does not tell its canvas's size
EDGE_PARTS = 160  # a box's line as a part of the slice's shorter side


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """Where the slice lies: on its own for a flat image, else inside the volume."""

    image: Image
    axis: int
    index: int

    @property
    def is_flat(self) -> bool:
        return int(self.image.ndim) == 2

    @property
    def shown(self) -> ShownSlice:
        """The slice as the viewer shows it."""
        return ShownSlice(self.axis, self.index)

    def plane(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
        """Give a (H, W) mask the image's dimensions, one voxel thick."""
        values = mask.astype(np.uint8)
        if mask.ndim == 3:
            return values[0] if self.is_flat else values
        return values if self.is_flat else np.expand_dims(values, self.axis)

    def taken_from(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Cut the slice out of a (Z, Y, X) mask."""
        taken: npt.NDArray[np.bool_] = np.take(mask, self.index, axis=self.axis)
        return taken

    def points(self, points_rc: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Give (N, 2) points of the slice the image's dimensions, in its pixels."""
        placed = np.insert(points_rc, self.axis, self.index, axis=1)
        return data_from_points(placed, self.image.ndim)

    def shorter_side(self) -> int:
        """The slice's shorter side, in pixels."""
        shape = shape_zyx(self.image)
        return int(min(n for axis, n in enumerate(shape) if axis != self.axis))


class ResultDisplay:
    """Puts one result into four layers of its own, and moves the viewer to it.

    The masks are one slice thick and placed at their slice, so that a result costs no
    volume of memory. Layers are made anew for each row, so that removing one does no
    harm.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._frame: _Frame | None = None

    def show_row(
        self, row: ResultRow, image: Image, hidden: Iterable[Layer] = ()
    ) -> None:
        """Go to the row's slice and put its prompts there.

        Parameters
        ----------
        row : mapping
            With ``axis``, ``slice``, ``profile`` and ``prompts``.
        image : Image
            The layer that it was computed on; made visible.
        hidden : iterable of Layer
            Layers that would cover it; made invisible.
        """
        self._frame = _Frame(image, row["axis"], row["slice"])
        self.clear()
        for layer in hidden:
            layer.visible = layer is image
        image.visible = True
        go_to_slice(self._viewer.dims, image, self._frame.shown)
        prompts = _placed_prompts(self._frame, row)
        self._add_boxes(prompts)
        self._add_points(prompts)

    def show_masks(
        self, truth: npt.NDArray[np.bool_], mask: npt.NDArray[np.bool_] | None
    ) -> None:
        """Add the prediction and the outlined truth of the row that is shown.

        Parameters
        ----------
        truth : (H, W) bool
            The object; of one in a volume (Z, Y, X).
        mask : (H, W) bool or None
            The prediction, if there is one; of the same shape.
        """
        if self._frame is None:
            return
        if mask is not None:
            self._add(self._mask(self._frame, MASK, mask, MASK_COLOUR), below=True)
        on_slice = truth if truth.ndim == 2 else self._frame.taken_from(truth)
        self._look_at(self._frame, on_slice)
        outline = self._mask(self._frame, TRUTH, truth, TRUTH_COLOUR)
        outline.contour = OUTLINE_PX
        outline.opacity = 1.0
        self._add(outline, below=True)

    def _look_at(self, frame: _Frame, truth: npt.NDArray[np.bool_]) -> None:
        """Bring an object into the middle, as large as leaves its surroundings seen."""
        rows, cols = np.nonzero(truth)
        if not rows.size:
            return
        corners_rc = np.array(
            [(rows.min() - 0.5, cols.min() - 0.5), (rows.max() + 0.5, cols.max() + 0.5)]
        )
        voxels = np.insert(corners_rc, frame.axis, frame.index, axis=1)
        try:
            ends = drawn_at(self._viewer.dims, frame.image, voxels)
        except ImageError:
            return  # a person has turned the view since they chose the row
        camera = getattr(self._viewer, "scene", self._viewer).camera
        canvas = getattr(self._viewer, "canvas", None)
        height_width = np.array(canvas.size if canvas is not None else CANVAS_PX)
        size = np.abs(ends[1] - ends[0])
        wanted = float((height_width / size).min()) / SURROUNDINGS
        largest = LARGEST_VOXEL_PX / float(min(frame.image.scale[-2:]))
        camera.center = (0.0, *ends.mean(axis=0))
        camera.zoom = min(wanted, max(largest, camera.zoom))

    def set_visible(self, is_visible: bool) -> None:  # noqa: FBT001 - a Qt slot
        """Show or hide the result, with the tab that it belongs to."""
        for layer in filter(is_result, self._viewer.layers):
            layer.visible = is_visible

    def clear(self) -> None:
        """Take the last result away."""
        remove_layers(self._viewer, list(filter(is_result, self._viewer.layers)))

    def _add_points(self, prompts: Sequence[tuple[_Frame, Prompts]]) -> None:
        labels = [label for _, p in prompts for label in p.labels.tolist()]
        if not labels:
            return
        layer = Points(
            np.concatenate([frame.points(p.points_rc) for frame, p in prompts]),
            name=POINTS,
            face_color=[COLOURS[label] for label in labels],
            symbol=[SYMBOLS[label] for label in labels],
            size=POINT_SIZE_PX,
            border_width=0,
            **self._placed(prompts[0][0]),
        )
        limit_marks(layer, (POINT_SIZE_PX, POINT_SIZE_PX))
        self._add(layer)

    def _add_boxes(self, prompts: Sequence[tuple[_Frame, Prompts]]) -> None:
        boxes = [(frame, p.box_rc) for frame, p in prompts if p.box_rc is not None]
        if not boxes:
            return
        frame = boxes[0][0]
        layer = Shapes(
            [one.points(_corners(box)) for one, box in boxes],
            name=BOXES,
            shape_type="rectangle",
            edge_color=BOX_COLOUR,
            edge_width=max(0.5, frame.shorter_side() / EDGE_PARTS),
            face_color="transparent",
            opacity=1.0,
            **self._placed(frame),
        )
        self._add(layer)

    def _mask(
        self, frame: _Frame, name: str, mask: npt.NDArray[np.bool_], colour: str
    ) -> Labels:
        colours = DirectLabelColormap(color_dict={None: "transparent", 1: colour})
        placed = self._placed(frame, frame.shown if mask.ndim == 2 else None)
        return Labels(frame.plane(mask), name=name, colormap=colours, **placed)

    def _placed(self, frame: _Frame, shown: ShownSlice | None = None) -> dict[str, Any]:
        """Arguments of a layer that lies on the image and that no list offers."""
        placement = placement_over(self._viewer.dims, frame.image, shown)
        return {**placement, "metadata": {ROLE: OUR_ROLE}}

    def _add(self, layer: Layer, *, below: bool = False) -> None:
        """Add a layer, below the prompts or on top; the selection stays a person's."""
        layers = self._viewer.layers
        active = layers.selection.active
        prompts = [i for i, one in enumerate(layers) if one.name in (POINTS, BOXES)]
        layers.insert(prompts[0] if below and prompts else len(layers), layer)
        if active is not None and active in layers:
            layers.selection.active = active


def _placed_prompts(frame: _Frame, row: ResultRow) -> list[tuple[_Frame, Prompts]]:
    """Read a row's prompts with the slices that they lie on."""
    if row["profile"] not in list(VolumeProfile):
        found = prompts_from_text(row["prompts"], row["case_id"])
        return [(frame, prompts) for prompts in found]
    said = prompts_of_volume(row["prompts"], row["case_id"])
    return [(replace(frame, index=index), prompts) for index, prompts in said.items()]


def is_result(layer: Layer) -> bool:
    """Whether a layer shows a result of a benchmark."""
    return bool(layer.metadata.get(ROLE) == OUR_ROLE)


def _corners(box_rc: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Outer edges of an inclusive box: (4, 2) rows and columns."""
    row0, col0, row1, col1 = np.add(box_rc, [-0.5, -0.5, 0.5, 0.5])
    return np.array([(row0, col0), (row0, col1), (row1, col1), (row1, col0)])
