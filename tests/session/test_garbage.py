import gc
import subprocess
import sys
from pathlib import Path

import pytest

from napari_sam_med.session.background.garbage import one_collection

FIRST_LOAD = """
import gc
collected = []
gc.callbacks.append(lambda at, told: collected.append((at, told["generation"])))
from napari_sam_med.session.background.garbage import one_collection
collected.clear()
with one_collection():
    from napari_sam_med.models import load_model
    load_model("nano")
    inside = collected.count(("stop", 2))
print(inside, collected.count(("stop", 2)), gc.isenabled())
"""


def test_the_first_load_of_a_model_ends_with_one_collection():
    told = subprocess.run(
        [sys.executable, "-c", FIRST_LOAD], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["0", "1", "True"]


def test_a_load_that_fails_leaves_the_collector_on():
    with pytest.raises(FileNotFoundError), one_collection():
        Path("missing").stat()
    assert gc.isenabled()


def test_who_switched_the_collector_off_finds_it_off():
    gc.disable()
    try:
        with one_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
