"""What the lowest part of the dock asks for: embeddings ahead, and files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from napari_sam_med.gui.labels.file_records import records_in_file
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.control.prompts_files import PromptFiles
from napari_sam_med.gui.prompting.views.precompute_bar import PrecomputeBar


class OutputActions:
    """Slots of the buttons that precompute, export and save.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    files : PromptFiles
        Asks where to, and writes.
    guard : callable
        Does something, tells of an error of ours, and draws what may have changed.
    """

    def __init__(
        self,
        parts: DockParts,
        files: PromptFiles,
        guard: Callable[[Callable[[], None]], None],
    ) -> None:
        self._session, self._lists, self._seen = parts.session, parts.lists, parts.seen
        self._files, self._guard = files, guard
        bar, stop = parts.view.outputs, parts.session.stop_precompute
        bar.precompute_requested.connect(self._doing(partial(self._precompute, bar)))
        bar.stop_requested.connect(self._doing(stop))
        bar.export_requested.connect(self._doing(partial(self._export, bar)))
        bar.save_requested.connect(self._doing(self._save))

    def _doing(self, action: Callable[[], None]) -> Callable[[], None]:
        return lambda: self._guard(action)

    def _precompute(self, bar: PrecomputeBar) -> None:
        self._session.start_precompute(bar.precompute_settings.wanted)

    def _export(self, bar: PrecomputeBar) -> None:
        image, shown = self._seen.layer, self._seen.shown
        labels = self._lists.labels_for(image)
        if labels is not None and image is not None:
            time = None if shown is None else shown.time
            wanted = bar.export_settings
            self._files.export(labels, image, self._session, time, wanted)

    def _save(self) -> None:
        image, shown = self._seen.layer, self._seen.shown
        if image is not None:
            time = None if shown is None else shown.time
            state = self._session.histories.noted(self._session.state, time)
            self._files.save_prompts(records_in_file(state.records, image))
