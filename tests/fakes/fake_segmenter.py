"""A small real Segmenter: discs round the points, or the box, in three sizes."""

from __future__ import annotations

import threading
import time

import numpy as np
import numpy.typing as npt

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.embedding import Embedding, check_image
from napari_sam_med.core.ports import Capabilities, ModelInfo, Segmenter
from napari_sam_med.core.prompts import POSITIVE, Prompts
from napari_sam_med.errors import ModelError

LOGITS_HW = (16, 16)
RADII_PX = (8.0, 4.0, 12.0)
REMOVED_PX = 3.0
SCORES = (0.8, 0.9, 0.7)


class FakeSegmenter(Segmenter):
    """Deterministic and instant unless told otherwise.

    Candidate k of a point prompt is the union of discs of radius ``RADII_PX[k]`` round
    the positive points; of a box prompt it is the box scaled by ``RADII_PX[k] / 8``.
    Each negative point removes a disc of 3 px. Slot 1 has the highest score.

    ``n_embed``, ``n_predict`` and ``threads`` say what was called, and from where.
    """

    def __init__(
        self,
        delay_s: float = 0.0,
        n_candidates: int = 3,
        *,
        predict_delay_s: float = 0.0,
        name: str = "fake",
        sha256: str = "",
        capabilities: Capabilities | None = None,
        logit_cells: int = LOGITS_HW[0],
    ) -> None:
        self.logit_cells = logit_cells
        self.delay_s = delay_s
        self.predict_delay_s = predict_delay_s
        self.n_embed = 0
        self.n_predict = 0
        self.threads: set[str] = set()
        self.seen_prompts: list[Prompts] = []
        able = capabilities or Capabilities(n_candidates=n_candidates)
        self._info = ModelInfo(name, sha256, able, logits_side=logit_cells)

    @property
    def info(self) -> ModelInfo:
        return self._info

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        image = check_image(image)
        self.threads.add(threading.current_thread().name)
        _wait(self.delay_s)
        self.n_embed += 1
        return Embedding(self.name, image, (), image.shape[:2])

    def predict(self, embedding: Embedding, prompts: Prompts) -> Candidates:
        if embedding.model != self.name:
            msg = f"embedding of {embedding.model}, not of {self.name}"
            raise ModelError(msg)
        prompts.check_inside(embedding.shape_hw)
        self.threads.add(threading.current_thread().name)
        _wait(self.predict_delay_s)
        self.n_predict += 1
        self.seen_prompts.append(prompts)
        count = self.capabilities.n_candidates
        masks = [fake_mask(embedding.shape_hw, prompts, r) for r in RADII_PX[:count]]
        logits = np.stack([logits_of(mask, self.logit_cells) for mask in masks])
        scores = np.array(SCORES[:count], dtype=np.float32)
        single = Candidates(np.stack(masks[:1]), scores[:1], logits[:1])
        return Candidates(np.stack(masks), scores, logits, single)


def _wait(seconds: float) -> None:
    # even a sleep of 0 s gives the processor away
    if seconds > 0:
        time.sleep(seconds)


def fake_mask(
    shape_hw: tuple[int, int], prompts: Prompts, radius_px: float
) -> npt.NDArray[np.bool_]:
    """What FakeSegmenter answers in the slot of this radius."""
    grid = np.stack(np.indices(shape_hw), axis=-1).astype(float)
    if prompts.box_rc is not None:
        low, high = prompts.box_rc.reshape(2, 2)
        half = (high - low) / 2 * radius_px / RADII_PX[0]
        mask = (np.abs(grid - (low + high) / 2) <= half + 0.5).all(axis=-1)
    else:
        mask = _within(grid, prompts.points_rc[prompts.labels == POSITIVE], radius_px)
    negative_rc = prompts.points_rc[prompts.labels != POSITIVE]
    return mask & ~_within(grid, negative_rc, REMOVED_PX)


def logits_of(mask: npt.NDArray[np.bool_], cells: int) -> npt.NDArray[np.float32]:
    """5 on the mask and -5 elsewhere, at the middle of each cell of the square."""
    side = max(mask.shape)
    square = np.zeros((side, side), dtype=bool)
    square[: mask.shape[0], : mask.shape[1]] = mask
    middle = ((np.arange(cells) + 0.5) * side / cells).astype(int)
    return np.where(square[np.ix_(middle, middle)], 5, -5).astype(np.float32)


def _within(
    grid: npt.NDArray[np.float64], points_rc: npt.NDArray[np.float64], radius_px: float
) -> npt.NDArray[np.bool_]:
    mask = np.zeros(grid.shape[:2], dtype=bool)
    for point in points_rc:
        mask |= np.hypot(*np.moveaxis(grid - point, -1, 0)) <= radius_px
    return mask
