"""What napari's command palette does with the dock "SAM Prompts" of its viewer.

Each command presses the button that a person would press.
"""

from __future__ import annotations

import napari
from qtpy.QtWidgets import QAbstractButton

from napari_sam_med.errors import PromptError
from napari_sam_med.gui.docks import PROMPTS, NoViewerError, known_docks
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView


def include() -> None:
    """Let clicks say what is on the object."""
    _press(_dock().tools.buttons["include"])


def exclude() -> None:
    """Let clicks say what is not on the object."""
    _press(_dock().tools.buttons["exclude"])


def draw_box() -> None:
    """Let the mouse draw a box."""
    _press(_dock().tools.buttons["box"])


def clear_prompts() -> None:
    """Remove the prompts on the slice that is shown."""
    _press(_dock().write.clear)


def accept_mask() -> None:
    """Write the chosen mask into the Labels layer."""
    _press(_dock().write.accept)


def next_object() -> None:
    """Go on under the next free label."""
    _press(_dock().write.next_object)


def undo_step() -> None:
    """Go one step back."""
    _press(_dock().write.undo)


def redo_step() -> None:
    """Go one step forward."""
    _press(_dock().write.redo)


def show_axial() -> None:
    """Show the axial view."""
    _press(_dock().display.views["axial"])


def show_coronal() -> None:
    """Show the coronal view."""
    _press(_dock().display.views["coronal"])


def show_sagittal() -> None:
    """Show the sagittal view."""
    _press(_dock().display.views["sagittal"])


def precompute() -> None:
    """Embed slices ahead."""
    _press(_dock().sweep.prepare)


def export_labels() -> None:
    """Save the labels where the image lies."""
    _press(_dock().sweep.export)


def save_prompts() -> None:
    """Save what was accepted, to be asked of another model."""
    _press(_dock().sweep.save)


def _dock() -> PromptsView:
    viewer = napari.current_viewer()
    view = None if viewer is None else known_docks().peek(viewer, PROMPTS)
    if not isinstance(view, PromptsView) or not view.controller.is_open:
        msg = "SAM Prompts is not open; open it from the menu Plugins"
        raise NoViewerError(msg)
    return view


def _press(button: QAbstractButton) -> None:
    if not button.isEnabled():
        msg = f"{button.text().strip()} is of no use now: {button.toolTip()}"
        raise PromptError(msg)
    button.click()
