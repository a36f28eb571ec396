import subprocess
import sys

import pytest

SCRIPT = """
import os
import napari
import numpy as np
from qtpy.QtTest import QTest
from napari_sam_med.gui.torch_beside_gl import load_beside_gl

viewer = napari.Viewer()
viewer.add_image(np.zeros((8, 8)))
QTest.qWait(300)

def load():
    import torchvision
    return "loaded"

print(load_beside_gl(load), flush=True)
os._exit(0)
"""


@pytest.mark.slow
def test_torchvision_can_be_imported_while_a_window_is_open():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("loaded")
