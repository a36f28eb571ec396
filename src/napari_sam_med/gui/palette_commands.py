"""What napari's command palette does with the dock "SAM Prompts" of its viewer.

Each command presses the button, or hits the key, that a person would. One that is of no
use now says why, as a notification.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from napari.layers import Image
from qtpy.QtWidgets import QAbstractButton

from napari_sam_med.errors import PromptError
from napari_sam_med.gui.docks import PROMPTS, NoViewerError, known_docks
from napari_sam_med.gui.labels.labels_from_images import turn_into_labels
from napari_sam_med.gui.napari_io import is_ours
from napari_sam_med.gui.palette_presses import press, telling, viewer_in_use
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView


def include() -> None:
    """Let clicks say what is on the object."""
    _press(lambda dock: dock.tools.buttons["include"])


def exclude() -> None:
    """Let clicks say what is not on the object."""
    _press(lambda dock: dock.tools.buttons["exclude"])


def stop_prompting() -> None:
    """Let clicks do nothing."""
    _press(lambda dock: dock.tools.buttons["navigate"])


def draw_box() -> None:
    """Let the mouse draw a box."""
    _press(lambda dock: dock.tools.buttons["box"])


def scribble() -> None:
    """Let the mouse draw a scribble."""
    _press(lambda dock: dock.tools.buttons["scribble"])


def draw_lasso() -> None:
    """Let the mouse draw a lasso."""
    _press(lambda dock: dock.tools.buttons["lasso"])


def mark_next_click() -> None:
    """Mark where the masks disagree most."""
    _press(lambda dock: dock.next_click)


def remove_prompt() -> None:
    """Remove the prompt that is selected."""
    telling(partial(_act, "remove"))


def clear_prompts() -> None:
    """Remove the prompts on the slice that is shown."""
    _press(lambda dock: dock.write.clear)


def choose_first() -> None:
    """Choose the first mask."""
    telling(partial(_act, "pick_first"))


def choose_second() -> None:
    """Choose the second mask."""
    telling(partial(_act, "pick_second"))


def choose_third() -> None:
    """Choose the third mask."""
    telling(partial(_act, "pick_third"))


def accept_mask() -> None:
    """Write the chosen mask into the Labels layer."""
    _press(lambda dock: dock.write.accept)


def add_mask() -> None:
    """Write the chosen mask beside what the object has on the slice."""
    telling(partial(_act, "add"))


def next_object() -> None:
    """Go on under the next free label."""
    _press(lambda dock: dock.write.next_object)


def undo_step() -> None:
    """Go one step back."""
    _press(lambda dock: dock.write.undo)


def redo_step() -> None:
    """Go one step forward."""
    _press(lambda dock: dock.write.redo)


def propagate() -> None:
    """Follow the object through the volume, or stop that."""
    _press(lambda dock: dock.propagate.start)


def accept_propagation() -> None:
    """Write the preview of a propagation."""
    _press(lambda dock: dock.propagate.accept)


def discard_propagation() -> None:
    """Throw the preview of a propagation away."""
    _press(lambda dock: dock.propagate.discard)


def next_in_list() -> None:
    """Go to the next object of the table."""
    telling(partial(_act, "next_in_list"))


def last_in_list() -> None:
    """Go to the object before in the table."""
    telling(partial(_act, "last_in_list"))


def lock_object() -> None:
    """Lock the object, or unlock it."""
    telling(partial(_act, "lock"))


def merge_object() -> None:
    """Make the object part of another one."""
    _press(lambda dock: dock.objects.merge)


def delete_object() -> None:
    """Remove all voxels of the object."""
    _press(lambda dock: dock.objects.delete)


def review_by_score() -> None:
    """Show the object's slices, lowest score first."""
    _press(lambda dock: dock.objects.by_score)


def review_by_jump() -> None:
    """Show the object's slices, largest jump in area first."""
    _press(lambda dock: dock.objects.by_jump)


def keep_part() -> None:
    """Keep the part of the object that is clicked next."""
    _press(lambda dock: dock.mask_tools.buttons["keep"])


def fill_holes() -> None:
    """Fill what the object encloses."""
    _press(lambda dock: dock.mask_tools.buttons["fill"])


def remove_specks() -> None:
    """Remove the object's small parts."""
    _press(lambda dock: dock.mask_tools.buttons["specks"])


def smooth_object() -> None:
    """Round the object's outline off."""
    _press(lambda dock: dock.mask_tools.buttons["smooth"])


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
    """Embed slices ahead, or stop that."""
    _press(lambda dock: dock.outputs.precompute)


def delete_embeddings() -> None:
    """Delete the embeddings on disk."""
    _press(lambda dock: dock.outputs.embeddings.clear)


def own_weights() -> None:
    """Load the model from a weights file of one's own."""
    _press(lambda dock: dock.source.weights)


def export_labels() -> None:
    """Save the labels where the image lies."""
    _press(lambda dock: dock.outputs.export)


def save_prompts() -> None:
    """Save what was accepted, to be asked of another model."""
    _press(lambda dock: dock.outputs.save)


def save_session() -> None:
    """Save prompts, labels and objects."""
    _press(lambda dock: dock.session.save)


def open_session() -> None:
    """Go on where a saved session ended."""
    _press(lambda dock: dock.session.open)


def image_to_labels() -> None:
    """Turn the selected image, or the one that is prompted, into labels."""
    telling(_image_to_labels)


def _image_to_labels() -> None:
    viewer = viewer_in_use()
    active = viewer.layers.selection.active
    view = known_docks().peek(viewer, PROMPTS)
    image = active
    if not isinstance(active, Image) and isinstance(view, PromptsView):
        image = view.controller.image
    if not isinstance(image, Image) or is_ours(image):
        msg = "no image is selected; click the layer that is a label image"
        raise PromptError(msg)
    turn_into_labels(viewer, image)


def _dock() -> PromptsView:
    view = known_docks().peek(viewer_in_use(), PROMPTS)
    if not isinstance(view, PromptsView) or not view.controller.is_open:
        msg = "SAM Prompts is not open; open it from the menu Plugins"
        raise NoViewerError(msg)
    return view


def _press(button_of: Callable[[PromptsView], QAbstractButton]) -> None:
    press(lambda: button_of(_dock()))


def _act(action: str) -> None:
    """Do what a key does for which there is no button."""
    _dock().controller.act(action)
