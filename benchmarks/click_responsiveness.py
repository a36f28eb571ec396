"""How long a person waits for a mask after a click, and for the window meanwhile.

``xvfb-run -a python benchmarks/click_responsiveness.py [--sides N ...] [--clicks N]
[--look MS] [--out FILE]``, which ``make bench`` runs. A real viewer with the docks is
driven by mouse events. A click counts as answered once the canvas was painted with its
masks. A stall is the longest time, from the click until all of the dock is drawn, in
which the window heard nothing: the longest gap between the ticks of a timer, less its
interval. A person looks at a slice before the first click on it, and at its masks
before the next, for ``--look`` milliseconds. Painting is the time of paint events until
the answer, which a graphics card would take over: under Xvfb the processor does it. The
model is ``nano``.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QEvent, QEventLoop, QObject, QPoint, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from rich.console import Console
from rich.table import Table

from napari_sam_med.gui.start import open_docks

OUT = Path("out") / "click_responsiveness.json"
SIDES = (512, 2048)
CLICKS = 20
LOOK_MS = 500
TICK_MS = 5
LONGEST_S = 60.0
GOALS_MS = {512: (120, 250), 2048: (250, 0)}
"""Median and 95th percentile that a person does not notice as waiting; 0 for none."""
STALL_GOAL_MS = 50


@dataclass(slots=True)
class Waits:
    """What was measured of one kind of click.

    Parameters
    ----------
    side : int
        Of the slices, in pixels.
    what : str
        Which click on a slice.
    answered_ms, stalls_ms, worked_ms, painted_ms : list of float
        For each click: until the answer, of the longest stall, the time of the
        processors, of all threads, which other programs lengthen less, and of painting
        until the answer.
    """

    side: int
    what: str
    answered_ms: list[float] = field(default_factory=list)
    stalls_ms: list[float] = field(default_factory=list)
    worked_ms: list[float] = field(default_factory=list)
    painted_ms: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """Median and 95th percentile of the answers, and the longest stall."""
        return {
            "median_ms": float(np.median(self.answered_ms)),
            "p95_ms": float(np.percentile(self.answered_ms, 95)),
            "stall_ms": max(self.stalls_ms),
            "worked_median_ms": float(np.median(self.worked_ms)),
            "painted_median_ms": float(np.median(self.painted_ms)),
        }


class PaintClock(QApplication):
    """Adds up how long the window was painted."""

    painted_ms = 0.0

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """Qt: one event."""
        if event.type() != QEvent.Type.UpdateRequest:
            return bool(super().notify(receiver, event))
        start = time.perf_counter()
        try:
            return bool(super().notify(receiver, event))
        finally:
            self.painted_ms += 1000 * (time.perf_counter() - start)


class Desk(QObject):
    """A viewer with both docks, and a clock that ticks in its event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = PaintClock([])
        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(1280, 900)
        self.view, _ = open_docks(self.viewer)
        self.session = self.view.controller.session
        self.canvas: Any = self.viewer.window._qt_viewer.canvas.native  # noqa: SLF001
        self.canvas.installEventFilter(self)
        self._is_drawn = self._is_painted = False
        self._asked = 0
        self.wait(lambda: self.session.model is not None)

    def eventFilter(self, _watched: Any, event: QEvent) -> bool:  # noqa: N802 - Qt's
        """Qt: the canvas is painted, perhaps with the masks."""
        if event.type() == QEvent.Type.Paint:
            self._is_painted = self._is_drawn
        return False

    def _on_layer_drawn(self, _event: Any) -> None:
        """The layer of candidates has something to show on the next painting."""
        count = len(self.session.state.prompts.points_zyx)
        self._is_drawn = self.session.is_fresh and count > self._asked

    def open(self, side: int, n_slices: int) -> None:
        """Show a volume of slices with a bright disc each, in noise."""
        self.viewer.layers.clear()
        rng = np.random.default_rng(side)
        rows, cols = np.indices((side, side), dtype=np.float32)
        disc = np.hypot(rows - side / 2, cols - side / 2) < side / 5
        noise = rng.integers(0, 40, (side, side), dtype=np.uint8)
        bright = 90 * disc.astype(np.uint8)
        slices = [np.roll(noise, k, axis=0) + bright for k in range(n_slices)]
        self.viewer.add_image(np.stack(slices), name=f"discs {side}")
        self.wait(lambda: self.session.plane is not None)

    def go_to(self, index: int, look_ms: int) -> None:
        """Show a slice, and look at it."""
        self.viewer.dims.set_current_step(0, index)
        self.rest(look_ms)

    def click(self, off: tuple[int, int]) -> tuple[float, float, float, float]:
        """Click beside the middle of the canvas; what ``Waits`` says, in ms."""
        self._asked = len(self.session.state.prompts.points_zyx)
        self._is_drawn = self._is_painted = False
        controller = self.view.controller
        masks = controller.painter.overlay.ensure(controller.image)
        masks.events.set_data.connect(self._on_layer_drawn)
        start, worked = time.perf_counter(), time.process_time()
        self.clock.painted_ms = 0.0
        place = self.canvas.rect().center() + QPoint(*off)
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        QTest.mouseClick(self.canvas, left, none, place)
        stall = 1000 * (time.perf_counter() - start)
        stall = max(stall, self.wait(lambda: self._is_painted))
        answered = 1000 * (time.perf_counter() - start)
        painted = self.clock.painted_ms
        masks.events.set_data.disconnect(self._on_layer_drawn)
        stall = max(stall, self.wait(lambda: controller.drawing.is_done))
        return answered, stall, 1000 * (time.process_time() - worked), painted

    def rest(self, milliseconds: int) -> None:
        """Let the window go on for a while."""
        end = time.perf_counter() + milliseconds / 1000
        self.wait(lambda: time.perf_counter() > end)

    def wait(self, is_done: Any) -> float:
        """Let the window go on until something holds; gives the longest stall in ms."""
        loop, timer = QEventLoop(), QTimer()
        ticks = [time.perf_counter()]

        def tick() -> None:
            ticks.append(time.perf_counter())
            if is_done() or ticks[-1] - ticks[0] > LONGEST_S:
                loop.quit()

        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(tick)
        timer.start(TICK_MS)
        loop.exec_()
        timer.stop()
        if ticks[-1] - ticks[0] > LONGEST_S:
            msg = f"no answer in {LONGEST_S:.0f} s: {self.view.status.text.text()}"
            raise TimeoutError(msg)
        return max(0.0, 1000 * float(np.diff(ticks).max()) - TICK_MS)


def main() -> None:
    """Measure, print a table, and write the numbers down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES)
    parser.add_argument("--clicks", type=int, default=CLICKS)
    parser.add_argument("--look", type=int, default=LOOK_MS, metavar="MS")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    desk = Desk()
    found = [
        row
        for side in asked.sides
        for row in measured(desk, side, asked.clicks, asked.look)
    ]
    desk.viewer.close()
    rows = [asdict(each) | each.summary() for each in found]
    machine = {"cpus": os.cpu_count(), "load": os.getloadavg()}
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": machine, "rows": rows}, indent=2)
    asked.out.write_text(text + "\n", "utf-8")
    print_table(rows)


def measured(desk: Desk, side: int, clicks: int, look_ms: int) -> list[Waits]:
    """Click each slice twice; one slice before them warms up."""
    first = Waits(side, "first click on a slice")
    second = Waits(side, "click that corrects")
    desk.open(side, clicks + 1)
    for index in range(clicks + 1):
        desk.go_to(index, look_ms)
        for waits, off in ((first, (0, 0)), (second, (30, 20))):
            answered, stall, worked, painted = desk.click(off)
            if index:
                waits.answered_ms.append(answered)
                waits.stalls_ms.append(stall)
                waits.worked_ms.append(worked)
                waits.painted_ms.append(painted)
            desk.rest(look_ms)
    return [first, second]


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print what was measured beside what is wished for."""
    columns = ("median ms", "p95 ms", "longest stall ms", "processor", "painting")
    title = "From a click to the masks on the screen, nano"
    table = Table("slice", "what", "clicks", *columns, title=title)
    for row in rows:
        median, p95 = GOALS_MS.get(row["side"], (0, 0))
        table.add_row(
            f"{row['side']} x {row['side']}",
            row["what"],
            str(len(row["answered_ms"])),
            f"{row['median_ms']:.0f} (goal {median or '-'})",
            f"{row['p95_ms']:.0f} (goal {p95 or '-'})",
            f"{row['stall_ms']:.0f} (goal {STALL_GOAL_MS})",
            f"{row['worked_median_ms']:.0f}",
            f"{row['painted_median_ms']:.0f}",
        )
    Console(width=110).print(table)
    load, cpus = os.getloadavg()[0], os.cpu_count()
    Console().print(f"load {load:.1f} on {cpus} processors")


if __name__ == "__main__":
    main()
