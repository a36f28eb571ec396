"""From the values of a label image to whole numbers, or why they are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.volumes import check_finite, slices_of
from napari_sam_med.errors import ImageError
from napari_sam_med.io.formats import shown

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

LARGEST_STEP = 0.5
"""Of stored values; half of it tells whole numbers apart, a larger one may not."""
_ROUNDING = 1e-6
"""Of the largest label; slopes are stored in single precision, good to 6e-8."""


def labels_from_values(
    array: npt.NDArray[np.generic], path: Path, *, step: float = 0.0
) -> npt.NDArray[np.signedinteger | np.unsignedinteger]:
    """Take whole numbers from 0 as labels.

    Parameters
    ----------
    array : (Z, Y, X) number or bool
        The values of a file.
    path : Path
        For messages.
    step : float
        Distance of two values that the file can store next to each other (its slope);
        0 if they are stored as they are. A value within half a step of a whole number
        is read as this, if the step is at most `LARGEST_STEP`.

    Returns
    -------
    (Z, Y, X) integer
        Integers keep their type, others become int32.

    Raises
    ------
    ImageError
        If the image is coloured, or a value is negative, too large or not whole.
    """
    if array.ndim == 4:
        msg = (
            f"{shown(path)} is a colour image; labels are one number for each pixel, "
            "so save it as greyscale or with a palette"
        )
        raise ImageError(msg)
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    check_finite(array, shown(path))
    low, high = array.min(), array.max()
    near = step / 2 + _ROUNDING * float(high) if 0 < step <= LARGEST_STEP else 0.0
    if float(low) < -near or float(high) > np.iinfo(np.int32).max:
        msg = (
            f"{shown(path)} has values from {low} to {high}; labels are whole numbers "
            f"from 0 (background) to {np.iinfo(np.int32).max}, so is this perhaps the "
            "image?"
        )
        raise ImageError(msg)
    if array.dtype.kind in "iu":
        return array  # type: ignore[return-value]
    labels = np.empty(array.shape, np.int32)
    for part, target in zip(slices_of(array), slices_of(labels), strict=True):
        whole = np.rint(part)
        if (np.abs(part - whole) > near).any():
            msg = (
                f"{shown(path)} has values that are not whole numbers; labels are 0 "
                "(background), 1, 2, ..., so is this perhaps the image or a "
                "probability map?"
            )
            raise ImageError(msg)
        np.copyto(target, whole, casting="unsafe")
    return labels
