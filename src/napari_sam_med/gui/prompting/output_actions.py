"""What the lowest part of the dock asks for: embeddings ahead, and files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from napari_sam_med.gui.labels.file_records import records_in_file
from napari_sam_med.gui.labels.layer_lists import LayerLists
from napari_sam_med.gui.prompting.prompts_files import PromptFiles
from napari_sam_med.gui.prompting.shown_image import ShownImage
from napari_sam_med.gui.prompting.views.precompute_bar import PrecomputeBar
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.session.prompt_session import PromptSession


class OutputActions:
    """Slots of the buttons that precompute, export and save.

    Parameters
    ----------
    session : PromptSession
        Precomputes, and knows what was accepted.
    lists : LayerLists
        Knows which labels belong to the image.
    seen : ShownImage
        The image.
    files : PromptFiles
        Asks where to, and writes.
    guard : callable
        Does something, tells of an error of ours, and draws what may have changed.
    """

    def __init__(
        self,
        session: PromptSession,
        lists: LayerLists,
        seen: ShownImage,
        files: PromptFiles,
        guard: Callable[[Callable[[], None]], None],
    ) -> None:
        self._session, self._lists, self._seen = session, lists, seen
        self._files, self._guard = files, guard

    def connect(self, view: PromptsView) -> None:
        """Hear the buttons."""
        bar, stop = view.outputs, self._session.stop_precompute
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
        if self._seen.layer is not None:
            records = records_in_file(self._session.records, self._seen.layer)
            self._files.save_prompts(records)
