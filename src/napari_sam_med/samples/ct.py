"""A CT-like abdomen in the portal-venous phase, in Hounsfield units.

Left and right are LPS: x grows to the patient's left, so that the liver is on the left
of the displayed image; y grows backwards, z upwards.
"""

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
    grain,
    smooth_common,
    smooth_cut,
    smooth_noise,
    smooth_union,
)
from napari_sam_med.samples.sample import Sample

if TYPE_CHECKING:
    import numpy.typing as npt

SHAPE_ZYX = (18, 256, 320)
SPACING_ZYX = (5.0, 0.8, 0.8)
NAMES = {1: "liver", 2: "spleen", 3: "kidneys", 4: "vertebra"}
_SUB = 2  # sub-slices averaged into one slice: the partial volume of thick slices
_VERTEBRA_MM = 34.0


def ct_abdomen(seed: int = 0) -> Sample:
    """Generate an abdomen of a slim person.

    Parameters
    ----------
    seed : int
        Another seed is another person.

    Returns
    -------
    Sample
        Volume (18, 256, 320) int16 in Hounsfield units, spacing 0.8 x 0.8 x 5 mm;
        labels 1 liver, 2 spleen, 3 kidneys (two parts), 4 vertebra.
    """
    rng = np.random.default_rng([seed, 1])
    fine = Grid.of(
        (SHAPE_ZYX[0] * _SUB, *SHAPE_ZYX[1:]),
        (SPACING_ZYX[0] / _SUB, *SPACING_ZYX[1:]),
    )
    scene = _Scene(fine, rng)
    _add_trunk(scene)
    _add_bowel(scene)
    _add_liver(scene)
    _add_spleen(scene)
    _add_kidneys(scene)
    _add_spine(scene)
    _add_vessels(scene)
    labels = _labels_of_slices(scene.labels)
    origin = tuple(
        -(n - 1) / 2 * s for n, s in zip(SHAPE_ZYX, SPACING_ZYX, strict=True)
    )
    geometry = Geometry(SPACING_ZYX[::-1], (origin[2], origin[1], origin[0]))
    volume = Volume(_scan(scene, rng), geometry, f"abdomen_{seed}", "CT")
    return Sample(volume, labels, NAMES)


class _Scene:
    """Hounsfield units and labels painted organ over organ."""

    def __init__(self, grid: Grid, rng: np.random.Generator) -> None:
        self.grid, self.rng = grid, rng
        self.hu: Field = np.full(grid.shape, -1000, np.float32)
        self.labels: npt.NDArray[np.uint8] = np.zeros(grid.shape, np.uint8)
        self.wall: Field = np.zeros(grid.shape, np.float32)
        self.warped = grid.warped(rng, amplitude_mm=3.2, length_mm=24)
        self._textures = {mm: smooth_noise(rng, grid, mm) for mm in (4.0, 8.0)}

    def paint(
        self, field: Field, hu: float | Field, *, label: int = 0
    ) -> npt.NDArray[np.bool_]:
        """Fill a shape; a label of 0 takes earlier labels away."""
        inside = np.broadcast_to(field < 0, self.grid.shape)
        self.hu[inside] = hu[inside] if isinstance(hu, np.ndarray) else hu
        self.labels[inside] = label
        return inside

    def texture(self, hu: float, spread: float, length_mm: float = 8.0) -> Field:
        return hu + spread * self._textures[length_mm]


def _add_trunk(scene: _Scene) -> None:
    """Skin, fat, the muscular wall and ribs; ``scene.wall`` becomes the cavity."""
    grid, rng = scene.grid, scene.rng
    body_grid = grid.warped(rng, amplitude_mm=2.5, length_mm=70)
    a, b = rng.uniform(112, 117), rng.uniform(79, 84)
    skin = _superellipse(body_grid, a, b)
    scene.paint(skin, scene.texture(-102, 8))
    scene.paint(np.maximum(skin, -1.8 - skin), 20.0)
    fat_mm = rng.uniform(8, 11) + 5 / (1 + np.exp(-(grid.y - 10) / 18))
    muscle = skin + fat_mm
    scene.paint(muscle, scene.texture(58, 6))
    thickness = 9 + 3 * smooth_noise(rng, grid, 40)
    scene.wall = np.asarray(muscle + thickness, np.float32)
    scene.paint(scene.wall, scene.texture(-104, 9))
    _add_ribs(scene, muscle + thickness / 2)
    table_y = grid.y - (b + 13) + 0.0022 * grid.x**2
    scene.paint(np.maximum(np.abs(table_y) - 1.3, np.abs(grid.x) - 118), -350.0)


def _superellipse(grid: Grid, a: float, b: float) -> Field:
    groove = 7 * np.exp(-((grid.x / 14) ** 2)) * (grid.y > 0)  # along the spine
    y = grid.y + groove
    radius = (np.abs(grid.x / a) ** 2.3 + np.abs(y / b) ** 2.3) ** (1 / 2.3)
    return np.asarray((radius - 1) * b, np.float32)


def _add_ribs(scene: _Scene, middle: Field) -> None:
    """Ribs run forwards and downwards, so that a slice cuts them slantwise."""
    grid = scene.grid
    forwards = np.arctan2(-grid.y, np.abs(grid.x) * 0.7)  # -pi/2 back, pi/2 front
    for number in range(-2, 5):
        height = -6 + 25.0 * number - 34 * (forwards + 0.9)
        reach = np.maximum(forwards - 0.75 - 0.12 * number, -1.25 - forwards) * 40
        across = np.hypot(middle * 1.25, (grid.z - height) * 0.75) - 4.6
        rib = np.asarray(np.maximum(across, reach), np.float32)
        scene.paint(rib, 620.0)
        scene.paint(np.asarray(rib + 1.5, np.float32), scene.texture(210, 40, 4.0))


def _add_liver(scene: _Scene) -> None:
    grid = scene.warped
    up = np.clip((grid.z + 52) / 75, 0, 1)
    medial = -88 + 66 * up**0.8 + scene.rng.uniform(-5, 5)
    right_lobe = np.maximum(grid.x - medial - 0.35 * (grid.y + 10), grid.y - 46)
    tip = 70 * np.clip((grid.z + 12) / 45, 0, 1) - 28
    slope = grid.x - tip - 0.6 * np.minimum(grid.y + 30, 0)
    left_lobe = np.maximum(slope, grid.y + 26 - 0.22 * grid.x)
    lobes = smooth_union(right_lobe, left_lobe, 12)
    below = -48 - grid.z - 0.25 * (grid.y - 10)
    liver = smooth_common(np.maximum(lobes, below), scene.wall + 3.5, 10)
    fissure = np.hypot(grid.x - 12 - 0.25 * grid.y, 0 * grid.z) - 2.6
    fissure = np.maximum(fissure, np.abs(grid.y + 34) - 13)
    liver = smooth_cut(liver, fissure, 4)
    scene.paint(liver, scene.texture(104, 3), label=1)
    _add_liver_vessels(scene, liver)
    bladder = ellipsoid(
        grid, (-14, -24, -42 + scene.rng.uniform(-4, 4)), (22, 13, 11), turn_deg=35
    )
    scene.paint(bladder, 8.0)


def _add_liver_vessels(scene: _Scene, liver: Field) -> None:
    """Bright veins: sheets where smooth noise crosses zero, met by a second noise."""
    first = smooth_noise(scene.rng, scene.grid, 30)
    second = smooth_noise(scene.rng, scene.grid, 34)
    tube = np.hypot(first, second) - 0.14
    scene.paint(np.maximum(tube * 25, liver + 7), 152.0, label=1)


def _add_spleen(scene: _Scene) -> None:
    grid = scene.warped
    thick = scene.rng.uniform(31, 37)
    outer = ellipsoid(grid, (18, 18, 74), (40, 50, thick), turn_deg=-12)
    stomach_side = ellipsoid(grid, (20, -12, 40), (70, 34, 27), turn_deg=-10)
    kidney_side = ellipsoid(grid, (-4, 28, 46), (55, 24, 22))
    spleen = smooth_cut(smooth_cut(outer, stomach_side, 5), kidney_side, 5)
    spleen = smooth_common(spleen, scene.wall + 3, 6)
    scene.paint(spleen, scene.texture(119, 3), label=2)


def _add_kidneys(scene: _Scene) -> None:
    for side, height in ((-1, -14.0), (1, -4.0)):
        rng, grid = scene.rng, scene.warped
        tilt = 0.16 * (grid.z - height)  # upper poles lie closer to the spine
        centre_x = side * (rng.uniform(50, 55) - tilt)
        moved = Grid(grid.z, grid.y, grid.x - centre_x, *grid.frame)
        turn = side * rng.uniform(25, 40)
        bean = ellipsoid(moved, (height, 27, 0), (44, 26, 19), turn_deg=turn)
        hilum = ellipsoid(
            moved, (height, 20, -side * 17), (21, 9, 19), turn_deg=side * 35
        )
        kidney = smooth_cut(bean, hilum, 4)
        scene.paint(kidney, scene.texture(182, 5, 4.0), label=3)
        lobes = scene.texture(0, 1.4)
        scene.paint(np.maximum(kidney + 6.5 + lobes, kidney), 138.0, label=3)
        pelvis = ellipsoid(moved, (height, 21, -side * 15), (12, 4, 10))
        scene.paint(pelvis, 15.0)


def _add_spine(scene: _Scene) -> None:
    grid = scene.grid.warped(scene.rng, amplitude_mm=0.9, length_mm=14).shifted(y=-13)
    phase = np.mod(scene.grid.z + scene.rng.uniform(0, 30) + 200, _VERTEBRA_MM)
    disc = np.asarray(4.2 - np.abs(phase - _VERTEBRA_MM / 2), np.float32)
    waist = 1.6 * np.cos(2 * np.pi * phase / _VERTEBRA_MM)
    round_body = ellipsoid(grid, (0, 41, 0), (900, 15, 21)) + waist
    body = smooth_cut(round_body, ellipsoid(grid, (0, 61, 0), (900, 9, 11)), 2)
    canal = ellipsoid(grid, (0, 60, 0), (900, 8.5, 10.5))
    middle = np.abs(phase - _VERTEBRA_MM / 2)
    arch = smooth_cut(ellipsoid(grid, (0, 61, 0), (900, 13, 17)), canal, 1)
    spinous = np.maximum(
        np.abs(grid.x) - 2.6 - 0.05 * (grid.y - 70), np.abs(grid.y - 74) - 11
    )
    wing = np.abs(grid.y - 57 - 0.1 * np.abs(grid.x)) - 3.6
    wings = np.maximum(np.maximum(wing, np.abs(grid.x) - 36), 10 - middle)
    back = smooth_union(smooth_union(arch, spinous, 3), wings, 3)
    back = smooth_cut(np.asarray(np.maximum(back, 4 - middle), np.float32), canal, 1)
    for side in (-1, 1):
        scene.paint(ellipsoid(grid, (0, 48, side * 31), (900, 14, 10)), 62.0)
        scene.paint(ellipsoid(grid, (0, 68, side * 24), (900, 14, 19)), 57.0)
    scene.paint(np.asarray(body, np.float32), 88.0)
    bone = np.minimum(np.maximum(body, disc), back)
    scene.paint(np.asarray(bone, np.float32), 520.0, label=4)
    scene.paint(
        np.asarray(bone + 1.6, np.float32), scene.texture(190, 35, 4.0), label=4
    )
    scene.paint(canal, 28.0)


def _add_vessels(scene: _Scene) -> None:
    grid = scene.warped
    scene.paint(ellipsoid(grid, (0, 8, 10), (900, 8.5, 8.5)), 172.0)
    scene.paint(ellipsoid(grid, (0, 8, -15), (900, 8, 11.5), turn_deg=12), 146.0)
    scene.paint(ellipsoid(grid, (8, -13, -4), (14, 6, 6)), 158.0)


def _add_bowel(scene: _Scene) -> None:
    """Stomach with a fluid level, loops of bowel, some with gas, and their vessels."""
    rng, grid = scene.rng, scene.warped
    vessels = np.hypot(
        smooth_noise(rng, scene.grid, 15), smooth_noise(rng, scene.grid, 17)
    )
    scene.paint(np.maximum((vessels - 0.12) * 15, scene.wall + 7), 120.0)
    stomach = ellipsoid(grid, (22, -24, 42), (34, 26, 31), turn_deg=-30)
    _fill_hollow(scene, np.maximum(stomach, scene.wall + 4), gas_above_y=-35)
    loops, gas = _loops(scene, count=44)
    _fill_hollow(scene, np.maximum(loops, scene.wall + 4), gas_above_y=-999)
    scene.paint(np.maximum(gas, scene.wall + 7), -930.0)


def _loops(scene: _Scene, *, count: int) -> tuple[Field, Field]:
    """Fields of stretches of bowel, and of the gas above the fluid in some of them."""
    rng, far = scene.rng, 50.0
    loops: Field = np.full(scene.grid.shape, far, np.float32)
    gas: Field = loops.copy()
    for number in range(count):
        centre = (rng.uniform(-52, 16), rng.uniform(-58, 2), rng.uniform(-60, 88))
        size = (rng.uniform(9, 22), rng.uniform(8, 13), rng.uniform(9, 21))
        box = scene.grid.box(centre, reach_mm=max(size) + 12)
        near = scene.warped.cut(box)
        loop = ellipsoid(near, centre, size, turn_deg=rng.uniform(0, 180))
        loops[box] = np.minimum(loops[box], loop)
        if number % 3 == 0:
            bubble = np.maximum(loop + 4, near.y - centre[1])
            gas[box] = np.minimum(gas[box], bubble)
    return loops, gas


def _fill_hollow(scene: _Scene, field: Field, *, gas_above_y: float) -> None:
    """Paint an enhancing wall, fluid, and gas in front of the fluid."""
    scene.paint(field, 78.0)
    inner = field + 2.6
    scene.paint(inner, scene.texture(22, 9))
    scene.paint(np.maximum(inner, scene.grid.y - gas_above_y), -930.0)


def _labels_of_slices(fine: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Take the truth where a slice has its sub-slices agree, else the upper one."""
    return np.ascontiguousarray(fine[_SUB // 2 :: _SUB])


def _scan(scene: _Scene, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Average sub-slices, blur by the scanner's point spread, add noise."""
    depth, height, width = SHAPE_ZYX
    thick = scene.hu.reshape(depth, _SUB, height, width).mean(axis=1)
    blurred = ndimage.gaussian_filter(thick, (0, 0.75, 0.75))
    noisy = blurred + 11 * grain(rng, SHAPE_ZYX, 0.8)
    rounded: npt.NDArray[np.float64] = np.rint(noisy)
    return np.clip(rounded, -1024, 3071).astype(np.int16)
