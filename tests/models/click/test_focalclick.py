"""FocalClick against outputs of the official code with the same stand-in weights."""

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
    half_open_of,
    picture,
    probability_difference,
    roi_of,
    small_folder,
    with_mask,
)
from fakes.golden_weights import entries_of, read_manifest
from napari_sam_med.models.click.click_crops import resized
from napari_sam_med.models.click.click_values import ClickCrop
from napari_sam_med.models.click.focalclick.focalclick_variants import (
    focalclick_predictor,
)

FOLDERS = {
    "focalclick_b0_s1": "focalclick_segformer_b0_s1",
    "focalclick_b3_s2": "focalclick_segformer_b3_s2",
}
# Predictor-level goldens in half precision cost up to 2.5e-4 of this.
NETWORK, PREDICTOR = 1e-4, 1e-3


@pytest.fixture(scope="module")
def b0():
    predictor = focalclick_predictor("focalclick_b0_s1", refine=True)
    fill_golden(predictor.network, small_folder("focalclick_segformer_b0_s1"))
    return predictor


@pytest.fixture(scope="module")
def arrays():
    return golden_arrays(small_folder("focalclick_segformer_b0_s1"))


def check_steps(predictor, arrays, tag, *, clicks="pred_clicks", feeds_back=True):
    """Compare crops and probabilities of a chain of clicks, step by step."""
    image, made = picture(arrays["pred_image"]), clicks_of(arrays[clicks])
    answer = None
    for k in range(1, len(made) + 1):
        answer = predictor.predict(image, made[:k], answer if feeds_back else None)
        focus = half_open_of(answer.focus)
        target = half_open_of(
            answer.crop or ClickCrop.whole(arrays["pred_image"].shape[:2])
        )

        assert roi_of(answer.crop) == arrays[f"{tag}_zoom_roi_{k}"].tolist(), k
        if predictor.refine and f"{tag}_global_roi_{k}" in arrays:
            assert target == arrays[f"{tag}_global_roi_{k}"].tolist(), k
        assert focus == arrays[f"{tag}_focus_roi_{k}"].tolist(), k
        if f"{tag}_{k}" in arrays:
            assert difference(answer.probability, arrays[f"{tag}_{k}"]) < PREDICTOR


@pytest.mark.parametrize("name", FOLDERS)
def test_state_dict_is_that_of_the_published_file(name):
    network = focalclick_predictor(name, refine=True).network

    assert entries_of(network) == read_manifest(
        small_folder(FOLDERS[name]) / "manifest.json"
    )


def check_coarse(network, arrays):
    """Compare the coarse network alone, the earlier mask fed back."""
    previous = None
    for k in (1, 2, 3):
        image = with_mask(picture(arrays["net_image"]), previous)
        logits, feature = network(image, torch.from_numpy(arrays[f"net_points_{k}"]))

        assert probability_difference(logits, arrays[f"net_logits_{k}"]) < NETWORK
        previous = torch.from_numpy(arrays[f"net_logits_{k}"]).sigmoid()[None, None]

    assert difference(feature[0, :4], arrays["net_feature_3_first4ch"]) < NETWORK


def test_coarse_network_gives_the_official_logits_and_features(b0, arrays):
    check_coarse(b0.network, arrays)


def test_refiner_gives_the_official_logits(b0, arrays):
    row0, row1, col0, col1 = arrays["refine_crop_y1y2x1x2"]
    colours = picture(arrays["net_image"])
    before = torch.from_numpy(arrays["net_logits_2"]).sigmoid()[None, None]
    logits, feature = b0.network(
        with_mask(colours, before), torch.from_numpy(arrays["net_points_3"])
    )

    refined = b0.network.refiner(
        resized(colours[..., row0:row1, col0:col1], (256, 256)),
        torch.from_numpy(arrays["refine_points"]),
        feature=feature,
        logits=logits,
        box=torch.from_numpy(arrays["refine_box_b_x1_y1_x2_y2"]),
    )

    assert probability_difference(refined.logits, arrays["refine_logits"]) < NETWORK


def test_large_coarse_network_gives_the_official_logits():
    folder = small_folder("focalclick_segformer_b3_s2")
    arrays = golden_arrays(folder)
    network = focalclick_predictor("focalclick_b3_s2", refine=False).network
    fill_golden(network, folder)

    logits, _ = network(
        with_mask(picture(arrays["net_image"]), None),
        torch.from_numpy(arrays["net_points_1"]),
    )

    assert probability_difference(logits, arrays["net_logits_1"]) < NETWORK


def test_refined_prediction_follows_the_official_crops_and_maps(b0, arrays):
    check_steps(b0, arrays, "focal_default")


def test_from_the_eleventh_click_only_the_focus_crop_changes(b0, arrays):
    check_steps(b0, arrays, "focal_long", clicks="long_clicks")


def test_one_pass_without_refiner_is_what_the_study_ran(b0, arrays):
    coarse = dataclasses.replace(b0, refine=False)

    check_steps(coarse, arrays, "nobrs_onepass", feeds_back=False)


SETTINGS = {
    "focal_default": {},
    "focal_nozoom": {"zoom": None},
    "focal_flip": {"mirror": True},
    "focal_long": {},
    "nobrs_default": {"refine": False},
    "nobrs_onepass": {"refine": False},
}


@pytest.mark.slow
@pytest.mark.parametrize("tag", SETTINGS)
@pytest.mark.parametrize("name", FOLDERS)
def test_every_official_setting_gives_the_official_probabilities(name, tag):
    folder = full_folder(FOLDERS[name])
    predictor = focalclick_predictor(name, refine=True)
    fill_golden(predictor.network, folder)

    check_steps(
        dataclasses.replace(predictor, **SETTINGS[tag]),
        golden_arrays(folder),
        tag,
        clicks="long_clicks" if tag == "focal_long" else "pred_clicks",
        feeds_back=tag != "nobrs_onepass",
    )


@pytest.mark.slow
def test_large_coarse_network_takes_the_earlier_mask_as_officially():
    folder = full_folder("focalclick_segformer_b3_s2")
    network = focalclick_predictor("focalclick_b3_s2", refine=False).network
    fill_golden(network, folder)

    check_coarse(network, golden_arrays(folder))


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDERS)
def test_refiner_gives_the_official_parts(name):
    folder = full_folder(FOLDERS[name])
    arrays, network = (
        golden_arrays(folder),
        focalclick_predictor(name, refine=True).network,
    )
    fill_golden(network, folder)
    row0, row1, col0, col1 = arrays["refine_crop_y1y2x1x2"]
    colours = picture(arrays["net_image"])
    before = torch.from_numpy(arrays["net_logits_2"]).sigmoid()[None, None]
    logits, feature = network(
        with_mask(colours, before), torch.from_numpy(arrays["net_points_3"])
    )

    refined = network.refiner(
        resized(colours[..., row0:row1, col0:col1], (256, 256)),
        torch.from_numpy(arrays["refine_points"]),
        feature=feature,
        logits=logits,
        box=torch.from_numpy(arrays["refine_box_b_x1_y1_x2_y2"]),
    )

    # In half precision a logit near 30 is stored to within 0.016.
    for found, key in (
        (refined.trimap, "refine_trimap_logits_f16"),
        (refined.coarse, "refine_coarse_logits_f16"),
    ):
        wanted = arrays[key].astype("float32")
        assert probability_difference(found, wanted) < PREDICTOR
    assert probability_difference(refined.logits, arrays["refine_logits"]) < NETWORK
