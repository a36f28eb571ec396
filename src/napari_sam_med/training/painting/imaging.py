"""How a scene is exposed: resolution, blur, bias, noise, window, colour, borders."""

from __future__ import annotations

import cv2
import numpy as np

from napari_sam_med.training.painting.overlays import burn_in, cover
from napari_sam_med.training.painting.random_shapes import smooth_noise

PADDING_VALUE = 128
GREY_SHARE = 0.62
# Of 256 pixels 36: as coarse as a small image, or a crop of a coarse one, is seen.
COARSEST = 7
# Few images that doctors mark were sharpened, or kept as JPEG, and not twice.
SHARPENED_SHARE, JPEG_SHARE = 0.05, 0.05
# As web pages and slides keep images; below 30 the blocks hide the objects.
JPEG_QUALITIES = (30, 81)


def expose(
    rng: np.random.Generator, values: np.ndarray, identity: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Turn ideal intensities into an image as a scanner and a viewer give it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    values : numpy.ndarray
        float32 (S, S), nominally 0 to 1.
    identity : numpy.ndarray
        int16 (S, S), the painted objects (colour may depend on them).

    Returns
    -------
    tuple of numpy.ndarray
        The image, uint8 (S, S, 3), and where it shows the scene, bool (S, S)
        (outside lies a dark field border or the padding of a narrow image).
    """
    size = values.shape[0]
    seen = np.ones((size, size), bool)
    field = _field_of_view(rng, size) if rng.random() < 0.12 else None
    values = values.astype(np.float32)
    if rng.random() < 0.4:
        strength = float(rng.uniform(0.05, 0.35))
        bias = smooth_noise(rng, size, float(rng.uniform(1, 4)))
        values = values * (1 + strength * np.clip(bias, -2, 2))
    values = cover(rng, values)
    if field is not None:
        values[~field] = 0.0
        seen &= field
    values = _sample(rng, values)
    values = _window(rng, values)
    image = _colour(rng, values, identity)
    burn_in(rng, image)
    image = _stored(rng, image)
    padding = _padding(rng, size) if rng.random() < 0.2 else None
    if padding is not None:
        image[padding] = PADDING_VALUE
        seen &= ~padding
    return image, seen


def _field_of_view(rng: np.random.Generator, size: int) -> np.ndarray:
    """Give a disc, a fan or a rectangle outside of which nothing is seen."""
    canvas = np.zeros((size, size), np.uint8)
    choice = rng.random()
    if choice < 0.35:
        cv2.circle(
            canvas, (size // 2, size // 2), int(size * rng.uniform(0.45, 0.6)), 1, -1
        )
    elif choice < 0.7:
        apex = (size // 2, int(-size * rng.uniform(0, 0.3)))
        reach = int(size * rng.uniform(0.95, 1.3))
        half = rng.uniform(28, 50)
        cv2.ellipse(canvas, apex, (reach, reach), 0, 90 - half, 90 + half, 1, -1)
    else:
        low = (size * rng.uniform(0, 0.12, 2)).astype(int)
        high = (size * rng.uniform(0.88, 1, 2)).astype(int)
        canvas[low[0] : high[0], low[1] : high[1]] = 1
    return canvas.astype(bool)


def _sample(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Blur, sample on a coarser grid, add noise there, interpolate back."""
    size = values.shape[0]
    if rng.random() < 0.6:
        sigma = float(rng.uniform(0.4, 1.6))
        values = cv2.GaussianBlur(values, (0, 0), sigma)
    coarse = (
        1.0 if rng.random() < 0.4 else float(np.exp(rng.uniform(0, np.log(COARSEST))))
    )
    side = max(32, round(size / coarse))
    if side < size:
        values = cv2.resize(values, (side, side), interpolation=cv2.INTER_AREA)
    values = _noise(rng, values)
    if side < size:
        smooth = cv2.INTER_CUBIC if rng.random() < 0.3 else cv2.INTER_LINEAR
        if rng.random() < 0.08:
            smooth = cv2.INTER_NEAREST
        values = cv2.resize(values, (size, size), interpolation=smooth)
    return values


def _noise(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Add Gaussian, Rician, Poisson or speckle noise, or none."""
    level = float(
        rng.choice([0.0, 0.015, 0.04, 0.08, 0.14], p=[0.3, 0.35, 0.25, 0.08, 0.02])
    )
    if level == 0.0:
        return values
    grain = rng.standard_normal(values.shape, dtype=np.float32)
    if rng.random() < 0.3:
        grain = cv2.GaussianBlur(grain, (0, 0), 0.8) * 2.2
    kind = rng.random()
    if kind < 0.45:
        return np.asarray(values + level * grain)
    if kind < 0.65:
        other = rng.standard_normal(values.shape, dtype=np.float32)
        return np.asarray(np.hypot(values + level * grain, level * other))
    if kind < 0.8:
        root = np.sqrt(np.clip(values, 0.01, None))
        return np.asarray(values + level * root * grain)
    other = rng.standard_normal(values.shape, dtype=np.float32)
    if rng.random() < 0.5:
        grain, other = (_coarser(rng, part) for part in (grain, other))
    speckle = np.hypot(grain, other) / 1.2533
    mix = min(0.9, level * float(rng.uniform(3, 12)))
    return np.asarray(values * (1 - mix + mix * speckle), np.float32)


def _coarser(rng: np.random.Generator, grain: np.ndarray) -> np.ndarray:
    """Blur noise of unit variance into grains wider than high, of unit variance."""
    width = float(rng.uniform(0.5, 1.6))
    grain = cv2.GaussianBlur(grain, (0, 0), width, sigmaY=width * rng.uniform(0.4, 1))
    return np.asarray(grain / (grain.std() + 1e-6))


def _window(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Map to 0..1 as a window or a maximum does, with gamma and inversion."""
    choice = rng.random()
    if choice < 0.5:
        low, high = np.percentile(values[::4, ::4], (0.5, 99.5))
    elif choice < 0.75:
        low, high = 0.0, float(values.max())
    else:
        low, high = np.percentile(
            values[::4, ::4], (rng.uniform(0, 8), rng.uniform(88, 100))
        )
    values = np.clip((values - low) / max(float(high - low), 1e-3), 0, 1)
    if rng.random() < 0.4:
        values = values ** float(np.exp(rng.uniform(-0.6, 0.6)))
    if rng.random() < 0.2:
        values = values * float(rng.uniform(0.4, 1))
    if rng.random() < 0.12:
        values = 1 - values
    return np.asarray(values, np.float32)


def _colour(
    rng: np.random.Generator, values: np.ndarray, identity: np.ndarray
) -> np.ndarray:
    """Give three channels: grey mostly, else a random ramp with tinted objects."""
    if rng.random() < GREY_SHARE:
        grey = np.round(values * 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    dark = rng.random(3) * 0.5
    light = rng.uniform(0.5, 1, 3)
    image = dark + values[..., None] * (light - dark)
    tints = rng.normal(0, rng.uniform(0.02, 0.15), (int(identity.max()) + 1, 3))
    image = np.clip(image + tints[identity], 0, 1)
    return np.asarray(np.round(image * 255), np.uint8)


def _stored(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Sharpen too much, or leave the blocks of a JPEG of another size; mostly not."""
    choice = rng.random()
    if choice < SHARPENED_SHARE:
        smooth = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.8, 3)))
        excess = float(rng.uniform(0.5, 2))
        return np.asarray(cv2.addWeighted(image, 1 + excess, smooth, -excess, 0))
    if choice >= SHARPENED_SHARE + JPEG_SHARE:
        return image
    size = image.shape[0]
    side = max(32, round(size * float(np.exp(rng.uniform(-1, 0.5)))))
    quality = int(rng.integers(*JPEG_QUALITIES))
    kept = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", kept, [cv2.IMWRITE_JPEG_QUALITY, quality])
    stored = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    return np.asarray(cv2.resize(stored, (size, size), interpolation=cv2.INTER_LINEAR))


def _padding(rng: np.random.Generator, size: int) -> np.ndarray:
    """Mark the bottom or the right as the padding of an image that is not square."""
    padding = np.zeros((size, size), bool)
    start = int(size * rng.uniform(0.55, 0.97))
    if rng.random() < 0.5:
        padding[start:] = True
    else:
        padding[:, start:] = True
    return padding
