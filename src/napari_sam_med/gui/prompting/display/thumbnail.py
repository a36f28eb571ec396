"""Small pictures of a mask on its slice, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

MARGIN = 0.35
SMALLEST_SIDE = 24.0
HEAT = ((0, 0, 0), (66, 20, 92), (160, 42, 86), (230, 92, 48), (250, 190, 70))
"""Colours of 0, 1/4 ... 1: darker always means less, also without colour vision."""
TINT = 0.5


@dataclass(frozen=True, slots=True)
class View:
    """The part of a slice that pictures show, and how they sample it.

    Parameters
    ----------
    row, column, side : float
        Its centre in pixels and its side in millimetres.
    spacing_rc : (row, column)
        Millimetres between pixels.
    size_px : int
        Side of the pictures.
    """

    row: float
    column: float
    side: float
    spacing_rc: tuple[float, float]
    size_px: int

    def sample(
        self, plane: npt.NDArray[Any], *, smooth: bool = False
    ) -> npt.NDArray[np.float32]:
        """Interpolate linearly; 0 outside the slice.

        Parameters
        ----------
        plane : (H, W)
            Any numbers or bool.
        smooth : bool
            Average what falls into one pixel of the picture first, so that fine
            structures do not alias; a thin mask would be lost by it.

        Returns
        -------
        (size_px, size_px) float32
        """
        part = self.part_of(plane.shape)
        first_rc = self._first_rc - [each.start for each in part]
        values: npt.NDArray[Any] = plane[part].astype(np.float32)
        if smooth:
            rows, cols = self._blurred_rc
            values = cv2.blur(values, (cols, rows), borderType=cv2.BORDER_REPLICATE)
        sampled: npt.NDArray[np.float32] = ndimage.affine_transform(
            values,
            self._step_rc,
            offset=first_rc,
            output_shape=(self.size_px, self.size_px),
            order=1,
        )
        return sampled

    def part_of(self, shape_hw: tuple[int, ...]) -> tuple[slice, slice]:
        """Find the rows and columns of a slice that a picture needs; at least one."""
        last_rc = self._first_rc + self._step_rc * (self.size_px - 1)
        margin_rc = np.array(self._blurred_rc) // 2 + 2
        end_rc = np.array(shape_hw[:2])
        starts = np.clip(np.floor(self._first_rc - margin_rc), 0, end_rc - 1)
        stops = np.clip(np.ceil(last_rc + margin_rc), starts + 1, end_rc)
        rows, cols = map(slice, starts.astype(int), stops.astype(int))
        return rows, cols

    @property
    def _step_rc(self) -> npt.NDArray[np.float64]:
        """Pixels of the slice between two of the picture."""
        step: npt.NDArray[np.float64] = np.divide(self.side, self.spacing_rc)
        return step / self.size_px

    @property
    def _first_rc(self) -> npt.NDArray[np.float64]:
        """Where the picture's first pixel lies."""
        half = self._step_rc * (self.size_px - 1) / 2
        return np.array([self.row, self.column]) - half

    @property
    def _blurred_rc(self) -> tuple[int, int]:
        """Pixels that fall into one of the picture: odd, which moves nothing."""
        rows, cols = (2 * int(step / 2) + 1 for step in self._step_rc)
        return rows, cols


def view_of(
    masks: npt.NDArray[np.bool_], spacing_rc: tuple[float, float], size_px: int
) -> View:
    """Choose the square part of a slice that shows all masks.

    Parameters
    ----------
    masks : (K, H, W) bool
        The candidates.
    spacing_rc : (row, column)
        Millimetres between pixels.
    size_px : int
        Side of the pictures.

    Returns
    -------
    View
        The whole slice if nothing is masked.
    """
    rows, cols = (np.flatnonzero(masks.any(axis=others)) for others in ((0, 2), (0, 1)))
    if rows.size == 0:
        height, width = masks.shape[1:]
        rows, cols = np.array([0, height - 1]), np.array([0, width - 1])
    extent = max(np.ptp(rows) * spacing_rc[0], np.ptp(cols) * spacing_rc[1])
    side = max(float(extent) * (1 + MARGIN), SMALLEST_SIDE * min(spacing_rc))
    row, col = ((where.min() + where.max()) / 2 for where in (rows, cols))
    return View(float(row), float(col), side, spacing_rc, size_px)


def picture_of(image: npt.NDArray[np.uint8], view: View) -> npt.NDArray[np.float32]:
    """Draw a part of a slice.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8
        The slice as the user sees it.
    view : View
        Which part.

    Returns
    -------
    (size_px, size_px, 3) float32
        Square pixels, 0 to 255; black outside the slice.
    """
    if image.ndim == 2:
        return np.repeat(view.sample(image, smooth=True)[..., None], 3, axis=2)
    return np.stack([view.sample(image[..., c], smooth=True) for c in range(3)], -1)


def heat_of(fractions: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Colour numbers from 0 to 1, dark to bright.

    Parameters
    ----------
    fractions : (H, W) float32
        What is outside 0 to 1 counts as the nearer end.

    Returns
    -------
    (H, W, 3) float32
        0 to 255.
    """
    stops = np.linspace(0, 1, len(HEAT))
    channels = [
        np.interp(fractions, stops, channel) for channel in zip(*HEAT, strict=True)
    ]
    heat: npt.NDArray[np.float32] = np.stack(channels, axis=-1).astype(np.float32)
    return heat


def thumbnail(
    picture: npt.NDArray[np.float32],
    mask: npt.NDArray[np.bool_],
    view: View,
    colour: tuple[int, int, int],
    *,
    fill: bool = True,
) -> npt.NDArray[np.uint8]:
    """Tint and outline a mask on a picture.

    Parameters
    ----------
    picture : (size_px, size_px, 3) float32
        As ``picture_of`` gives it; it stays as it is.
    mask : (H, W) bool
        One candidate, in the slice's pixels.
    view : View
        Which part of the slice the picture shows.
    colour : (red, green, blue)
        Of the tint, 0 to 255.
    fill : bool
        Whether to tint it; else it is only outlined.

    Returns
    -------
    (size_px, size_px, 3) uint8
    """
    inside = view.sample(mask) > 0.5
    edge = inside & ~ndimage.binary_erosion(inside, border_value=1)
    tint = np.array(colour, dtype=np.float32)
    drawn = picture.copy()
    if fill:
        drawn[inside] = (1 - TINT) * drawn[inside] + TINT * tint
    drawn[edge] = tint
    whole: npt.NDArray[np.uint8] = np.rint(drawn).astype(np.uint8)
    return whole
