"""Which way up the three views of a patient are shown, and which side is which."""

from __future__ import annotations

from dataclasses import dataclass

from napari.components import Dims
from napari.layers import Layer

from napari_sam_med.core.geometry import Geometry

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
