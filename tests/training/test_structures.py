"""Round things, faint things, parts, spots and tubes keep what makes them so."""

import cv2
import numpy as np
import pytest

from napari_sam_med.training.painting import branches, round_things, structures
from napari_sam_med.training.painting.imaging import expose
from napari_sam_med.training.painting.scene_canvas import Canvas

SIZE = 256
SEEDS = range(12)


def painted(painter, seed):
    rng = np.random.default_rng([7, seed])
    canvas = Canvas.blank(rng, SIZE)
    painter(rng, canvas)
    return canvas


def mask_of(canvas, target):
    return np.isin(canvas.identity, target)


def most_offered(canvas):
    """The mask of the target that was offered most often, which the scene is about."""
    target = max(canvas.targets, key=canvas.targets.count)
    return mask_of(canvas, target)


def share_of_ellipse(mask):
    """The overlap of a mask with the ellipse of the same moments."""
    rows, cols = np.nonzero(mask)
    away = np.stack([rows, cols]) - np.mean([rows, cols], axis=1, keepdims=True)
    lengths, axes = np.linalg.eigh(np.cov(away))
    inside = ((axes.T @ away) ** 2 / (4 * lengths[:, None])).sum(0) <= 1
    area = 4 * np.pi * np.sqrt(lengths.prod())
    return inside.sum() / max(area, mask.sum())


def within_canvas(mask):
    return not (mask[[0, -1]].any() or mask[:, [0, -1]].any())


@pytest.mark.parametrize(
    "painter",
    [
        round_things.paint_head,
        round_things.paint_disc,
        round_things.paint_ventricle,
        structures.paint_faint,
        structures.paint_parts,
        branches.paint_many,
        branches.paint_tubes,
    ],
)
def test_a_painter_is_a_function_of_its_seed_and_offers_something(painter):
    for seed in SEEDS:
        canvas, again = painted(painter, seed), painted(painter, seed)
        assert (canvas.values == again.values).all()
        assert canvas.targets == again.targets
        assert np.isfinite(canvas.values).all()
        assert max(mask_of(canvas, t).sum() for t in canvas.targets) >= 100


@pytest.mark.parametrize(
    "painter",
    [round_things.paint_head, round_things.paint_disc, round_things.paint_ventricle],
)
def test_round_things_are_nearly_ellipses_whatever_lies_in_them(painter):
    masks = [most_offered(painted(painter, seed)) for seed in SEEDS]
    whole = [mask for mask in masks if within_canvas(mask)]
    assert len(whole) >= 6
    assert min(share_of_ellipse(mask) for mask in whole) > 0.92


def test_papillary_muscles_lie_in_the_cavity_and_belong_to_it():
    held = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        outline = round_things._round(rng, (128, 128), 50, 1.4)
        yes = np.zeros((SIZE, SIZE), np.uint8)
        cavity = cv2.fillPoly(yes, [outline.astype(np.int32)], 1).astype(bool)
        spots = round_things._papillary(rng, outline, cavity)
        assert not (spots & ~cavity).any()
        held.append(spots.sum() / cavity.sum())
    assert np.median(held) > 0
    assert max(held) <= round_things.MOST_MUSCLE


def test_vessels_change_intensities_but_no_disc():
    canvas = painted(round_things.paint_disc, 0)
    before, identity = canvas.values.copy(), canvas.identity.copy()
    round_things._vessels(np.random.default_rng(0), canvas, (128, 128), 50)
    assert (canvas.identity == identity).all()
    assert (np.abs(canvas.values - before) > 0.02).sum() > 200


def test_a_faint_lesion_differs_little_from_its_bed():
    steps = []
    for seed in SEEDS:
        canvas = painted(structures.paint_faint, seed)
        lesion = most_offered(canvas)
        near = cv2.dilate(lesion.astype(np.uint8), np.ones((15, 15))).astype(bool)
        bed = near & (canvas.identity == 0)
        if bed.sum() > 100:
            steps.append(canvas.values[lesion].mean() - canvas.values[bed].mean())
    assert len(steps) >= 6
    assert np.median(np.abs(steps)) < 0.2


def test_parts_lie_within_the_whole_at_several_scales():
    scales = []
    for seed in SEEDS:
        canvas = painted(structures.paint_parts, seed)
        whole = max(canvas.targets, key=len)
        parts = [t for t in canvas.targets if set(t) < set(whole)]
        areas = [mask_of(canvas, t).sum() for t in parts]
        assert parts
        assert max(areas) <= mask_of(canvas, whole).sum()
        scales.append(len(set(areas)))
    assert max(scales) >= 3


def test_all_spots_together_are_the_union_of_the_spots():
    many = []
    for seed in SEEDS:
        canvas = painted(branches.paint_many, seed)
        spots = max(canvas.targets, key=canvas.targets.count)
        assert all((spot,) in canvas.targets for spot in spots)
        union = np.zeros((SIZE, SIZE), bool)
        for spot in spots:
            union |= canvas.identity == spot
        assert (union == most_offered(canvas)).all()
        count, _ = cv2.connectedComponents(union.astype(np.uint8))
        many.append(count - 1)
    assert np.median(many) >= 5


def test_a_tree_of_several_branches_is_in_one_piece():
    pieces, numbers = [], []
    for seed in SEEDS:
        labels, walls = branches._branches(np.random.default_rng(seed), SIZE)
        count, _ = cv2.connectedComponents((labels > 0).astype(np.uint8))
        pieces.append(count - 1)
        numbers.append(labels.max())
        assert (walls | (labels == 0)).all()
        assert labels.max() <= branches.MOST_BRANCHES
    # Branches may leave the canvas and come back, but seldom do.
    assert np.median(pieces) == 1
    assert np.median(numbers) >= 5


def test_a_few_images_are_kept_as_jpeg_or_sharpened(monkeypatch):
    encoded = []
    encode = cv2.imencode

    def imencode(*args):
        encoded.append(args[0])
        return encode(*args)

    monkeypatch.setattr(cv2, "imencode", imencode)
    flat = np.full((64, 64), 0.5, np.float32)
    for seed in range(100):
        image, _ = expose(
            np.random.default_rng(seed), flat, np.zeros((64, 64), np.int16)
        )
        assert image.shape == (64, 64, 3)
        assert image.dtype == np.uint8
    assert 1 <= len(encoded) <= 15
