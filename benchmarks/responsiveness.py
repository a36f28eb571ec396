"""How long the window stands still while an object is followed through a volume.

``xvfb-run -a python benchmarks/responsiveness.py [--model nano] [--axis 0 1 2]``. A
real viewer with the dock and a volume of 512 x 512 x 100; one box is propagated, its
preview accepted, taken back and made again, and a second propagation is stopped. Of
each part it prints

- the longest single event of Qt's loop and the 99th percentile, in milliseconds of
  processor time of the GUI thread: what the window itself costs, however busy the
  machine is; painting apart, which without a graphics card is done by this thread;
- the longest stall, in milliseconds of the clock: the longest gap between two ticks of
  a timer, less its interval; what a person feels on this machine now, and the painting
  of the processor is part of it;
- for Stop, the time until the thread of the models is free.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from qtpy.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from qtpy.QtWidgets import QApplication
from rich.console import Console
from rich.table import Table

from napari_sam_med.gui.docks import make_prompts_dock, shared_services
from napari_sam_med.gui.shared.prompt_vertices import rectangle_from_box
from napari_sam_med.session.background.serial_worker import WorkerClient
from napari_sam_med.session.volume_prompts import PlacedBox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHAPE = (100, 512, 512)
CENTRE, RADII = (50, 256, 256), (60, 90, 120)
TICK_MS = 5
WAIT_S = 600.0
AUTOSAVED_MS = 4000
"""By then the first autosave has taken its memory."""
ORDERS = {0: (0, 1, 2), 1: (1, 0, 2), 2: (2, 0, 1)}


@dataclass
class Part:
    """What was measured while one thing was done."""

    name: str
    events_ms: list[float] = field(default_factory=list)
    painted_ms: float = 0.0
    worst: str = ""
    stall_ms: float = 0.0
    seconds: float = 0.0
    told: str = ""


class MeteredApplication(QApplication):
    """Takes the processor time of each event that is no part of another.

    What is painted inside an event, as where napari lets Qt handle what waits, is
    taken apart like all painting.
    """

    part: Part | None = None
    depth = 0
    painted_inside_ms = 0.0

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """Qt: one event."""
        kind, what = event.type(), type(receiver).__name__
        paints = kind == QEvent.Type.UpdateRequest
        if self.part is None or (self.depth and not paints):
            return bool(super().notify(receiver, event))
        self.depth += 1
        start = time.thread_time()
        try:
            return bool(super().notify(receiver, event))
        finally:
            self.depth -= 1
            self._note(what, kind, 1000 * (time.thread_time() - start))

    def _note(self, what: str, kind: QEvent.Type, spent_ms: float) -> None:
        part = self.part
        if part is None:
            return
        if kind == QEvent.Type.UpdateRequest:
            part.painted_ms = max(part.painted_ms, spent_ms)
            self.painted_inside_ms = self.depth * (self.painted_inside_ms + spent_ms)
            return
        spent_ms -= self.painted_inside_ms
        self.painted_inside_ms = 0.0
        if spent_ms > max(part.events_ms, default=0):
            part.worst = f"{what} {getattr(kind, 'name', kind)}"
        part.events_ms.append(spent_ms)


class Meter:
    """Measures parts of the work."""

    def __init__(self, app: MeteredApplication) -> None:
        self._app, self.parts = app, []
        self._timer, self._last = QTimer(), 0.0
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    @contextmanager
    def part(self, name: str) -> Iterator[Part]:
        """Measure what is done inside."""
        live(500)
        now = self._app.part = Part(name)
        self.parts.append(now)
        start = self._last = time.perf_counter()
        self._timer.start(TICK_MS)
        yield now
        now.seconds = time.perf_counter() - start
        live(300)
        self._timer.stop()
        self._app.part = None

    def _tick(self) -> None:
        now = time.perf_counter()
        if self._app.part is not None:
            stall_ms = 1000 * (now - self._last) - TICK_MS
            self._app.part.stall_ms = max(self._app.part.stall_ms, stall_ms)
        self._last = now


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="nano")
    parser.add_argument("--axis", nargs="*", type=int, default=[0])
    given = parser.parse_args()
    app = MeteredApplication(sys.argv[:1])
    viewer = napari.Viewer()
    viewer.add_image(volume(), name="scan", contrast_limits=(0, 255))
    view = make_prompts_dock(viewer)
    viewer.window.add_dock_widget(view, name="SAM Prompts")
    session = view.controller.session
    wait(lambda: session.model is not None)
    if given.model != session.model.name:
        view.source.model_chosen.emit(given.model)
        wait(lambda: session.model is not None and session.model.name == given.model)
    meter = Meter(app)
    for axis in given.axis:
        work(meter, view, axis)
    Console(width=150).print(table(meter.parts))
    viewer.close()


def volume() -> Any:
    """An ellipsoid in noise."""
    places = np.indices(SHAPE, dtype=np.float32)
    far = [
        (each - middle) / radius
        for each, middle, radius in zip(places, CENTRE, RADII, strict=True)
    ]
    truth = np.square(far).sum(axis=0) < 1
    noise = np.random.default_rng(0).normal(0, 12, SHAPE)
    return (np.where(truth, 150, 90) + noise).clip(0, 255).astype(np.uint8)


def work(meter: Meter, view: Any, axis: int) -> None:
    """Box, propagate, accept, undo, redo, and stop another propagation."""
    session, name = view.controller.session, f"axis {axis}: "
    dims = napari.current_viewer().dims
    dims.order = ORDERS[axis]
    dims.set_current_step(axis, CENTRE[axis])
    low, high = (
        np.delete(np.add(CENTRE, np.multiply(sign, RADII)), axis).tolist()
        for sign in (-1, 1)
    )
    box = PlacedBox(axis, CENTRE[axis], (*map(float, low), *map(float, high)))
    with meter.part(name + "box"):
        view.controller.layers.ensure()[1].add_rectangles(rectangle_from_box(box, 3))
        wait(lambda: session.candidates is not None and session.is_fresh)
    follow(meter, view, name)
    live(AUTOSAVED_MS)
    with meter.part(name + "undo"):
        press(view.write.undo_requested.emit)
    with meter.part(name + "redo"):
        press(view.write.redo_requested.emit)
    with meter.part(name + "go through 20 slices"):
        for step in range(20):
            press(partial(dims.set_current_step, axis, CENTRE[axis] + step))
            live(20)
    dims.set_current_step(axis, CENTRE[axis])
    stop(meter, view, name)
    view.propagate.discard_requested.emit()
    view.write.next_requested.emit()


def follow(meter: Meter, view: Any, name: str) -> None:
    """Propagate to the end, and accept."""
    run = view.controller.propagation.run
    with meter.part(name + "propagate") as part:
        press(view.propagate.start_requested.emit)
        wait(lambda: run.waits)
    part.told = f"{len(run.slices)} slices, {len(run.slices) / part.seconds:.1f} a s"
    with meter.part(name + "accept"):
        press(view.propagate.accept_requested.emit)
        wait(lambda: run.target is None)


def stop(meter: Meter, view: Any, name: str) -> None:
    """Stop a propagation, and wait until its thread is free."""
    run = view.controller.propagation.run
    with meter.part(name + "stop") as part:
        press(view.propagate.start_requested.emit)
        wait(lambda: run.is_running and len(run.slices) >= 3)
        start = time.perf_counter()
        press(view.propagate.stop_requested.emit)
        wait_for_thread()
        part.told = f"thread free after {time.perf_counter() - start:.2f} s"


def press(act: Callable[[], None]) -> None:
    """Do what a button does, in an event of its own that is measured."""
    QTimer.singleShot(0, act)
    live(1)


def live(wait_ms: int) -> None:
    """Let the window live in a loop of its own; ``QTest.qWait`` would sleep in it."""
    loop = QEventLoop()
    QTimer.singleShot(wait_ms, loop.quit)
    loop.exec()


def wait_for_thread() -> None:
    """Wait until the thread of the models has done what it was at."""
    done: list[object] = []
    client = WorkerClient(shared_services().models.worker, done.append)
    client.open()
    client.submit(lambda: None, "probe", rank=-1)
    wait(lambda: bool(done))
    client.close()


def wait(seen: Callable[[], object]) -> None:
    """Let the window live until something is there."""
    until = time.perf_counter() + WAIT_S
    while not seen():
        if time.perf_counter() > until:
            msg = "waited in vain"
            raise TimeoutError(msg)
        live(2)


def table(parts: list[Part]) -> Table:
    """Put what was measured into lines."""
    columns = ("worst event, CPU ms", "99 %", "which", "painting", "stall ms", "s", "")
    shown = Table("part", *columns)
    for each in parts:
        shown.add_row(
            each.name,
            f"{max(each.events_ms):.1f}",
            f"{np.percentile(each.events_ms, 99):.1f}",
            each.worst,
            f"{each.painted_ms:.1f}",
            f"{each.stall_ms:.0f}",
            f"{each.seconds:.2f}",
            each.told,
        )
    return shown


if __name__ == "__main__":
    main()
