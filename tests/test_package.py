"""The package as a whole: manifest, light imports, the walls between the rooms."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from npe2 import PluginManifest
from PIL import Image

import napari_sam_med

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "napari_sam_med"
DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "nrrd": "pynrrd",
    "pydantic_core": "pydantic",  # requires one release of it exactly
    "pytestqt": "pytest-qt",
    "segment_anything": "segment-anything",
    "skimage": "scikit-image",
    "yaml": "pyyaml",
}
TOOLS = {"import-linter", "mypy", "pytest-xvfb", "ruff"}
"""Of the extras: they are run, or are plugins of what is run."""

PEERS = {"micro_sam"}
"""Compared with in an environment of its own, which ``make bench PEERS=1`` makes."""

SHARED_NAMES = {"__init__", "__main__", "views"}
"""Module names that may occur twice: each dock has its widgets in ``views``."""

LARGEST_ROOM = 14
"""Files of a folder, ``__init__`` among them: more are no longer found at a glance."""

HEAVY = ("torch", "torchvision", "napari", "qtpy", "SimpleITK", "dask", "pandas")


def test_both_manifests_are_the_same_bytes():
    package = ROOT / "src" / "napari_sam_med" / "napari.yaml"
    assert (ROOT / "napari.yaml").read_bytes() == package.read_bytes()


def test_napari_accepts_the_manifest():
    manifest = PluginManifest.from_file(ROOT / "napari.yaml")
    assert manifest.name == "napari-sam-med"
    assert [w.display_name for w in manifest.contributions.widgets] == [
        "SAM Prompts",
        "SAM Benchmark",
    ]


@pytest.mark.parametrize(
    "python_name",
    [
        command["python_name"]
        for command in yaml.safe_load((ROOT / "napari.yaml").read_text())[
            "contributions"
        ]["commands"]
    ],
)
def test_every_command_of_the_manifest_exists(python_name):
    module, name = python_name.split(":")
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize(
    "module",
    [
        "napari_sam_med",
        "napari_sam_med.core.prompts",
        "napari_sam_med.session.prompt_session",
        "napari_sam_med.cli.main",
    ],
)
def test_importing_loads_nothing_heavy(module):
    code = (
        f"import sys, {module}\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]"


def test_rooms_import_downward_only():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def twice(names):
    return sorted(name for name, count in Counter(names).items() if count > 1)


def test_no_module_name_occurs_twice():
    names = [path.stem for path in PACKAGE.rglob("*.py")]
    names += [path.parent.name for path in PACKAGE.rglob("*/__init__.py")]
    assert not set(twice(names)) - SHARED_NAMES


def test_no_class_name_occurs_twice():
    nodes = [
        node
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
    ]
    assert twice(node.name for node in nodes if isinstance(node, ast.ClassDef)) == []


def test_no_room_is_crowded_and_no_file_long():
    rooms = Counter(path.parent for path in PACKAGE.rglob("*.py"))
    assert {room: n for room, n in rooms.items() if n > LARGEST_ROOM} == {}
    lengths = {
        path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")
    }
    assert {path: n for path, n in lengths.items() if n > 400} == {}
    assert sorted(lengths.values())[len(lengths) // 2] < 200


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def imported(*folders):
    """Distributions whose modules the files of folders import."""
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    modules = [
        *(each.name for node in nodes if isinstance(node, ast.Import)
          for each in node.names),
        *(node.module for node in nodes if isinstance(node, ast.ImportFrom)),
    ]  # fmt: skip
    tops = {str(module).partition(".")[0] for module in modules}
    scripts = {file.stem for file in (ROOT / "benchmarks").glob("*.py")}
    own = {"fakes", "napari_sam_med", *scripts, *sys.stdlib_module_names}
    return {DISTRIBUTIONS.get(top, top).lower() for top in tops - own}


def declared(requirements):
    """Distributions that requirements name, this one's extras left out."""
    names = {re.match(r"[\w.-]+", each)[0].lower() for each in requirements}
    return names - {"napari-sam-med"}


def test_what_the_package_imports_is_declared_and_what_is_declared_is_imported(project):
    extras = project["optional-dependencies"]
    required = declared(project["dependencies"])
    assert imported("src") == required | declared(
        [*extras["cluster"], *extras["video"]]
    )


def test_what_tests_and_benchmarks_import_is_declared_and_the_other_way_round(project):
    extras = project["optional-dependencies"]
    required = declared(
        [*project["dependencies"], *extras["cluster"], *extras["video"]]
    )
    for_tests = declared([*extras["test"], *extras["dev"]])
    found = imported("tests", "benchmarks") - required - PEERS
    assert found == for_tests - TOOLS


def test_requirements_name_no_index():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert lines
    assert not [line for line in lines if line.startswith("-") or "://" in line]


def test_reading_an_image_is_public(tmp_path):
    Image.fromarray(np.full((3, 4), 7, np.uint8)).save(tmp_path / "a.png")
    volume = napari_sam_med.read_volume(tmp_path / "a.png")
    assert volume.array.tolist() == np.full((1, 3, 4), 7).tolist()
    assert volume.geometry.spacing_xyz == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("title", ["A click", "A benchmark case"])
def test_a_walk_through_the_house_enters_fifteen_files_that_exist(title):
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = text.split(f"## {title}")[1].split("\n## ")[0]
    stations = re.findall(r"^\d+\. `([\w/]+\.py)`", section, re.MULTILINE)
    assert 10 < len(stations) <= 15
    assert [each for each in stations if not (PACKAGE / each).is_file()] == []
