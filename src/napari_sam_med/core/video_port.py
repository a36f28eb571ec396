"""What the house asks of a model that follows an object from slice to slice.

Propagation knows such models by this port alone. As all models they remember nothing
between calls: prompts and slices go in, masks come out one by one.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from napari_sam_med.core.ports import Segmenter
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.errors import PromptError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.slice_view import SliceView

SlicePrompt: TypeAlias = "Prompts | npt.NDArray[np.bool_]"
"""What is known of the object on one slice: prompts, or the (H, W) mask itself."""


class ModelSlices(Protocol):
    """The slices of a volume along one axis, made when they are asked for.

    A list is one. A slice is an image (H, W) or (H, W, 3) uint8 with square pixels, or
    what ``embed`` of the very model that tracks gave for that image; all are of one
    size.
    """

    def __len__(self) -> int:
        """Count the slices of the volume."""

    def __getitem__(self, index: int, /) -> npt.NDArray[np.uint8] | Embedding:
        """Give one slice."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackedMask:
    """The object on one slice.

    Parameters
    ----------
    index : int
        The slice.
    mask : (H, W) bool
        Empty where the model says that the object is gone.
    score : float
        Predicted IoU; 1 on a slice whose mask was given.
    presence : float
        Probability, 0 to 1, that the object is on this slice at all.
    prompted : bool
        Whether the slice had a prompt or mask of its own.
    """

    index: int
    mask: npt.NDArray[np.bool_]
    score: float
    presence: float
    prompted: bool = False

    @property
    def present(self) -> bool:
        """Whether the object is rather on this slice than not."""
        return self.presence > 0.5


def go_on() -> bool:
    """Answer a model that asks whether to stop: no."""
    return False


class VideoSegmenter(Segmenter):
    """A segmenter that also follows an object through slices, as through a video.

    Its ``info`` says so: ``follows`` is True.
    """

    @abstractmethod
    def track(
        self,
        slices: ModelSlices,
        order: range,
        prompted: Mapping[int, SlicePrompt],
        *,
        stop: Callable[[], bool] = go_on,
    ) -> Iterator[TrackedMask]:
        """Follow one object in one direction; call twice for both.

        Parameters
        ----------
        slices : ModelSlices
            All slices of the volume along one axis. One is asked for when its turn
            comes, and not kept; memory does not grow with the number of slices.
        order : range
            The slices to answer, in this order: step 1 or -1. It may begin before the
            first prompted slice, or end between two.
        prompted : mapping of int to Prompts or (H, W) bool
            Slices with prompts or with a mask, in pixels of the images in ``slices``,
            at least one. All of them tell the model what the object is like, also
            those outside ``order``; a mask is believed as it is. Logits of an earlier
            answer are refused: the mask says the same.
        stop : callable
            Asked before each slice; tracking ends without a word when it says True.

        Returns
        -------
        iterator of TrackedMask
            One for each slice of ``order``, as soon as it is there, in pixels of the
            images. Close the iterator, or drop it, to free what it remembers.

        Raises
        ------
        PromptError
            At once, as ``check_track``; on the way, if a prompt lies outside its slice
            or a mask is of another size.
        ImageError
            On the way, if the slices differ in size.
        ModelError
            At once, if the model does not accept prompts of this kind; on the way, if
            a slice is an embedding of another model.
        """


def check_track(count: int, order: range, prompted: Mapping[int, SlicePrompt]) -> None:
    """Refuse what no model can track, whichever it is.

    Parameters
    ----------
    count : int
        Number of slices.
    order, prompted
        As ``VideoSegmenter.track`` takes them.

    Raises
    ------
    PromptError
        If there is no prompt, a slice is not there, ``order`` skips slices, a mask is
        empty or no (H, W) bool, or prompts hold logits.
    """
    if not prompted:
        msg = "no slice has a prompt; give points, a box or a mask on at least one"
        raise PromptError(msg)
    if order.step not in (1, -1):
        msg = f"slices in steps of {order.step}; give a range of step 1 or -1"
        raise PromptError(msg)
    named = [*prompted, *(order[:1]), *(order[-1:])]
    outside = [index for index in named if not 0 <= index < count]
    if outside:
        msg = f"slice {outside[0]} is not there; give slices 0 to {count - 1}"
        raise PromptError(msg)
    for index, prompt in prompted.items():
        _check_prompt(index, prompt)


def _check_prompt(index: int, prompt: SlicePrompt) -> None:
    if isinstance(prompt, Prompts):
        if prompt.mask_logits is not None:
            msg = f"prompts of slice {index} hold logits; give the mask instead"
            raise PromptError(msg)
    elif prompt.ndim != 2 or prompt.dtype != np.bool_ or not prompt.any():
        msg = (
            f"mask of slice {index} of shape {prompt.shape}, type {prompt.dtype}, with "
            f"{np.count_nonzero(prompt)} pixels; give (H, W) bool that is not empty"
        )
        raise PromptError(msg)


@dataclass(frozen=True, slots=True, eq=False)
class _SquareSlices:
    """Views as a model sees them, one at a time."""

    views: Sequence[SliceView]

    def __len__(self) -> int:
        return len(self.views)

    def __getitem__(self, index: int, /) -> npt.NDArray[np.uint8]:
        return self.views[index].model_image()


def track_views(
    model: VideoSegmenter,
    views: Sequence[SliceView],
    order: range,
    prompted: Mapping[int, SlicePrompt],
    *,
    stop: Callable[[], bool] = go_on,
) -> Iterator[TrackedMask]:
    """Follow one object through the slices of a volume, in the slices' own pixels.

    Parameters
    ----------
    model : VideoSegmenter
        Follows it.
    views : sequence of SliceView
        All slices of the volume along one axis; a lazy sequence is asked only for the
        slice whose turn it is.
    order, prompted, stop
        As ``VideoSegmenter.track`` takes them, in pixels of the slices.

    Returns
    -------
    iterator of TrackedMask
        In pixels of the slices.

    Raises
    ------
    PromptError, ImageError, ModelError
        As ``VideoSegmenter.track``; at once, if a prompt lies outside its slice or a
        mask is of another size.
    """
    check_track(len(views), order, prompted)
    grid = views[next(iter(prompted))].grid
    moved: dict[int, SlicePrompt] = {}
    for index, prompt in prompted.items():
        if isinstance(prompt, Prompts):
            prompt.check_inside(grid.shape_hw)
            moved[index] = grid.prompts_to_square(prompt)
        else:
            check_mask_shape(index, prompt, grid.shape_hw)
            moved[index] = grid.mask_to_square(prompt)
    found = model.track(_SquareSlices(views), order, moved, stop=stop)
    return (replace(each, mask=grid.masks_to_slice(each.mask)) for each in found)


def check_mask_shape(
    index: int, mask: npt.NDArray[np.bool_], shape_hw: tuple[int, int]
) -> None:
    """Refuse a mask that is not of its slice's size.

    Parameters
    ----------
    index : int
        The slice.
    mask : (H, W) bool
        The object on it.
    shape_hw : (height, width)
        Of the slice, in pixels.

    Raises
    ------
    PromptError
        If the shapes differ.
    """
    if mask.shape != shape_hw:
        msg = (
            f"mask of slice {index} is {mask.shape[0]} x {mask.shape[1]} where the "
            f"slice is {shape_hw[0]} x {shape_hw[1]}; give a mask of the slice's size"
        )
        raise PromptError(msg)
