"""Slices of a volume in any of the three orientations, and their square-pixel twins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.errors import GeometryError, ImageError

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.geometry import Geometry
    from napari_sam_med.core.prompts import Prompts

LONGEST_SIDE_PX = 2048
"""Twice the 1,024 pixels that SAM sees: a slice of few, thick rows would else become
as tall as its thinnest spacing asks, and what is finer is averaged away anyway."""
TIE_DIGITS = 4
"""A side of 16.5 pixels is rounded the same way whether its header has 32 or 64 bits:
float32 spacings are off by 6e-8, which is below 1e-4 of a pixel up to 1,600 pixels."""


@dataclass(frozen=True, slots=True)
class SlicePlane:
    """One slice of a (z, y, x) volume.

    Parameters
    ----------
    axis : 0, 1 or 2
        The array axis that the slice is taken across.
    index : int
        Position along that axis.
    spacing_rc : (row, column)
        Millimetres between the slice's pixels.

    Raises
    ------
    ImageError
        If the axis is another, or the index is negative.

    Examples
    --------
    >>> from napari_sam_med.core.geometry import Geometry
    >>> SlicePlane.of(Geometry((0.8, 0.8, 5.0)), axis=1, index=7).spacing_rc
    (5.0, 0.8)
    """

    axis: int
    index: int
    spacing_rc: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        if self.axis not in (0, 1, 2) or self.index < 0:
            msg = (
                f"axis {self.axis}, slice {self.index}; give axis 0, 1 or 2, slice >= 0"
            )
            raise ImageError(msg)

    @classmethod
    def of(cls, geometry: Geometry, axis: int, index: int) -> SlicePlane:
        """Build the plane across ``axis`` at ``index`` of a volume."""
        row, col = (s for a, s in enumerate(geometry.spacing_zyx) if a != axis)
        return cls(axis, index, (row, col))

    def take(self, array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Cut the slice out of a volume, as a view.

        Parameters
        ----------
        array : (Z, Y, X) or (Z, Y, X, 3)
            The volume's voxels.

        Returns
        -------
        (H, W) or (H, W, 3)
            Rows and columns are the two axes left, in array order.

        Raises
        ------
        ImageError
            If the volume has no such slice.
        """
        self._check_inside(array)
        return array[(slice(None),) * self.axis + (self.index,)]

    def put(
        self, array: npt.NDArray[np.generic], mask: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.intp], ...]:
        """Say which voxels of a volume a mask on this slice covers.

        Parameters
        ----------
        array : (Z, Y, X)
            The volume that would be written into; it is not changed.
        mask : (H, W) bool
            True where the voxel is covered.

        Returns
        -------
        three (n,) integer arrays
            Indices along z, y and x, as numpy and napari's ``data_setitem`` take them.

        Raises
        ------
        ImageError
            If the volume has no such slice, or the mask is of another size.
        """
        self._check_inside(array)
        shape = tuple(n for a, n in enumerate(array.shape[:3]) if a != self.axis)
        if mask.shape != shape:
            msg = f"mask of shape {mask.shape} for a slice of shape {shape}"
            raise ImageError(msg)
        rows, cols = np.nonzero(mask)
        indices = [rows, cols]
        indices.insert(self.axis, np.full(len(rows), self.index))
        return tuple(indices)

    def _check_inside(self, array: npt.NDArray[np.generic]) -> None:
        if self.index >= array.shape[self.axis]:
            msg = (
                f"slice {self.index} of axis {self.axis}; the volume of shape "
                f"{array.shape} has slices 0 to {array.shape[self.axis] - 1} there"
            )
            raise ImageError(msg)


@dataclass(frozen=True, slots=True)
class SquareGrid:
    """A slice and the same slice resampled to square pixels, and the way between.

    Models expect square pixels: a sagittal slice of a CT with 5 mm slices would reach
    them squeezed. ``factor_rc`` is 1 where nothing is to be done.

    Parameters
    ----------
    shape_hw : (height, width)
        Of the slice itself, in pixels.
    square_hw : (height, width)
        Of the square-pixel image, in pixels.

    Examples
    --------
    >>> grid = SquareGrid.of(shape_hw=(10, 50), spacing_rc=(5.0, 1.0))
    >>> grid.square_hw
    (50, 50)
    >>> grid.points_to_square(np.array([[0.0, 7.0]])).tolist()
    [[2.0, 7.0]]
    """

    shape_hw: tuple[int, int]
    square_hw: tuple[int, int]

    @classmethod
    def of(
        cls, shape_hw: tuple[int, int], spacing_rc: tuple[float, float]
    ) -> SquareGrid:
        """Resample to the finer of the two spacings, at most 2048 pixels a side.

        Raises
        ------
        GeometryError
            If a spacing is not positive.
        """
        if not min(spacing_rc) > 0:
            msg = f"pixel spacing {spacing_rc}; give two positive numbers in mm"
            raise GeometryError(msg)
        if np.isclose(spacing_rc[0], spacing_rc[1], rtol=1e-3):
            return cls(shape_hw, shape_hw)
        height_mm, width_mm = shape_hw[0] * spacing_rc[0], shape_hw[1] * spacing_rc[1]
        pixel = max(min(spacing_rc), max(height_mm, width_mm) / LONGEST_SIDE_PX)
        height, width = (
            max(1, round(round(side / pixel, TIE_DIGITS)))
            for side in (height_mm, width_mm)
        )
        return cls(shape_hw, (height, width))

    @property
    def factor_rc(self) -> npt.NDArray[np.float64]:
        """Square pixels per slice pixel, along rows and columns."""
        factor: npt.NDArray[np.float64] = np.divide(self.square_hw, self.shape_hw)
        return factor

    def image_to_square(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Resample an image linearly.

        Parameters
        ----------
        image : (H, W) or (H, W, 3) uint8
            The slice, grey or RGB.

        Returns
        -------
        (H', W') or (H', W', 3) uint8
        """
        if self.square_hw == self.shape_hw:
            return image
        if image.ndim == 3:
            channels = [self.image_to_square(image[..., c]) for c in range(3)]
            return np.stack(channels, axis=-1)
        step = 1 / self.factor_rc
        out: npt.NDArray[np.float32] = ndimage.affine_transform(
            image.astype(np.float32),
            step,
            offset=step / 2 - 0.5,
            output_shape=self.square_hw,
            order=1,
            mode="nearest",
        )
        return np.rint(out).astype(np.uint8)

    def points_to_square(
        self, points_rc: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Carry (N, 2) points from the slice to the square image."""
        moved: npt.NDArray[np.float64] = (points_rc + 0.5) * self.factor_rc - 0.5
        return moved

    def prompts_to_square(self, prompts: Prompts) -> Prompts:
        """Carry prompts from the slice to the square image.

        Notes
        -----
        A box is carried by its outer pixel edges, so that it still encloses the same
        tissue.
        """
        if self.square_hw == self.shape_hw:
            return prompts
        box = prompts.box_rc
        if box is not None:
            half = np.array([[-0.5], [0.5]])
            edges = np.add(box.reshape(2, 2), half)
            box = (self.points_to_square(edges) - half).reshape(4)
            box[2:] = np.maximum(box[:2], box[2:])
        points = self.points_to_square(prompts.points_rc)
        return replace(prompts, points_rc=points, box_rc=box)

    def candidates_to_slice(self, candidates: Candidates) -> Candidates:
        """Bring masks of the square image back to the slice's own pixels.

        Notes
        -----
        Each pixel of the slice takes the value of the square pixel at its centre.
        """
        if self.square_hw == self.shape_hw:
            return candidates
        single = candidates.single
        return Candidates(
            masks=self.masks_to_slice(candidates.masks),
            scores=candidates.scores,
            logits=candidates.logits,
            single=None if single is None else self.candidates_to_slice(single),
        )

    def masks_to_slice(self, masks: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Bring masks (..., H', W') of the square image to the slice's (..., H, W).

        Notes
        -----
        Each pixel of the slice takes the value of the square pixel at its centre.
        """
        return _at_centres(masks, self.shape_hw)

    def mask_to_square(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Carry a mask (H, W) of the slice to the square image (H', W').

        Notes
        -----
        Each square pixel takes the value of the slice's pixel at its centre.
        """
        return _at_centres(mask, self.square_hw)


def _at_centres(
    masks: npt.NDArray[np.bool_], wanted_hw: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Sample masks (..., h, w) at the pixel centres of an image of another size."""
    given_hw = (masks.shape[-2], masks.shape[-1])
    if given_hw == wanted_hw:
        return masks
    rows, cols = (
        ((np.arange(n) + 0.5) * (given / n)).astype(int)
        for n, given in zip(wanted_hw, given_hw, strict=True)
    )
    return masks[..., rows[:, None], cols[None, :]]
