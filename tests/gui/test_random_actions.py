"""Random work: nothing locked or preserved changes, and undo gives all back.

``NAPARI_SAM_MED_ACTIONS=1000 pytest tests/gui/test_random_actions.py`` does as many.
"""

import os

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication

from fakes.fake_segmenter import FakeSegmenter
from fakes.fake_shelf import FakeShelf
from napari_sam_med.gui.prompting.prompts_controller import PromptsController
from napari_sam_med.gui.prompting.views.mask_tool_bar import MaskToolForm, ToolScope
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.shared.prompt_layers import rectangle_from_box
from napari_sam_med.session.background.services import Services
from napari_sam_med.session.kinds.placed_strokes import PlacedStroke
from napari_sam_med.session.kinds.slice_objects import SecondBox
from napari_sam_med.session.volume_prompts import PlacedBox

SHAPE = (5, 24, 28)
ORDERS = {0: (0, 1, 2), 1: (1, 0, 2), 2: (2, 0, 1)}
AT_ONCE = 40
"""Actions of one run: fewer than the steps that undo remembers."""
WAIT_MS = 60_000
N_ACTIONS = int(os.environ.get("NAPARI_SAM_MED_ACTIONS", AT_ONCE))


class Worker:
    """A person at random; each method is an action, its argument the chance."""

    def __init__(self, qtbot) -> None:
        self.qtbot = qtbot
        self.viewer = ViewerModel()
        array = np.random.default_rng(0).random(SHAPE).astype(np.float32)
        self.image = self.viewer.add_image(array, name="ct", scale=(4.0, 1.0, 0.7))
        data = np.zeros(SHAPE, dtype=np.uint8)
        data[1:4, 2:9, 2:9] = 1
        data[1:4, 12:20, 14:24] = 2
        self.labels = self.viewer.add_labels(data, name="l", scale=self.image.scale)
        self.view = PromptsView()
        qtbot.addWidget(self.view)
        self.services = Services()
        self.control = PromptsController(
            self.viewer, self.view, FakeShelf(FakeSegmenter()), self.services
        )
        self.session = self.control.session
        self.view.write.labels_chosen.emit(str(self.labels.unique_id))
        qtbot.waitUntil(lambda: self.session.model is not None)

    def settle(self) -> None:
        def is_quiet() -> bool:
            state, plane = self.session.state, self.session.plane
            waits = plane is not None and state.prompts.on(plane) is not None
            return self.control.drawing.is_done and (self.session.is_fresh or not waits)

        QApplication.processEvents()
        self.qtbot.waitUntil(is_quiet, timeout=WAIT_MS)

    # actions

    def go(self, n: int) -> None:
        axis = n % 3
        self.viewer.dims.order = ORDERS[axis]
        self.viewer.dims.set_current_step(axis, n // 3 % SHAPE[axis])

    def click(self, n: int) -> None:
        voxel = [n * step % size for step, size in zip((1, 7, 11), SHAPE, strict=True)]
        plane = self.session.plane
        voxel[plane.axis] = plane.index
        self.control.click(self.image.data_to_world(voxel), int(n % 3 > 0))

    def box(self, n: int) -> None:
        plane = self.session.plane
        height, width = np.delete(SHAPE, plane.axis).tolist()
        low = (n % max(1, height - 3), n // 7 % max(1, width - 3))
        placed = PlacedBox(plane.axis, plane.index, (*low, height - 1, width - 1))
        self.control.layers.ensure()[1].add_rectangles(rectangle_from_box(placed, 3))

    def line(self, n: int) -> None:
        plane, make = self.session.plane, PlacedStroke.scribble
        shape_hw = tuple(np.delete(SHAPE, plane.axis).tolist())
        path = np.array([(0, 0), (0, 4), (3, 4)]) * (1 + n % 2)
        shift = (n % max(1, shape_hw[0] - 3), n // 7 % max(1, shape_hw[1] - 4))
        path = np.add(path, shift)
        if n % 2:
            make = PlacedStroke.lasso
        stroke = make(path, int(n % 3 > 0), plane, shape_hw)
        self.session.replace_prompts(self.session.state.prompts.with_stroke(stroke))

    def rule(self, n: int) -> None:
        rules = [each.value for each in SecondBox]
        self.view.kinds.second_box_chosen.emit(rules[n % 3])

    def look(self, n: int) -> None:
        self.view.boxes.box_chosen.emit(n % 3)

    def start(self, n: int) -> None:
        self.view.kinds.start.click()

    def choose(self, n: int) -> None:
        self.view.candidates.chosen.emit(n % 3)

    def accept(self, n: int) -> None:
        self.view.write.accept_requested.emit()

    def label(self, n: int) -> None:
        self.view.write.label_chosen.emit(1 + n % 4)

    def preserve(self, n: int) -> None:
        self.view.write.keep_others.setChecked(n % 2 == 0)

    def clear(self, n: int) -> None:
        self.view.write.clear_requested.emit()

    def next_object(self, n: int) -> None:
        self.view.write.next_requested.emit()

    def lock(self, n: int) -> None:
        self.view.objects.locked.emit(1 + n % 3, n % 2 == 0)

    def name(self, n: int) -> None:
        self.view.objects.renamed.emit(1 + n % 3, f"object {n % 5}")

    def delete(self, n: int) -> None:
        self.view.objects.delete_requested.emit(1 + n % 3)

    def merge(self, n: int) -> None:
        self.view.objects.merge_requested.emit(1 + n % 3, 1 + (n + 1) % 3)

    def paint(self, n: int) -> None:
        voxel = tuple(n * k % size for k, size in zip((1, 5, 3), SHAPE, strict=True))
        self.labels.paint(voxel, n % 4)

    def tool(self, n: int) -> None:
        scope = ToolScope.SLICE if n % 2 else ToolScope.VOLUME
        self.view.mask_tools.form.value = MaskToolForm(scope, specks=9.0)
        told = self.session.status
        self.view.mask_tools.tool_requested.emit(("fill", "specks", "smooth")[n % 3])
        self.qtbot.waitUntil(lambda: self.session.status is not told, timeout=WAIT_MS)

    def propagate(self, n: int) -> None:
        run = self.control.propagation.run
        self.view.propagate.start_requested.emit()
        self.qtbot.waitUntil(lambda: not run.is_running, timeout=WAIT_MS)
        if n % 3 == 0 or not run.waits:
            self.view.propagate.discard_requested.emit()
            return
        for _ in range(2):  # the second time others may lose voxels
            if run.target is None or run.target.label in self.locked():
                break
            told = self.session.status
            self.view.propagate.accept_requested.emit()
            self.qtbot.waitUntil(
                lambda told=told: self.session.status is not told, timeout=WAIT_MS
            )
            self.qtbot.wait(20)

    def undo(self, n: int) -> None:
        self.view.write.undo_requested.emit()

    def redo(self, n: int) -> None:
        self.view.write.redo_requested.emit()

    # checks

    def locked(self) -> frozenset[int]:
        return self.session.state.locked(str(self.labels.unique_id))

    def check(self, action: str, before: np.ndarray, locked: frozenset[int]) -> None:
        if action in ("undo", "redo"):
            return
        now = self.labels.data
        for label in locked:
            np.testing.assert_array_equal(now == label, before == label, action)
        writes = ("accept", "propagate", "tool")
        if self.view.write.keep_others.isChecked() and action in writes:
            label = self.session.state.label
            others = (before != 0) & (before != label)
            np.testing.assert_array_equal(now[others], before[others], action)


ACTIONS = [
    name
    for name, each in vars(Worker).items()
    if callable(each) and name not in ("__init__", "settle", "locked", "check")
]
CHANCES = [*ACTIONS, "click", "click", "box", "box", "accept", "accept", "go", "undo"]


@settings(
    max_examples=max(1, N_ACTIONS // AT_ONCE),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(
    st.lists(
        st.tuples(st.sampled_from(CHANCES), st.integers(0, 5000)),
        min_size=AT_ONCE,
        max_size=AT_ONCE,
    )
)
def test_random_work_changes_nothing_locked_and_is_undone_bit_for_bit(qtbot, actions):
    with qtbot.captureExceptions() as exceptions:
        worker = Worker(qtbot)
        first = worker.labels.data.copy()
        try:
            for action, n in actions:
                worker.settle()
                before, locked = worker.labels.data.copy(), worker.locked()
                getattr(worker, action)(n)
                worker.settle()
                worker.check(action, before, locked)
            while worker.session.can_undo:
                worker.undo(0)
            worker.settle()
            np.testing.assert_array_equal(worker.labels.data, first)
            state = worker.session.state
            assert state.prompts.is_empty
            assert (dict(state.objects), dict(state.sources)) == ({}, {})
            assert state.records == ()
        finally:
            worker.control.close()
            assert worker.services.wait_for_end(30)
    assert exceptions == []
