"""What a person, or a simulator, tells a model about one object on one slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam_med.core.storage.plain_text import shown
from napari_sam_med.errors import PromptError, SamMedError

if TYPE_CHECKING:
    import numpy.typing as npt

POSITIVE, NEGATIVE = 1, 0
MOST_STORED_POINTS = 1000
"""More than anyone clicks on one object; models take seconds for thousands."""
MOST_FED = 1e30
"""No answer's logit comes near; sums of such ones are finite in single precision."""
STORED = ("points_rc", "labels", "box_rc")


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Prompts:
    """Points, at most one box and at most one earlier mask, for one object.

    Parameters
    ----------
    points_rc : (N, 2) float64
        Row and column of each point, in pixels of the slice, centres at integers.
        Lists and tuples are accepted.
    labels : (N,) int64
        1 for a point on the object, 0 for one on the background.
    box_rc : (4,) float64 or None
        ``(row0, col0, row1, col1)``, inclusive pixels.
    mask_logits : (h, w) float32 or None
        Low-resolution logits that the same model gave for an earlier prompt.

    Raises
    ------
    PromptError
        If there is neither a point nor a box, the shapes do not fit, a label is not 0
        or 1, a number is not finite or none, the logits are a mask of truth values, or
        the box's corners are in the wrong order.

    Examples
    --------
    >>> prompts = Prompts(points_rc=[(60, 80)], labels=[1])
    >>> prompts.points_rc.tolist(), prompts.labels.tolist()
    ([[60.0, 80.0]], [1])
    >>> Prompts(box_rc=(10, 20, 5, 40))
    Traceback (most recent call last):
        ...
    napari_sam_med.errors.PromptError: box (10, 20, 5, 40) ends before it starts; \
give (row0, col0, row1, col1) with row0 <= row1 and col0 <= col1
    """

    points_rc: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    box_rc: npt.NDArray[np.float64] | None
    mask_logits: npt.NDArray[np.float32] | None

    def __init__(
        self,
        points_rc: npt.ArrayLike = (),
        labels: npt.ArrayLike = (),
        box_rc: npt.ArrayLike | None = None,
        mask_logits: npt.ArrayLike | None = None,
    ) -> None:
        # Written out, so that a type checker too lets lists and tuples in.
        points = _as_points(points_rc)
        box = None if box_rc is None else _as_box(box_rc)
        logits = None if mask_logits is None else _as_logits(mask_logits)
        object.__setattr__(self, "points_rc", points)
        object.__setattr__(self, "labels", _as_labels(labels, len(points)))
        object.__setattr__(self, "box_rc", box)
        object.__setattr__(self, "mask_logits", logits)
        if len(points) == 0 and self.box_rc is None:
            msg = "no prompt was given; give at least one point or a box"
            raise PromptError(msg)

    @property
    def is_single_point(self) -> bool:
        """Whether this is one point and nothing else: the ambiguous case."""
        return len(self.points_rc) == 1 and self.box_rc is None

    def check_inside(self, shape_hw: tuple[int, int]) -> None:
        """Refuse prompts that lie outside a slice.

        Parameters
        ----------
        shape_hw : (height, width)
            Size of the slice, in pixels.

        Raises
        ------
        PromptError
            If a point or a corner of the box lies outside the slice.
        """
        corners = self.points_rc
        if self.box_rc is not None:
            corners = np.concatenate([corners, self.box_rc.reshape(2, 2)])
        high = np.asarray(shape_hw) - 0.5
        inside = ((corners >= -0.5) & (corners <= high)).all(axis=1)
        if not inside.all():
            msg = (
                f"prompts outside the {shape_hw[0]} x {shape_hw[1]} slice: "
                f"{corners[~inside].tolist()} (row, column); place them on the image"
            )
            raise PromptError(msg)

    def to_json(self) -> dict[str, Any]:
        """Return points, labels and box as plain lists, to be stored with a result.

        Notes
        -----
        The mask is left out: it follows from the earlier prompts and the model.
        """
        return {
            "points_rc": self.points_rc.tolist(),
            "labels": self.labels.tolist(),
            "box_rc": None if self.box_rc is None else self.box_rc.tolist(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Prompts:
        """Rebuild prompts from what ``to_json`` returned.

        Parameters
        ----------
        stored : mapping
            With ``points_rc``, ``labels`` and ``box_rc``, and nothing else.

        Raises
        ------
        PromptError
            If a key is missing or unknown, the values are no valid prompts, or there
            are more than `MOST_STORED_POINTS`.
        """
        _check_stored(stored)
        try:
            return cls(stored["points_rc"], stored["labels"], stored["box_rc"])
        except PromptError:
            raise
        except KeyError as error:
            msg = f"stored prompts lack {error}; they need points_rc, labels and box_rc"
            raise PromptError(msg) from error
        except (TypeError, ValueError, OverflowError) as error:
            msg = f"stored prompts hold other things than numbers ({error})"
            raise PromptError(msg) from error


def is_whole(value: object) -> bool:
    """Whether a value is a whole number by its type: NumPy's too, no truth value.

    Examples
    --------
    >>> is_whole(3), is_whole(np.int64(3)), is_whole(3.0), is_whole(True)
    (True, True, False, False)
    """
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def is_other(value: object, *kinds: type) -> bool:
    """Whether a value is of no kind that is taken, as only untyped callers give it."""
    return not isinstance(value, kinds)


def check_unmasked(values: object, what: str, error: type[SamMedError]) -> None:
    """Refuse a masked array of NumPy, whose mask would be lost without a word.

    Parameters
    ----------
    values : object
        What a caller gives; a list may hold such arrays.
    what : str
        What it is, for the message.
    error : type
        To be raised.
    """
    parts = values if isinstance(values, list | tuple) else (values,)
    if any(np.ma.is_masked(part) for part in parts):
        msg = (
            f"{what} of a masked array, whose mask would be lost; put numbers in place "
            "of what it masks first, such as array.filled(0)"
        )
        raise error(msg)


def check_prompts(prompts: object) -> None:
    """Refuse what is no sequence of prompts.

    Parameters
    ----------
    prompts : object
        What a model is asked.

    Raises
    ------
    PromptError
        If it is one prompt, or holds other things.
    """
    if isinstance(prompts, Prompts) or not isinstance(prompts, Sequence):
        what = type(prompts).__name__
        msg = f"a {what} where several prompts are asked for; give a list of Prompts"
        raise PromptError(msg)
    strange = [each for each in prompts if not isinstance(each, Prompts)]
    if strange:
        what = type(strange[0]).__name__
        msg = f"a {what} where a prompt is asked for; give Prompts(points_rc, labels)"
        raise PromptError(msg)


def _check_stored(stored: Mapping[str, Any]) -> None:
    """Refuse what NumPy would turn into numbers: texts, truth values, fractions."""
    unknown = [str(name) for name in stored if name not in STORED]
    if unknown:
        msg = f"stored prompts hold {shown(unknown[0])}; they take {', '.join(STORED)}"
        raise PromptError(msg)
    points = stored.get("points_rc")
    if isinstance(points, list) and len(points) > MOST_STORED_POINTS:
        most = f"{MOST_STORED_POINTS} or fewer"
        msg = f"stored prompts hold {len(points)} points; give {most}"
        raise PromptError(msg)
    for name, kinds in (
        ("points_rc", (int, float)),
        ("labels", (int,)),
        ("box_rc", (int, float)),
    ):
        strange = [v for v in _leaves(stored.get(name)) if type(v) not in kinds]
        if strange:
            what = "whole numbers" if name == "labels" else "numbers"
            msg = f"stored prompts hold {shown(strange[0])} in {name}; give {what}"
            raise PromptError(msg)


def _leaves(value: object) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        return [value]
    found: list[object] = []
    for each in value:
        # points are lists of lists; what is deeper is none
        found += each if isinstance(each, list) else [each]
    return found


def _as_numbers(values: npt.ArrayLike, what: str, form: str) -> npt.NDArray[np.float64]:
    """Copy numbers; NumPy would read texts as such, and raises errors of its own."""
    check_unmasked(values, what, PromptError)
    try:
        found = np.asarray(values)
        texts = (each for each in found.flat if isinstance(each, str | bytes))
        if found.dtype.kind == "O" and next(texts, None) is not None:
            found = found.astype(np.str_)
        if found.dtype.kind in "biufO":
            return found.astype(np.float64)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        pass  # ragged lists; tensors that want a gradient
    msg = f"{what} {shown(values)} hold other things than numbers; give {form}"
    raise PromptError(msg)


def _as_points(points_rc: npt.ArrayLike) -> npt.NDArray[np.float64]:
    points = _as_numbers(points_rc, "points", "(N, 2): row and column of each")
    if points.size == 0:
        return np.zeros((0, 2), dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        msg = f"points of shape {points.shape}; give (N, 2): row and column of each"
        raise PromptError(msg)
    if not np.isfinite(points).all():
        msg = f"points {points.tolist()} are not all finite; give numbers in pixels"
        raise PromptError(msg)
    return points


def _as_labels(labels: npt.ArrayLike, count: int) -> npt.NDArray[np.int64]:
    values = _as_numbers(labels, "labels", "one of 1 or 0 for each point")
    if values.shape != (count,):
        msg = f"{values.size} labels for {count} points; give one label for each point"
        raise PromptError(msg)
    if not np.isin(values, (POSITIVE, NEGATIVE)).all():
        msg = f"labels {values.tolist()}; give 1 (on the object) or 0 (background)"
        raise PromptError(msg)
    return values.astype(np.int64)


def _as_box(box_rc: npt.ArrayLike) -> npt.NDArray[np.float64]:
    box = _as_numbers(box_rc, "box", "four numbers (row0, col0, row1, col1)")
    if box.shape != (4,) or not np.isfinite(box).all():
        msg = f"box {box.tolist()}; give four numbers (row0, col0, row1, col1)"
        raise PromptError(msg)
    if box[0] > box[2] or box[1] > box[3]:
        corners = ", ".join(f"{value:g}" for value in box)
        msg = (
            f"box ({corners}) ends before it starts; give (row0, col0, row1, col1) "
            "with row0 <= row1 and col0 <= col1"
        )
        raise PromptError(msg)
    return box


def _as_logits(mask_logits: npt.ArrayLike) -> npt.NDArray[np.float32]:
    numbers = _as_numbers(mask_logits, "mask logits", "(h, w) of one candidate")
    if numbers.ndim != 2 or numbers.size == 0:
        msg = f"mask logits of shape {numbers.shape}; give (h, w) of one candidate"
        raise PromptError(msg)
    if np.asarray(mask_logits).dtype.kind == "b":  # 0 and 1 say almost nothing
        msg = (
            f"mask logits of shape {numbers.shape} are a mask, true and false; give "
            "the logits of that candidate, such as candidates.logits[0]"
        )
        raise PromptError(msg)
    if not (np.abs(numbers) <= MOST_FED).all():
        msg = "mask logits are not all finite; give those of one of the candidates"
        raise PromptError(msg)
    return numbers.astype(np.float32)
