"""What became of labels whose numbers a DICOM-SEG does not keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def segments_told(numbers: Mapping[int, int]) -> str:
    """Say which segment each label is.

    Parameters
    ----------
    numbers : mapping of int to int
        From label to the number stored for it, as ``write_labels`` gives it.

    Returns
    -------
    str
        Empty if all kept their numbers.

    Examples
    --------
    >>> segments_told({3: 1, 7: 2})
    'label 3 is 1, 7 is 2'
    >>> segments_told({1: 1, 2: 2})
    ''
    """
    if all(label == segment for label, segment in numbers.items()):
        return ""
    parts = [f"{label} is {segment}" for label, segment in numbers.items()]
    return f"label {', '.join(parts)}"
