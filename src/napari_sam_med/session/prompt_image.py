"""The image that a person works on, and how its slices reach a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.slice_view import SliceView

if TYPE_CHECKING:
    from napari_sam_med.core.volumes import Volume
    from napari_sam_med.core.windows import Window


@dataclass(frozen=True, slots=True)
class SliceKey:
    """What makes an embedding reusable, apart from the model.

    Parameters
    ----------
    place : str
        Which image.
    revision : int
        Which state of its voxels.
    axis, index : int
        Which slice of it.
    spacing_rc : (row, column)
        Millimetres between the slice's pixels.
    window : Window or None
        Intensities shown as black and white; None for colour images.
    """

    place: str
    revision: int
    axis: int
    index: int
    spacing_rc: tuple[float, float]
    window: Window | None


@dataclass(frozen=True, slots=True, eq=False)
class PromptImage:
    """An image, the window that its user sees, and which image it is.

    Parameters
    ----------
    volume : Volume
        Voxels (Z, Y, X), or (Z, Y, X, 3) uint8 for colour.
    window : Window or None
        Intensities shown as black and white; None for colour images.
    place : str
        Which image, in words of whoever holds it.
    revision : int
        Grows whenever the voxels change, so that no embedding of older ones is used.
    """

    volume: Volume
    window: Window | None
    place: str
    revision: int = 0

    def plane(self, axis: int, index: int) -> SlicePlane:
        """Describe one slice of the image.

        Raises
        ------
        ImageError
            If the axis is not 0, 1 or 2, or the index is negative.
        """
        return SlicePlane.of(self.volume.geometry, axis, index)

    def view(self, plane: SlicePlane) -> SliceView:
        """Look at one slice through the window.

        Raises
        ------
        ImageError
            If the image has no such slice.
        """
        return SliceView.of(self.volume, plane, self.window)

    def shape_hw(self, plane: SlicePlane) -> tuple[int, int]:
        """Height and width of a slice, in pixels."""
        height, width = (
            n for axis, n in enumerate(self.volume.shape_zyx) if axis != plane.axis
        )
        return (height, width)

    def key(self, plane: SlicePlane) -> SliceKey:
        """Name a slice as it would reach a model."""
        return SliceKey(
            self.place,
            self.revision,
            plane.axis,
            plane.index,
            plane.spacing_rc,
            self.window,
        )


def same_place(old: PromptImage | None, new: PromptImage | None) -> bool:
    """Whether both are the same image, whatever its window or state."""
    return old is not None and new is not None and old.place == new.place


def same_image(old: PromptImage | None, new: PromptImage | None) -> bool:
    """Whether all embeddings of one are those of the other."""
    if old is None or new is None:
        return old is new
    own, its = ((each.place, each.revision, each.window) for each in (old, new))
    return own == its


def slice_mark(image: PromptImage | None, plane: SlicePlane | None) -> object:
    """Name a slice of an image, whatever its window; None if there is none."""
    return None if image is None or plane is None else (image.place, plane)
