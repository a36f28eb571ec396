"""Where an object is expected on the next slice: the prior of `slice_step`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from napari_sam_med.propagation.signed_distance import (
    distance_between,
    level_of_area,
    signed_distance,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.propagation.projecting.area_profile import AreaProfile
    from napari_sam_med.propagation.projecting.slice_frames import Frame


class ExpectedOutline(Protocol):
    """Expects the object on one slice after the other."""

    def frame_mask(self, index: int) -> npt.NDArray[np.bool_]:
        """Give a mask (H, W) bool round which the slice is looked at."""

    def distance(self, index: int, frame: Frame) -> npt.NDArray[np.float32]:
        """Expect the signed distance on the frame of a slice, in millimetres."""

    def found(self, index: int, mask: npt.NDArray[np.bool_]) -> None:
        """Take note of what was found on a slice (H, W) bool."""


class TaperingOutline:
    """The neighbour's outline, moved in or out to the area that is expected.

    Parameters
    ----------
    index : int
        The prompted slice to start from.
    mask : (H, W) bool
        The object there.
    profile : AreaProfile
        Expects areas.
    spacing_zrc : (3,) float
        Millimetres between slices, rows and columns.
    """

    def __init__(
        self,
        index: int,
        mask: npt.NDArray[np.bool_],
        profile: AreaProfile,
        spacing_zrc: tuple[float, float, float],
    ) -> None:
        self._start, self._mask, self._profile = index, mask, profile
        self._step_mm, self._spacing = spacing_zrc[0], spacing_zrc[1:]

    def frame_mask(self, index: int) -> npt.NDArray[np.bool_]:  # noqa: ARG002
        """Give the neighbour's mask."""
        return self._mask

    def distance(self, index: int, frame: Frame) -> npt.NDArray[np.float32]:
        """Move the neighbour's outline."""
        distance = signed_distance(self._mask[frame.slices], self._spacing)
        wanted = self._profile.expected_mm2(self._away(index)) / self._pixel_mm2
        return distance - level_of_area(distance, wanted)

    def found(self, index: int, mask: npt.NDArray[np.bool_]) -> None:
        """Go on from this mask."""
        self._mask = mask
        self._profile.add(self._away(index), float(mask.sum()) * self._pixel_mm2)

    @property
    def _pixel_mm2(self) -> float:
        return self._spacing[0] * self._spacing[1]

    def _away(self, index: int) -> float:
        return abs(index - self._start) * self._step_mm


class OutlineBetween:
    """The outline interpolated between two prompted slices.

    Parameters
    ----------
    first, second : (index, mask)
        The slices and the object (H, W) bool on them.
    spacing_rc : (row, column)
        Millimetres between pixels.
    """

    def __init__(
        self,
        first: tuple[int, npt.NDArray[np.bool_]],
        second: tuple[int, npt.NDArray[np.bool_]],
        spacing_rc: tuple[float, float],
    ) -> None:
        self._first, self._second, self._spacing = first, second, spacing_rc

    def frame_mask(self, index: int) -> npt.NDArray[np.bool_]:  # noqa: ARG002
        """Give both masks together."""
        return self._first[1] | self._second[1]

    def distance(self, index: int, frame: Frame) -> npt.NDArray[np.float32]:
        """Interpolate."""
        (start, first), (stop, second) = self._first, self._second
        fraction = (index - start) / (stop - start)
        return distance_between(
            first[frame.slices], second[frame.slices], fraction, self._spacing
        )

    def found(self, index: int, mask: npt.NDArray[np.bool_]) -> None:
        """Change nothing: both ends are known."""
