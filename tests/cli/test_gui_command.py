"""``gui --run``: what is refused before a viewer is opened."""

import json
import sys

import pytest


@pytest.fixture
def run(call, dataset):
    """A run over ``dataset``, and the name of its first case."""
    folder = dataset / "run"
    status, _, _ = call(
        "benchmark", dataset / "images", dataset / "labels", "--model", "ellipse",
        "--settings", "modes", "--dataset", "demo", "--out", folder,
    )  # fmt: skip
    assert status == 0
    return folder, "demo/a/axis0/0000/1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--case", "x"), "give --run FOLDER"),
        (("--run", "RUN"), "give --case with --run"),
        (("--run", "RUN", "--case", "demo/b"), "has no case 'demo/b'"),
        (("--run", "RUN", "--case", "CASE", "--model", "nano"), "no such answer"),
        (("--run", "RUN", "--case", "CASE", "--setting", "mode9"), "no such answer"),
        (("--run", "gone", "--case", "CASE"), "manifest.json"),
    ],
)
def test_a_case_that_cannot_be_shown_is_refused_in_one_line(call, run, arguments, said):
    folder, case = run
    known = {"RUN": folder, "CASE": case}
    status, _, err = call("gui", *(known.get(one, one) for one in arguments))
    assert status == 2
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_run_whose_data_are_gone_says_so(call, run, dataset):
    folder, case = run
    (dataset / "images").rename(dataset / "moved")
    status, _, err = call("gui", "--run", folder, "--case", case)
    assert status == 2
    assert "images not found" in err


def test_a_run_says_where_its_data_lie_as_seen_from_its_folder(run):
    folder, _ = run
    places = json.loads((folder / "data_places.json").read_text())
    assert (places["images"], places["labels"]) == ("../images", "../labels")
    assert "images" not in json.loads((folder / "manifest.json").read_text())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a screen has no name")
def test_without_a_screen_one_sentence_says_so(call, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    status, _, err = call("gui")
    assert status == 2
    assert "there is no screen" in err
    assert len(err.splitlines()) == 1
