"""What was asked for just before the window, or the whole program, was closed."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import LEFT, NONE, PromptsDesk
from napari_sam_med.gui.prompting.views.mask_tool_bar import MaskToolForm
from napari_sam_med.session.autosaves import Autosaves
from napari_sam_med.session.background.serial_worker import WorkerClient
from napari_sam_med.session.replay import load_session

PROGRAM = """
import time
import napari
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication
from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import PromptsDesk
from gui.test_closing_windows import Closing

class Bot:
    def waitUntil(self, done, timeout=60_000):
        until = time.monotonic() + timeout / 1000
        while not done() and time.monotonic() < until:
            QApplication.processEvents()
            time.sleep(0.005)
        assert done()

def go():
    desk = PromptsDesk(viewer, Bot(), FakeShelf())
    closing = Closing(desk)
    closing.propagate()
    QTimer.singleShot(1000, closing.go_on.set)
    viewer.window._qt_window.close(quit_app=True)  # as Ctrl+Q once it is confirmed

viewer = napari.Viewer()
QTimer.singleShot(0, go)
napari.run()
"""


class Closing:
    """A desk at which something is asked for that waits, and is closed then."""

    def __init__(self, desk) -> None:
        self.desk, self.go_on = desk, threading.Event()
        desk.go_to(0, 3)
        desk.click()
        desk.wait_for_candidates(60_000)

    def keep_files_busy(self) -> None:
        """Let the thread that writes and computes do something else first."""
        client = WorkerClient(self.desk.services.files, lambda news: None)
        client.open()
        client.submit(lambda: self.go_on.wait(60), "block")
        client.close(frozenset({"block"}))

    def accept(self) -> None:
        QTest.keyClick(self.desk.canvas, Qt.Key.Key_Return)

    def propagate(self) -> None:
        self.desk.key(Qt.Key.Key_P)
        run = self.desk.view.controller.propagation.run
        self.desk.qtbot.waitUntil(lambda: run.waits, timeout=60_000)
        self.desk.settle()
        self.keep_files_busy()
        QTest.mouseClick(self.desk.view.propagate.accept, LEFT)

    def correct(self) -> None:
        self.accept()
        self.desk.settle()
        self.keep_files_busy()
        tools = self.desk.view.mask_tools
        tools.form.value = MaskToolForm(sigma=2.0)
        tools.tool_requested.emit("smooth")

    def draw(self) -> None:
        """Begin a stroke, and keep the mouse pressed."""
        self.accept()
        self.desk.settle()
        layer = self.desk.viewer.layers["ct segmentation"]
        self.desk.viewer.layers.selection.active = layer
        layer.mode, layer.brush_size = "paint", 10
        QApplication.processEvents()
        at = self.desk.canvas.rect().center() + QPoint(60, 40)
        QTest.mousePress(self.desk.canvas, LEFT, NONE, at)
        self.desk.move(at + QPoint(20, 0))

    def close_window(self) -> None:
        window = self.desk.viewer.window
        window._qt_window.close()
        self.wait_for_end()
        del window._qt_window  # napari's fixture would close it once more

    def close_viewer(self) -> None:
        self.desk.viewer.close()
        self.wait_for_end()

    def wait_for_end(self) -> None:
        control = self.desk.view.controller
        self.desk.qtbot.waitUntil(lambda: not control.is_open, timeout=10_000)


def kept():
    """What the next program finds."""
    (path,) = Autosaves().folder.glob("*.json")
    return load_session(path)[0]


def slices_of(session) -> int:
    return int(np.count_nonzero(session.labels.array().any(axis=(1, 2))))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def closing(make_napari_viewer, qtbot):
    closing = Closing(PromptsDesk(make_napari_viewer(), qtbot, FakeShelf()))
    yield closing
    closing.go_on.set()
    assert closing.desk.services.wait_for_end(5)


@pytest.mark.parametrize("way", ["close_window", "close_viewer"])
@pytest.mark.parametrize(
    ("asked", "origin"),
    [
        ("accept", "prompted"),
        ("propagate", "prompted"),
        ("correct", "edited"),
    ],
)
def test_what_was_asked_for_as_the_viewer_closes_is_kept(closing, way, asked, origin):
    getattr(closing, asked)()
    getattr(closing, way)()
    closing.go_on.set()
    assert closing.desk.services.wait_for_end(10)
    session = kept()
    assert slices_of(session) == 1
    assert origin in {each.origin for each in session.sources}


def see_another_image(desk) -> None:
    desk.viewer.add_image(np.zeros((12, 60, 80), np.float32), name="other")


def remove_image(desk) -> None:
    desk.viewer.layers.remove(desk.image)


def propagate_again(desk) -> None:
    desk.key(Qt.Key.Key_P)


@pytest.mark.parametrize("act", [see_another_image, remove_image, propagate_again])
def test_an_accepted_preview_is_written_whatever_is_done_meanwhile(closing, act):
    closing.propagate()
    act(closing.desk)
    closing.desk.settle()
    closing.go_on.set()
    layers = closing.desk.viewer.layers
    closing.desk.qtbot.waitUntil(
        lambda: "ct segmentation" in layers and layers["ct segmentation"].data[3].any(),
        timeout=10_000,
    )
    closing.close_viewer()


def test_an_accepted_preview_is_a_step_of_its_own_image(closing):
    closing.propagate()
    see_another_image(closing.desk)
    closing.desk.settle()
    closing.go_on.set()
    layers, session = closing.desk.viewer.layers, closing.desk.session
    closing.desk.qtbot.waitUntil(lambda: "ct segmentation" in layers)
    closing.desk.settle()
    assert not session.can_undo
    layers.selection.active = closing.desk.image
    closing.desk.qtbot.waitUntil(lambda: session.can_undo)
    closing.desk.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not layers["ct segmentation"].data.any()
    closing.close_viewer()


def test_a_stroke_that_is_being_drawn_as_the_window_closes_is_kept(closing):
    closing.draw()
    closing.close_window()
    assert closing.desk.services.wait_for_end(10)
    assert "edited" in {each.origin for each in kept().sources}


def test_an_accepted_preview_is_kept_as_the_program_is_quit():
    paths = os.pathsep.join(each for each in sys.path if each)
    subprocess.run(
        [sys.executable, "-c", PROGRAM],
        check=True,
        timeout=240,
        env=os.environ | {"PYTHONPATH": paths},
    )
    assert slices_of(kept()) == 1
