"""SimpleClick and CFR-ICL against the official code with the same stand-in weights."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from fakes.golden_clickers import (
    clicks_of,
    difference,
    fill_golden,
    full_folder,
    golden_arrays,
    picture,
    probability_difference,
    roi_of,
    small_folder,
    with_mask,
)
from fakes.golden_weights import entries_of, read_manifest
from napari_sam_med.models.click.click_crops import resized
from napari_sam_med.models.click.click_predictor import ClickPredictor
from napari_sam_med.models.click.click_values import ZoomIn
from napari_sam_med.models.click.simpleclick.plain_vit import (
    PlainVit,
    PlainVitSizes,
    grid_from_windows,
    windows_from_grid,
)
from napari_sam_med.models.click.simpleclick.simpleclick_network import SimpleClick
from napari_sam_med.models.click.simpleclick.simpleclick_variants import (
    OFFICIAL_ZOOM,
    VARIANTS,
    simpleclick_predictor,
)

FOLDERS = {
    "simpleclick_vit_b": "simpleclick_vit_b",
    "simpleclick_vit_l": "simpleclick_vit_l",
    "simpleclick_vit_h": "simpleclick_icl_vit_h",
    "cfr_icl_vit_h": "simpleclick_icl_vit_h",
}
# Predictor-level goldens in half precision cost up to 2.5e-4 of this.
NETWORK, PREDICTOR = 1e-4, 1e-3


@pytest.fixture(scope="module")
def vit_b():
    predictor = simpleclick_predictor("simpleclick_vit_b")
    fill_golden(predictor.network, small_folder("simpleclick_vit_b"))
    return predictor


@pytest.mark.parametrize("name", FOLDERS)
def test_state_dict_is_that_of_the_published_file(name):
    with torch.device("meta"):
        network = SimpleClick(VARIANTS[name])

    assert entries_of(network) == read_manifest(
        small_folder(FOLDERS[name]) / "manifest.json"
    )


def test_network_gives_the_official_logits(vit_b):
    arrays = golden_arrays(small_folder("simpleclick_vit_b"))

    logits = vit_b.network.head_logits(
        with_mask(picture(arrays["net_image"]), None),
        torch.from_numpy(arrays["net_points_1"]),
    )

    wanted = arrays["net_head_logits_1"]
    assert probability_difference(logits, wanted) < NETWORK
    assert difference(logits, wanted) < 10 * NETWORK


def test_position_embedding_is_resized_as_the_official_one(vit_b):
    arrays = golden_arrays(small_folder("simpleclick_vit_b"))
    backbone = vit_b.network.backbone

    resized_tokens = backbone.positions((42, 42)).reshape(-1, 768)

    # Entry 0 belongs to the class token, which the network leaves out.
    wanted = arrays["posembed672_tokens_0_1_2_42_1764"][1:]
    assert difference(resized_tokens[[0, 1, 41, 1763]], wanted) < 1e-5


def test_windows_hold_neighbours_and_come_back_in_place():
    grid = torch.arange(2 * 4 * 6).reshape(2, 4, 6, 1).float()

    windows = windows_from_grid(grid, 2)

    assert windows.shape == (8, 6, 1)
    assert windows[0].flatten().tolist() == [0, 1, 2, 6, 7, 8]
    assert torch.equal(grid_from_windows(windows, 2, (4, 6)), grid)


def test_only_the_last_block_of_a_group_sees_beyond_its_window():
    sizes = PlainVitSizes(patch=112, width=8, depth=1, heads=2, group=2, grid=4)
    picture_in = torch.rand(1, 3, 448, 448)
    clicks = torch.zeros(1, 4, 4, 8)
    changed = clicks.clone()
    changed[0, 0, 0, 0] = 1

    def moved(group):
        torch.manual_seed(1)
        vit = PlainVit(dataclasses.replace(sizes, group=group)).eval()
        with torch.no_grad():
            apart = vit(picture_in, changed) - vit(picture_in, clicks)
        return apart[0].abs().sum(0) > 0

    assert moved(2).nonzero().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert moved(1).all()


SETTINGS = {
    "default": (OFFICIAL_ZOOM, True, True),
    "onepass_default": (OFFICIAL_ZOOM, True, False),
    "zoom_noflip": (OFFICIAL_ZOOM, False, True),
    "target672": (ZoomIn(target=(672, 672), skip_clicks=-1), True, True),
    "plain448": (None, False, True),
    "crop_default": (OFFICIAL_ZOOM, True, True),
}
INPUTS = {"plain448": "net", "crop_default": "crop"}


@pytest.mark.slow
@pytest.mark.parametrize("tag", SETTINGS)
def test_every_official_setting_gives_the_official_probabilities(vit_b, tag):
    arrays = golden_arrays(full_folder("simpleclick_vit_b"))
    zoom, mirror, feeds_back = SETTINGS[tag]
    predictor = ClickPredictor(vit_b.network, zoom, mirror)
    kind = INPUTS.get(tag, "pred")
    image = picture(arrays[f"{kind}_image"])
    clicks = clicks_of(arrays[f"{kind}_clicks"])

    answer = None
    for k in (1, 2, 3):
        answer = predictor.predict(image, clicks[:k], answer if feeds_back else None)

        assert roi_of(answer.crop) == arrays[f"{tag}_roi_{k}"].tolist()
        if f"{tag}_{k}" in arrays:
            assert difference(answer.probability, arrays[f"{tag}_{k}"]) < PREDICTOR


@pytest.mark.slow
@pytest.mark.parametrize("name", ["simpleclick_vit_b", "cfr_icl_vit_h"])
def test_network_with_previous_mask_gives_the_official_logits(name):
    folder = full_folder(FOLDERS[name])
    arrays, network = golden_arrays(folder), simpleclick_predictor(name).network
    fill_golden(network, folder)

    previous = None
    for k in (1, 2, 3):
        logits = network.head_logits(
            with_mask(picture(arrays["net_image"]), previous),
            torch.from_numpy(arrays[f"net_points_{k}"]),
        )

        wanted = arrays[f"net_head_logits_{k}"]
        assert probability_difference(logits, wanted) < NETWORK
        previous = resized(logits, (448, 448)).sigmoid()

    wanted = torch.from_numpy(arrays["net_logits_3_f16"].astype("float32")).sigmoid()
    assert difference(previous, wanted.numpy()) < PREDICTOR


@pytest.mark.slow
def test_cascade_repeats_one_click_until_it_settles_and_two_clicks_not_at_all():
    folder = full_folder("simpleclick_icl_vit_h")
    arrays, predictor = golden_arrays(folder), simpleclick_predictor("cfr_icl_vit_h")
    fill_golden(predictor.network, folder)
    passes = []
    predictor.network.register_forward_hook(lambda *_: passes.append(1))
    image, clicks = picture(arrays["pred_image"]), clicks_of(arrays["pred_clicks"])

    for k, wanted in ((1, 4), (2, 1)):
        passes.clear()
        answer = predictor.predict(image, clicks[:k])

        tag = f"benchmark_cfr_onepass_{k}"
        assert len(passes) == wanted
        assert roi_of(answer.crop) == arrays[f"benchmark_cfr_onepass_roi_{k}"].tolist()
        assert difference(answer.probability, arrays[tag]) < PREDICTOR
