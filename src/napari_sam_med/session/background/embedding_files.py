"""Embeddings kept on disk from one day to the next, in half precision."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from napari_sam_med import __version__
from napari_sam_med.core.embedding import Embedding
from napari_sam_med.core.storage.atomic_files import PREFIX, replacing
from napari_sam_med.errors import FileWriteError
from napari_sam_med.models.cache_folder import cache_folder

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.core.slice_view import SliceView

FOLDER, SUFFIX = "embeddings", ".safetensors"
MOST_BYTES = 4 * 1024**3
"""2,000 slices of SAM's own encoder, at 2 MB each: some ten volumes."""
FREED = 0.1
"""Part of the bound that is freed when it is reached, so that this is not each time."""
PREPROCESSING = 1
"""Grows with whatever gives the encoder other pixels for the same slice and window."""


class EmbeddingFiles:
    """One file a slice, which says of what it is and is there only when it is whole.

    Its name is a hash of the slice's voxels, spacing and window, of the weights, and of
    the version of what made it; its head says them again. A slice that differs in one
    of them has another file.

    Parameters
    ----------
    folder : Path, optional
        Where they lie; by default in the cache folder.
    most_bytes : int
        Bound on all files; the longest unused go first.

    Attributes
    ----------
    is_on : bool
        Whether anything is read or written.
    problem : str
        Why nothing is written any more, in one sentence; empty while all is well.

    Notes
    -----
    Half precision rounds features to 11 bits, so that masks may differ by some pixels
    from those of a fresh embedding. A benchmark never comes here.
    """

    def __init__(
        self, folder: Path | None = None, most_bytes: int = MOST_BYTES
    ) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self._n_bytes: int | None = None
        self.is_on, self.problem = False, ""

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return cache_folder() / FOLDER if self._folder is None else self._folder

    def read(self, view: SliceView, model: Segmenter) -> Embedding | None:
        """Give the embedding that a model made of a slice; None if there is none."""
        path = self._path_of(view, model)
        if path is None or not path.is_file():
            return None
        try:
            with safe_open(path, framework="numpy") as file:
                head = file.metadata() or {}
                if not _signature(view, model).items() <= head.items():
                    return None  # somebody gave the file another name
                features = tuple(
                    file.get_tensor(name).astype(np.float32)
                    for name in sorted(file.keys())
                )
            height, width = (int(each) for each in head["input_hw"].split())
        except (OSError, SafetensorError, KeyError, ValueError):
            self._drop(path)  # damaged, or not ours: it is made anew
            return None
        with suppress(OSError):
            os.utime(path)  # just used
        return Embedding(model.name, view.model_image(), features, (height, width))

    def write(self, view: SliceView, model: Segmenter, embedding: Embedding) -> None:
        """Keep an embedding, if the disk takes it and half precision holds it."""
        path = self._path_of(view, model)
        if path is None or path.exists() or not embedding.features:
            return
        # NumPy warns of what is too large for half precision; it is asked for below
        with np.errstate(over="ignore"):
            halves = [np.asarray(f).astype(np.float16) for f in embedding.features]
        if not all(np.isfinite(half).all() for half in halves):
            return
        tensors = {f"{k:02d}": half for k, half in enumerate(halves)}
        height, width = embedding.input_hw
        head = {**_signature(view, model), "input_hw": f"{height} {width}"}
        try:
            with replacing(path, follow_links=False) as part:
                save_file(tensors, part, metadata=head)
            self._count(path.stat().st_size)
        except (FileWriteError, SafetensorError, OSError) as error:
            self.is_on = False  # the embedding is in memory all the same
            self.problem = f"No embedding is kept on disk any more: {error}"

    def n_bytes(self) -> int:
        """Size of all files."""
        return sum(size for _, size, _ in self._listed())

    def clear(self) -> None:
        """Delete all of them."""
        for _, _, path in self._listed():
            self._drop(path)
        self._n_bytes = None

    def _count(self, added: int) -> None:
        """Keep within the bound; the longest unused go."""
        known = self._n_bytes
        self._n_bytes = self.n_bytes() if known is None else known + added
        if self._n_bytes <= self._most_bytes:
            return
        listed = sorted(self._listed())
        left = sum(size for _, size, _ in listed)
        for _, size, path in listed:
            if left <= self._most_bytes * (1 - FREED):
                break
            self._drop(path)
            left -= size
        self._n_bytes = left

    def _listed(self) -> list[tuple[int, int, Path]]:
        """Time of the last use, size and path of each file."""
        found = []
        for path in self.folder.glob(f"*/*{SUFFIX}"):
            with suppress(OSError):
                status = path.lstat()
                if not path.parent.name.startswith(PREFIX):
                    found.append((status.st_mtime_ns, status.st_size, path))
        return found

    def _path_of(self, view: SliceView, model: Segmenter) -> Path | None:
        """None while it is switched off, and for weights that have no hash."""
        if not self.is_on or not model.sha256:
            return None
        told = repr(sorted(_signature(view, model).items())).encode()
        name = hashlib.blake2b(told, digest_size=16).hexdigest()
        return self.folder / model.sha256[:16] / f"{name}{SUFFIX}"

    def _drop(self, path: Path) -> None:
        with suppress(OSError):
            path.unlink()


def _signature(view: SliceView, model: Segmenter) -> dict[str, str]:
    """Say what an embedding is of; anything else in it makes another embedding."""
    info = model.info
    return {
        "slice": view.key,
        "model": info.name,
        "sha256": info.sha256,
        "mode": f"{info.crop_refinement} {info.refines}",
        "version": f"{__version__} {PREPROCESSING}",
    }
