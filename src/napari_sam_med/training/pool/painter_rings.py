"""Processes that paint scenes into shared memory, each into a ring of its own."""

from __future__ import annotations

import ctypes
import mmap
import multiprocessing
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np

from napari_sam_med.core.signals.ctrl_c import ctrl_c_held_back
from napari_sam_med.errors import DatasetError
from napari_sam_med.training.batches import (
    LOW_RES_SCALE,
    SCENE_STREAM,
    edge_map,
    is_compact,
)
from napari_sam_med.training.painting.scenes import make_scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.process import BaseProcess

# Of up to 16 of a scene; others are left out at random, as in the trial on a GPU.
OBJECTS = 12
# Scenes of a ring: two seconds of painting, so that no painter waits for a step.
RING = 128
IDLE_SECONDS = 0.002
# A phantom that is painted for the first time takes seconds; nothing of it is needed.
PATIENCE_SECONDS = 2.0
PR_SET_PDEATHSIG = 1
BITS = 8


@dataclass(frozen=True, slots=True, eq=False)
class SceneArrays:
    """N scenes of side S, masks and edges packed, eight pixels a byte.

    Attributes
    ----------
    images : numpy.ndarray
        uint8 (N, S, S, 3).
    masks : numpy.ndarray
        uint8 (N, OBJECTS, S, S / 8).
    areas : numpy.ndarray
        float32 (N, OBJECTS), pixels; 0 where there is no object.
    compact : numpy.ndarray
        float32 (N, OBJECTS), 1 where `is_compact`.
    edges : numpy.ndarray
        uint8 (N, S / 2, S / 16).
    """

    images: np.ndarray
    masks: np.ndarray
    areas: np.ndarray
    compact: np.ndarray
    edges: np.ndarray

    @classmethod
    def shared(cls, count: int, size: int) -> Self:
        """Make room that forked processes share."""
        low = size // LOW_RES_SCALE
        return cls(
            _shared((count, size, size, 3), np.uint8),
            _shared((count, OBJECTS, size, size // BITS), np.uint8),
            _shared((count, OBJECTS), np.float32),
            _shared((count, OBJECTS), np.float32),
            _shared((count, low, low // BITS), np.uint8),
        )

    def between(self, first: int, last: int) -> Self:
        """Give scenes `first` to `last`, which is not among them."""
        return type(self)(
            self.images[first:last],
            self.masks[first:last],
            self.areas[first:last],
            self.compact[first:last],
            self.edges[first:last],
        )

    def put(self, at: int, rng: np.random.Generator) -> None:
        """Paint a scene into place `at`."""
        scene = make_scene(rng, self.images.shape[1])
        masks = scene.masks[rng.permutation(len(scene.masks))[:OBJECTS]]
        count = len(masks)
        self.images[at] = scene.image
        self.areas[at], self.compact[at] = 0, 0
        self.masks[at, :count] = np.packbits(masks, axis=-1)
        self.areas[at, :count] = masks.sum((1, 2))
        self.compact[at, :count] = [is_compact(mask) for mask in masks]
        self.edges[at] = np.packbits(edge_map(scene.identity), axis=-1)


def _shared(shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
    """Give an array of zeros in memory that is still shared after a fork."""
    count = int(np.prod(shape))
    block = mmap.mmap(-1, count * np.dtype(dtype).itemsize)
    return np.frombuffer(block, dtype, count).reshape(shape)


class PainterRings:
    """Painters at work; ends them when it is left as a context.

    Parameters
    ----------
    painters : int
        Processes.
    size : int
        Side of the scenes in pixels.
    seed : tuple of int
        Where the random numbers start; another one for each part of a run.
    ring : int
        Scenes that a painter may be ahead.

    Raises
    ------
    DatasetError
        On systems that cannot fork processes.

    Notes
    -----
    One process writes a ring and one reads it: two counters in shared memory are all
    that they need to agree on. Scenes are 25 MB for each hundred, which pipes would
    copy three times.
    """

    def __init__(
        self, painters: int, size: int, seed: tuple[int, ...], ring: int = RING
    ) -> None:
        if "fork" not in multiprocessing.get_all_start_methods():
            msg = "a pool needs processes that fork; give pool = 0 on this system"
            raise DatasetError(msg)
        self._ring = ring
        self._threads = cv2.getNumThreads()
        self._rings = [SceneArrays.shared(ring, size) for _ in range(painters)]
        self._written = _shared((painters,), np.int64)
        self._read = _shared((painters,), np.int64)
        self._ended = _shared((1,), np.int64)
        context = multiprocessing.get_context("fork")
        self._processes: list[BaseProcess] = [
            context.Process(target=self._paint, args=(number, seed), daemon=True)
            for number in range(painters)
        ]

    def __enter__(self) -> Self:
        """Start to paint.

        OpenCV's threads are ended first: a fork does not have them, and would wait for
        them without end.
        """
        self._threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            with ctrl_c_held_back():
                for process in self._processes:
                    process.start()
        except KeyboardInterrupt:  # which comes once all of them have started
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """End the painters and wait for them."""
        self._ended[0] = 1
        for process in self._processes:
            process.join(PATIENCE_SECONDS)
            process.kill()
            process.join()
        cv2.setNumThreads(self._threads)

    def _paint(self, number: int, seed: tuple[int, ...]) -> None:
        """Paint until the end, never further ahead than the ring is long."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        ring = self._rings[number]
        while not self._ended[0]:
            painted = int(self._written[number])
            if painted - self._read[number] >= self._ring:
                time.sleep(IDLE_SECONDS)
                continue
            rng = np.random.default_rng([*seed, SCENE_STREAM, number, painted])
            ring.put(painted % self._ring, rng)
            self._written[number] = painted + 1

    def fresh(self) -> Iterator[SceneArrays]:
        """Give the scenes that were painted since they were last asked for.

        Yields
        ------
        SceneArrays
            Valid until the next one is asked for: their places are painted over then.

        Raises
        ------
        DatasetError
            If a painter has died.
        """
        if not all(process.is_alive() for process in self._processes):
            msg = "a process that paints scenes has ended; go on with --resume"
            raise DatasetError(msg)
        for number, ring in enumerate(self._rings):
            first, last = int(self._read[number]), int(self._written[number])
            while first < last:
                at = first % self._ring
                count = min(last - first, self._ring - at)
                yield ring.between(at, at + count)
                first += count
                self._read[number] = first
