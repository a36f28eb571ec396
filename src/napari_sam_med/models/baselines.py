"""Baselines without weights: what a model has to beat to be worth its download."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import cv2
import numpy as np
from skimage.segmentation import random_walker

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.embedding import Embedding, check_image, rgb_from_image
from napari_sam_med.core.ports import Capabilities, ModelInfo, Segmenter
from napari_sam_med.core.prompts import POSITIVE
from napari_sam_med.models.base import check_own

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.prompts import Prompts

# About a tenth of the grey scale; noise of the samples is below it. Not measured.
SIMILAR_GREY = 24.0
# 13 pixels for the median grey at a click. Not measured.
SEED_RADIUS_PX = 2.0
# Baselines take no logits back; these are for display alone.
LOGITS_LONGEST_PX = 64
# A click is then answered within a second by the direct solver.
WALK_LONGEST_PX = 112
# The default of skimage.segmentation.random_walker.
WALK_BETA = 130.0
OBJECT, BACKGROUND = 1, 2
# A probability of 1 has no finite logit; this one is 0.99995.
SURE_LOGIT = 10.0


class Baseline(Segmenter):
    """A segmenter that computes from the image each time and embeds nothing.

    Parameters
    ----------
    name : str
        Name under which results are stored.
    """

    def __init__(self, name: str) -> None:
        abilities = Capabilities(masks=False, n_candidates=1)
        self._info = ModelInfo(name, capabilities=abilities, colour=False)

    @property
    def info(self) -> ModelInfo:
        """Points and boxes, one candidate, no weights, no colour."""
        return self._info

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        """Keep the image.

        Parameters
        ----------
        image : (H, W) or (H, W, 3) uint8
            Grey or RGB.

        Raises
        ------
        ImageError
            If the image is of another type or shape.
        """
        image = check_image(image)
        return Embedding(self.name, image, (), (image.shape[0], image.shape[1]))

    def predict(self, embedding: Embedding, prompts: Prompts) -> Candidates:
        """Answer one prompt with one candidate.

        Parameters
        ----------
        embedding : Embedding
            What ``embed`` gave.
        prompts : Prompts
            Points or a box; an earlier mask is ignored.

        Returns
        -------
        Candidates
            Its score is the mean probability inside the mask, 0 if the mask is empty:
            no predicted IoU, but of the same range.

        Raises
        ------
        PromptError
            If the prompts lie outside the image.
        ModelError
            If the embedding is another model's.
        """
        check_own(self.name, embedding, [prompts])
        prompts.check_inside(embedding.shape_hw)
        grey = rgb_from_image(embedding.image).mean(axis=2)
        probability = self.probability(grey, prompts)
        mask = probability > 0.5
        score = float(probability[mask].mean()) if mask.any() else 0.0
        return Candidates(
            mask[None],
            np.array([score], dtype=np.float32),
            _logits(probability)[None],
        )

    @abstractmethod
    def probability(
        self, grey: npt.NDArray[np.float64], prompts: Prompts
    ) -> npt.NDArray[np.float64]:
        """Probability of the object.

        Parameters
        ----------
        grey : (H, W) float64
            Mean of the channels, 0 to 255.
        prompts : Prompts
            Inside the image.

        Returns
        -------
        (H, W) float64
            0 to 1.
        """


class Ellipse(Baseline):
    """The ellipse inscribed in the box; without a box, discs round positive points.

    A disc is the largest one whose pixels are mostly like those next to the point, and
    that reaches no negative point. With a box the points are ignored.
    """

    def __init__(self) -> None:
        super().__init__("ellipse")

    def probability(
        self, grey: npt.NDArray[np.float64], prompts: Prompts
    ) -> npt.NDArray[np.float64]:
        """How alike the shape's pixels are, on the shape; 0 outside.

        Parameters
        ----------
        grey : (H, W) float64
            Mean of the channels, 0 to 255.
        prompts : Prompts
            Inside the image.

        Returns
        -------
        (H, W) float64
            On the shape, half plus half the share of its pixels within
            ``SIMILAR_GREY`` of its median; 0 elsewhere.
        """
        if prompts.box_rc is not None:
            shape = _ellipse_in_box(prompts.box_rc, grey.shape)
        else:
            shape = _discs(grey, prompts)
        if not shape.any():
            return np.zeros(grey.shape)
        alike = np.abs(grey[shape] - np.median(grey[shape])) <= SIMILAR_GREY
        return np.where(shape, 0.5 + 0.5 * max(alike.mean(), 1e-6), 0.0)


class RandomWalker(Baseline):
    """Random walks from the prompts, on a crop or a smaller copy of the image.

    Inside a box the middle is object and the frame background; without a box the
    border of the image is background.

    Notes
    -----
    Grady, "Random Walks for Image Segmentation", IEEE TPAMI 28(11), 2006, as
    ``skimage.segmentation.random_walker`` implements it, with its default beta of 130.
    The longest side is held to 112 px so that a click is answered within a second.
    """

    def __init__(self) -> None:
        super().__init__("random_walker")

    def probability(
        self, grey: npt.NDArray[np.float64], prompts: Prompts
    ) -> npt.NDArray[np.float64]:
        """Probability that a walker reaches an object marker first.

        Parameters
        ----------
        grey : (H, W) float64
            Mean of the channels, 0 to 255.
        prompts : Prompts
            Inside the image.

        Returns
        -------
        (H, W) float64
            0 to 1; 0 outside the neighbourhood of a box.
        """
        top, left, bottom, right = _neighbourhood(prompts, grey.shape)
        crop = grey[top:bottom, left:right]
        factor = min(1.0, WALK_LONGEST_PX / max(crop.shape))
        small_hw = tuple(max(1, round(side * factor)) for side in crop.shape)
        small = cv2.resize(crop, small_hw[::-1], interpolation=cv2.INTER_AREA)
        markers = _markers(prompts, (top, left), crop.shape, small_hw)
        found = np.zeros(grey.shape)
        walked = cv2.resize(_walked(small / 255, markers), crop.shape[::-1])
        found[top:bottom, left:right] = walked
        return np.clip(found, 0.0, 1.0)


def _ellipse_in_box(
    box_rc: npt.NDArray[np.float64], shape_hw: tuple[int, ...]
) -> npt.NDArray[np.bool_]:
    """Pixels whose centres lie in the ellipse that touches the box's outer edges."""
    (row, col), half = _centre_and_half(box_rc)
    rows, cols = np.ogrid[: shape_hw[0], : shape_hw[1]]
    inside: npt.NDArray[np.bool_] = (
        ((rows - row) / half[0]) ** 2 + ((cols - col) / half[1]) ** 2
    ) <= 1
    return inside


def _centre_and_half(
    box_rc: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    low, high = box_rc.reshape(2, 2)
    # The box names inclusive pixels: it is one pixel wider than its corners say.
    return (low + high) / 2, (high - low + 1) / 2


def _discs(grey: npt.NDArray[np.float64], prompts: Prompts) -> npt.NDArray[np.bool_]:
    negative_rc = prompts.points_rc[prompts.labels != POSITIVE]
    found = np.zeros(grey.shape, dtype=bool)
    for point in prompts.points_rc[prompts.labels == POSITIVE]:
        limit = min([np.inf, *np.hypot(*(negative_rc - point).T)])
        found |= _largest_disc(grey, point, limit)
    return found


def _largest_disc(
    grey: npt.NDArray[np.float64], centre_rc: npt.NDArray[np.float64], limit: float
) -> npt.NDArray[np.bool_]:
    """Grow a disc while most of its next ring is as bright as its centre."""
    rows, cols = np.ogrid[: grey.shape[0], : grey.shape[1]]
    distance = np.hypot(rows - centre_rc[0], cols - centre_rc[1])
    near = distance <= max(SEED_RADIUS_PX, float(distance.min()))
    alike = np.abs(grey - np.median(grey[near])) <= SIMILAR_GREY
    rings = distance.astype(np.intp).ravel()  # rounded down; no ring is empty
    shares = np.bincount(rings, weights=alike.ravel()) / np.bincount(rings)
    unlike = np.flatnonzero(shares < 0.5)
    radius = min(float(unlike[0]) if unlike.size else np.inf, limit)
    disc: npt.NDArray[np.bool_] = (distance < radius) | (distance == distance.min())
    return disc


def _neighbourhood(
    prompts: Prompts, shape_hw: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """Half-open rows and columns that matter: the box and half of it all round."""
    if prompts.box_rc is None:
        return 0, 0, shape_hw[0], shape_hw[1]
    centre, half = _centre_and_half(prompts.box_rc)
    top, left = (int(v) for v in np.maximum(np.floor(centre - 1.5 * half) - 1, 0))
    bottom, right = (int(v) for v in np.ceil(centre + 1.5 * half) + 2)
    return top, left, min(bottom, shape_hw[0]), min(right, shape_hw[1])


def _markers(
    prompts: Prompts,
    origin_rc: tuple[int, int],
    crop_hw: tuple[int, ...],
    small_hw: tuple[int, ...],
) -> npt.NDArray[np.int32]:
    """Seeds in the small copy of the crop: 1 object, 2 background, 0 to be found."""
    scale = np.array(small_hw) / np.array(crop_hw)
    markers = np.zeros(small_hw, dtype=np.int32)
    rows, cols = np.indices(small_hw)
    if prompts.box_rc is None:
        markers[[0, -1], :] = BACKGROUND
        markers[:, [0, -1]] = BACKGROUND
    else:
        centre, half = _centre_and_half(prompts.box_rc)
        centre = (centre - origin_rc + 0.5) * scale - 0.5
        far_rows = np.abs(rows - centre[0]) / (half[0] * scale[0])
        far_cols = np.abs(cols - centre[1]) / (half[1] * scale[1])
        markers[np.maximum(far_rows, far_cols) > 1] = BACKGROUND
        far = np.hypot(far_rows, far_cols)
        # of a box of few pixels, those next to its centre may lie farther out
        markers[(far < 0.25) | (far == far.min())] = OBJECT
    for point, label in zip(prompts.points_rc, prompts.labels, strict=True):
        row, col = (point - origin_rc + 0.5) * scale - 0.5
        seed = np.hypot(rows - row, cols - col) <= 1
        markers[seed] = OBJECT if label == POSITIVE else BACKGROUND
    return markers


def _walked(
    small: npt.NDArray[np.float64], markers: npt.NDArray[np.int32]
) -> npt.NDArray[np.float64]:
    """Probability of the object; where nothing is to be found, that of the markers."""
    sure: npt.NDArray[np.float64] = (markers == OBJECT).astype(float)
    if set(np.unique(markers)) != {0, OBJECT, BACKGROUND}:
        return sure
    # The direct solver: the iterative ones stop early and leave the range 0 to 1.
    probability: npt.NDArray[np.float64] = random_walker(
        small, markers, beta=WALK_BETA, mode="bf", return_full_prob=True
    )[0]
    return probability


def _logits(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Log-odds on a coarse grid of at most 64 px, held to plus and minus 10."""
    step = -(-max(probability.shape) // LOGITS_LONGEST_PX)
    coarse = probability[::step, ::step].clip(1e-6, 1 - 1e-6)
    logits: npt.NDArray[np.float32] = np.log(coarse / (1 - coarse)).astype(np.float32)
    return logits.clip(-SURE_LOGIT, SURE_LOGIT)
