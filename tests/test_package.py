"""The package as a whole: manifest, light imports, the walls between the rooms."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from npe2 import PluginManifest
from PIL import Image

import napari_sam_med

ROOT = Path(__file__).parents[1]
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
        "napari_sam_med.session.session",
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


def test_requirements_name_no_index():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert lines
    assert not [line for line in lines if line.startswith("-") or "://" in line]


def test_reading_an_image_is_public(tmp_path):
    Image.fromarray(np.full((3, 4), 7, np.uint8)).save(tmp_path / "a.png")
    volume = napari_sam_med.read_volume(tmp_path / "a.png")
    assert volume.array.tolist() == np.full((1, 3, 4), 7).tolist()
    assert volume.geometry.spacing_xyz == (1.0, 1.0, 1.0)
