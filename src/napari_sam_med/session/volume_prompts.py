"""The prompts of one object, all over a volume."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.session.kinds.slice_objects import (
    ALL_KINDS,
    Mark,
    SecondBox,
    objects_on_slice,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.core.ports import Capabilities
    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.session.kinds.placed_strokes import PlacedStroke
    from napari_sam_med.session.kinds.slice_objects import Box, SliceObject


def _no_points() -> npt.NDArray[np.float64]:
    return np.zeros((0, 3), dtype=np.float64)


def _no_labels() -> npt.NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box that lies in one slice.

    Parameters
    ----------
    axis, index : int
        Which slice.
    box_rc : (row0, col0, row1, col1)
        Inclusive pixels of that slice.
    """

    axis: int
    index: int
    box_rc: tuple[float, float, float, float]

    def lies_on(self, plane: SlicePlane) -> bool:
        """Whether it counts in a slice."""
        return (self.axis, self.index) == (plane.axis, plane.index)


@dataclass(frozen=True, slots=True, eq=False)
class ObjectPrompts:
    """Points in voxels, boxes and lines in slices; what lies on a slice counts there.

    A point says that its voxel is on the object or not, so it counts in each of the
    three slices through that voxel. A box or a line counts in its own slice only.

    Parameters
    ----------
    points_zyx : (N, 3) float64
        Voxel coordinates, centres at integers.
    labels : (N,) int64
        1 for a point on the object, 0 for one on the background.
    boxes : tuple of PlacedBox
        Of one slice, each is an object of its own, the first one the present object.
    strokes : tuple of PlacedStroke
        Scribbles and lassos, in the order of drawing.
    joins : bool
        Whether boxes of one slice are parts of one object instead.

    Examples
    --------
    >>> from napari_sam_med.core.planes import SlicePlane
    >>> prompts = ObjectPrompts().with_point((4.0, 10.0, 20.0), 1)
    >>> prompts.on(SlicePlane(axis=2, index=20)).points_rc.tolist()
    [[4.0, 10.0]]
    >>> prompts.on(SlicePlane(axis=2, index=21)) is None
    True
    """

    points_zyx: npt.NDArray[np.float64] = field(default_factory=_no_points)
    labels: npt.NDArray[np.int64] = field(default_factory=_no_labels)
    boxes: tuple[PlacedBox, ...] = ()
    strokes: tuple[PlacedStroke, ...] = ()
    joins: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is no prompt anywhere."""
        return len(self.points_zyx) == 0 and not self.boxes and not self.strokes

    def same_as(self, other: ObjectPrompts) -> bool:
        """Whether two objects hold the same points, labels, boxes and lines."""
        return (
            np.array_equal(self.points_zyx, other.points_zyx)
            and np.array_equal(self.labels, other.labels)
            and (self.boxes, self.strokes) == (other.boxes, other.strokes)
            and self.joins == other.joins
        )

    def on(self, plane: SlicePlane, able: Capabilities = ALL_KINDS) -> Prompts | None:
        """Collect what counts on a slice; of several objects, for the first one.

        Parameters
        ----------
        plane : SlicePlane
            Which slice.
        able : Capabilities
            What the model takes; lassos are asked accordingly.

        Returns
        -------
        Prompts or None
            In (row, column) of the slice; None if nothing lies on it.
        """
        found = self.each_on(plane, able)
        return found[0].prompts if found else None

    def each_on(
        self, plane: SlicePlane, able: Capabilities = ALL_KINDS
    ) -> tuple[SliceObject, ...]:
        """Collect what counts on a slice, for each of its boxes; see ``on``."""
        axis, here = plane.axis, np.flatnonzero(self._points_on(plane))
        points_rc = np.delete(self.points_zyx, axis, axis=1)
        marks = [Mark(int(k), points_rc[k : k + 1], int(self.labels[k])) for k in here]
        marks += [Mark.of_stroke(s) for s in self.strokes if s.lies_on(plane)]
        return objects_on_slice(self.boxes_on(plane), marks, able)

    def slices(self, axis: int) -> tuple[int, ...]:
        """List the slices across an axis on which something counts."""
        found = {int(at) for at in np.floor(self.points_zyx[:, axis] + 0.5)}
        found |= {each.index for each in self.boxes if each.axis == axis}
        found |= {each.index for each in self.strokes if each.axis == axis}
        return tuple(sorted(found))

    def boxes_on(self, plane: SlicePlane) -> list[Box]:
        """Give the boxes that lie in a slice, in the order of drawing."""
        return [each.box_rc for each in self.boxes if each.lies_on(plane)]

    def crowded(self, axis: int) -> tuple[int, ...]:
        """List the slices across an axis that hold several objects."""
        counts: dict[int, int] = {}
        for box in () if self.joins else self.boxes:
            if box.axis == axis:
                counts[box.index] = counts.get(box.index, 0) + 1
        return tuple(sorted(index for index, n in counts.items() if n > 1))

    def with_point(
        self, point_zyx: tuple[float, float, float], label: int
    ) -> ObjectPrompts:
        """Add one point, 1 on the object or 0 on the background."""
        points = np.concatenate([self.points_zyx, [point_zyx]])
        return replace(self, points_zyx=points, labels=np.append(self.labels, label))

    def with_box(
        self, box: PlacedBox, rule: SecondBox = SecondBox.REPLACE
    ) -> ObjectPrompts:
        """Add a box; with ``REPLACE`` older ones in the same slice go."""
        added = replace(self, boxes=(*self.boxes, box), joins=rule is SecondBox.PART)
        return added.ruled(rule)

    def with_stroke(self, stroke: PlacedStroke) -> ObjectPrompts:
        """Add a line, after all points that there are."""
        added = replace(stroke, after=len(self.points_zyx))
        return replace(self, strokes=(*self.strokes, added))

    def ruled(self, rule: SecondBox) -> ObjectPrompts:
        """Say what boxes of one slice are; with ``REPLACE`` the last one stays."""
        if rule is not SecondBox.REPLACE:
            return replace(self, joins=rule is SecondBox.PART)
        last = {(box.axis, box.index): box for box in self.boxes}
        kept = tuple(box for box in self.boxes if last[box.axis, box.index] is box)
        return replace(self, boxes=kept, joins=False)

    def without(self, plane: SlicePlane) -> ObjectPrompts:
        """Drop everything that counts on a slice."""
        kept = self._with_points(~self._points_on(plane))
        return replace(
            kept,
            boxes=tuple(each for each in self.boxes if not each.lies_on(plane)),
            strokes=tuple(each for each in kept.strokes if not each.lies_on(plane)),
        )

    def without_point(self, index: int) -> ObjectPrompts:
        """Drop one point."""
        return self._with_points(np.arange(len(self.points_zyx)) != index)

    def _with_points(self, keep: npt.NDArray[np.bool_]) -> ObjectPrompts:
        """Drop points; lines stay between those that they were drawn between."""
        strokes = tuple(
            replace(each, after=int(keep[: each.after].sum())) for each in self.strokes
        )
        return replace(
            self,
            points_zyx=self.points_zyx[keep],
            labels=self.labels[keep],
            strokes=strokes,
        )

    def _points_on(self, plane: SlicePlane) -> npt.NDArray[np.bool_]:
        across = self.points_zyx[:, plane.axis]
        here: npt.NDArray[np.bool_] = np.floor(across + 0.5) == plane.index
        return here
