"""The models of a process: each is in memory once, whoever uses it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam_med.models.weight_files import sha256_of
from napari_sam_med.session.background.embedding_files import EmbeddingFiles
from napari_sam_med.session.background.embeddings import (
    DEFAULT_MAX_BYTES,
    EmbeddingCache,
)
from napari_sam_med.session.background.garbage import one_collection
from napari_sam_med.session.background.serial_worker import SharedWorker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_sam_med.core.ports import Segmenter

THREAD_NAME = "napari-sam-med model"


@dataclass(frozen=True, slots=True)
class ModelKey:
    """Two loads of one key would give the same model.

    Parameters
    ----------
    name : str
        The model's.
    sha256 : str
        Of its weights file; empty if it has none.
    options : str
        How it runs, where the same weights can run in several ways.
    """

    name: str
    sha256: str = ""
    options: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ModelSource:
    """Where a model comes from.

    Parameters
    ----------
    name : str
        The model's.
    load : callable
        Returns it; may take long, and is called on the model thread.
    weights : Path or None
        The file that it is loaded from; None if it needs none, or has none yet.
    options : str
        How it runs, in the words of whoever loads it.
    """

    name: str
    load: Callable[[], Segmenter]
    weights: Path | None = None
    options: str = ""


class ModelService:
    """Loads models, shares them between users, and lets go of those nobody uses.

    All models run on one thread, so that none needs to be safe for several. The
    embeddings of all users are kept together, within one bound on memory. Both go
    when the last user leaves.

    Parameters
    ----------
    max_bytes : int or None
        Bound on the embeddings; None for the usual one.
    files : EmbeddingFiles, optional
        Where embeddings are kept from one day to the next, if that is switched on.
    """

    def __init__(
        self, max_bytes: int | None = None, files: EmbeddingFiles | None = None
    ) -> None:
        self._max_bytes = max_bytes or DEFAULT_MAX_BYTES
        self.files = files or EmbeddingFiles()
        self._lock = threading.Lock()
        self._models: dict[ModelKey, Segmenter] = {}
        self._uses: dict[object, list[ModelKey]] = {}
        self._hashes: dict[tuple[Path, int, int], str] = {}
        self.worker = SharedWorker(THREAD_NAME)
        self.cache = self._new_cache()
        self.n_loads = 0
        """How often weights were loaded since the process began."""

    @property
    def loaded(self) -> tuple[ModelKey, ...]:
        """The models that are in memory."""
        return tuple(self._models)

    def add_user(self, user: object) -> None:
        """Let ``user`` take models from now on."""
        with self._lock:
            self._uses.setdefault(user, [])

    def remove_user(self, user: object) -> None:
        """Let go of what only ``user`` used, after the last one of all embeddings."""
        with self._lock:
            self._uses.pop(user, None)
            self._let_go()
            if not self._uses:
                self.cache = self._new_cache()

    def take(self, user: object, source: ModelSource, *, keep: int = 1) -> Segmenter:
        """Give a model to a user, loaded if it is not in memory; on the model thread.

        Parameters
        ----------
        user : object
            Who uses it; the model is kept only if the user is still there afterwards.
        source : ModelSource
            The model.
        keep : int
            How many models the user has at a time, this one included. Those that it
            took longest ago are let go before another one is loaded.

        Raises
        ------
        SamMedError
            As the source's ``load``.
        """
        key = self._key_of(source)
        with self._lock:
            uses = [each for each in self._uses.get(user, ()) if each != key]
            if user in self._uses:
                self._uses[user] = [*uses[max(0, len(uses) - keep + 1) :], key]
            self._let_go()
            model = self._models.get(key)
        if model is None:
            with one_collection():
                model = source.load()
            self.n_loads += 1
            with self._lock:
                self._models[key] = model
                self._let_go()
        return model

    def _let_go(self) -> None:
        used = {key for keys in self._uses.values() for key in keys}
        self._models = {k: model for k, model in self._models.items() if k in used}

    def _key_of(self, source: ModelSource) -> ModelKey:
        return ModelKey(source.name, self._hash_of(source.weights), source.options)

    def _hash_of(self, weights: Path | None) -> str:
        """Hash a file; one of unchanged size and time is not hashed again."""
        if weights is None:
            return ""
        try:
            status = weights.stat()
            stamp = (weights.resolve(), status.st_size, status.st_mtime_ns)
            if stamp not in self._hashes:
                self._hashes[stamp] = sha256_of(weights)
        except OSError:
            return ""  # whoever loads it says what is wrong, in one sentence
        return self._hashes[stamp]

    def _new_cache(self) -> EmbeddingCache:
        return EmbeddingCache(self._max_bytes, self.files)
