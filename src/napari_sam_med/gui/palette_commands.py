"""What napari's command palette does with the dock "SAM Prompts" of its viewer.

Each command presses the button that a person would press. One that is of no use now
says why, as a notification.
"""

from __future__ import annotations

from collections.abc import Callable

import napari
from napari.layers import Image
from napari.viewer import Viewer
from qtpy.QtWidgets import QAbstractButton

from napari_sam_med.errors import PromptError, SamMedError
from napari_sam_med.gui.docks import PROMPTS, NoViewerError, known_docks
from napari_sam_med.gui.labels.labels_from_images import turn_into_labels
from napari_sam_med.gui.napari_io import is_ours
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.session.status import Phase, Status


def include() -> None:
    """Let clicks say what is on the object."""
    _press(lambda dock: dock.tools.buttons["include"])


def exclude() -> None:
    """Let clicks say what is not on the object."""
    _press(lambda dock: dock.tools.buttons["exclude"])


def draw_box() -> None:
    """Let the mouse draw a box."""
    _press(lambda dock: dock.tools.buttons["box"])


def mark_next_click() -> None:
    """Mark where the masks disagree most."""
    _press(lambda dock: dock.next_click)


def clear_prompts() -> None:
    """Remove the prompts on the slice that is shown."""
    _press(lambda dock: dock.write.clear)


def accept_mask() -> None:
    """Write the chosen mask into the Labels layer."""
    _press(lambda dock: dock.write.accept)


def next_object() -> None:
    """Go on under the next free label."""
    _press(lambda dock: dock.write.next_object)


def undo_step() -> None:
    """Go one step back."""
    _press(lambda dock: dock.write.undo)


def redo_step() -> None:
    """Go one step forward."""
    _press(lambda dock: dock.write.redo)


def show_axial() -> None:
    """Show the axial view."""
    _press(lambda dock: dock.display.views["axial"])


def show_coronal() -> None:
    """Show the coronal view."""
    _press(lambda dock: dock.display.views["coronal"])


def show_sagittal() -> None:
    """Show the sagittal view."""
    _press(lambda dock: dock.display.views["sagittal"])


def precompute() -> None:
    """Embed slices ahead."""
    _press(lambda dock: dock.sweep.prepare)


def export_labels() -> None:
    """Save the labels where the image lies."""
    _press(lambda dock: dock.sweep.export)


def save_prompts() -> None:
    """Save what was accepted, to be asked of another model."""
    _press(lambda dock: dock.sweep.save)


def image_to_labels() -> None:
    """Turn the selected image, or the one that is prompted, into labels."""
    _telling(_image_to_labels)


def _image_to_labels() -> None:
    viewer = _viewer()
    active = viewer.layers.selection.active
    view = known_docks().peek(viewer, PROMPTS)
    image = active
    if not isinstance(active, Image) and isinstance(view, PromptsView):
        image = view.controller.image
    if not isinstance(image, Image) or is_ours(image):
        msg = "no image is selected; click the layer that is a label image"
        raise PromptError(msg)
    turn_into_labels(viewer, image)


def _viewer() -> Viewer:
    viewer: Viewer | None = napari.current_viewer()
    if viewer is None:
        msg = "no napari viewer is open"
        raise NoViewerError(msg)
    return viewer


def _dock() -> PromptsView:
    view = known_docks().peek(_viewer(), PROMPTS)
    if not isinstance(view, PromptsView) or not view.controller.is_open:
        msg = "SAM Prompts is not open; open it from the menu Plugins"
        raise NoViewerError(msg)
    return view


def _press(button_of: Callable[[PromptsView], QAbstractButton]) -> None:
    def press() -> None:
        button = button_of(_dock())
        if not button.isEnabled():
            msg = f"{button.text().strip()} is of no use now: {button.toolTip()}"
            raise PromptError(msg)
        button.click()

    _telling(press)


def _telling(act: Callable[[], None]) -> None:
    """Do something; an error of ours becomes a notification."""
    try:
        act()
    except SamMedError as error:
        tell_in_viewer(Status(Phase.ERROR, str(error)))
