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
ours = ModelPlugin(Card("everywhere", "nano", "Ours", "MIT", ("points",)), plain.load)
untyped = ModelPlugin(Card("everywhere", "mine", None, 3, "points"), plain.load)
cardless = ModelPlugin(None, plain.load)
loadless = ModelPlugin(card(), None)
outside = ModelPlugin(Card("../x", "mine", "X", "MIT", ("points",)), plain.load)
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
        ("cardless", "everywhere", "it is no ModelPlugin whose card has"),
        ("loadless", "everywhere", "it is no ModelPlugin whose card has"),
        ("untyped", "everywhere", "title is null instead of a valid string"),
        ("outside", "../x", "its name is not of letters"),
    ],
)
def test_what_cannot_be_a_model_is_left_out_with_a_warning(run, value, name, fault):
    said = run(LIST, value, name)
    assert f"RuntimeWarning: model '{name}' of tiny_plugin:{value} is left out" in said
    assert fault in said
    assert "everywhere |" not in said
    assert "nano | bundled" in said


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("def x(:", "SyntaxError"),
        ("raise RuntimeError('no driver\\nfound')", "RuntimeError: no driver found"),
        ("absent_name", "NameError"),
        ("import sys; sys.exit('bye')", "SystemExit: bye"),
    ],
)
def test_a_package_that_breaks_on_import_leaves_our_models_alone(
    run, tmp_path, text, fault
):
    (tmp_path / "broken_plugin.py").write_text(text)
    said = run(LIST, "plain", "broken = broken_plugin:x\neverywhere")
    assert "model 'broken' of broken_plugin:x is left out: it cannot be impor" in said
    assert fault in said
    assert "nano | bundled" in said


def test_a_damaged_list_of_entry_points_leaves_our_models_alone(run):
    said = run(LIST, "plain", "no line of this kind\neverywhere")
    assert "models of the package tiny-plugin are left out, for its entry" in said
    assert "nano | bundled" in said


@pytest.mark.parametrize("text", [b"[console_scripts]\nno line\n", b"\xff\xfe\0"])
def test_a_damaged_list_leaves_the_models_of_other_packages_alone(run, tmp_path, text):
    info = tmp_path / "damaged-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: damaged\nVersion: 2.0\n")
    (info / "entry_points.txt").write_bytes(text)
    said = run(LIST)
    assert "models of the package damaged are left out" in said
    assert said.count("are left out") == 1
    assert "everywhere | bundled" in said
    assert "nano | bundled" in said


def test_a_family_of_ours_says_nothing_of_another_packages_model(run):
    assert "everywhere | bundled | \n" in run(LIST, "ours")
    assert run(CHOOSE, "ours").strip() == "everywhere"


FAULTY = """
import numpy as np
import tiny_plugin
from dataclasses import replace
from napari_sam_med import Prompts, load_model
from napari_sam_med.core.ports import ModelInfo
right = tiny_plugin.Everywhere
class Wrong(right):
    def {head}:
        {body}
tiny_plugin.Everywhere = Wrong
model = load_model("everywhere")
embedding = model.embed(np.zeros((5, 7), np.uint8))
"""
PREDICT, PREDICT_MANY = (
    "predict(self, embedding, prompts)",
    ("predict_many(self, embedding, prompts)"),
)
EMBED, EMBED_MANY = "embed(self, image)", "embed_many(self, images)"
ANSWER = "right.predict(self, embedding, prompts)"


@pytest.mark.parametrize(
    ("head", "body", "fault"),
    [
        (EMBED, "raise RuntimeError('out of\\nmemory')", "in embed (RuntimeError: out"),
        (EMBED, "raise SystemExit(3)", "failed in embed (SystemExit: 3)"),
        (EMBED, "return None", "embed gave a NoneType, no Embedding"),
        (EMBED, "return right.embed(self, image[1:])", "of (4, 7) pixels"),
        (EMBED_MANY, "return []", "embed_many gave 0 answers where 2"),
        (PREDICT, "return 1 / 0", "failed in predict_many (ZeroDivisionError"),
        (PREDICT, "return None", "predict gave a NoneType, no Candidates"),
        (PREDICT, f"return replace({ANSWER}, masks=np.ones((1, 7, 5), bool))",
         "an array (1, 7, 5) of type bool for masks; give (K, 5, 7) bool"),
        (PREDICT, f"return replace({ANSWER}, masks=np.full((1, 5, 7), -3.0))",
         "an array (1, 5, 7) of type float64 for masks"),
        (PREDICT, f"return replace({ANSWER}, scores=np.array([np.nan]))",
         "the scores [nan]"),
        (PREDICT, f"return replace({ANSWER}, scores=['good'])", "the scores ['good']"),
        (PREDICT, f"return replace({ANSWER}, logits=np.full((1, 4, 4), np.inf))",
         "logits that are not finite"),
        (PREDICT, f"return replace({ANSWER}, masks=np.ones((0, 5, 7), bool), "
         "scores=np.ones(0), logits=np.ones((0, 4, 4)))", "an array (0, 5, 7)"),
        (PREDICT_MANY, "return [None] * 2", "predict gave a NoneType"),
        (PREDICT_MANY, "return None", "predict_many gave a NoneType where 2 were"),
        ("__init__(self)", "self.__class__.info = 3", "info is a int, no ModelInfo"),
        ("__init__(self)", "self.__class__.info = ModelInfo('nano')",
         "info says that its name is 'nano'"),
        ("__init__(self)", "self.__class__.info = ModelInfo('everywhere', follows=1)",
         "it is no VideoSegmenter"),
        ("__init__(self)", "raise OSError('weights are gone')", "failed in load (OSE"),
        ("__new__(cls)", "return 5", "load gave a int, no Segmenter"),
    ],
)  # fmt: skip
def test_what_another_packages_model_does_wrong_is_one_sentence(run, head, body, fault):
    asked = (
        "model.embed_many([np.zeros((5, 7), np.uint8)] * 2)\n"
        "click = Prompts([(1, 2)], [1])\n"
        "model.predict_many(embedding, [click] * 2)\n"
        "model.predict(embedding, click)\n"
    )
    said = run(FAULTY.format(head=head, body=body) + asked).strip()
    assert said.startswith("ModelError: everywhere, a model of another package, ")
    assert fault in said
    assert said.endswith("tell its authors, or choose another model")
    assert len(said.splitlines()) == 1


STRANGE = """
import numpy as np
from napari_sam_med import load_model, Prompts
model = load_model("everywhere")
embedding = model.embed(np.zeros((5, 7), np.uint8))
"""


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ("model.embed(np.zeros((5, 7)))", "ImageError: image of shape (5, 7)"),
        ("model.embed_many(3)", "ImageError: a int where several images"),
        ("model.predict(embedding, Prompts([(9, 2)], [1]))", "PromptError"),
        ("model.predict(embedding, 3)", "PromptError"),
        ("model.predict(3, Prompts([(1, 2)], [1]))", "ModelError: a int where an emb"),
    ],
)
def test_another_packages_model_is_asked_nothing_strange(run, asked, fault):
    assert run(STRANGE + asked).strip().startswith(fault)


def test_the_command_line_tells_a_faulty_model_in_one_sentence(run, tmp_path, capsys):
    body = f"return replace({ANSWER}, masks=np.ones((1, 7, 5), np.float32))"
    made = FAULTY.format(head=PREDICT, body=body)
    command = (
        "from napari_sam_med.cli.main import main\n"
        "from napari_sam_med.core.volumes import Volume\n"
        "from napari_sam_med.io.writing.export import write_volume\n"
        "from pathlib import Path\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "write_volume(folder / 'a.nrrd', Volume(np.zeros((1, 5, 7), np.uint8)))\n"
        "print(main(['segment', str(folder / 'a.nrrd'), '--point', '1,2', '--model',"
        " 'everywhere', '--out', str(folder / 'm.nrrd')]))\n"
    )
    said = run(made + command)
    assert "2" in said.splitlines()
    assert not (tmp_path / "m.nrrd").exists()
