"""Embeddings kept in memory, the least recently used dropped first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.core.slice_view import SliceView

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
        Sum over arrays that may be kept; SAM's own encoder makes about 5 MB a slice.

    Notes
    -----
    Not locked: the model thread alone uses it.
    """

    def __init__(self, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[EmbeddingKey, Embedding] = OrderedDict()
        self._n_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: EmbeddingKey) -> bool:
        return key in self._kept

    @property
    def n_bytes(self) -> int:
        """Bytes of all arrays that are kept."""
        return self._n_bytes

    def has_room_like(self, embedding: Embedding) -> bool:
        """Whether one more of this size fits without dropping another."""
        return self._n_bytes + size_of(embedding) <= self._max_bytes

    def get(self, key: EmbeddingKey) -> Embedding | None:
        """Give the embedding back and count it as just used; None if absent."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: EmbeddingKey, embedding: Embedding) -> None:
        """Keep an embedding, dropping the longest unused ones to make room."""
        if key in self._kept:
            self._n_bytes -= size_of(self._kept.pop(key))
        self._kept[key] = embedding
        self._n_bytes += size_of(embedding)
        while self._n_bytes > self._max_bytes and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._n_bytes -= size_of(dropped)


def size_of(embedding: Embedding) -> int:
    """Bytes that the arrays of an embedding take."""
    return embedding.image.nbytes + sum(a.nbytes for a in embedding.features)
