"""What README.md shows runs as it stands, one after the other, beside the samples."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text("utf-8")
QUICK = ("segment", "convert", "models")
"""The benchmark of the README takes minutes, and its report another run."""


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    assert found
    return found


@pytest.fixture
def beside_samples(tmp_path, monkeypatch):
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_its_commands_run(call, beside_samples):
    lines = "".join(blocks("sh")).replace("\\\n", " ").splitlines()
    commands = [shlex.split(line)[1:] for line in lines if "napari-sam-med" in line]
    quick = [each for each in commands if each[0] in QUICK]
    assert {each[0] for each in quick} == set(QUICK)
    for command in quick:
        status, _, err = call(*command)
        assert status == 0, (command, err)


def test_its_python_runs(beside_samples):
    known: dict[str, object] = {}
    for block in blocks("python"):
        exec(block, known)
    found = known["found"]
    assert len(found.masks) > 10
    assert np.asarray(known["candidates"].masks).shape[0] == 3
