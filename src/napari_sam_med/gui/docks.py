"""Builds the docks and connects them; what the manifest and the command line call."""

from __future__ import annotations

from functools import cache

import napari
from napari.viewer import Viewer

from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.benchmark.views.benchmark_view import BenchmarkView
from napari_sam_med.gui.dock_life import DockLife, OpenDocks
from napari_sam_med.gui.labels.object_looks import ObjectLooks
from napari_sam_med.gui.preferences import preferences
from napari_sam_med.gui.prompting.prompts_controller import PromptsController
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.shared.model_shelf import ModelShelf, PackageShelf
from napari_sam_med.gui.shared.widgets.forms import user_settings
from napari_sam_med.session.background.services import Services

PROMPTS, BENCHMARK = "prompts", "benchmark"


class NoViewerError(SamMedError, RuntimeError):
    """A dock was asked for where no viewer is open."""


def make_prompts_dock(
    viewer: Viewer | None = None,
    shelf: ModelShelf | None = None,
    services: Services | None = None,
) -> PromptsView:
    """Build the dock "SAM Prompts", or give the one that the viewer has.

    Parameters
    ----------
    viewer : Viewer, optional
        Whose layers are prompted; by default napari's current viewer.
    shelf : ModelShelf, optional
        The models to choose from; by default those of this package.
    services : Services, optional
        Models and threads; by default those that all docks of the process share.

    Returns
    -------
    PromptsView
        To be given to ``viewer.window.add_dock_widget``. Closed by its x it rests;
        docked again, which this function is for, it goes on where it was.

    Raises
    ------
    NoViewerError
        If no viewer is given and none is open.
    """
    viewer = _viewer_or_current(viewer)
    known = known_docks().find(viewer, PROMPTS)
    if isinstance(known, PromptsView):
        return known
    wanted = preferences()
    view = PromptsView(user_settings())
    view.kinds.on_leaving.setChecked(wanted.accept_on_leaving)
    view.write.keep_others.setChecked(wanted.preserve_labels)
    controller = PromptsController(
        viewer,
        view,
        shelf or PackageShelf(wanted.model),
        services or shared_services(),
        shared_looks(),
    )
    view.controller = controller
    life = DockLife(view, viewer, controller.open, controller.shut, controller.settle)
    view.destroyed.connect(lambda: controller.close(life.window))
    known_docks().keep(viewer, PROMPTS, view)
    return view


def make_benchmark_dock(
    viewer: Viewer | None = None, services: Services | None = None
) -> BenchmarkView:
    """Build the dock "SAM Benchmark", or give the one that the viewer has.

    Parameters
    ----------
    viewer : Viewer, optional
        Whose images and labels are measured; by default napari's current viewer.
    services : Services, optional
        Models and threads; by default those that all docks of the process share.

    Raises
    ------
    NoViewerError
        If no viewer is given and none is open.
    """
    from napari_sam_med.gui.benchmark import build_benchmark_dock

    viewer = _viewer_or_current(viewer)
    known = known_docks().find(viewer, BENCHMARK)
    if isinstance(known, BenchmarkView):
        return known
    view = build_benchmark_dock(viewer, services=services or shared_services())
    known_docks().keep(viewer, BENCHMARK, view)
    return view


@cache
def shared_services() -> Services:
    """Build what all docks of the process share, when the first one needs it."""
    return Services()


@cache
def shared_looks() -> ObjectLooks:
    """Build what is said of objects in all viewers, when the first dock needs it."""
    return ObjectLooks()


@cache
def known_docks() -> OpenDocks:
    """Build the list of the docks of the process, when the first one is asked for."""
    return OpenDocks()


def _viewer_or_current(viewer: Viewer | None) -> Viewer:
    found: Viewer | None = napari.current_viewer() if viewer is None else viewer
    if found is None:
        msg = "no napari viewer is open; open one, or give it as the viewer"
        raise NoViewerError(msg)
    # napari hands plugins a proxy, and its layers would not be equal to themselves
    inner: Viewer = getattr(found, "__wrapped__", found)
    return inner
