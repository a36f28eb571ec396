"""Models that another package registers through an entry point."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import pytest

from napari_sam_med.errors import SamMedError
from napari_sam_med.models.registry import cards, plugins

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


def write_package(folder, value, name):
    """A package with one entry point, as an installer lays it out."""
    (folder / "tiny_plugin.py").write_text(PLUGIN)
    info = folder / "tiny_plugin-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Name: tiny-plugin\nVersion: 1.0\n")
    points = f"[napari_sam_med.models]\n{name} = tiny_plugin:{value}\n"
    (info / "entry_points.txt").write_text(points)


def forget_models():
    """Let the installed packages be asked anew, as by a new process."""
    plugins.cache_clear()
    cards.cache_clear()
    sys.modules.pop("tiny_plugin", None)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run code that sees the tiny package; give what it said."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path))

    def start(code, value="plain", name="everywhere"):
        write_package(tmp_path, value, name)
        forget_models()
        failed = ""
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", RuntimeWarning)
            try:
                exec(code, {"__name__": "__main__"})
            except SamMedError as error:
                failed = f"{type(error).__name__}: {error}"
        said = [f"{each.category.__name__}: {each.message}" for each in told]
        return "\n".join([capsys.readouterr().out, *said, failed])

    yield start
    forget_models()


def test_a_package_is_found_by_a_process_that_knows_nothing_of_it(tmp_path):
    write_package(tmp_path, "plain", "everywhere")
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", LIST],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "everywhere | bundled | \n" in done.stdout


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
    assert run(CHOOSE).strip() == "everywhere"


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
