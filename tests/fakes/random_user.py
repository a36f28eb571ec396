"""Somebody who uses both docks at random, with mouse and keys on a real viewer."""

from __future__ import annotations

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QPoint, QSettings, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDockWidget

from fakes.benchmark_docks import FakeDesktop, offer_of, phantom
from fakes.fake_shelf import FakeShelf
from fakes.network_like import NetworkLike
from napari_sam_med.gui.benchmark import build_benchmark_dock
from napari_sam_med.gui.benchmark.views.benchmark_values import BenchmarkForm
from napari_sam_med.gui.docks import known_docks, make_prompts_dock

LEFT = Qt.MouseButton.LeftButton
NONE, CONTROL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
KEYS = (
    *(Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_Return, Qt.Key.Key_A),
    *(Qt.Key.Key_N, Qt.Key.Key_T, Qt.Key.Key_B, Qt.Key.Key_S, Qt.Key.Key_O),
    *(Qt.Key.Key_P, Qt.Key.Key_Escape, Qt.Key.Key_L, Qt.Key.Key_V),
    *(Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight, Qt.Key.Key_Delete),
)
ORDERS = ((0, 1, 2), (1, 0, 2), (2, 0, 1))
MOST_LAYERS = 14
SCALES = ((5.0, 0.8, 0.8), (1.0, 1.0, 1.0), (2.0, 0.5, 0.5))


class RandomUser:
    """Each method without an underscore is an action; it does nothing out of place.

    Parameters
    ----------
    viewer, services, folder
        Real ones; the folder takes settings and runs.
    rng : Generator
        What is done next, and where.
    keeps_layers : bool
        Whether no layer is added or removed, nor a dock closed that removes its own.
    """

    def __init__(self, viewer, services, folder, rng, *, keeps_layers=False) -> None:
        self._viewer, self._services = viewer, services
        self._folder, self._rng = folder, rng
        self._model = NetworkLike()
        self._n_runs = 0
        left_out = CHANGING if keeps_layers else ()
        self._chances = [name for name in CHANCES if name not in left_out]
        self.done: list[str] = []
        self.add_image()
        self.add_image()
        self.open_prompts()
        self.open_benchmark()

    def act(self) -> str:
        """Do one thing and let the window catch up."""
        name = str(self._rng.choice(self._chances))
        self.done.append(name)
        self._note(name)
        getattr(self, name)()
        self._model.seen_prompts.clear()  # the fake's own; it would grow for ever
        # in a loop of its own: only there does Qt delete what is to be deleted later
        QTest.qWait(int(self._rng.integers(1, 60)))
        return name

    def leave(self) -> None:
        """Close both docks."""
        self.close_prompts()
        self.close_benchmark()
        QApplication.processEvents()

    # docks

    def open_prompts(self) -> None:
        if self._shown("prompts") is None:
            shelf = FakeShelf(self._model)
            view = make_prompts_dock(self._viewer, shelf, self._services)
            self._viewer.window.add_dock_widget(view, name="SAM Prompts")

    def close_prompts(self) -> None:
        self._close("prompts")

    def open_benchmark(self) -> None:
        if self._shown("benchmark") is not None:
            return
        view = known_docks().find(self._viewer, "benchmark")
        if view is None:
            ini = str(self._folder / "docks.ini")
            view = build_benchmark_dock(
                self._viewer,
                offers=[offer_of(self._model)],
                settings=QSettings(ini, QSettings.Format.IniFormat),
                desktop=FakeDesktop().as_desktop(),
                services=self._services,
            )
            known_docks().keep(self._viewer, "benchmark", view)
        self._viewer.window.add_dock_widget(view, name="SAM Benchmark", tabify=True)

    def close_benchmark(self) -> None:
        self._close("benchmark")

    # layers

    def add_image(self) -> None:
        image, labels = phantom()
        scale = SCALES[self._below(len(SCALES))]
        if len(self._viewer.layers) < MOST_LAYERS:
            self._viewer.add_image(image + self._below(9), scale=scale)
            self._viewer.add_labels(labels, scale=scale)

    def add_picture(self) -> None:
        if len(self._viewer.layers) < MOST_LAYERS:
            self._viewer.add_image(self._rng.random((30, 40)).astype(np.float32))

    def remove_layer(self) -> None:
        """Remove any but the lowest, as long as a dock is there.

        Without any plugin napari 0.9.2 ends in a segmentation fault after a layer was
        removed and it draws again (with Mesa's software OpenGL). With a dock it does
        not, except where the lowest goes and its axes are turned or a layer is added.
        """
        if len(self._viewer.layers) > 1 and self._has_dock():
            at = 1 + self._below(len(self._viewer.layers) - 1)
            self._note(f"removed {self._viewer.layers.pop(at).name}")

    def clear_layers(self) -> None:
        if self._below(4) == 0 and self._has_dock():
            self._viewer.layers.clear()

    def select_layer(self) -> None:
        if len(self._viewer.layers):
            layer = self._viewer.layers[self._below(len(self._viewer.layers))]
            self._viewer.layers.selection.active = layer

    def hide_or_show(self) -> None:
        if len(self._viewer.layers):
            layer = self._viewer.layers[self._below(len(self._viewer.layers))]
            layer.visible = not layer.visible

    def choose_image(self) -> None:
        view = self._shown("prompts")
        if view is not None and view.source.images.count():
            box = view.source.images
            row = self._below(box.count())
            box.setCurrentIndex(row)
            box.activated.emit(row)

    def choose_window(self) -> None:
        view = self._shown("prompts")
        if view is not None and view.display.windows.count():
            box = view.display.windows
            row = self._below(box.count())
            box.setCurrentIndex(row)
            box.activated.emit(row)

    # slices and prompts

    def go(self) -> None:
        dims = self._viewer.dims
        if dims.ndim == 3:
            dims.order = ORDERS[self._below(3)]
        if dims.ndim > 2:
            axis = dims.order[0]
            dims.set_current_step(axis, self._below(max(1, int(dims.nsteps[axis]))))
        self._viewer.reset_view()

    def look_in_3d(self) -> None:
        if self._below(4) == 0:
            self._viewer.dims.ndisplay = 3
            QApplication.processEvents()
        self._viewer.dims.ndisplay = 2

    def click(self) -> None:
        modifier = CONTROL if self._below(4) == 0 else NONE
        self._put_brush_away()
        place = self._place()
        QTest.mouseMove(self._canvas(), place)  # vispy lets go of earlier events then
        QTest.mouseClick(self._canvas(), LEFT, modifier, place)

    def drag(self) -> None:
        canvas = self._canvas()
        self._put_brush_away()
        QTest.mousePress(canvas, LEFT, NONE, self._place())
        for _ in range(3):
            QTest.mouseMove(canvas, self._place())
            QApplication.processEvents()
        QTest.mouseRelease(canvas, LEFT, NONE, self._place())

    def key(self) -> None:
        QTest.keyClick(self._canvas(), KEYS[self._below(len(KEYS))], NONE)

    def undo_or_redo(self) -> None:
        self._press("write", ("undo", "redo")[self._below(2)])

    def accept(self) -> None:
        self._press("write", "accept")

    def next_or_clear(self) -> None:
        self._press("write", ("next_object", "clear")[self._below(2)])

    def fold(self) -> None:
        self._press("heading", "options")

    def precompute(self) -> None:
        self._press("outputs", "precompute")

    def propagate(self) -> None:
        self._press("propagate", ("start", "accept", "discard")[self._below(3)])

    def tool(self) -> None:
        view = self._shown("prompts")
        if view is not None:
            buttons = [b for b in view.tools.buttons.values() if b.isEnabled()]
            buttons[self._below(len(buttons))].click()

    def choose_model(self) -> None:
        view = self._shown("prompts")
        if view is not None:
            box = view.source.models
            row = self._below(box.count())
            box.setCurrentIndex(row)
            box.activated.emit(row)

    # benchmark

    def run(self) -> None:
        view = self._shown("benchmark")
        if view is None or not view.run_bar.run_button.isEnabled():
            return
        self._n_runs += self._below(2)  # the same folder again, or another
        folder = str(self._folder / f"run{self._n_runs}")
        view.setup.set_form(BenchmarkForm(("fake",), clicks=1, folder=folder))
        view.run_bar.run_button.click()

    def cancel(self) -> None:
        self._press("run_bar", "cancel_button", dock="benchmark")

    def see_result(self) -> None:
        view = self._shown("benchmark")
        table = None if view is None else view.results.table
        if table is not None and table.model().rowCount():
            row = self._below(table.model().rowCount())
            table.clicked.emit(table.model().index(row, 0))

    # inside

    def _note(self, text: str) -> None:
        with (self._folder / "actions.txt").open("a") as file:  # a crash leaves it
            file.write(f"{text}\n")

    def _below(self, n: int) -> int:
        return int(self._rng.integers(n))

    def _canvas(self):
        return self._viewer.window._qt_viewer.canvas.native

    def _place(self) -> QPoint:
        size = self._canvas().size()
        return QPoint(self._below(size.width()), self._below(size.height()))

    def _shown(self, kind: str):
        view = known_docks().peek(self._viewer, kind)
        is_docked = view is not None and isinstance(view.parentWidget(), QDockWidget)
        return view if is_docked else None

    def _has_dock(self) -> bool:
        return any(self._shown(kind) is not None for kind in ("prompts", "benchmark"))

    def _put_brush_away(self) -> None:
        """Where napari's own raises IndexError: on a slice that the labels lack."""
        layer = self._viewer.layers.selection.active
        if isinstance(layer, Labels) and layer.mode not in ("pan_zoom", "transform"):
            here = np.round(layer.world_to_data(self._viewer.dims.point))
            if (here < 0).any() or (here >= layer.data.shape).any():
                layer.mode = "pan_zoom"

    def _close(self, kind: str) -> None:
        view = self._shown(kind)
        if view is not None:
            QTest.mouseClick(view.parentWidget().title.close_button, LEFT)

    def _press(self, bar: str, button: str, dock: str = "prompts") -> None:
        view = self._shown(dock)
        if view is not None:
            getattr(getattr(view, bar), button).click()


ACTIONS = tuple(
    name
    for name, each in vars(RandomUser).items()
    if callable(each) and not name.startswith("_") and name not in ("act", "leave")
)
CHANGING = (
    *("add_image", "add_picture", "remove_layer", "clear_layers"),
    *("close_prompts", "close_benchmark"),
)
OFTEN = ("click", "drag", "key", "go", "accept", "tool", "open_prompts")
CHANCES = (*ACTIONS, *OFTEN, *OFTEN, *OFTEN, "open_benchmark", "run")
