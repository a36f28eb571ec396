"""How a command of napari's palette presses a button of a dock."""

from __future__ import annotations

from collections.abc import Callable

import napari
from napari.viewer import Viewer
from qtpy.QtWidgets import QAbstractButton

from napari_sam_med.errors import PromptError, SamMedError
from napari_sam_med.gui.docks import NoViewerError
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.session.status import Phase, Status


def viewer_in_use() -> Viewer:
    """Give the viewer that a person works in.

    Raises
    ------
    NoViewerError
        If none is open.
    """
    viewer: Viewer | None = napari.current_viewer()
    if viewer is None:
        msg = "no napari viewer is open"
        raise NoViewerError(msg)
    return viewer


def press(button_of: Callable[[], QAbstractButton]) -> None:
    """Press a button of a dock; one that is of no use now says so.

    Parameters
    ----------
    button_of : callable
        Finds the button, or raises an error of ours.
    """

    def act() -> None:
        button = button_of()
        if not button.isEnabled() or button.isHidden():
            msg = f"{button.text().strip()} is of no use now: {button.toolTip()}"
            raise PromptError(msg)
        button.click()

    telling(act)


def telling(act: Callable[[], None]) -> None:
    """Do something; an error of ours becomes a notification."""
    try:
        act()
    except SamMedError as error:
        tell_in_viewer(Status(Phase.ERROR, str(error)))
