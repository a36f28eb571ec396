"""Which model answers, and how its weights come here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from napari_sam_med.errors import CheckpointError
from napari_sam_med.gui.prompting.control.prompts_files import PromptFiles
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.shared.bridge import Bridge
from napari_sam_med.gui.shared.model_shelf import ModelShelf
from napari_sam_med.session.background.fetching import (
    FetchEnd,
    Fetching,
    FetchNews,
    FetchStep,
)
from napari_sam_med.session.background.serial_worker import SharedWorker
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.status import Phase, Status


class ModelPicker:
    """Chooses, fetches and imports models for a session.

    A download goes on while another model is prompted; its own model is loaded at its
    end if it is still the chosen one.

    Parameters
    ----------
    view : PromptsView
        The dock's widget.
    shelf : ModelShelf
        The models to choose from.
    session : PromptSession
        Is given the model.
    files : PromptFiles
        Asks for files.
    downloads : SharedWorker
        Gets weights.
    changed : callable
        Called after anything that the dock shows may have changed.
    """

    def __init__(
        self,
        view: PromptsView,
        shelf: ModelShelf,
        session: PromptSession,
        files: PromptFiles,
        downloads: SharedWorker,
        changed: Callable[[], None],
    ) -> None:
        self._view, self._shelf, self._session = view, shelf, session
        self._files, self._changed = files, changed
        self._bridge = Bridge(self._on_news)
        self._fetching = Fetching(downloads, self._bridge.deliver)
        self._is_fetching = False
        self.name = ""
        self.weights: Path | None = None
        """A file of one's own, that the model is loaded from."""
        view.source.model_chosen.connect(self.choose)
        view.source.weights_requested.connect(self._on_own_weights)
        view.weights.download_requested.connect(self._on_download)
        view.weights.import_requested.connect(self._on_import)
        view.weights.cancel_requested.connect(self._on_cancel)

    def choose(self, name: str, weights: Path | None = None) -> None:
        """Load a model, or offer to get its weights.

        Parameters
        ----------
        name : str
            The model's.
        weights : Path, optional
            A file of one's own, instead of the one in the store.
        """
        self.name, self.weights = name, weights
        missing = self._shelf.missing(name) if weights is None else None
        if missing is None:
            self._session.choose_model(self._shelf.source(name, weights))
        else:
            text = f"{missing.title} needs its weights first: download or import them"
            self._session.leave_model(text)
        self._show_models()
        if not self._is_fetching:
            self._view.weights.set_missing(missing)
        self._changed()

    def forget_own_weights(self) -> None:
        """Say no longer that a model has a file of one's own, since it failed."""
        if self.weights is not None:
            self.weights = None
            self._show_models()

    def open(self) -> None:
        """Load the model that was chosen last; at first the default one."""
        self._fetching.open()
        self.choose(self.name or self._shelf.default, self.weights)

    def close(self) -> None:
        """Stop what is on its way, and hear no more of it."""
        self._is_fetching = False
        self._fetching.close()

    def _show_models(self) -> None:
        options = self._shelf.options(self.name, self.weights)
        self._view.source.set_models(options, self.name)

    def _on_own_weights(self) -> None:
        path = self._files.ask_for_weights()
        if path is not None:
            self.choose(self._view.source.models.key, path)

    def _on_download(self, name: str) -> None:
        self._begin(name, partial(self._shelf.download, name))

    def _on_import(self, name: str) -> None:
        path = self._files.ask_for_weights()
        if path is not None:
            self._begin(name, partial(_import, self._shelf, name, path))

    def _begin(
        self,
        name: str,
        get: Callable[[Callable[[int, int], None], Callable[[], bool]], None],
    ) -> None:
        self._view.weights.set_progress(f"Getting {name} ...", 0, 0, None)
        self._is_fetching = True
        self._fetching.start(name, get)

    def _on_cancel(self) -> None:
        self._fetching.cancel()

    def _on_news(self, news: FetchNews) -> None:
        if not self._is_fetching:
            return  # the dock was closed since
        match news:
            case FetchStep():
                title = f"Getting {news.name} ..."
                self._view.weights.set_progress(
                    title, news.done, news.total, news.seconds_left
                )
            case FetchEnd():
                self._is_fetching = False
                self._on_end(news)

    def _on_end(self, end: FetchEnd) -> None:
        self._view.weights.set_missing(self._shelf.missing(self.name))
        if not end.error and end.name == self.name:
            self.choose(end.name)
            return
        self._show_models()
        phase = Phase.ERROR if end.error and not end.cancelled else Phase.IDLE
        text = end.error or f"{end.name} is here and can be chosen now"
        self._session.hear(Status(phase, text))
        self._changed()


def _import(
    shelf: ModelShelf,
    name: str,
    file: Path,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> None:
    """Copying cannot be stopped half way, and tells nothing before its end."""
    del progress, cancelled
    try:
        shelf.import_file(name, file)
    except OSError as error:
        if isinstance(error, CheckpointError):
            raise
        msg = f"{file} cannot be copied ({error.strerror}); give another file"
        raise CheckpointError(msg) from error
