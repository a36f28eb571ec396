"""The slow half of a prediction, kept as a value that can be cached and shipped.

Models are stateless: what they compute for an image belongs to the caller. That holds
for crops of the image too, which a model embeds only when a prompt needs them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.prompts import check_unmasked
from napari_sam_med.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import numpy.typing as npt

# Of one image. Clicks on one object see 2 to 4 crops, and one more where they correct a
# detail, so that the last five objects or so are at hand; chosen without measurement.
CROPS_KEPT = 32


class CropEmbeddings:
    """Embeddings of crops of one image, the longest unused dropped first.

    They belong to the embedding of the whole image: whoever keeps or drops that one
    keeps or drops these with it. Threads may share it. A pickled copy is empty, since
    crops can be embedded again.

    Parameters
    ----------
    most : int
        Number of crops that are kept.
    """

    def __init__(self, most: int = CROPS_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Embedding] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def __reduce__(self) -> tuple[type[CropEmbeddings], tuple[int]]:
        return CropEmbeddings, (self._most,)

    @property
    def n_bytes(self) -> int:
        """Bytes of all arrays that are kept."""
        with self._lock:
            return sum(each.n_bytes for each in self._kept.values())

    def get(self, crop: Hashable, make: Callable[[], Embedding]) -> Embedding:
        """Recall the embedding of a crop, or make and keep it.

        Parameters
        ----------
        crop : hashable
            Which part of the image.
        make : callable
            Embeds it. Two threads that ask for the same crop at once may both do so.
        """
        with self._lock:
            if crop in self._kept:
                self._kept.move_to_end(crop)
                return self._kept[crop]
        made = make()
        with self._lock:
            self._kept[crop] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """What a model computed once for an image, and the image itself.

    Parameters
    ----------
    model : str
        Name of the model that made it; others refuse it.
    image : (H, W) or (H, W, 3) uint8
        The image as it was given, so that a crop of it can be embedded later; a copy,
        since a caller may go on to change it.
    features : tuple of arrays
        The model's own arrays, float32 (SAM: one array (C, h, w)); may be empty.
    input_hw : (height, width)
        Size of the image inside the model's input, before padding.
    crops : CropEmbeddings
        What the model computed for crops of the image; it grows as prompts need them.
    """

    model: str
    image: npt.NDArray[np.uint8]
    features: tuple[npt.NDArray[np.float32], ...]
    input_hw: tuple[int, int]
    crops: CropEmbeddings = field(default_factory=CropEmbeddings)

    def __post_init__(self) -> None:
        object.__setattr__(self, "image", self.image.copy())

    @property
    def n_bytes(self) -> int:
        """Bytes of the image, the model's arrays, and the crops that are kept."""
        features = sum(each.nbytes for each in self.features)
        return self.image.nbytes + features + self.crops.n_bytes

    @property
    def shape_hw(self) -> tuple[int, int]:
        """Height and width of the image that was embedded, in pixels."""
        return (self.image.shape[0], self.image.shape[1])


def check_image(image: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Accept an image as ``embed`` wants it, or say what is wrong.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8
        Grey or RGB, 0 to 255.

    Returns
    -------
    (H, W) or (H, W, 3) uint8
        The same array, contiguous.

    Raises
    ------
    ImageError
        If it is no array or masks a pixel, the type is not uint8, the shape is
        another, or a side is zero.
    """
    if not all(hasattr(image, name) for name in ("ndim", "shape", "dtype")):
        msg = (
            f"an image that is a {type(image).__name__}; give an array (H, W) or "
            "(H, W, 3) of type uint8"
        )
        raise ImageError(msg)
    check_unmasked(image, "an image", ImageError)
    grey = image.ndim == 2
    colour = image.ndim == 3 and image.shape[-1] == 3
    if image.dtype != np.uint8 or not (grey or colour) or image.size == 0:
        msg = (
            f"image of shape {image.shape} and type {image.dtype}; give (H, W) or "
            "(H, W, 3) uint8, for instance through a window"
        )
        raise ImageError(msg)
    return np.ascontiguousarray(image, dtype=np.uint8)


def rgb_from_image(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Repeat a grey image three times; leave a colour image as it is.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8
        Grey or RGB.

    Returns
    -------
    (H, W, 3) uint8
    """
    return np.repeat(image[:, :, None], 3, axis=2) if image.ndim == 2 else image
