"""More looks: embed crops round the prompts, join the answers, paste them back.

A network that sees every image at one size loses small objects. `CropRefinement` is a
thin ``Segmenter`` round another one. It takes a crop from the box, or from the first
answer on the whole image, asks the same question there, and takes the mean of the
logits: the crop knows details, the wider look what is round the object. Margins were
chosen on synthetic scenes.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.prompts import POSITIVE, Prompts
from napari_sam_med.errors import ModelError
from napari_sam_med.models.sam.crops import (
    Crop,
    crop_round,
    grid_from_grid,
    pixels_from_grid,
)
from napari_sam_med.models.wrappers.progressive_merge import is_late, merged

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.ports import Capabilities, Segmenter

ZoomMode = Literal["on", "auto"]
SMALL_FRACTION = 0.5
MARGIN = 2.5
WIDE_MARGIN = 5.0
TINY_FRACTION = 1 / 8
MOST_OF_A_LOOK = 0.6
LEVELS = 2
FINER = 4
CELLS = 256
CACHED_CROPS = 32
MOST_CELLS = 512


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What the wrapped model answered to a crop, in the crop's own frame."""

    crop: Crop
    answer: Candidates


class CropRefinement:
    """A segmenter that looks more than once at small objects.

    Parameters
    ----------
    inner : Segmenter
        The model that answers on the whole image and on crops; its ``logit_cells``
        says how large the logits are that it takes, 256 a side if it does not.
    mode : {"on", "auto"}
        ``on`` always looks at a crop too; ``auto`` only if the longer side of the
        object is below half of the image's shorter side.
    """

    def __init__(self, inner: Segmenter, mode: ZoomMode = "auto") -> None:
        self.inner = inner
        self.mode = mode
        self._cells: int = getattr(inner, "logit_cells", CELLS)
        self._embedded_crops: OrderedDict[tuple[str, Crop], Embedding] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Name of the wrapped model."""
        return self.inner.name

    @property
    def sha256(self) -> str:
        """SHA-256 of the wrapped model's weights."""
        return self.inner.sha256

    @property
    def zoom(self) -> ZoomMode:
        """What the rows of a benchmark say of it."""
        return self.mode

    @property
    def at_one_look(self) -> Segmenter:
        """The wrapped model, seeing the image once and as it is."""
        straight: Segmenter = getattr(self.inner, "straight", self.inner)
        return straight

    @property
    def capabilities(self) -> Capabilities:
        """What the wrapped model can be asked."""
        return self.inner.capabilities

    @property
    def sam(self) -> object:
        """The wrapped network, if it is a SAM.

        Raises
        ------
        ModelError
            If it is not.
        """
        network = getattr(self.inner, "sam", None)
        if network is None:
            msg = f"{self.name} is no SAM network; ask a SAM model for its .sam"
            raise ModelError(msg)
        return network

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Embed the whole image; crops of it are embedded when a prompt needs them.

        Parameters
        ----------
        image : (H, W) or (H, W, 3) uint8
            Grey or RGB, square pixels.

        Raises
        ------
        ImageError
            If the image is of another type or shape.
        """
        return self.inner.embed(image)

    def predict(self, embedding: Embedding, prompts: Prompts) -> Candidates:
        """Answer one prompt, with the help of crops where that is worth it.

        Parameters
        ----------
        embedding : Embedding
            Of the whole image.
        prompts : Prompts
            In its pixels; ``mask_logits`` are those of an earlier answer.

        Returns
        -------
        Candidates
            Masks in the frame of the whole image. Logits are a square grid over it; if
            crops were looked at, as fine as its pixels, up to 512 cells a side.

        Raises
        ------
        PromptError, ModelError
            As the wrapped model.
        """
        whole = Crop.whole(embedding.shape_hw)
        box_rc = _known_extent(prompts, whole)
        if box_rc is not None:
            crops = [whole, *self._crops(box_rc, prompts, whole, whole)]
            # An answer that is fed back has been seen from afar; only details lack.
            kept = crops[-2:] if prompts.mask_logits is None else crops[-1:]
            looks = [self._look(embedding, prompts, crop) for crop in kept]
            answer = _joined(looks, whole)
            return merged(answer, prompts) if is_late(prompts) else answer
        looks = [self._look(embedding, prompts, whole)]
        for _ in range(LEVELS):
            box_rc = _found_extent(prompts, looks[-1])
            crops = self._crops(box_rc, prompts, looks[-1].crop, whole)
            if not crops:
                break
            closer = [self._look(embedding, prompts, crop) for crop in crops]
            looks = [*looks, *closer][-2:]
        return _joined(looks, whole)

    def predict_many(
        self, embedding: Embedding, prompts: Sequence[Prompts]
    ) -> list[Candidates]:
        """Answer several prompts, each for an object of its own; see `predict`."""
        return [self.predict(embedding, each) for each in prompts]

    def _crops(
        self,
        box_rc: npt.NDArray[np.float64],
        prompts: Prompts,
        previous: Crop,
        whole: Crop,
    ) -> list[Crop]:
        """Plan the looks that follow one at `previous`, the closest last.

        There is none if the object is large, or if the crop would show little less than
        the look before, or no prompt; a wide one first if the object is tiny in the
        look before.
        """
        shape_hw = whole.height, whole.width
        longer = float((box_rc[2:] - box_rc[:2] + 1).max())
        if self.mode == "auto" and longer >= SMALL_FRACTION * min(shape_hw):
            return []
        crop = crop_round(box_rc, shape_hw, MARGIN)
        prompted = prompts.box_rc is not None or crop.contains(prompts.points_rc).any()
        if not prompted or crop.area > MOST_OF_A_LOOK * previous.area:
            return []
        if longer >= TINY_FRACTION * previous.side:
            return [crop]
        return [crop_round(box_rc, shape_hw, WIDE_MARGIN), crop]

    def _look(self, embedding: Embedding, prompts: Prompts, crop: Crop) -> _Look:
        """Ask the wrapped model on a crop."""
        whole = Crop.whole(embedding.shape_hw)
        inside = _prompts_in(prompts, crop, whole, self._cells)
        shown = embedding if crop == whole else self._embedded(embedding, crop)
        return _Look(crop, self.inner.predict(shown, inside))

    def _embedded(self, embedding: Embedding, crop: Crop) -> Embedding:
        """Embed a crop, or recall it: the last 32 crops are kept."""
        image = np.ascontiguousarray(embedding.image[crop.slices])
        key = (hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest(), crop)
        with self._lock:
            if key in self._embedded_crops:
                self._embedded_crops.move_to_end(key)
                return self._embedded_crops[key]
        made = self.inner.embed(image)
        with self._lock:
            self._embedded_crops[key] = made
            while len(self._embedded_crops) > CACHED_CROPS:
                self._embedded_crops.popitem(last=False)
        return made


def _known_extent(prompts: Prompts, whole: Crop) -> npt.NDArray[np.float64] | None:
    """Box of an object that the prompts tell: their box, or an earlier answer's."""
    if prompts.box_rc is not None:
        low, high = prompts.box_rc.reshape(2, 2)
        return _box_of([low[None], high[None]], prompts)
    if prompts.mask_logits is None:
        return None
    logits = prompts.mask_logits[None]
    px = whole.side / logits.shape[-1]
    corners = _corners(logits[0] > 0)
    return _box_of([(each + 0.5) * px - 0.5 for each in corners], prompts)


def _found_extent(prompts: Prompts, look: _Look) -> npt.NDArray[np.float64]:
    """Box of the mask that a look found, and of the positive points."""
    origin = np.array([look.crop.row0, look.crop.col0])
    corners = _corners(_preferred(look.answer, prompts))
    return _box_of([each + origin for each in corners], prompts)


def _box_of(
    corners: list[npt.NDArray[np.float64]], prompts: Prompts
) -> npt.NDArray[np.float64]:
    points = np.concatenate([*corners, prompts.points_rc[prompts.labels == POSITIVE]])
    if not len(points):
        points = prompts.points_rc
    return np.concatenate([points.min(0), points.max(0)])


def _preferred(found: Candidates, prompts: Prompts) -> npt.NDArray[np.bool_]:
    """The answer to trust: the best of three for a lone point, else the single one."""
    if prompts.is_single_point or found.single is None:
        return np.asarray(found.masks[found.best_index])
    return np.asarray(found.single.masks[0])


def _corners(mask: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.float64]]:
    """First and last row and column of a mask, each (1, 2); none of an empty one."""
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return []
    ends = [[rows[0], cols[0]], [rows[-1], cols[-1]]]
    return [np.array([end], dtype=np.float64) for end in ends]


def _prompts_in(prompts: Prompts, crop: Crop, whole: Crop, cells: int) -> Prompts:
    """Say the same in the crop's pixels; points outside it are left out."""
    origin = np.array([crop.row0, crop.col0], dtype=np.float64)
    kept = crop.contains(prompts.points_rc)
    box = prompts.box_rc
    if box is not None and crop != whole:
        high = np.array([crop.height, crop.width] * 2) - 1
        box = np.clip(box - np.tile(origin, 2), 0, high)
    logits = prompts.mask_logits
    if logits is not None:
        logits = grid_from_grid(logits[None], whole, crop, cells)[0]
    return replace(
        prompts,
        points_rc=prompts.points_rc[kept] - origin,
        labels=prompts.labels[kept],
        box_rc=box,
        mask_logits=logits,
    )


def _joined(looks: list[_Look], whole: Crop) -> Candidates:
    """Take the mean of looks, at the closest one, into the frame of the whole image."""
    if looks[-1].crop == whole:
        return looks[-1].answer
    singles = [
        _Look(look.crop, look.answer.single) for look in looks if look.answer.single
    ]
    single = _joined(singles, whole) if singles else None
    closest = looks[-1].crop
    cells = max(look.answer.logits.shape[-1] for look in looks) * FINER
    mean = np.mean(
        [
            grid_from_grid(look.answer.logits, look.crop, closest, cells)
            for look in looks
        ],
        axis=0,
    )
    masks = np.zeros((len(mean), whole.height, whole.width), dtype=bool)
    masks[(slice(None), *closest.slices)] = pixels_from_grid(mean, closest, closest) > 0
    logits = grid_from_grid(mean, closest, whole, min(whole.side, MOST_CELLS))
    scores = np.mean([look.answer.scores for look in looks], axis=0)
    return Candidates(masks, scores.astype(np.float32), logits, single)
