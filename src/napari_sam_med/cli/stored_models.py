"""The models and the data of a stored run, as they were then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.run.masks.chosen_rows import settings_of
from napari_sam_med.bench.run.store.data_places import known_places
from napari_sam_med.cli.choices import model_choice
from napari_sam_med.errors import RunError, SamMedError

if TYPE_CHECKING:
    from napari_sam_med.bench.report.figures.panels_again import PictureSource
    from napari_sam_med.bench.report.report_page import Pictures
    from napari_sam_med.bench.run.store.run_store import RunStore
    from napari_sam_med.core.ports import Segmenter


class StoredModels:
    """Loads the models of a run as they were then, one at a time.

    Parameters
    ----------
    manifest : mapping
        Of the run.
    typed : sequence of str, optional
        Names, or ``NAME=FILE`` for checkpoints that lie elsewhere; None where none can
        be given.
    """

    def __init__(
        self, manifest: Mapping[str, Any], typed: Sequence[str] | None = None
    ) -> None:
        self._entries = manifest["models"]
        self._typed = {each.partition("=")[0]: each for each in typed or ()}
        self._can_be_given = typed is not None
        self._held: tuple[str, Segmenter] | None = None

    def loader(self, name: str, zoom: str) -> Callable[[], Segmenter]:
        """Give the function that loads a model."""
        return lambda: self.load(name, zoom)

    def load(self, name: str, zoom: str = "") -> Segmenter:
        """Load a model, unless it is the last one.

        Parameters
        ----------
        name : str
            As the manifest names it.
        zoom : str
            As its rows say; empty for what the manifest says.

        Raises
        ------
        RunError
            If it has other weights now.
        ModelError, CheckpointError
            If it cannot be loaded.
        """
        if self._held is None or self._held[0] != name:
            if "@" in name and not self._can_be_given:
                msg = f"{name} was a file of its own, which the run does not hold"
                raise RunError(msg)
            entry = self._entries.get(name, {})
            computed = entry.get("computed", {})
            choice = model_choice(
                self._typed.get(name, name),
                device=computed.get("device", "auto"),
                precision=computed.get("precision", "fp32"),
                zoom=zoom or entry.get("zoom", "default"),
                same_on_any_threads=computed.get("threads") == "1",
            )
            model = choice.load()
            if model.sha256 != entry.get("sha256", model.sha256):
                remedy = f"; give those of then with --model {name}=FILE"
                msg = f"{name} has other weights than in the run"
                msg += remedy if self._can_be_given else ""
                raise RunError(msg)
            self._held = (name, model)
        return self._held[1]


def stored_pictures(stores: Sequence[RunStore], *, wanted: bool | None) -> Pictures:
    """Find what pictures of the cases of stored runs are made from.

    Parameters
    ----------
    stores : sequence of RunStore
        The runs.
    wanted : bool or None
        True to take as long as it takes, False for none.

    Returns
    -------
    Pictures
        With the reasons of the runs that have none.
    """
    from napari_sam_med.bench.report.joined_runs import names_of
    from napari_sam_med.bench.report.report_page import Pictures

    if wanted is False:
        return Pictures()
    sources: dict[str, PictureSource] = {}
    notes = []
    for store, name in zip(stores, names_of(stores), strict=True):
        try:
            sources[str(store.folder)] = _of_run(store)
        except SamMedError as error:
            notes.append(f"There are no pictures of cases of {name}: {error}.")
    return Pictures(sources, " ".join(notes), asked=bool(wanted))


def _of_run(store: RunStore) -> PictureSource:
    from napari_sam_med.bench.report.figures.panels_again import PictureSource

    manifest = store.manifest()
    settings: Any = settings_of(manifest)
    source = known_places(store.folder).open()
    return PictureSource(source, StoredModels(manifest).load, settings)
