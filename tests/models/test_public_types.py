"""What the README shows is right for a type checker too."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")
ROOT = Path(__file__).parents[2]


def checked(code, tmp_path):
    file = tmp_path / "shown.py"
    file.write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.slow
def test_the_readmes_python_type_checks(tmp_path):
    text = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    sam = re.findall(r"`(load_model\([^`]*\.sam)`", text)
    assert blocks
    assert sam
    wrong = "model.no_such_thing"
    found = checked("\n".join([*blocks, *sam, wrong]), tmp_path)
    assert re.findall("error: (.*)  ", found) == [
        '"Segmenter" has no attribute "no_such_thing"'
    ], found
