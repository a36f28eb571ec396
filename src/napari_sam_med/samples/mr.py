"""A T1-weighted head after contrast, cut obliquely, with a ring-enhancing lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.samples.phantom_shapes import (
    Field,
    Grid,
    ellipsoid,
    smooth_noise,
    smooth_union,
)
from napari_sam_med.samples.sample import Sample

if TYPE_CHECKING:
    import numpy.typing as npt

SHAPE_ZYX = (22, 208, 176)
SPACING_ZYX = (4.0, 1.0, 1.0)
NAMES = {
    1: "skull",
    2: "white matter",
    3: "grey matter",
    4: "ventricles",
    5: "lesion",
}
SKULL, WHITE, GREY, VENTRICLES, LESION = NAMES
_TILT_DEG, _TURN_DEG = 15.0, 8.0
_CORTEX_MM = 3.0


def mr_head(seed: int = 0) -> Sample:
    """Generate a head.

    Parameters
    ----------
    seed : int
        Another seed is another person.

    Returns
    -------
    Sample
        Volume (22, 208, 176) int16, spacing 1 x 1 x 4 mm, direction tilted by 15 and
        turned by 8 degrees; labels 1 skull, 2 white matter, 3 grey matter, 4
        ventricles, 5 lesion.
    """
    rng = np.random.default_rng([seed, 2])
    grid = Grid.of(SHAPE_ZYX, SPACING_ZYX)
    grid = grid.shifted(z=-11)
    warped = grid.warped(rng, amplitude_mm=2.2, length_mm=60)
    signal: Field = np.full(SHAPE_ZYX, 12, np.float32)
    labels = np.zeros(SHAPE_ZYX, np.uint8)
    brain = _add_covers(warped, signal, labels, rng)
    _add_brain(warped, brain, signal, labels, rng)
    _add_ventricles(warped, signal, labels)
    _add_lesion(grid, signal, labels, rng)
    array = _scan(signal, grid, rng)
    volume = Volume(array, _oblique_geometry(), f"head_{seed}", "MR")
    return Sample(volume, labels, NAMES)


def _add_covers(
    grid: Grid, signal: Field, labels: npt.NDArray[np.uint8], rng: np.random.Generator
) -> Field:
    """Scalp, skull with marrow, and fluid; returns the field of the brain's hull."""
    wide_behind = 74 * (1 + 0.0011 * grid.y)
    head = ellipsoid(
        Grid(grid.z, grid.y, grid.x * 74 / wide_behind, *grid.frame),
        (-16, 2, 0),
        (80, 96, 74),
    )
    scalp = 4.5 + 1.2 * smooth_noise(rng, grid, 45)
    bone = head + scalp
    thick = np.maximum(6.0 + 1.6 * smooth_noise(rng, grid, 40), 3.5)
    hull = bone + thick
    signal[head < 0] = 820.0
    signal[np.abs(head + 1.0) < 1.0] = 520.0
    signal[bone < 0] = 70.0
    marrow = np.abs(bone + thick / 2) < np.maximum(thick / 2 - 1.7, 0)
    signal[marrow] = 430.0
    signal[hull < 0] = 150.0
    labels[(bone < 0) & (hull >= 0)] = SKULL
    return np.asarray(hull + 2.2, np.float32)


def _add_brain(
    grid: Grid,
    hull: Field,
    signal: Field,
    labels: npt.NDArray[np.uint8],
    rng: np.random.Generator,
) -> None:
    """Cortex along the surface and the sulci, white matter within, deep nuclei."""
    depth_mm = -hull
    sulcus = _sulci(grid, rng) < 0.95 * np.clip(1.45 - depth_mm / 18, 0, 1)
    midline = np.abs(grid.x + 0.8 * smooth_noise(rng, grid, 40)) < 1.0
    apart = midline & ((depth_mm < 24) | (grid.z > 28))
    brain = (hull < 0) & ~sulcus & ~apart
    to_fluid = ndimage.distance_transform_edt(brain, sampling=SPACING_ZYX)
    thick = _CORTEX_MM + 0.5 * smooth_noise(rng, grid, 20)
    nuclei = np.minimum.reduce(
        [
            part
            for side in (-1, 1)
            for part in (
                ellipsoid(grid, (2, 12, side * 12), (13, 15, 9), turn_deg=side * 25),
                ellipsoid(grid, (6, -14, side * 13), (14, 13, 5), turn_deg=side * 20),
                ellipsoid(grid, (0, -2, side * 27), (11, 16, 6), turn_deg=side * 12),
            )
        ]
    )
    grey = brain & ((to_fluid < thick) | (nuclei < 0))
    signal[brain], labels[brain] = 690.0, WHITE
    signal[grey], labels[grey] = 465.0, GREY
    signal[brain & (nuclei < 0)] = 520.0


def _sulci(grid: Grid, rng: np.random.Generator) -> Field:
    """Millimetres to winding sheets: where smooth noise crosses zero."""
    fold = smooth_noise(rng, grid, 10.5) + 0.3 * smooth_noise(rng, grid, 7)
    steepness = np.sqrt(sum(g**2 for g in np.gradient(fold, *SPACING_ZYX)))
    return np.asarray(np.abs(fold) / (steepness + 0.03), np.float32)


def _add_ventricles(grid: Grid, signal: Field, labels: npt.NDArray[np.uint8]) -> None:
    """Two curved lateral ventricles with horns, and the slit of the third."""
    parts = [ellipsoid(grid, (-6, 10, 0), (12, 13, 2.4))]
    for side in (-1, 1):
        bend = 0.007 * (grid.y + 4) ** 2  # horns diverge
        moved = Grid(grid.z, grid.y, grid.x - side * (7 + bend), *grid.frame)
        body = ellipsoid(moved, (17, 2, 0), (9, 38, 6.5))
        horn = ellipsoid(moved, (8, 32, 0), (11, 15, 7.5))
        parts.append(smooth_union(body, horn, 5))
    cavity = np.minimum.reduce(parts) < 0
    signal[cavity], labels[cavity] = 140.0, VENTRICLES


def _add_lesion(
    grid: Grid,
    signal: Field,
    labels: npt.NDArray[np.uint8],
    rng: np.random.Generator,
) -> None:
    """A lobed tumour with dark core and bright rim, swelling round it."""
    warped = grid.warped(rng, amplitude_mm=4.0, length_mm=15)
    side = rng.choice((-1.0, 1.0))
    z, y, x = rng.uniform(4, 22), rng.uniform(20, 36), side * rng.uniform(34, 40)
    size = rng.uniform(13, 16)
    bulk = ellipsoid(warped, (z, y, x), (size, size * 1.15, size * 0.85))
    lobe = ellipsoid(warped, (z + 3, y - 13, x - side * 4), (9, 9, 8))
    tumour = smooth_union(bulk, lobe, 6)
    brain = (labels == WHITE) | (labels == GREY)
    fingers = tumour + 2.5 * smooth_noise(rng, grid, 9)
    swelling = (labels == WHITE) & (fingers < 8)
    signal[swelling] -= 130 * np.clip(1 - fingers[swelling] / 11, 0, 1)
    brain = ndimage.binary_closing(brain, np.ones((1, 5, 5)), iterations=2)
    inside = (tumour < 0) & (brain | (labels == VENTRICLES))
    rim = 3.2 + 1.1 * smooth_noise(rng, grid, 10)
    signal[inside] = np.where(tumour > -rim, 930.0, 300.0)[inside]
    labels[inside] = LESION


def _scan(signal: Field, grid: Grid, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Blur, receive-coil shading, Rician noise."""
    textured = signal * (1 + 0.025 * smooth_noise(rng, grid, 5))
    blurred = ndimage.gaussian_filter(textured, (0.25, 0.6, 0.6))
    shading = 1 + 0.10 * smooth_noise(rng, grid, 110)
    real = blurred * shading + 17 * rng.standard_normal(SHAPE_ZYX, dtype=np.float32)
    imaginary = 17 * rng.standard_normal(SHAPE_ZYX, dtype=np.float32)
    magnitude: npt.NDArray[np.float64] = np.hypot(real, imaginary)
    return np.rint(magnitude).astype(np.int16)


def _oblique_geometry() -> Geometry:
    tilt, turn = np.deg2rad(_TILT_DEG), np.deg2rad(_TURN_DEG)
    about_x = np.array(
        [
            [1, 0, 0],
            [0, np.cos(tilt), -np.sin(tilt)],
            [0, np.sin(tilt), np.cos(tilt)],
        ]
    )
    about_z = np.array(
        [
            [np.cos(turn), -np.sin(turn), 0],
            [np.sin(turn), np.cos(turn), 0],
            [0, 0, 1],
        ]
    )
    direction = about_z @ about_x
    spacing = np.array(SPACING_ZYX[::-1])
    middle = (np.array(SHAPE_ZYX[::-1]) - 1) / 2
    origin = -direction @ (spacing * middle)
    rows = tuple((float(r[0]), float(r[1]), float(r[2])) for r in direction)
    return Geometry(
        (spacing[0], spacing[1], spacing[2]),
        (float(origin[0]), float(origin[1]), float(origin[2])),
        (rows[0], rows[1], rows[2]),
    )
