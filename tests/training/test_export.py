import numpy as np
import pytest
import torch

from napari_sam_med.errors import CheckpointError
from napari_sam_med.models.nano.nano_network import build_nano, load_nano_state
from napari_sam_med.training.run_checkpoints import RunState, save
from napari_sam_med.training.steps import Trainee
from napari_sam_med.training.weights_export import export


def test_exported_weights_are_the_average_in_half_precision(tmp_path):
    trainee = Trainee(build_nano())
    state = RunState.fresh(trainee, torch.optim.SGD(trainee.parameters(), lr=1.0))
    state.step = 7
    torch.nn.init.zeros_(trainee.sam.image_encoder.position)
    save(state, tmp_path)
    metadata = export(tmp_path, tmp_path / "nano.safetensors")
    assert metadata["steps"] == "7"
    sam = build_nano()
    load_nano_state(sam, tmp_path / "nano.safetensors")
    average = state.average.sam.image_encoder.position.numpy()
    assert np.abs(average).max() > 0
    np.testing.assert_allclose(sam.image_encoder.position.detach(), average, atol=1e-4)
    assert sam.image_encoder.position.dtype == torch.float32


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt"):
        export(tmp_path, tmp_path / "nano.safetensors")
