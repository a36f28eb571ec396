"""``python -m napari_sam_med.gui.screenshot OUT.png``: the picture in the README.

The CT-like sample, both docks, a click in the liver, and the candidates of the bundled
model; nothing in the picture is drawn by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import napari
import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QEventLoop, QTimer
from scipy import ndimage

from napari_sam_med.core.prompts import POSITIVE
from napari_sam_med.errors import ModelError
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.start import open_docks

SIZE_PX = (1900, 1010)
FIRST, SECOND = "spleen", "liver"
WAIT_MS = 120_000
STEP_MS, SETTLE_MS = 50, 800


def take(out: Path) -> None:
    """Open the viewer, prompt as a user would, and save what is on the screen.

    Parameters
    ----------
    out : Path
        A PNG file; its folder must exist.

    Raises
    ------
    ModelError
        If the model is not ready, or does not answer, in two minutes.
    """
    viewer = napari.Viewer(title="SAM Medical")
    viewer.window.resize(*SIZE_PX)
    image, truth = viewer.open_sample("napari-sam-med", "ct")
    truth.visible = False
    view, _ = open_docks(viewer, side_by_side=True)
    session = view.controller.session
    wait_for(lambda: session.model is not None, view)
    for organ in (FIRST, SECOND):
        voxel = middle_of(truth, organ)
        viewer.dims.set_current_step(0, voxel[0])
        view.controller.click(image.data_to_world(voxel), POSITIVE)
        wait_for(lambda: session.is_fresh, view)
        if organ == FIRST:
            view.write.accept_requested.emit()
            view.write.next_requested.emit()
    viewer.reset_view(margin=0.0)
    run_events(SETTLE_MS)
    viewer.screenshot(str(out), canvas_only=False, flash=False)
    viewer.close()


def middle_of(truth: Labels, organ: str) -> tuple[int, int, int]:
    """Give the voxel in the middle of an organ, where a person would click.

    Parameters
    ----------
    truth : Labels
        (Z, Y, X) with ``label_names`` in its metadata.
    organ : str
        One of those names.

    Returns
    -------
    (z, y, x) : int
        In the slice in which the organ is largest, farthest from its border.
    """
    names: dict[int, str] = truth.metadata["label_names"]
    label = next(label for label, name in names.items() if name == organ)
    mask = truth.data == label
    index = int(mask.sum(axis=(1, 2)).argmax())
    depth = ndimage.distance_transform_edt(mask[index])
    row, col = np.unravel_index(int(depth.argmax()), depth.shape)
    return (index, int(row), int(col))


def wait_for(is_done: Callable[[], bool], view: PromptsView) -> None:
    """Let the viewer go on until something is done, and all of the dock is drawn.

    A ModelError after two minutes.
    """
    waited = 0
    while not (is_done() and view.controller.drawing.is_done):
        run_events(STEP_MS)
        waited += STEP_MS
        if waited > WAIT_MS or view.status.phase == "error":
            msg = f"no picture can be taken: {view.status.text.text()}"
            raise ModelError(msg)


def run_events(milliseconds: int) -> None:
    """Let the viewer go on for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec_()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
