"""The prompts of one object, all over a volume."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.prompts import Prompts

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.planes import SlicePlane


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


@dataclass(frozen=True, slots=True, eq=False)
class ObjectPrompts:
    """Points in voxels and boxes in slices; what lies on a slice counts there.

    A point says that its voxel is on the object or not, so it counts in each of the
    three slices through that voxel. A box counts in its own slice only.

    Parameters
    ----------
    points_zyx : (N, 3) float64
        Voxel coordinates, centres at integers.
    labels : (N,) int64
        1 for a point on the object, 0 for one on the background.
    boxes : tuple of PlacedBox
        At most one for each slice.

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

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a point nor a box anywhere."""
        return len(self.points_zyx) == 0 and not self.boxes

    def same_as(self, other: ObjectPrompts) -> bool:
        """Whether two objects hold the same points, labels and boxes."""
        return (
            np.array_equal(self.points_zyx, other.points_zyx)
            and np.array_equal(self.labels, other.labels)
            and self.boxes == other.boxes
        )

    def on(self, plane: SlicePlane) -> Prompts | None:
        """Collect what counts on a slice.

        Parameters
        ----------
        plane : SlicePlane
            Which slice.

        Returns
        -------
        Prompts or None
            In (row, column) of the slice; None if nothing lies on it.
        """
        here = self._points_on(plane)
        box = self.box_on(plane)
        if not here.any() and box is None:
            return None
        points_rc = np.delete(self.points_zyx[here], plane.axis, axis=1)
        box_rc = None if box is None else np.array(box)
        return Prompts(points_rc, self.labels[here], box_rc)

    def slices(self, axis: int) -> tuple[int, ...]:
        """List the slices across an axis on which something counts."""
        found = {int(at) for at in np.floor(self.points_zyx[:, axis] + 0.5)}
        found |= {box.index for box in self.boxes if box.axis == axis}
        return tuple(sorted(found))

    def box_on(self, plane: SlicePlane) -> tuple[float, float, float, float] | None:
        """Give the box that lies in a slice, if there is one."""
        for box in self.boxes:
            if (box.axis, box.index) == (plane.axis, plane.index):
                return box.box_rc
        return None

    def with_point(
        self, point_zyx: tuple[float, float, float], label: int
    ) -> ObjectPrompts:
        """Add one point, 1 on the object or 0 on the background."""
        points = np.concatenate([self.points_zyx, [point_zyx]])
        return replace(self, points_zyx=points, labels=np.append(self.labels, label))

    def with_box(self, box: PlacedBox) -> ObjectPrompts:
        """Add a box; an older one in the same slice goes."""
        others = (b for b in self.boxes if (b.axis, b.index) != (box.axis, box.index))
        return replace(self, boxes=(*others, box))

    def without(self, plane: SlicePlane) -> ObjectPrompts:
        """Drop everything that counts on a slice."""
        keep = ~self._points_on(plane)
        boxes = tuple(
            b for b in self.boxes if (b.axis, b.index) != (plane.axis, plane.index)
        )
        return ObjectPrompts(self.points_zyx[keep], self.labels[keep], boxes)

    def _points_on(self, plane: SlicePlane) -> npt.NDArray[np.bool_]:
        across = self.points_zyx[:, plane.axis]
        here: npt.NDArray[np.bool_] = np.floor(across + 0.5) == plane.index
        return here
