"""Layers that go one after the other, on a canvas that draws in between."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import napari, numpy as np
from qtpy.QtTest import QTest
from fakes.fake_shelf import FakeShelf
from napari_sam_med.gui.docks import make_prompts_dock
from napari_sam_med.session.background.services import Services

viewer = napari.Viewer()
images = [viewer.add_image(np.random.rand(32, 32)) for _ in range(3)]
view = make_prompts_dock(viewer, FakeShelf(), Services())
viewer.window.add_dock_widget(view)
canvas = viewer.window._qt_viewer.canvas.native
assert QTest.qWaitForWindowExposed(canvas.window(), 20_000)
QTest.qWait(300)
for image in images:
    viewer.layers.remove(image)
    assert not canvas.grabFramebuffer().isNull()
    QTest.qWait(100)
print("alive")
"""


def test_the_lowest_layer_may_go_several_times_on_a_canvas_that_draws():
    # in a process of its own, which the fault ended with a signal
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()[-5:]) == (0, "alive"), done.stderr
