"""Layers that go one after the other, on a canvas that draws in between."""

import subprocess
import sys
from pathlib import Path

import pytest

LINUX = sys.platform == "linux"
BEGIN = """
import gc
import napari, numpy as np
from pathlib import Path
from qtpy.QtTest import QTest
from fakes.fake_shelf import FakeShelf
from napari_sam_med.gui.docks import make_prompts_dock
from napari_sam_med.session.background.services import Services

viewer = napari.Viewer()
view = make_prompts_dock(viewer, FakeShelf(), Services())
viewer.window.add_dock_widget(view)
canvas = viewer.window._qt_viewer.canvas.native
assert QTest.qWaitForWindowExposed(canvas.window(), 20_000)
gc.freeze()  # napari collects whenever a layer goes
"""
ONE_BY_ONE = """
images = [viewer.add_image(np.random.rand(32, 32)) for _ in range(3)]
QTest.qWait(300)
for image in images:
    viewer.layers.remove(image)
    assert not canvas.grabFramebuffer().isNull()
    QTest.qWait(100)
print("alive", flush=True)
"""
TOGETHER = """
megabytes = []
for _ in range(9):
    viewer.add_image(np.random.rand(6, 32, 32))
    QTest.qWait(120)
    viewer.layers.clear()
    QTest.qWait(80)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    megabytes.append(pages * 4096 // 10**6)
print(megabytes[-1] - megabytes[3])
"""
END = """
viewer.close()
QTest.qWait(100)
"""


@pytest.fixture(scope="module")
def said():
    """What a process of its own prints, which a fault ends with a signal."""
    script = BEGIN + ONE_BY_ONE + TOGETHER * LINUX + END
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", script],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-2:]


def test_the_lowest_layer_may_go_several_times_on_a_canvas_that_draws(said):
    assert said[0] == "alive"


@pytest.mark.skipif(not LINUX, reason="reads /proc")
def test_layers_that_go_together_leave_no_memory_behind(said):
    assert int(said[1]) < 20
