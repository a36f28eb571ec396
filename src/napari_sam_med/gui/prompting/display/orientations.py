"""Which way up the three views of a patient are shown, and which side is which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from napari.components import Dims
from napari.layers import Layer

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.gui.shared.shown_slice import matrix_in_viewer

AXIAL, CORONAL, SAGITTAL = "axial", "coronal", "sagittal"
VIEWS = {AXIAL: 0, CORONAL: 1, SAGITTAL: 2}
"""Each with the layer's axis that it cuts across: napari's z, y and x, which
``axes_of`` puts nearest to the patient's."""
ENDS = (("F", "H"), ("A", "P"), ("R", "L"))
"""Where the world's z, y and x come from and go to: LPS millimetres, as
``gui.napari_io`` has them."""
UP, DOWN, RIGHT = "up", "down", "right"


@dataclass(frozen=True, slots=True)
class Letters:
    """Sides of the patient at the edges of the canvas."""

    top: str
    bottom: str
    left: str
    right: str


def is_in_patient(layer: Layer) -> bool:
    """Whether it is known how a layer lies in the patient: a volume from a file."""
    return layer.ndim >= 3 and isinstance(layer.metadata.get("geometry"), Geometry)


def order_of(dims: Dims, view: str) -> tuple[int, ...]:
    """Order the viewer's axes so that a view is shown.

    Parameters
    ----------
    dims : Dims
        The viewer's, of three axes or more.
    view : str
        One of ``VIEWS``.

    Examples
    --------
    >>> order_of(Dims(ndim=3), "coronal")
    (1, 0, 2)
    """
    first = dims.ndim - 3
    across = first + VIEWS[view]
    rest = (axis for axis in range(first, dims.ndim) if axis != across)
    return (*range(first), across, *rest)


def view_of_dims(dims: Dims) -> str:
    """Name the view that is shown; empty if it is none of the three."""
    if dims.ndisplay != 2 or dims.ndim < 3:
        return ""
    for view in VIEWS:
        if tuple(dims.order) == order_of(dims, view):
            return view
    return ""


def upright(view: str) -> tuple[str, str]:
    """Give the directions of the canvas's axes, as radiologists look at a view.

    Parameters
    ----------
    view : str
        One of ``VIEWS``.

    Returns
    -------
    (vertical, horizontal)
        In napari's words. The patient's left is on the right; the head is up, and in
        the axial view the nose is.

    Examples
    --------
    >>> upright("axial"), upright("sagittal")
    (('down', 'right'), ('up', 'right'))
    """
    return (DOWN if view == AXIAL else UP, RIGHT)


def letters_of(dims: Dims, directions: tuple[str, str]) -> Letters | None:
    """Say which side of the patient is at which edge of the canvas.

    Parameters
    ----------
    dims : Dims
        The viewer's.
    directions : (vertical, horizontal)
        The directions in which the canvas's axes grow, in napari's words.

    Returns
    -------
    Letters or None
        None in a 3-D view, or if time is displayed.

    Examples
    --------
    >>> letters_of(Dims(ndim=3, order=(1, 0, 2)), ("up", "right"))
    Letters(top='H', bottom='F', left='R', right='L')
    """
    axes = [axis - (dims.ndim - 3) for axis in dims.displayed]
    if dims.ndisplay != 2 or min(axes) < 0:
        return None
    vertical, horizontal = (ENDS[axis] for axis in axes)
    top, bottom = vertical if directions[0] == DOWN else vertical[::-1]
    left, right = horizontal if directions[1] == RIGHT else horizontal[::-1]
    return Letters(top, bottom, left, right)


@dataclass(frozen=True, slots=True)
class PictureTurn:
    """How a slice lies on the canvas, to the nearest quarter turn.

    Parameters
    ----------
    is_transposed : bool
        Its rows go across the canvas.
    is_upside_down, is_mirrored : bool
        Then the picture's own top is at the bottom, its left on the right.
    """

    is_transposed: bool = False
    is_upside_down: bool = False
    is_mirrored: bool = False

    def turned(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Turn (H, W, 3) from rows and columns of the slice to what is seen."""
        seen = picture.swapaxes(0, 1) if self.is_transposed else picture
        seen = seen[::-1] if self.is_upside_down else seen
        return seen[:, ::-1] if self.is_mirrored else seen


def turn_of(dims: Dims, layer: Layer, directions: tuple[str, str]) -> PictureTurn:
    """Say how the slices of a layer lie on the canvas.

    Parameters
    ----------
    dims : Dims
        The viewer's, which shows a plane of the layer.
    layer : Layer
        2-D, 3-D, or 4-D with time first.
    directions : (vertical, horizontal)
        The directions in which the canvas's axes grow, in napari's words.

    Examples
    --------
    >>> from napari.layers import Image
    >>> image = Image(np.zeros((4, 5, 6)))
    >>> turn_of(Dims(ndim=3, order=(0, 2, 1)), image, ("down", "right")).is_transposed
    True
    """
    down_across = [axis - (dims.ndim - layer.ndim) for axis in dims.displayed]
    # rows of the slice before its columns, whichever of them is down the canvas
    steps = matrix_in_viewer(dims, layer)[np.ix_(down_across, sorted(down_across))]
    steps[0] *= 1 if directions[0] == DOWN else -1
    steps[1] *= 1 if directions[1] == RIGHT else -1
    is_transposed = abs(steps[0, 1] * steps[1, 0]) > abs(steps[0, 0] * steps[1, 1])
    down, across = np.diag(steps[:, ::-1] if is_transposed else steps)
    return PictureTurn(bool(is_transposed), bool(down < 0), bool(across < 0))
