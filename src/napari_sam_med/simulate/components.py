"""Connected components of an object, and the tight boxes round them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

import numpy as np
from skimage import measure

from napari_sam_med.errors import ImageError

if TYPE_CHECKING:
    import numpy.typing as npt

MAX_COMPONENTS = 3
"""Of modes 2 and 4 (Mazurowski et al. 2023, section 2.2)."""


class Components(Sequence["npt.NDArray[np.bool_]"]):
    """The components of an object in an order of choice, each drawn when asked for.

    A mask of each at once would be 4,096 slices for as many single pixels.

    Parameters
    ----------
    regions : (H, W) int
        The component that each pixel belongs to; 0 is none.
    order : sequence of int
        The components, by their numbers in ``regions``.
    """

    def __init__(self, regions: npt.NDArray[np.integer], order: Sequence[int]) -> None:
        self._regions, self._order = regions, order

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, index: int) -> npt.NDArray[np.bool_]: ...

    @overload
    def __getitem__(self, index: slice) -> Components: ...

    def __getitem__(self, index: int | slice) -> npt.NDArray[np.bool_] | Components:
        if isinstance(index, slice):
            return Components(self._regions, self._order[index])
        found: npt.NDArray[np.bool_] = self._regions == self._order[index]
        return found


def components_of(mask: npt.NDArray[np.bool_]) -> Components:
    """Split an object into its 8-connected components, largest first.

    Parameters
    ----------
    mask : (H, W) bool
        The object.

    Returns
    -------
    sequence of (H, W) bool
        All components, however small; empty for an empty mask.

    Notes
    -----
    mazurowski-lab/segment-anything-medical-evaluation sorts (area, label id) and
    reverses the list, so that of two equal areas the later in scan order comes first.

    Examples
    --------
    >>> mask = np.array([[1, 0, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0]], dtype=bool)
    >>> [int(component.sum()) for component in components_of(mask)]
    [2, 1, 1]
    >>> np.argwhere(components_of(mask)[1]).tolist()
    [[2, 1]]
    """
    regions, count = measure.label(  # type: ignore[no-untyped-call]
        mask, connectivity=2, return_num=True
    )
    areas = np.bincount(regions.ravel(), minlength=count + 1)
    order = sorted(range(1, count + 1), key=lambda region: (areas[region], region))
    return Components(regions, order[::-1])


def tight_box(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Enclose an object as closely as whole pixels allow.

    Parameters
    ----------
    mask : (H, W) bool
        The object.

    Returns
    -------
    (4,) float64
        ``(row0, col0, row1, col1)``, inclusive pixels.

    Raises
    ------
    ImageError
        If the mask is empty.

    Examples
    --------
    >>> tight_box(np.array([[0, 0, 0], [0, 1, 1]], dtype=bool)).tolist()
    [1.0, 1.0, 1.0, 2.0]
    """
    rows, cols = np.nonzero(mask)
    if rows.size == 0:
        msg = "the mask is empty; give one with at least one pixel of the object"
        raise ImageError(msg)
    corners = (rows.min(), cols.min(), rows.max(), cols.max())
    return np.array(corners, dtype=np.float64)
