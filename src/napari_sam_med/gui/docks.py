"""Builds the docks and connects them; what the manifest and the command line call."""

from __future__ import annotations

import napari
from napari.viewer import Viewer

from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.model_shelf import ModelShelf, PackageShelf
from napari_sam_med.gui.prompts_controller import PromptsController
from napari_sam_med.gui.shared.forms import user_settings
from napari_sam_med.gui.views.benchmark_view import BenchmarkView
from napari_sam_med.gui.views.prompts_view import PromptsView


class NoViewerError(SamMedError, RuntimeError):
    """A dock was asked for where no viewer is open."""


def make_prompts_dock(
    viewer: Viewer | None = None, shelf: ModelShelf | None = None
) -> PromptsView:
    """Build the dock "SAM Prompts".

    Parameters
    ----------
    viewer : Viewer, optional
        Whose layers are prompted; by default napari's current viewer.
    shelf : ModelShelf, optional
        The models to choose from; by default those of this package.

    Returns
    -------
    PromptsView
        To be given to ``viewer.window.add_dock_widget``. Its ``controller`` ends with
        it.

    Raises
    ------
    NoViewerError
        If no viewer is given and none is open.
    """
    view = PromptsView(user_settings())
    controller = PromptsController(
        _viewer_or_current(viewer), view, shelf or PackageShelf()
    )
    view.controller = controller
    view.destroyed.connect(controller.close)
    return view


def make_benchmark_dock(viewer: Viewer | None = None) -> BenchmarkView:
    """Build the dock "SAM Benchmark".

    Parameters
    ----------
    viewer : Viewer, optional
        Whose images and labels are measured; by default napari's current viewer.

    Raises
    ------
    NoViewerError
        If no viewer is given and none is open.
    """
    from napari_sam_med.gui.benchmark import build_benchmark_dock

    return build_benchmark_dock(_viewer_or_current(viewer))


def _viewer_or_current(viewer: Viewer | None) -> Viewer:
    found: Viewer | None = napari.current_viewer() if viewer is None else viewer
    if found is None:
        msg = "no napari viewer is open; open one, or give it as the viewer"
        raise NoViewerError(msg)
    # napari hands plugins a proxy, and its layers would not be equal to themselves
    inner: Viewer = getattr(found, "__wrapped__", found)
    return inner
