"""Random objects in random volumes, to choose constants of propagation on.

Each volume has slices of 1.5 to 5 mm and one object: a body round an axis that runs
aslant and bent through the slices, as wide as an ellipsoid, a tube or something with
waists. Others like it, brighter or darker, lie and touch beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume

if TYPE_CHECKING:
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

SIDE_PX = 144
GREY = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class _Space:
    """Places of voxels in millimetres from the middle, and where chance comes from."""

    rng: np.random.Generator
    spacing_zyx: tuple[float, float, float]
    shape: tuple[int, int, int]

    @property
    def half_mm(self) -> tuple[float, float]:
        """Half the height of the volume and half its width."""
        (thick, row, _), (count, rows, _) = self.spacing_zyx, self.shape
        return thick * count / 2, row * rows / 2

    def places(self) -> list[npt.NDArray[np.float64]]:
        """Z, y and x."""
        axes = [
            (np.arange(count) - count / 2) * step
            for count, step in zip(self.shape, self.spacing_zyx, strict=True)
        ]
        return list(np.ix_(*axes))

    def texture(self, sigma_mm: float) -> npt.NDArray[np.float64]:
        """Smooth noise of standard deviation 1."""
        sigma = [sigma_mm / step for step in self.spacing_zyx]
        noise = ndimage.gaussian_filter(self.rng.normal(size=self.shape), sigma)
        return np.asarray(noise / noise.std())

    def body(
        self, centre_yx: tuple[float, float], radius: float, low: float, high: float
    ) -> Mask:
        """The largest part of a body between two heights, all in millimetres."""
        rng = self.rng
        z, y, x = self.places()
        part = (z - low) / (high - low)
        bow = np.clip(4 * part * (1 - part), 0, None)
        waist = np.sin(2 * np.pi * (part * rng.uniform(0.7, 1.4) + rng.random()))
        widths = (bow**0.5, bow**0.2, bow**0.5 * (1 + 0.45 * waist) / 1.2)
        width = widths[rng.integers(3)]
        axis = [
            middle
            + rng.uniform(-0.8, 0.8) * (z - (low + high) / 2)
            + rng.uniform(-0.25, 0.25) * radius * np.sin(4 * part)
            for middle in centre_yx
        ]
        stretched = rng.uniform(0.65, 1.5)
        away = np.hypot((y - axis[0]) * stretched, (x - axis[1]) / stretched)
        away = away + 0.1 * radius * self.texture(0.6 * radius)
        regions, count = ndimage.label((away < radius * width) & (part > 0))
        if count == 0:
            return np.zeros(self.shape, dtype=bool)
        return np.asarray(regions == np.bincount(regions.ravel())[1:].argmax() + 1)


def random_object(seed: int) -> tuple[Volume, Mask]:
    """Make a volume, and the object that is meant, (Z, Y, X) bool."""
    rng = np.random.default_rng(seed)
    thick, pixel = float(rng.choice([1.5, 2.5, 3, 4, 5])), rng.uniform(0.6, 1.1)
    count = int(rng.integers(24, 40)) if thick > 2 else 50
    space = _Space(rng, (thick, pixel, pixel), (count, SIDE_PX, SIDE_PX))
    height, width = space.half_mm
    radius = rng.uniform(0.15, 0.42) * width
    reach = min(0.85 * height, radius * rng.uniform(1, 3))
    middle = rng.uniform(-0.15, 0.15) * height
    centre = rng.uniform(-0.2, 0.2, 2) * width
    truth = space.body(tuple(centre), radius, middle - reach, middle + reach)
    contrast = rng.choice([-1, 1]) * rng.uniform(16, 55)
    texture = space.texture(2.5) * rng.uniform(3, 9)
    grey = GREY + texture
    for _ in range(rng.integers(2, 6)):
        turn, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.9) * width
        low = rng.uniform(-1, 0.5) * height
        high = low + rng.uniform(0.4, 1.6) * height
        centre = away * np.array([np.sin(turn), np.cos(turn)])
        other = space.body(tuple(centre), rng.uniform(0.1, 0.35) * width, low, high)
        alike = rng.random() < 0.5
        own = contrast * (rng.uniform(0.5, 1.3) if alike else -rng.uniform(0.3, 1.3))
        grey = np.where(other, GREY + own + 0.7 * texture, grey)
    inner = space.texture(0.5 * radius) * rng.uniform(0, 6)
    grey = np.where(truth, GREY + contrast + 0.7 * texture + inner, grey)
    grey = ndimage.gaussian_filter(grey + 4 * space.texture(60), (0.3, 0.7, 0.7))
    grey += rng.normal(0, rng.uniform(4, 12), space.shape)
    geometry = Geometry((pixel, pixel, thick))
    return Volume(grey.astype(np.float32), geometry, f"random {seed}"), truth
