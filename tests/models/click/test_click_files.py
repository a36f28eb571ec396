"""The click models' published file layout, from a file to a mask."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fakes.golden_clickers import difference, golden_arrays, small_folder
from fakes.official_files import write_official
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import CheckpointError, ModelError
from napari_sam_med.models import load_model

STRIPES = np.tile(np.arange(96, dtype=np.uint8), (64, 1))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Stand-in checkpoints as the authors' code writes them."""
    folder = tmp_path_factory.mktemp("clicks")
    names = ("ritm_h18", "focalclick_b0_s1")
    return {name: write_official(name, folder / f"{name}.pth") for name in names}


@pytest.mark.parametrize(
    "name", ["focalclick_b0_s1", pytest.param("ritm_h18", marks=pytest.mark.slow)]
)
def test_a_click_model_loads_from_its_published_layout_and_answers(name, files):
    model = load_model(name, files[name], device="cpu")
    found = model.predict(model.embed(STRIPES), Prompts([(30, 40)], [1]))
    assert isinstance(model, Segmenter)
    assert found.masks.shape == (1, *STRIPES.shape)


def test_a_box_is_refused(files):
    model = load_model("focalclick_b0_s1", files["focalclick_b0_s1"], device="cpu")
    with pytest.raises(ModelError, match="does not accept box prompts"):
        model.predict(model.embed(STRIPES), Prompts(box_rc=(2, 2, 9, 9)))


@pytest.mark.parametrize("name", ["ritm_h32", "ritm_h18", "simpleclick_vit_b"])
def test_another_click_models_file_is_refused(name, files):
    with pytest.raises(CheckpointError, match=f"the checkpoint is not {name}'s"):
        load_model(name, files["focalclick_b0_s1"])


@pytest.mark.parametrize(
    ("zoom", "tag"),
    [("default", "focal_default"), ("on", "focal_default"), ("off", "nobrs_onepass")],
)
def test_focalclick_refines_unless_zoom_is_off_as_the_study_ran_it(zoom, tag, files):
    arrays = golden_arrays(small_folder("focalclick_segformer_b0_s1"))
    file = files["focalclick_b0_s1"]
    model = load_model("focalclick_b0_s1", file, device="cpu", zoom=zoom)
    row, col, _ = arrays["pred_clicks"][0]
    found = model.predict(model.embed(arrays["pred_image"]), Prompts([(row, col)], [1]))
    probability = torch.from_numpy(found.logits).sigmoid()
    assert difference(probability, arrays[f"{tag}_1"]) < 1e-3


def test_focalclick_refines_each_answer_or_none(files):
    file = files["focalclick_b0_s1"]
    with pytest.raises(ModelError, match="give zoom 'on' or 'off'"):
        load_model("focalclick_b0_s1", file, zoom="auto")


def test_zoom_is_left_to_click_models_themselves(files):
    with pytest.raises(ModelError, match="ritm_h18 takes no zoom"):
        load_model("ritm_h18", files["ritm_h18"], zoom="on")
