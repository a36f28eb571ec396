"""What is asked of a propagation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from napari_sam_med.core.prompts import Prompts, check_unmasked, is_other, is_whole
from napari_sam_med.errors import ImageError, ModelError, PromptError

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.windows import MaximumScaling, Window

Method = Literal["projection", "video", "interpolation"]
SliceGiven: TypeAlias = "Prompts | npt.NDArray[np.bool_]"
"""What is known of the object on one slice: prompts, or its mask (H, W) bool."""


class PromptedBy(StrEnum):
    """What of the neighbour's mask becomes a prompt: its box, its logits, or both."""

    BOX = "box"
    MASK = "mask"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class StopRule:
    """When a projection ends by itself.

    Parameters
    ----------
    least_score : float
        Least predicted IoU.
    least_overlap : float
        Least Dice with the mask of the slice before.
    least_evidence : float
        Least mean of the evidence inside the mask, -3 to 3: at -1 what was found looks
        2.7 times as much like the surroundings on the prompted slices as like the
        object.
    least_contrast : float
        Least difference of the evidence inside and round the mask, as a part of that on
        the prompted slice: what no longer differs from its surroundings is none.
    most_growth : float
        Most that the area may grow from a slice to the next, as a factor.
    """

    least_score: float = 0.35
    least_overlap: float = 0.4
    least_evidence: float = -1.0
    least_contrast: float = 0.15
    most_growth: float = 2.0


@dataclass(frozen=True, slots=True)
class PropagationSettings:
    """How an object is to be followed through a volume.

    Parameters
    ----------
    axis : 0, 1 or 2
        The array axis that slices are taken across.
    method : {"projection", "video", "interpolation"}
        With any model; with a model that follows objects; without a model.
    index_range : (first, last) or None
        The first and the last slice of the object, both with it. All slices in between
        get a mask, and an object that ends inside the volume tapers towards its ends.
        None if the ends are to be found.
    limits : (lowest, highest) or None
        Slices that must not be left, whether the object ends there or not.
    window : Window, MaximumScaling or None
        How intensities become 8-bit grey; by default that of the modality, or the
        volume's percentiles.
    prompted_by : PromptedBy
        What of a neighbour's mask becomes the prompt of the next slice.
    stop : StopRule
        When a projection ends by itself; not used where ``index_range`` is given.

    Raises
    ------
    ImageError
        If the axis or a range is none.
    ModelError
        If there is no such method.
    """

    axis: int = 0
    method: Method = "projection"
    index_range: tuple[int, int] | None = None
    limits: tuple[int, int] | None = None
    window: Window | MaximumScaling | None = None
    prompted_by: PromptedBy = PromptedBy.BOX
    stop: StopRule = field(default_factory=StopRule)

    def __post_init__(self) -> None:
        if not is_whole(self.axis) or self.axis not in (0, 1, 2):
            msg = f"axis {self.axis}; give 0, 1 or 2"
            raise ImageError(msg)
        if self.method not in get_args(Method):
            msg = f"method '{self.method}'; give one of {', '.join(get_args(Method))}"
            raise ModelError(msg)
        for name in ("index_range", "limits"):
            given = getattr(self, name)
            if given is None:
                continue
            first, last = _first_and_last(given)
            object.__setattr__(self, name, (first, last))
            if not 0 <= first <= last:
                msg = f"slices {first} to {last}; give the first and the last, from 0"
                raise ImageError(msg)

    def reach(self, count: int) -> tuple[int, int]:
        """First and last slice that may get a mask, of a volume with so many.

        Raises
        ------
        ImageError
            If a range names slices that are not there, or both share none.
        """
        low, high = 0, count - 1
        for first, last in filter(None, (self.index_range, self.limits)):
            if last >= count:
                msg = (
                    f"slices {first} to {last}, but axis {self.axis} has 0 to "
                    f"{count - 1}; give a first and a last slice of these"
                )
                raise ImageError(msg)
            low, high = max(low, first), min(high, last)
        if low > high:
            msg = (
                f"range {self.index_range} and limits {self.limits} share no slice; "
                "leave one of them out"
            )
            raise ImageError(msg)
        return low, high


def _first_and_last(given: object) -> tuple[int, int]:
    """Read a range, of whatever type a caller gives it."""
    ends = list(given) if isinstance(given, Sequence | np.ndarray) else []
    if len(ends) != 2 or not all(map(is_whole, ends)):
        msg = (
            f"range {given!r}; give the first and the last slice, two whole numbers "
            "such as (12, 40)"
        )
        raise ImageError(msg)
    return int(ends[0]), int(ends[1])


def check_given(
    given: Mapping[int, SliceGiven],
    shape_hw: tuple[int, int],
    reach: tuple[int, int],
) -> None:
    """Refuse prompts and masks that do not fit the slices.

    Parameters
    ----------
    given : mapping of int to Prompts or (H, W) bool
        By slice.
    shape_hw : (height, width)
        Of the slices.
    reach : (first, last)
        Slices that may be prompted.

    Raises
    ------
    PromptError
        If there is none, one lies outside the range or its slice, the number of a slice
        is no whole one, or a mask is empty, no bool, of another size or itself masked.
    """
    if is_other(given, Mapping) or not all(map(is_whole, given)):
        msg = (
            f"what is known of the object is a {_kind_of(given)}; give a dict from the "
            "number of a slice to Prompts or a mask, such as {40: Prompts(...)}"
        )
        raise PromptError(msg)
    if not given:
        msg = "no slice has a prompt; give points, a box or a mask on at least one"
        raise PromptError(msg)
    outside = sorted(index for index in given if not reach[0] <= index <= reach[1])
    if outside:
        inside = f"{reach[0]} to {reach[1]}"
        msg = f"prompts on slice {outside[0]}; give them on slices {inside}"
        raise PromptError(msg)
    for index, one in given.items():
        if isinstance(one, Prompts):
            one.check_inside(shape_hw)
            continue
        check_unmasked(one, f"the mask of slice {index}", PromptError)
        try:
            mask = np.asarray(one)
        except ValueError:  # of lists of unequal lengths
            mask = np.empty(0, np.bool_)
        if mask.shape != shape_hw or mask.dtype != np.bool_ or not mask.any():
            msg = (
                f"mask of slice {index} of shape {mask.shape}, type {mask.dtype}, with "
                f"{np.count_nonzero(mask)} pixels; give {shape_hw} bool, not empty"
            )
            raise PromptError(msg)


def _kind_of(given: object) -> str:
    name = type(given).__name__
    if not isinstance(given, Mapping):
        return name
    strange = next(key for key in given if not is_whole(key))
    return f"{name} with the key {strange!r}"
