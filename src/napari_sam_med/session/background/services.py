"""What the docks of a process share: one model service, and three threads for files."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_sam_med.session.background.model_service import ModelService
from napari_sam_med.session.background.serial_worker import SharedWorker

FILES_THREAD = "napari-sam-med files"
SESSIONS_THREAD = "napari-sam-med sessions"
DOWNLOADS_THREAD = "napari-sam-med downloads"


def _files() -> SharedWorker:
    return SharedWorker(FILES_THREAD, drains_at_exit=True)


def _sessions() -> SharedWorker:
    return SharedWorker(SESSIONS_THREAD, drains_at_exit=True)


@dataclass(frozen=True, slots=True, eq=False)
class Services:
    """Four uses of one class of worker.

    Parameters
    ----------
    models : ModelService
        Loading, predicting, precomputing, and the steps of a benchmark.
    files : SharedWorker
        Saving, exporting, reading, and searches through volumes. What waits to be
        saved is saved even if the docks are closed or the program ends.
    sessions : SharedWorker
        Finding and keeping the work on an image, for which all of its voxels are looked
        at. It is apart from ``files``, since lazy voxels can take minutes and no export
        should wait for them.
    downloads : SharedWorker
        Getting weights. It is apart from ``files``, since a download can take an hour
        and no export should wait for it.
    """

    models: ModelService = field(default_factory=ModelService)
    files: SharedWorker = field(default_factory=_files)
    sessions: SharedWorker = field(default_factory=_sessions)
    downloads: SharedWorker = field(
        default_factory=lambda: SharedWorker(DOWNLOADS_THREAD)
    )

    def wait_for_end(self, wait_s: float) -> bool:
        """Wait for all threads after their last users left; False if one still runs."""
        workers = (self.models.worker, self.files, self.sessions, self.downloads)
        return min(each.wait_for_end(wait_s) for each in workers)
