"""``python -m napari_sam_med.gui.animation OUT.gif``: one box becomes an organ.

The CT-like sample, a box round the spleen on its largest slice, *Propagate*, and the
slices one after the other; nothing in the pictures is drawn by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path

import napari
import numpy as np
from PIL import Image

from napari_sam_med.gui.docks import make_prompts_dock
from napari_sam_med.gui.screenshot import run_events, wait_for
from napari_sam_med.gui.shared.prompt_vertices import rectangle_from_box
from napari_sam_med.session.volume_prompts import PlacedBox

ORGAN = "spleen"
SIZE_PX, WIDTH_PX = (1280, 860), 800
FRAME_MS, REST_MS, SETTLE_MS = 350, 1500, 300
COLOURS = 96
"""Of the palette: more doubles the file and is hardly seen."""


def film(out: Path) -> None:
    """Prompt and propagate as a user would, and save what is on the screen.

    Parameters
    ----------
    out : Path
        A GIF file; its folder must exist.

    Raises
    ------
    ModelError
        If the model is not ready, or does not answer, in two minutes.
    """
    viewer = napari.Viewer(title="SAM Medical")
    viewer.window.resize(*SIZE_PX)
    _, truth = viewer.open_sample("napari-sam-med", "ct")
    truth.visible = False
    view = make_prompts_dock(viewer)
    viewer.window.add_dock_widget(view, name="SAM Prompts")
    controller, session = view.controller, view.controller.session
    wait_for(lambda: session.model is not None, view)
    names = {name: label for label, name in truth.metadata["label_names"].items()}
    organ = truth.data == names[ORGAN]
    index = int(organ.sum(axis=(1, 2)).argmax())
    viewer.dims.set_current_step(0, index)
    viewer.reset_view(margin=0.0)
    frames = [_frame(viewer)]
    rows, cols = np.nonzero(organ[index])
    box = PlacedBox(0, index, (rows.min(), cols.min(), rows.max(), cols.max()))
    controller.layers.boxes.add_rectangles(rectangle_from_box(box, 3))
    wait_for(lambda: session.is_fresh, view)
    frames.append(_frame(viewer))
    view.propagate.start_requested.emit()
    wait_for(lambda: not controller.propagation.run.is_running, view)
    frames.append(_frame(viewer))
    for each in range(organ.shape[0]):
        viewer.dims.set_current_step(0, each)
        frames.append(_frame(viewer))
    _save(frames, out)
    viewer.close()


def _frame(viewer: napari.Viewer) -> Image.Image:
    run_events(SETTLE_MS)
    picture = Image.fromarray(
        viewer.screenshot(canvas_only=False, flash=False)[..., :3]
    )
    height = round(picture.height * WIDTH_PX / picture.width)
    return picture.resize((WIDTH_PX, height), Image.Resampling.LANCZOS)


def _save(frames: list[Image.Image], out: Path) -> None:
    """Write a GIF that rests on the prompts and at the end; one palette for all."""
    # candidates on one picture, the preview on the other
    both = np.concatenate([frames[2], frames[len(frames) // 2 + 2]])
    palette = Image.fromarray(both).quantize(COLOURS)
    pictures = [each.quantize(palette=palette) for each in frames]
    times = [REST_MS] * 3 + [FRAME_MS] * (len(frames) - 4) + [REST_MS]
    pictures[0].save(
        out, save_all=True, append_images=pictures[1:], duration=times, loop=0
    )


if __name__ == "__main__":
    film(Path(sys.argv[1]))
