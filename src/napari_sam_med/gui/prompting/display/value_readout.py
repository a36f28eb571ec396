"""The value under the mouse, with its unit, in the window's status bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.compat import isalive
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_sam_med.gui.napari_io import voxels_of
from napari_sam_med.gui.prompting.shown_image import ShownImage
from napari_sam_med.gui.shared.later import later
from napari_sam_med.gui.shared.widgets.plain_labels import PlainLabel

WAIT_MS = 40
"""The mouse sends hundreds of places a second; the eye follows 25 values."""
HOUNSFIELD = "CT"
TIP = "Value of the prompted image under the mouse"


class ValueReadout:
    """Follows the mouse over the canvas.

    Parameters
    ----------
    viewer : ViewerModel
        Whose canvas.
    dock : QWidget
        The value is shown in the status bar of its window.
    seen : ShownImage
        The image whose values are told.
    """

    def __init__(self, viewer: ViewerModel, dock: QWidget, seen: ShownImage) -> None:
        self._viewer, self._dock, self._seen = viewer, dock, seen
        self._position: tuple[float, ...] = ()
        self._label: PlainLabel | None = None
        self._timer = later(dock, WAIT_MS, self._show)

    @property
    def text(self) -> str:
        """What is told now; empty if nothing is."""
        return "" if self._label is None else str(self._label.text())

    def open(self) -> None:
        """Follow the mouse and the slices from now on."""
        self._viewer.mouse_move_callbacks.append(self._on_move)
        self._viewer.dims.events.point.connect(self._on_slice)

    def close(self) -> None:
        """Tell nothing any more."""
        self._timer.stop()
        self._viewer.mouse_move_callbacks.remove(self._on_move)
        self._viewer.dims.events.point.disconnect(self._on_slice)
        if self._label is not None and isalive(self._label):
            self._label.setParent(None)
            self._label.deleteLater()
        self._label, self._position = None, ()

    def _on_move(self, _viewer: ViewerModel, event: Any) -> None:
        self._position = tuple(event.position)
        self._on_slice()

    def _on_slice(self, _event: Any = None) -> None:
        if self._position and not self._timer.isActive():
            self._timer.start()

    def _show(self) -> None:
        if len(self._position) != self._viewer.dims.ndim:
            self._position = ()  # of before a layer of more axes came, or went
        image = self._seen.layer
        voxel = self._seen.peek(self._position) if self._position else None
        text = ""
        if image is not None and voxel is not None:
            shown = self._seen.shown
            time = None if shown is None else shown.time
            text = value_in_words(image, voxel, time)
        if self._label is None or not isalive(self._label):
            self._label = self._in_status_bar()
        if self._label is not None:
            self._label.setText(text)

    def _in_status_bar(self) -> PlainLabel | None:
        window = self._dock.window()
        if not isinstance(window, QMainWindow):
            return None
        label = PlainLabel()
        label.setToolTip(TIP)
        window.statusBar().addPermanentWidget(label)
        label.show()
        return label


def value_in_words(
    image: Image, voxel_zyx: Sequence[float], time: int | None = None
) -> str:
    """Say what an image holds at a voxel.

    Parameters
    ----------
    image : Image
        2-D, 3-D, or 4-D with time first.
    voxel_zyx : (z, y, x)
        Inside the image.
    time : int, optional
        Time point, of an image that has several.

    Returns
    -------
    str
        With ``HU`` behind it for a CT; empty if the values are not in memory, where
        reading one could stop the window.

    Examples
    --------
    >>> ct = Image(np.full((4, 4), -50), metadata={"modality": "CT"})
    >>> value_in_words(ct, (0.0, 1.2, 2.0))
    '-50 HU'
    """
    voxels: Any = voxels_of(image)
    if not isinstance(voxels, np.ndarray):
        return ""
    place = [int(np.floor(each + 0.5)) for each in voxel_zyx]
    index = tuple(place[3 - min(image.ndim, 3) :])
    value = voxels[index if time is None else (time, *index)]
    if image.rgb:
        return "RGB " + ", ".join(str(each) for each in value[:3])
    number = f"{value:.4g}" if value.dtype.kind == "f" else str(value)
    is_ct = image.metadata.get("modality") == HOUNSFIELD
    return f"{number} HU" if is_ct else number
