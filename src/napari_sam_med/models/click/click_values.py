"""What a click, a crop and the settings of a zoom are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClickPoint:
    """One click of a person or of a simulation.

    Parameters
    ----------
    row, col : float
        Position in pixels of the image, pixel centres at integers.
    positive : bool
        Whether the object is there (otherwise: it is not).
    """

    row: float
    col: float
    positive: bool


@dataclass(frozen=True, slots=True)
class ClickCrop:
    """A rectangle of pixels of an image; all four limits belong to it.

    Parameters
    ----------
    row0, row1, col0, col1 : int
        First and last row, first and last column.
    """

    row0: int
    row1: int
    col0: int
    col1: int

    @classmethod
    def whole(cls, shape_hw: tuple[int, int]) -> ClickCrop:
        """ClickCrop that is an image of ``shape_hw`` (height, width) itself."""
        return cls(0, shape_hw[0] - 1, 0, shape_hw[1] - 1)

    @property
    def shape_hw(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.row1 - self.row0 + 1, self.col1 - self.col0 + 1

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the crop in the last two axes of an image."""
        return slice(self.row0, self.row1 + 1), slice(self.col0, self.col1 + 1)

    def covers(self, click: ClickPoint) -> bool:
        """Whether a click lies inside, the last row and column not counted."""
        return self.row0 <= click.row < self.row1 and self.col0 <= click.col < self.col1

    def overlap(self, other: ClickCrop) -> float:
        """Shared part of two crops: rows' and columns' interval overlaps multiplied."""
        return _interval_overlap(
            (self.row0, self.row1), (other.row0, other.row1)
        ) * _interval_overlap((self.col0, self.col1), (other.col0, other.col1))


def _interval_overlap(a: tuple[int, int], b: tuple[int, int]) -> float:
    """Shared length of two inclusive intervals over the length that spans both."""
    shared = max(0, min(a[1], b[1]) - max(a[0], b[0]) + 1)
    hull = max(a[1], b[1]) - min(a[0], b[0]) + 1
    return shared / hull


@dataclass(frozen=True, slots=True)
class ZoomIn:
    """How a predictor narrows the picture to the object that it has found so far.

    Parameters
    ----------
    target : int or (height, width)
        Size of the network's input in pixels: the longer side of the crop, or both
        sides, the aspect then not being kept.
    skip_clicks : int
        With this many clicks or fewer the whole picture goes in, at its own size.
        A negative number resizes from the first click, whole picture or not.
    expansion : float
        Size of the crop relative to the object's box.
    min_crop : int
        Smallest height and width of a crop, in pixels.
    keep_overlap : float or None
        A crop is kept while its overlap with the newly found one is at least this;
        None takes the new one at each click.
    threshold : float
        Previous probabilities strictly above it are the object.

    Notes
    -----
    Defaults: the evaluation settings of SamsungLabs/ritm_interactive_segmentation
    (``isegm/inference/transforms/zoom_in.py``).
    """

    target: int | tuple[int, int] = 400
    skip_clicks: int = 1
    expansion: float = 1.4
    min_crop: int = 200
    keep_overlap: float | None = 0.5
    threshold: float = 0.5
