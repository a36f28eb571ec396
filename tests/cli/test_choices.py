"""What is typed, as values."""

import pickle

import pytest
import torch

from napari_sam_med.cli.choices import (
    box_from_text,
    model_choice,
    points_from_texts,
    window_from_text,
)
from napari_sam_med.errors import (
    CheckpointError,
    ImageError,
    ModelError,
    PromptError,
)
from napari_sam_med.models.weights.stand_ins import write_stand_ins


def test_a_point_is_positive_unless_it_says_zero():
    points, labels = points_from_texts(["3,4", "5,6.5,0", "7,8,1"])
    assert points.tolist() == [[3, 4], [5, 6.5], [7, 8]]
    assert labels.tolist() == [1, 0, 1]


def test_no_points_are_an_empty_array():
    assert points_from_texts([])[0].shape == (0, 2)


@pytest.mark.parametrize("text", ["3", "3,4,5,6", "a,b", "", "3;4"])
def test_other_points_are_refused(text):
    with pytest.raises(PromptError, match="ROW,COLUMN"):
        points_from_texts([text])


def test_a_box_has_four_numbers():
    assert box_from_text("1,2,3,4") == (1, 2, 3, 4)
    with pytest.raises(PromptError, match="ROW0,COL0"):
        box_from_text("1,2,3")


def test_a_window_has_two_ends():
    assert window_from_text("-160,240").low == -160
    with pytest.raises(ImageError, match="LOW,HIGH"):
        window_from_text("40")


def test_a_choice_can_be_shipped_and_loads_the_model():
    choice = pickle.loads(pickle.dumps(model_choice("ellipse")))
    assert choice.load().name == choice.name == "ellipse"


def test_a_choice_tells_the_manifest_whether_the_model_looks_twice():
    assert model_choice("nano").card["zoom"] == "auto"
    assert model_choice("nano", zoom="off").card["zoom"] == "off"


def test_a_choice_tells_the_manifest_of_stand_ins(tmp_path):
    file = tmp_path / "ritm.safetensors"
    write_stand_ins({"weight": torch.ones(2)}, file)
    assert model_choice(f"ritm_h18={file}").card["stand_in"] is True


def test_an_unknown_model_is_refused():
    with pytest.raises(ModelError, match="no model 'x'"):
        model_choice("x")


def test_missing_weights_are_refused_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match="models download sam_vit_b"):
        model_choice("sam_vit_b")


def test_a_checkpoint_of_ones_own_must_be_a_file(tmp_path):
    with pytest.raises(CheckpointError, match="is no file"):
        model_choice(f"sam_vit_b={tmp_path / 'none.pth'}")


@pytest.mark.parametrize("text", ["nano=", "nano@mine="])
def test_a_name_with_nothing_behind_its_sign_is_refused(text):
    with pytest.raises(ModelError, match="names no file; give nano"):
        model_choice(text)
