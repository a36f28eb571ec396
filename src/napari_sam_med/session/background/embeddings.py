"""Embeddings kept in memory, the least recently used dropped first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.core.slice_view import SliceView
    from napari_sam_med.session.background.embedding_files import EmbeddingFiles

DEFAULT_MAX_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class EmbeddingKey:
    """One slice through one model.

    Parameters
    ----------
    view : str
        Hash of all that decides what the model sees, as ``SliceView.key`` gives it.
    model, sha256 : str
        Name and weights of the model.
    """

    view: str
    model: str
    sha256: str

    @classmethod
    def of(cls, view: SliceView, model: Segmenter) -> EmbeddingKey:
        """Name the embedding that ``model`` would make of a slice."""
        return cls(view.key, model.name, model.sha256)


class EmbeddingCache:
    """Embeddings by key, within a bound on memory.

    Parameters
    ----------
    max_bytes : int
        Sum over arrays that may be kept, those of crops included; SAM's own encoder
        makes about 5 MB a slice and as much a crop.
    files : EmbeddingFiles, optional
        Where ``find`` looks for what is not in memory, and ``keep`` writes.

    Notes
    -----
    Not locked: the model thread alone uses it.
    """

    def __init__(
        self,
        max_bytes: int = DEFAULT_MAX_BYTES,
        files: EmbeddingFiles | None = None,
    ) -> None:
        self._max_bytes, self._files = max_bytes, files
        self._kept: OrderedDict[EmbeddingKey, Embedding] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: EmbeddingKey) -> bool:
        return key in self._kept

    @property
    def n_bytes(self) -> int:
        """Bytes of all arrays that are kept, those of crops included.

        Crops join an embedding while it is prompted, so that the sum is taken anew.
        """
        return sum(each.n_bytes for each in self._kept.values())

    def has_room_like(self, embedding: Embedding) -> bool:
        """Whether one more of this size fits without dropping another."""
        return self.n_bytes + embedding.n_bytes <= self._max_bytes

    def find(self, view: SliceView, model: Segmenter) -> Embedding | None:
        """Give what a model made of a slice, from memory or from disk; else None."""
        key = EmbeddingKey.of(view, model)
        known = self.get(key)
        if known is None and self._files is not None:
            known = self._files.read(view, model)
            if known is not None:
                self.put(key, known)
        return known

    def keep(self, view: SliceView, model: Segmenter, embedding: Embedding) -> None:
        """Keep what a model made of a slice, in memory and on disk."""
        self.put(EmbeddingKey.of(view, model), embedding)
        if self._files is not None:
            self._files.write(view, model, embedding)

    def get(self, key: EmbeddingKey) -> Embedding | None:
        """Give the embedding back and count it as just used; None if absent."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        self._drop_longest_unused()
        return self._kept[key]

    def put(self, key: EmbeddingKey, embedding: Embedding) -> None:
        """Keep an embedding, dropping the longest unused ones to make room."""
        self._kept[key] = embedding
        self._kept.move_to_end(key)
        self._drop_longest_unused()

    def _drop_longest_unused(self) -> None:
        """Keep within the bound; what was just used stays, however large."""
        while self.n_bytes > self._max_bytes and len(self._kept) > 1:
            self._kept.popitem(last=False)
