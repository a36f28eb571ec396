"""Models that another package registers through an entry point."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PLUGIN = """
import numpy as np

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.embedding import Embedding
from napari_sam_med.core.ports import ModelInfo, Segmenter
from napari_sam_med.models import Card, ModelPlugin


class Everywhere(Segmenter):
    info = ModelInfo("everywhere")

    def embed(self, image):
        return Embedding(self.name, image, (), image.shape[:2])

    def predict(self, embedding, prompts):
        masks = np.ones((1, *embedding.shape_hw), bool)
        scores, logits = np.ones(1, np.float32), np.ones((1, 4, 4), np.float32)
        return Candidates(masks, scores, logits)


def card(**more):
    return Card("everywhere", "mine", "Everywhere", "MIT", ("points",), **more)


plain = ModelPlugin(card(), lambda card, path, options: Everywhere())
needy = ModelPlugin(card(packages=("absent_package",)), plain.load)
file = ModelPlugin(card(manual="Ask me for the file"), plain.load)
number = 3
"""

LIST = """
from napari_sam_med.models import list_models
for each in list_models():
    print(each.card.name, "|", each.state, "|", each.remedy)
"""
LOAD = "from napari_sam_med import load_model; load_model('everywhere')"


@pytest.fixture
def run(tmp_path):
    """Run code in a process that sees the tiny package; give what it said."""

    def start(code, value="plain", name="everywhere"):
        (tmp_path / "tiny_plugin.py").write_text(PLUGIN)
        info = tmp_path / "tiny_plugin-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Name: tiny-plugin\nVersion: 1.0\n")
        points = f"[napari_sam_med.models]\n{name} = tiny_plugin:{value}\n"
        (info / "entry_points.txt").write_text(points)
        paths = {
            "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
            "NAPARI_SAM_MED_CACHE": str(tmp_path),
        }
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **paths},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    return start


ASK = """
import numpy as np
from napari_sam_med import load_model, Prompts
model = load_model("everywhere")
embedding = model.embed_many([np.zeros((5, 7), np.uint8)])[0]
answers = model.predict_many(embedding, [Prompts([(1, 2)], [1])] * 2)
print([answer.masks.shape for answer in answers])
"""


def test_a_registered_model_is_listed_loaded_and_asked_like_any_other(run):
    said = run(LIST + ASK)
    assert "everywhere | bundled | \n" in said
    assert "nano | bundled | \n" in said
    assert "[(1, 5, 7), (1, 5, 7)]" in said


CHOOSE = """
from napari_sam_med.cli.choices import model_choice
print(model_choice("everywhere").load().name)
"""


def test_the_command_line_can_choose_it(run):
    assert run(CHOOSE) == "everywhere\n"


def test_one_that_needs_a_package_says_which(run):
    said = run(LIST + LOAD, "needy")
    remedy = "install absent_package in this environment"
    assert f"everywhere | needs package | {remedy}" in said
    assert "ModelError: everywhere needs absent_package" in said


def test_one_that_needs_a_file_says_how_to_get_it(run):
    said = run(LIST + "\nprint(len(list_models()))\n" + CHOOSE, "file")
    assert "everywhere | needs file | Ask me for the file" in said
    assert "CheckpointError: everywhere cannot be used yet; Ask me for the file" in said


PLACEHOLDERS = """
from napari_sam_med.models.registry import card_of
from napari_sam_med.models.weights.stand_ins import stand_in_state
stand_in_state(card_of("everywhere"))
"""


def test_another_packages_model_has_no_placeholder_weights(run):
    assert "ModelError: everywhere is another package's" in run(PLACEHOLDERS, "file")


@pytest.mark.parametrize(
    ("value", "name", "fault"),
    [
        ("absent", "everywhere", "it cannot be imported"),
        ("number", "everywhere", "it is no ModelPlugin"),
        ("plain", "elsewhere", "it is no ModelPlugin whose card has"),
        ("plain", "nano", "it is no ModelPlugin whose card has"),
    ],
)
def test_what_cannot_be_a_model_is_left_out_with_a_warning(run, value, name, fault):
    said = run(LIST, value, name)
    assert f"RuntimeWarning: model '{name}' of tiny_plugin:{value} is left out" in said
    assert fault in said
    assert "everywhere |" not in said
    assert "nano | bundled" in said
