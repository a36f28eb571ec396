"""The Points and the Shapes layer in which prompts are seen and edited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Image, Layer, Points, Shapes

from napari_sam_med.core.prompts import NEGATIVE, POSITIVE
from napari_sam_med.gui.napari_io import ROLE, LayerFrame, shape_zyx
from napari_sam_med.gui.shared.later import remove_layers
from napari_sam_med.gui.shared.own_layers import add_quietly, leave_sliders_alone
from napari_sam_med.gui.shared.point_marks import limit_marks
from napari_sam_med.gui.shared.prompt_vertices import (
    SMALLEST_BOX_PX,
    box_from_corners,
    clipped,
    data_from_points,
    points_from_data,
    rectangle_from_box,
)
from napari_sam_med.gui.shared.shown_slice import placement_over
from napari_sam_med.session.kinds.slice_objects import SecondBox
from napari_sam_med.session.volume_prompts import ObjectPrompts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel

POINTS_NAME, BOXES_NAME = "prompts: points", "prompts: boxes"
# Green and vermilion that colour-blind people tell apart, by symbol as well.
COLOURS = {POSITIVE: "#2ee6a6", NEGATIVE: "#ff5c5c"}
SYMBOLS = {POSITIVE: "disc", NEGATIVE: "x"}
BOX_COLOUR = "#ffd166"
SMALLEST_POINT_PX, POINT_SIZE_PX = 7, 14
POINT_VOXELS = 6
"""A mark follows the zoom between these limits, so that it hides no small object."""
HELD_COLOUR = "#ffffff"
OUTSIDE = "the box lies outside the image; drag it over the object"
FLAT = "what was drawn is no box of a slice; drag a rectangle over the object"
LINES_ACROSS = 250.0
PAN = "pan_zoom"
"""The mode of a layer in which napari leaves the mouse to the canvas."""


@dataclass(frozen=True, slots=True)
class Held:
    """The one prompt that a person has selected.

    Parameters
    ----------
    index : int
        Which of the object's points, or of its boxes or lines.
    is_box, is_stroke : bool
        Which of them it is; a point if it is neither.
    corner : int
        The corner of the box that the mouse has hold of, 0 to 3; -1 for an edge.
    """

    index: int
    is_box: bool = False
    corner: int = -1
    is_stroke: bool = False

    @property
    def is_point(self) -> bool:
        """Whether it is neither a box nor a line."""
        return not (self.is_box or self.is_stroke)


class PromptLayers:
    """Shows ``ObjectPrompts`` over one image, and reads them back after edits.

    Parameters
    ----------
    viewer : ViewerModel
        Gets the two layers.
    edited : callable
        Called after a person has edited a layer with napari's own tools.
    """

    def __init__(self, viewer: ViewerModel, edited: Callable[[], None]) -> None:
        self._viewer = viewer
        self._edited = edited
        self._image: Image | None = None
        self._is_telling = False
        self._shown_as: tuple[int, int, int | None] = (POSITIVE, 0, None)
        self._shown = ObjectPrompts()
        self.refusal = ""
        """Why something that was drawn was not read as a prompt."""
        self.held: Held | None = None
        self.points: Points | None = None
        self.boxes: Shapes | None = None

    @property
    def image(self) -> Image | None:
        """What they lie over."""
        return self._image

    def attach(self, image: Image) -> None:
        """Lie over this image from now on; layers are made at the first need."""
        if image is not self._image:
            self.detach()
            self._image = image

    def detach(self) -> None:
        """Take the layers out of the viewer."""
        remove_layers(self._viewer, self.release())

    def release(self) -> list[Layer]:
        """Stop listening to the layers, and give them to whoever takes them out."""
        own = [each for each in (self.boxes, self.points) if each is not None]
        self.held = None
        self.points = self.boxes = self._image = None
        for layer in own:
            layer.events.data.disconnect(self._on_edited)
        return own

    def owns(self, layer: Layer | None) -> bool:
        """Whether this is one of the two layers."""
        return layer is not None and (layer is self.points or layer is self.boxes)

    def lost(self, layer: Layer) -> bool:
        """Note that a person removed a layer; False if it is none of ours."""
        if not self.owns(layer):
            return False
        layer.events.data.disconnect(self._on_edited)
        if layer is self.points:
            self.points = None
        else:
            self.boxes = None
        return True

    def ensure(self) -> tuple[Points, Shapes]:
        """Give the two layers, made anew if they are missing.

        Raises
        ------
        RuntimeError
            If no image was attached.
        """
        image = self._image
        if image is None:
            msg = "prompt layers were asked for before an image was attached"
            raise RuntimeError(msg)
        if self.boxes is None:
            self.boxes = _new_boxes(image, self._place(image))
            self._add(self.boxes)
        if self.points is None:
            self.points = _new_points(image, self._place(image))
            self._add(self.points)
        return self.points, self.boxes

    def follow(self) -> None:
        """Lie over the image again after its place or the viewer's units changed."""
        for layer in (self.points, self.boxes):
            if layer is not None and self._image is not None:
                place_again(layer, self._place(self._image))

    def show(
        self,
        prompts: ObjectPrompts,
        polarity: int,
        axis: int = 0,
        time: int | None = None,
    ) -> None:
        """Draw prompts.

        Parameters
        ----------
        prompts : ObjectPrompts
            Of the current object.
        polarity : int
            1 or 0, for new points of napari's own tool.
        axis : int
            Orientation of the slice that is shown, for the width of new lines.
        time : int, optional
            Time point that they belong to, if the image has several.
        """
        self._shown_as, self._shown = (polarity, axis, time), prompts
        if self._image is None or (prompts.is_empty and self.points is None):
            return
        points, boxes = self.ensure()
        with self._telling():
            held = self.held
            point = held.index if held is not None and held.is_point else None
            _fill_points(points, prompts, (polarity, time, point))
            self._fill_boxes(boxes, prompts)
            width = self._line_width(axis)
            if boxes.current_edge_width != width:
                boxes.current_edge_width = width

    def preview(self, prompts: ObjectPrompts) -> None:
        """Draw prompts as the last ones were, while a person moves one of them."""
        polarity, axis, time = self._shown_as
        self.show(prompts, polarity, axis, time)

    def use_pan(self) -> None:
        """Take both layers out of napari's tools: the canvas hears the mouse."""
        for layer in (self.points, self.boxes):
            if layer is not None and layer.mode != PAN:
                layer.mode = PAN

    def remove_selected(self) -> bool:
        """Remove what a person selected with napari's own tool; False if nothing."""
        for layer in (self.points, self.boxes):
            is_selecting = layer is not None and layer.mode in ("select", "direct")
            if layer is not None and is_selecting and layer.selected_data:
                layer.remove_selected()
                return True
        return False

    def read(self, rule: SecondBox = SecondBox.REPLACE) -> ObjectPrompts:
        """Take the layers' present content as prompts; lines stay what they are.

        Boxes are clipped to the image; what is no box of it is left out, and
        ``refusal`` says why. ``rule`` says what several boxes on a slice are.
        """
        self.refusal = ""
        points_zyx, labels = np.zeros((0, 3)), np.zeros(0, dtype=np.int64)
        if self.points is not None and len(self.points.data):
            points_zyx = points_from_data(self.points.data)
            labels = np.asarray(self.points.features["label"], dtype=np.int64)
        prompts = replace(self._shown, points_zyx=points_zyx, labels=labels, boxes=())
        for corners in [] if self.boxes is None else self.boxes.data:
            drawn = box_from_corners(corners)
            box = drawn
            if drawn is not None and self._image is not None:
                box = clipped(drawn, shape_zyx(self._image))
            if box is not None:
                prompts = prompts.with_box(box, rule)
            elif np.ptp(corners, axis=0).max() >= SMALLEST_BOX_PX:
                self.refusal = FLAT if drawn is None else OUTSIDE
        return prompts

    def _fill_boxes(self, layer: Shapes, prompts: ObjectPrompts) -> None:
        time = self._shown_as[2]
        wanted = [rectangle_from_box(box, layer.ndim, time) for box in prompts.boxes]
        if not _same_shapes(layer.data, wanted):
            # with their type: a line that a person drew would hand its own on
            layer.data = [(corners, "rectangle") for corners in wanted]
            if wanted:
                layer.face_color = "transparent"
                layer.edge_width = [self._line_width(box.axis) for box in prompts.boxes]
                layer.edge_color = BOX_COLOUR
        self._mark_box(layer)

    def _mark_box(self, layer: Shapes) -> None:
        held = self.held
        index = held.index if held is not None and held.is_box else -1
        marked = [
            HELD_COLOUR if k == index else BOX_COLOUR for k in range(layer.nshapes)
        ]
        wanted = np.reshape([rgba_of(colour) for colour in marked], (-1, 4))
        if not np.allclose(layer.edge_color, wanted):
            layer.edge_color = wanted

    def _line_width(self, axis: int) -> float:
        """Width in pixels; across long pixels napari draws lines as thick as those."""
        if self._image is None:
            return 1.0
        spacing = np.delete(LayerFrame.of(self._image).spacing_zyx, axis)
        extent = float((np.delete(shape_zyx(self._image), axis) * spacing).max())
        return extent / LINES_ACROSS / float(spacing.max())

    def _place(self, image: Image) -> dict[str, Any]:
        return placement_over(self._viewer.dims, image)

    def _add(self, layer: Points | Shapes) -> None:
        add_quietly(self._viewer, layer, on_top=True)
        leave_sliders_alone(layer, "data")  # when it moves, the image has moved
        layer.events.data.connect(self._on_edited)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        self._is_telling = True
        try:
            yield
        finally:
            self._is_telling = False

    def _on_edited(self, event: Any) -> None:
        action = str(getattr(event, "action", ""))
        if not self._is_telling and not action.endswith("ing"):
            self._edited()


def place_again(layer: Layer, placement: dict[str, Any]) -> None:
    """Move a layer to another place; nothing is drawn anew if it lies there."""
    if tuple(layer.units) != tuple(placement["units"]):
        layer.units = placement["units"]
    if not np.array_equal(layer.affine.affine_matrix, placement["affine"]):
        layer.affine = placement["affine"]


def _new_points(image: Image, placement: dict[str, Any]) -> Points:
    layer = Points(
        ndim=image.ndim,
        name=POINTS_NAME,
        features={"label": np.zeros(0, dtype=np.int64)},
        size=POINT_VOXELS,
        border_width=0,  # a border does not shrink with the mark, and makes x a blob
        metadata={ROLE: "points"},
        **placement,
    )
    limit_marks(layer, (SMALLEST_POINT_PX, POINT_SIZE_PX))
    _style_new_points(layer, POSITIVE)
    return layer


def _new_boxes(image: Image, placement: dict[str, Any]) -> Shapes:
    return Shapes(
        ndim=image.ndim,
        name=BOXES_NAME,
        edge_color=BOX_COLOUR,
        face_color="transparent",
        opacity=1.0,
        metadata={ROLE: "boxes"},
        **placement,
    )


def _fill_points(
    layer: Points, prompts: ObjectPrompts, how: tuple[int, int | None, int | None]
) -> None:
    """Change no more than differs: each property that is set is drawn by itself.

    ``how`` is the polarity of new points, the time point, and which point is held.
    """
    polarity, time, held = how
    labels: Sequence[int] = prompts.labels.tolist()
    data = data_from_points(prompts.points_zyx, layer.ndim, time)
    if layer.selected_data:
        layer.selected_data = set()
    if not np.array_equal(layer.data, data):
        _style_new_points(layer, labels[-1] if labels else polarity)
        layer.data = data  # points that are new look like the last one
    if not np.array_equal(layer.features["label"], prompts.labels):
        layer.features = {"label": prompts.labels}
    marked = [
        HELD_COLOUR if index == held else COLOURS[label]
        for index, label in enumerate(labels)
    ]
    colours = np.reshape([rgba_of(colour) for colour in marked], (-1, 4))
    if not np.allclose(layer.face_color, colours):
        layer.face_color = colours
        layer.symbol = [SYMBOLS[label] for label in labels]
    _style_new_points(layer, polarity)


def _style_new_points(layer: Points, label: int) -> None:
    if int(layer.feature_defaults["label"].iloc[0]) != label:
        layer.feature_defaults = {"label": label}
    opaque = f"{COLOURS[label]}ff"  # as napari spells it
    if layer.current_face_color != opaque:
        layer.current_face_color = COLOURS[label]
    if str(layer.current_symbol) != SYMBOLS[label]:
        layer.current_symbol = SYMBOLS[label]


def rgba_of(colour: str) -> npt.NDArray[np.float64]:
    """Give the (4,) parts, 0 to 1, of a colour such as ``#ff5c5c``."""
    red, green, blue = bytes.fromhex(colour[1:])
    return np.array([red, green, blue, 255]) / 255


def _same_shapes(
    some: Sequence[npt.NDArray[np.float64]], others: Sequence[npt.NDArray[np.float64]]
) -> bool:
    return len(some) == len(others) and all(map(np.array_equal, some, others))
