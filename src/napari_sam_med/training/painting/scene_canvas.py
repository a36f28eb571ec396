"""The canvas of a scene: intensities and identities painted in one go."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from napari_sam_med.training.painting.random_shapes import (
    contour,
    depth,
    fill_contour,
    smooth_noise,
)

TEXTURES = 4
BLEMISHED_SHARE = 0.25
SOFT_SHARE = 0.12
LARGEST_BLEMISH = 0.3
# In pixels: a narrower Gaussian changes nothing that eight bits could show.
SHARPEST_BLUR = 0.3


@dataclass(slots=True)
class Canvas:
    """A growing scene.

    Attributes
    ----------
    values : numpy.ndarray
        float32 (S, S) intensities, nominally 0 to 1.
    identity : numpy.ndarray
        int16 (S, S), the object seen at each pixel; 0 is background.
    textures : list of numpy.ndarray
        float32 (S, S) noise fields that objects share.
    targets : list of tuple of int
        Sets of identities that each make one promptable object.
    contrast : float
        Smallest difference between an object and what lies under it.
    """

    values: np.ndarray
    identity: np.ndarray
    textures: list[np.ndarray]
    contrast: float
    targets: list[tuple[int, ...]] = field(default_factory=list)
    count: int = 0

    @classmethod
    def blank(cls, rng: np.random.Generator, size: int) -> Canvas:
        """Start a scene of one random intensity on a square of `size` pixels."""
        textures = [
            smooth_noise(rng, size, float(size / scale))
            for scale in (1.5, 4.0, 10.0, 40.0)[:TEXTURES]
        ]
        contrast = float(rng.choice([0.06, 0.12, 0.25], p=[0.15, 0.4, 0.45]))
        values = np.full((size, size), rng.random(), np.float32)
        identity = np.zeros((size, size), np.int16)
        return cls(values, identity, textures, contrast)

    @property
    def size(self) -> int:
        """Side of the square in pixels."""
        return int(self.values.shape[0])

    def unlike(self, rng: np.random.Generator, mask: np.ndarray) -> float:
        """Choose an intensity that differs from what `mask` covers now."""
        under = float(self.values[mask].mean()) if mask.any() else 0.5
        if rng.random() < 0.45:
            step = self.contrast * float(rng.uniform(1, 2.5))
            value = under + step * (1 if rng.random() < 0.5 else -1)
            if not 0 <= value <= 1:
                value = 2 * under - value
            return float(np.clip(value, 0, 1))
        for _ in range(8):
            value = float(rng.random())
            if abs(value - under) > self.contrast:
                return value
        return 1.0 if under < 0.5 else 0.0

    def tint(self, rng: np.random.Generator, value: float) -> np.ndarray:
        """Give the intensity field, (S, S), of a tissue around `value`."""
        kind = int(rng.integers(TEXTURES))
        amplitude = float(rng.choice([0.0, 0.02, 0.05, 0.1], p=[0.3, 0.3, 0.25, 0.15]))
        tissue = value + amplitude * self.textures[kind]
        if rng.random() < 0.2:
            ramp = np.linspace(-0.5, 0.5, self.size, dtype=np.float32)
            strength = float(rng.uniform(-0.25, 0.25))
            tissue = tissue + strength * (ramp if rng.random() < 0.5 else ramp[:, None])
        return np.asarray(tissue, np.float32)

    def paint(
        self, rng: np.random.Generator, mask: np.ndarray, value: float | None = None
    ) -> int:
        """Paint an object over the scene and return its new identity."""
        if value is None:
            value = self.unlike(rng, mask)
        under = self.values.copy()
        tissue = self.tint(rng, value)
        if rng.random() < SOFT_SHARE:
            tissue = self._fading(rng, mask, tissue)
        self.values[mask] = tissue[mask]
        if rng.random() < 0.12 and mask.any():
            self._outline(rng, mask)
        if rng.random() < BLEMISHED_SHARE and mask.any():
            self._blemish(rng, mask, under)
        return self.mark(mask)

    def mark(self, mask: np.ndarray) -> int:
        """Make what is painted within `mask` an object and return its identity."""
        self.count += 1
        self.identity[mask] = self.count
        return self.count

    def blend(
        self, share: np.ndarray, tissue: np.ndarray | float, softness: float = 0.0
    ) -> None:
        """Let `tissue` show through in `share` of each pixel; identities stay.

        `share`, (S, S), is a mask or lies between 0 and 1; its borders fade over
        about `softness` pixels.
        """
        share = share.astype(np.float32)
        if softness > SHARPEST_BLUR:
            share = cv2.GaussianBlur(share, (0, 0), softness)
        self.values = np.asarray(
            self.values + share * (tissue - self.values), np.float32
        )

    def grain(self, rng: np.random.Generator) -> np.ndarray:
        """Mix the textures to noise of several scales, (S, S), deviation near 1."""
        weights = rng.random(len(self.textures)) + 0.05
        weights /= np.sqrt((weights**2).sum())
        parts = zip(weights, self.textures, strict=True)
        return np.asarray(sum(w * t for w, t in parts), np.float32)

    def _fading(
        self, rng: np.random.Generator, mask: np.ndarray, tissue: np.ndarray
    ) -> np.ndarray:
        """Let `tissue` pass gradually into what is painted now, within `mask`."""
        deep = depth(mask)
        reach = float(deep.max()) * float(rng.uniform(0.1, 0.5))
        share = np.clip((deep + 0.3 * reach) / max(1.0, reach), 0, 1)
        return np.asarray(self.values + share * (tissue - self.values), np.float32)

    def _outline(self, rng: np.random.Generator, mask: np.ndarray) -> None:
        """Draw a thin capsule of another intensity along the inner border."""
        width = int(rng.integers(1, 4))
        kernel = np.ones((2 * width + 1,) * 2, np.uint8)
        rim = mask & ~cv2.erode(mask.astype(np.uint8), kernel).astype(bool)
        self.values[rim] = float(rng.random())

    def _blemish(
        self, rng: np.random.Generator, mask: np.ndarray, under: np.ndarray
    ) -> None:
        """Paint spots that belong to the object all the same.

        Muscles that reach into a chamber, vessels, gas and calcium: mostly at the
        border and like what lies `under` the object, else anywhere and of any
        intensity. The object keeps its outline.
        """
        size = self.size
        spots = np.zeros_like(mask)
        reach = float(np.sqrt(mask.sum() / np.pi))
        rim = mask & ~cv2.erode(mask.astype(np.uint8), np.ones((3, 3))).astype(bool)
        like_under = bool(rng.random() < 0.7)
        places = np.flatnonzero(rim if like_under and rim.any() else mask)
        for _ in range(int(rng.integers(1, 5))):
            row, col = divmod(int(rng.choice(places)), size)
            radius = reach * float(rng.uniform(0.08, 0.4))
            outline = contour(rng, (float(col), float(row)), radius)
            spots |= mask & fill_contour(outline, size)
        if spots.sum() > LARGEST_BLEMISH * mask.sum():
            return
        self.values[spots] = under[spots] if like_under else float(rng.random())

    def tissue(self, rng: np.random.Generator, mask: np.ndarray) -> None:
        """Paint background that is no object: identities under it are erased."""
        self.values[mask] = self.tint(rng, self.unlike(rng, mask))[mask]
        self.identity[mask] = 0

    def offer(self, *identities: int) -> None:
        """Make one object of these identities promptable."""
        self.targets.append(tuple(identities))
