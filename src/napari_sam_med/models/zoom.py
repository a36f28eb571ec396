"""A second look: embed a crop round the prompts, paste the answer back.

A network that sees every image at one size loses small objects. `ZoomSegmenter` is a
thin ``Segmenter`` round another one. It decides on a square crop from the box, or from
the wrapped model's first answer on the whole image, and asks the same question there.
The margins were chosen on synthetic scenes; a first answer is a guess, so its crop is
wider than that of a box.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import ndimage

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.prompts import POSITIVE, Prompts
from napari_sam_med.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.ports import Capabilities, Segmenter

ZoomMode = Literal["on", "auto"]
SMALL_FRACTION = 0.5
MARGIN = 2.0
MARGIN_OF_A_GUESS = 2.6
SMALLEST_CROP_PX = 24
LEVELS = 2
CACHED_CROPS = 32
SIDE_STEP = 2**0.25
POSITION_STEPS = 16
OUTSIDE_LOGIT = -8.0


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle of an image, square where the image allows it.

    Parameters
    ----------
    row0, col0 : int
        First pixel.
    height, width : int
        In pixels.
    """

    row0: int
    col0: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index an image."""
        rows = slice(self.row0, self.row0 + self.height)
        return rows, slice(self.col0, self.col0 + self.width)

    def contains(self, points_rc: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Say which points, (N, 2), lie on the crop's pixels."""
        origin = np.array([self.row0, self.col0])
        inside = points_rc - origin
        high = np.array([self.height, self.width]) - 0.5
        return np.asarray(((inside >= -0.5) & (inside <= high)).all(axis=1))


def crop_round(
    box_rc: npt.NDArray[np.float64], shape_hw: tuple[int, int], margin: float = MARGIN
) -> Crop:
    """Choose the crop for an object.

    Side and position are rounded, so that a box that moves a little from click to
    click keeps its crop, and the embedding of it.

    Parameters
    ----------
    box_rc : (4,) float
        ``(row0, col0, row1, col1)``, inclusive pixels.
    shape_hw : (height, width)
        Of the image.
    margin : float
        Side of the crop in multiples of the longer side of the box.

    Returns
    -------
    Crop

    Examples
    --------
    >>> crop_round(np.array([40.0, 40, 59, 49]), (200, 300))
    Crop(row0=31, col0=26, height=38, width=38)
    """
    low, high = box_rc[:2], box_rc[2:] + 1
    wanted = max(float((high - low).max()) * margin, SMALLEST_CROP_PX)
    side = SIDE_STEP ** np.round(np.log(wanted) / np.log(SIDE_STEP))
    size = np.minimum(np.round(side), shape_hw)
    step = max(1.0, side / POSITION_STEPS)
    origin = np.round(((low + high) / 2 - size / 2) / step) * step
    origin = np.clip(np.round(origin), 0, np.array(shape_hw) - size)
    return Crop(*(int(value) for value in (*origin, *size)))


class ZoomSegmenter:
    """A segmenter that looks twice at small objects.

    Parameters
    ----------
    inner : Segmenter
        The model that answers on the whole image and on crops.
    mode : {"on", "auto"}
        ``on`` always looks twice; ``auto`` only if the longer side of the object is
        below half of the image's shorter side.
    """

    def __init__(self, inner: Segmenter, mode: ZoomMode = "auto") -> None:
        self.inner = inner
        self.mode = mode
        self._crops: OrderedDict[tuple[str, Crop], Embedding] = OrderedDict()
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
        """Answer one prompt, from a crop where that is worth it.

        Parameters
        ----------
        embedding : Embedding
            Of the whole image.
        prompts : Prompts
            In its pixels; ``mask_logits`` in its frame too.

        Returns
        -------
        Candidates
            Masks and logits in the frame of the whole image.

        Raises
        ------
        PromptError, ModelError
            As the wrapped model.
        """
        known = prompts.box_rc is not None or prompts.mask_logits is not None
        found = None if known else self.inner.predict(embedding, prompts)
        margin = MARGIN_OF_A_GUESS if prompts.box_rc is None else MARGIN
        previous: Crop | None = None
        for _ in range(LEVELS):
            box_rc = _extent(embedding, prompts, found)
            if box_rc is None or not self._is_worth_it(box_rc, embedding.shape_hw):
                break
            crop = crop_round(box_rc, embedding.shape_hw, margin)
            if previous is not None and _covers_most(crop, previous):
                break
            if prompts.box_rc is None and not crop.contains(prompts.points_rc).any():
                break
            found = self._look_again(embedding, prompts, crop)
            previous = crop
            if known:
                break
        return self.inner.predict(embedding, prompts) if found is None else found

    def predict_many(
        self, embedding: Embedding, prompts: Sequence[Prompts]
    ) -> list[Candidates]:
        """Answer several prompts, each for an object of its own; see `predict`."""
        return [self.predict(embedding, each) for each in prompts]

    def _is_worth_it(
        self, box_rc: npt.NDArray[np.float64], shape_hw: tuple[int, int]
    ) -> bool:
        longer = float((box_rc[2:] - box_rc[:2] + 1).max())
        return self.mode == "on" or longer < SMALL_FRACTION * min(shape_hw)

    def _look_again(
        self, embedding: Embedding, prompts: Prompts, crop: Crop
    ) -> Candidates:
        inside = _prompts_in(prompts, crop, embedding)
        answer = self.inner.predict(self._embedded(embedding, crop), inside)
        return _pasted(answer, crop, embedding.shape_hw)

    def _embedded(self, embedding: Embedding, crop: Crop) -> Embedding:
        """Embed a crop, or recall it: the last 32 crops are kept."""
        image = np.ascontiguousarray(embedding.image[crop.slices])
        key = (hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest(), crop)
        with self._lock:
            if key in self._crops:
                self._crops.move_to_end(key)
                return self._crops[key]
        made = self.inner.embed(image)
        with self._lock:
            self._crops[key] = made
            while len(self._crops) > CACHED_CROPS:
                self._crops.popitem(last=False)
        return made


def _covers_most(crop: Crop, previous: Crop) -> bool:
    return crop.height * crop.width > 0.6 * previous.height * previous.width


def _extent(
    embedding: Embedding, prompts: Prompts, found: Candidates | None
) -> npt.NDArray[np.float64] | None:
    """Box of the object as far as it is known: prompts, fed mask, first answer."""
    positive = prompts.points_rc[prompts.labels == POSITIVE]
    corners = [positive, positive]
    if prompts.box_rc is not None:
        corners += [prompts.box_rc[None, :2], prompts.box_rc[None, 2:]]
    elif found is not None:
        corners += _corners(_preferred(found, prompts))
    elif prompts.mask_logits is not None:
        logits = _resampled(prompts.mask_logits, _whole_crop(embedding.shape_hw), None)
        scale = max(embedding.shape_hw) / np.array(logits.shape)
        corners += [each * scale for each in _corners(logits > 0)]
    points = np.concatenate(corners)
    if len(points) == 0 or (len(corners) == 2 and len(points) == 2):
        return None
    return np.concatenate([points.min(0), points.max(0)])


def _preferred(found: Candidates, prompts: Prompts) -> npt.NDArray[np.bool_]:
    """The answer to trust: the best of three for a lone point, else the single one."""
    if prompts.is_single_point or found.single is None:
        return np.asarray(found.masks[found.best_index])
    return np.asarray(found.single.masks[0])


def _corners(mask: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.float64]]:
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return []
    ends = [[rows[0], cols[0]], [rows[-1], cols[-1]]]
    return [np.array([end], dtype=np.float64) for end in ends]


def _prompts_in(prompts: Prompts, crop: Crop, embedding: Embedding) -> Prompts:
    """Say the same in the crop's pixels; points outside it are left out."""
    origin = np.array([crop.row0, crop.col0], dtype=np.float64)
    kept = crop.contains(prompts.points_rc)
    box = prompts.box_rc
    if box is not None:
        high = np.array([crop.height, crop.width] * 2) - 1
        box = np.clip(box - np.tile(origin, 2), 0, high)
    logits = prompts.mask_logits
    if logits is not None:
        logits = _resampled(logits, _whole_crop(embedding.shape_hw), crop)
    return replace(
        prompts,
        points_rc=prompts.points_rc[kept] - origin,
        labels=prompts.labels[kept],
        box_rc=box,
        mask_logits=logits,
    )


def _pasted(answer: Candidates, crop: Crop, shape_hw: tuple[int, int]) -> Candidates:
    """Put masks and logits of a crop back into the frame of the whole image."""
    masks = np.zeros((len(answer), *shape_hw), dtype=bool)
    masks[(slice(None), *crop.slices)] = answer.masks
    whole = _whole_crop(shape_hw)
    logits = np.stack([_resampled(each, crop, whole) for each in answer.logits])
    single = answer.single and _pasted(answer.single, crop, shape_hw)
    return Candidates(masks, answer.scores, logits, single)


def _whole_crop(shape_hw: tuple[int, int]) -> Crop:
    return Crop(0, 0, *shape_hw)


def _resampled(
    logits: npt.NDArray[np.float32], source: Crop, target: Crop | None
) -> npt.NDArray[np.float32]:
    """Bring low-resolution logits of one crop into the frame of another.

    The grid of a crop covers the square that the model's input is padded to, so that
    one of its pixels is the crop's longer side divided by the grid's.
    """
    if target is None:
        return logits
    from_px = max(source.height, source.width) / logits.shape[0]
    to_px = max(target.height, target.width) / logits.shape[0]
    shift = np.array([target.row0 - source.row0, target.col0 - source.col0])
    scale = to_px / from_px
    offset = (0.5 * to_px + shift) / from_px - 0.5
    if scale > 1:
        logits = ndimage.uniform_filter(logits, round(scale), mode="nearest")
    moved = ndimage.affine_transform(
        logits, [scale, scale], offset, order=1, mode="constant", cval=OUTSIDE_LOGIT
    )
    return np.asarray(moved, dtype=np.float32)
