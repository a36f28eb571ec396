"""When a dock comes into a viewer's window, leaves it, and ends."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from napari.components import ViewerModel
from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QDockWidget, QLabel, QMainWindow, QWidget

from napari_sam_med.gui.shared.canvas_context import CanvasContext
from napari_sam_med.gui.shared.later import later, soon

CANVAS_PX = 500
"""A slice of 512 pixels can be clicked on that; napari's own docks take 320 px, so that
a window of 1024 px has room for a dock beside it."""
LAID_OUT_MS = 100
"""The window has given a new dock its width by then, and napari its tab."""
FRAME_PX = 8
"""What napari puts round the canvas, left and right together."""


class DockLife(QObject):
    """Tells when a widget is docked, and when its dock is closed.

    napari 0.9 takes a widget out of its dock when a person closes that by its x, and
    neither hides nor deletes the widget. It is kept in the window then, invisible, so
    that it ends with the window unless it is docked again.

    Parameters
    ----------
    view : QWidget
        The widget.
    viewer : ViewerModel
        Whose window it is docked in.
    opened : callable
        Called when it is docked; perhaps more than once.
    shut : callable
        Called when its dock was closed, and the viewer's window is there, with what is
        to be done once it has left the viewer.
    closing : callable
        Called when the viewer's window is asked to close; a person may keep it open.
    """

    def __init__(
        self,
        view: QWidget,
        viewer: ViewerModel,
        opened: Callable[[], None],
        shut: Callable[[Callable[[], None]], None],
        closing: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(view)
        self._view, self._opened, self._shut = view, opened, shut
        self._closing = closing
        self._context = CanvasContext(viewer)
        # weak, so that a window that napari lets go of is deleted at once
        self._window: weakref.ref[QWidget] | None = None
        # a dock is built in several steps, and floats by changing parents
        self._timer = later(self, 0, self._on_parent_changed)
        self._room_timer = later(self, LAID_OUT_MS, self._on_laid_out)
        view.installEventFilter(self)

    @property
    def window(self) -> QWidget | None:
        """The viewer's, while the widget is docked there."""
        return None if self._window is None else self._window()

    @property
    def dock(self) -> QDockWidget | None:
        """The one that the widget is in; None while it rests."""
        parent = self._view.parentWidget()
        return parent if isinstance(parent, QDockWidget) else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note another parent, or that the window closes; Qt's own name."""
        if watched is self._view and event.type() == QEvent.Type.ParentChange:
            self._timer.start()
        if watched is not self._view and event.type() == QEvent.Type.Close:
            self._closing()
        return False

    def _on_parent_changed(self) -> None:
        parent = self._view.parentWidget()
        if isinstance(parent, QDockWidget):
            window = parent.parentWidget()
            self._window = None if window is None else weakref.ref(window)
            if window is not None:  # it stays watched while the widget rests in it
                window.installEventFilter(self)
            self._view.show()  # it stays hidden else once it was
            self._context.open(window)
            leave_room_for_canvas(window)
            leave_room_for_progress(window)
            self._room_timer.start()
            self._opened()
        elif parent is None and self.window is not None:
            window, self._window = self.window, None
            self._shut(self._context.close)
            self._view.setParent(window)  # which hides it

    def _on_laid_out(self) -> None:
        dock = self.dock
        if dock is not None:
            join_tabs(dock)
            widen_for_dock(dock, self._view)


def join_tabs(dock: QDockWidget) -> None:
    """Make tabs of a dock and one of ours above or below it, the lower in front.

    napari's menu puts each new dock below the others, where neither has room.
    """
    window = dock.parentWidget()
    if not isinstance(window, QMainWindow) or dock.isFloating():
        return
    tabs = window.tabifiedDockWidgets(dock)
    for other in (each.dock for each in window.findChildren(DockLife)):
        if other is None or other in (dock, *tabs):
            continue
        if other.isFloating() or other.isHidden():
            continue
        if other.x() == dock.x() and other.y() != dock.y():
            # the other may be the newer one: opened before this one was laid out
            older, newer = sorted((other, dock), key=lambda each: each.y())
            window.tabifyDockWidget(older, newer)
            newer.raise_()
            return


def widen_for_dock(dock: QDockWidget, view: QWidget) -> None:
    """Let the window grow until a dock shows all of its width, as the screen allows.

    napari's first window is 1,089 px wide: 500 of canvas would cut a dock off.
    """
    window = dock.parentWidget()
    if not isinstance(window, QMainWindow) or not window.isVisible():
        return
    wanted, canvas = view.sizeHint().width(), window.centralWidget().width()
    # the canvas gets its width from the dock, perhaps only after this
    lacking = max(0, wanted - view.width()) + max(0, CANVAS_PX + FRAME_PX - canvas)
    is_set = window.isMaximized() or window.isFullScreen() or dock.isFloating()
    if lacking == 0 or is_set:
        return
    room = window.screen().availableGeometry().right() - window.frameGeometry().right()
    window.resize(window.width() + max(0, min(lacking, room)), window.height())
    across = Qt.Orientation.Horizontal
    window.resizeDocks([dock], [wanted], across)


def leave_room_for_canvas(window: QWidget | None) -> None:
    """Let docks become narrower, not the canvas, where a window is small."""
    canvas = window.centralWidget() if isinstance(window, QMainWindow) else None
    if canvas is not None:
        canvas.setMinimumWidth(max(canvas.minimumWidth(), CANVAS_PX + FRAME_PX))


class OpenDocks:
    """The docks of a process, one of each kind in each viewer."""

    def __init__(self) -> None:
        self._views: dict[tuple[int, str], QWidget] = {}

    def find(self, viewer: ViewerModel, kind: str) -> Any:
        """Give the widget that the viewer has, taken out of its dock; else None.

        Parameters
        ----------
        viewer : ViewerModel
            Which viewer.
        kind : str
            Which dock.
        """
        view = self.peek(viewer, kind)
        dock = None if view is None else view.parentWidget()
        if isinstance(dock, QDockWidget):
            viewer.window.remove_dock_widget(dock)
        return view

    def peek(self, viewer: ViewerModel, kind: str) -> Any:
        """Give the widget that the viewer has, and leave it where it is; else None."""
        # napari hands plugins a proxy of the viewer
        inner = getattr(viewer, "__wrapped__", viewer)
        view = self._views.get((id(inner), kind))
        return view if view is not None and isalive(view) else None

    def keep(self, viewer: ViewerModel, kind: str, view: QWidget) -> None:
        """Note a viewer's new dock, for as long as its widget lives."""
        # the widget's controller holds the viewer, so that no other has its id
        key = (id(viewer), kind)
        self._views[key] = view
        view.destroyed.connect(lambda: self._views.pop(key, None))


def if_alive(window: QWidget | None, act: Callable[[], None]) -> None:
    """Do something in the next turn, if a window is still there then.

    A widget that is deleted cannot know whether its whole window goes with it.
    """

    def act_if_alive() -> None:
        if window is not None and isalive(window):
            act()

    soon(act_if_alive)


def leave_room_for_progress(window: QWidget | None) -> None:
    """Give the status bar the height that it has while something goes on.

    napari's picture for it has no size before it is first shown; the bar would grow by
    a pixel then, and the canvas be laid out and painted anew in the middle of the work.
    """
    bar = window.statusBar() if isinstance(window, QMainWindow) else None
    for label in bar.findChildren(QLabel) if bar is not None else ():
        if label.movie() is not None:
            label.movie().jumpToFrame(0)
