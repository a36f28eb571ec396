"""The layers in which candidates, and the preview of a propagation, are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import DirectLabelColormap

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.gui.napari_io import ROLE, shape_of
from napari_sam_med.gui.prompting.outlines import MaskOutlines
from napari_sam_med.gui.prompting.views.candidate_cards import CANDIDATE_COLOURS
from napari_sam_med.gui.shared.later import remove_layers
from napari_sam_med.gui.shared.own_layers import (
    add_quietly,
    leave_scene_alone,
    leave_sliders_alone,
    leave_undrawn,
)
from napari_sam_med.gui.shared.prompt_layers import place_again
from napari_sam_med.gui.shared.shown_slice import ShownSlice, placement_over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel

NAME = "candidates"
FILL_ALPHA = 0.35
BESIDE_COLOUR = (255, 209, 102)
"""Of the boxes, whose other objects these are."""
BESIDE = len(CANDIDATE_COLOURS) + 1
PREVIEW, PREVIEW_ALPHA = BESIDE + 1, 0.45


class CandidateOverlay:
    """One mask filled, the others as outlines, on the slice that was prompted.

    While an object is propagated, the layer spans the image and shows the preview as
    well. It stays, invisible, while there is nothing to show: making a layer takes
    napari .1 to .3 s, and a list of layers that jumps is hard to read.

    Parameters
    ----------
    viewer : ViewerModel
        Gets the layer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self.layer: Labels | None = None
        self.outlines = MaskOutlines(viewer)
        self._previewed: _Previewed | None = None
        self._preview_colour = BESIDE_COLOUR

    @property
    def is_shown(self) -> bool:
        """Whether candidates are to be seen now."""
        if self._previewed is not None:
            return self._previewed.covered is not None
        return self.layer is not None and self.layer.visible

    @property
    def previews(self) -> bool:
        """Whether the layer spans the image for a preview."""
        return self._previewed is not None

    def ensure(self, image: Image) -> Labels:
        """Give the layer, made anew below our other ones if it is missing."""
        if self.layer is None or self.layer.ndim != image.ndim:
            self.detach()
            self.outlines.ensure()  # what is added later comes below
            self.layer = Labels(
                np.zeros((1,) * image.ndim, dtype=np.uint8),
                name=NAME,
                opacity=1.0,
                colormap=_colormap(self._preview_colour),
                metadata={ROLE: "candidates"},
                visible=False,
                **placement_over(self._viewer.dims, image),
            )
            add_quietly(self._viewer, self.layer)
            leave_sliders_alone(self.layer, "data", "affine")
            leave_scene_alone(self.layer)
            leave_undrawn(self.layer)
        return self.layer

    def show(
        self,
        image: Image,
        shown: ShownSlice,
        candidates: Candidates,
        filled: int,
        beside: Sequence[npt.NDArray[np.bool_]] = (),
    ) -> None:
        """Draw candidates on a slice of an image; what was drawn before goes.

        Parameters
        ----------
        image, shown : Image, ShownSlice
            Where.
        candidates : Candidates
            Outlined.
        filled : int
            The slot that is filled too.
        beside : sequence of (H, W) bool
            Masks of the slice's other objects.
        """
        layer = self.ensure(image)
        painted = filling_of(candidates, filled, beside)
        if self._previewed is not None and not self._previewed.fits(image):
            self._previewed = None  # the image has other voxels by now
        if self._previewed is not None:
            self._previewed.cover(shown, painted)
        else:
            data = painted if image.ndim == 2 else np.expand_dims(painted, shown.axis)
            data = data if shown.time is None else data[None]
            if layer.data.shape == data.shape:
                layer.data[:] = data
            else:
                layer.data = data
        self._place(image, shown)
        _show(layer)
        others = [k for k in range(len(candidates)) if k != filled]
        slots = (*others[: len(CANDIDATE_COLOURS) - 1], filled)
        self.outlines.show(
            image,
            shown,
            [*beside, *(candidates.masks[k] for k in slots)],
            [*(_opaque(BESIDE_COLOUR) for _ in beside), *map(_outline_colour, slots)],
        )

    def follow(self, image: Image, shown: ShownSlice) -> None:
        """Lie on a slice of the image, wherever that lies now."""
        if self.layer is not None:
            self._place(image, shown)
            self.outlines.follow(image, shown)

    def _place(self, image: Image, shown: ShownSlice) -> None:
        if self.layer is not None:
            here = None if self.previews else shown
            place_again(self.layer, placement_over(self._viewer.dims, image, here))

    def hide(self) -> None:
        """Show no candidates until the next ones."""
        if self._previewed is not None:
            if self._previewed.uncover() and self.layer is not None:
                self.layer.refresh(extent=False)
        elif self.layer is not None and self.layer.visible:
            self.layer.visible = False
        self.outlines.hide()

    def begin_preview(
        self, image: Image, time: int | None, colour: tuple[int, int, int]
    ) -> None:
        """Span the image, with an empty preview; candidates must be shown again.

        It is seen from ``draw_preview`` on.
        """
        layer = self.ensure(image)
        self._previewed = _Previewed(image, time)
        layer.visible = False  # else napari draws each of the next three changes
        if colour != self._preview_colour:
            layer.colormap = _colormap(colour)
            self._preview_colour = colour
        layer.data = self._previewed.data
        place_again(layer, placement_over(self._viewer.dims, image))

    def put_preview(self, axis: int, index: int, mask: npt.NDArray[np.bool_]) -> None:
        """Preview one more slice, (H, W), from ``draw_preview`` on."""
        if self._previewed is not None:
            self._previewed.put(axis, index, mask)

    def draw_preview(self) -> None:
        """Bring what is seen of the preview up to date."""
        if self._previewed is None or self.layer is None:
            return
        if self._previewed.was_shown:  # a person may have hidden it since
            self.layer.refresh(extent=False)
        else:
            self._previewed.was_shown = True
            _show(self.layer)

    def end_preview(self) -> None:
        """Preview nothing any more; candidates must be shown again."""
        if self._previewed is None:
            return
        self._previewed = None
        if self.layer is not None:
            self.layer.visible = False
            self.layer.data = np.zeros((1,) * self.layer.ndim, dtype=np.uint8)
        self.outlines.hide()

    def detach(self) -> None:
        """Take the layer out of the viewer."""
        remove_layers(self._viewer, self.release())

    def release(self) -> list[Layer]:
        """Forget the layer, and give it to whoever takes it out."""
        layer, self.layer, self._previewed = self.layer, None, None
        return ([] if layer is None else [layer]) + self.outlines.release()

    def lost(self, layer: Layer) -> bool:
        """Note that a person removed the layer; False if it is another one."""
        if layer is self.layer:
            self.layer = self._previewed = None
            return True
        return self.outlines.lost(layer)


class _Previewed:
    """The voxels of an image in which a preview is seen, and the slice that covers it.

    Parameters
    ----------
    image : Image
        What is previewed over.
    time : int or None
        The time point of a (T, Z, Y, X) image.
    """

    def __init__(self, image: Image, time: int | None) -> None:
        self.data = np.zeros(shape_of(image), dtype=np.uint8)
        self._time = time
        self.was_shown = False
        self.covered: tuple[ShownSlice, npt.NDArray[np.uint8]] | None = None

    def fits(self, image: Image) -> bool:
        """Whether the image still has as many voxels."""
        return self.data.shape == shape_of(image)

    def put(self, axis: int, index: int, mask: npt.NDArray[np.bool_]) -> None:
        """Set one slice of the preview, (H, W)."""
        covered = self.covered
        painted = None if covered is None else self._cut(covered[0]).copy()
        self.uncover()
        self._cut(ShownSlice(axis, index, self._time))[...] = PREVIEW * mask
        if covered is not None and painted is not None:
            self.cover(covered[0], painted)

    def cover(self, shown: ShownSlice, painted: npt.NDArray[np.uint8]) -> None:
        """Show candidates, (H, W), on a slice, over the preview."""
        self.uncover()
        here = self._cut(shown)
        self.covered = (shown, here.copy())
        here[...] = np.where(painted, painted, here)

    def uncover(self) -> bool:
        """Show the preview on all slices; False if it was so already."""
        if self.covered is None:
            return False
        shown, under = self.covered
        self._cut(shown)[...] = under
        self.covered = None
        return True

    def _cut(self, shown: ShownSlice) -> npt.NDArray[Any]:
        array = self.data if shown.time is None else self.data[shown.time]
        return SlicePlane(shown.axis, shown.index).take(array)


def _show(layer: Labels) -> None:
    if layer.visible:
        layer.refresh(extent=False)
    else:
        layer.visible = True  # which draws it anew


def filling_of(
    candidates: Candidates,
    filled: int,
    beside: Sequence[npt.NDArray[np.bool_]] = (),
) -> npt.NDArray[np.uint8]:
    """Paint one mask, (H, W) uint8: its slot's number from 1 inside, 0 outside.

    Masks ``beside`` it, of other objects, get a number behind all slots.
    """
    painted = np.zeros(candidates.masks.shape[1:], dtype=np.uint8)
    for mask in beside:
        painted[mask] = BESIDE
    painted[candidates.masks[filled]] = filled + 1
    return painted


def _outline_colour(slot: int) -> npt.NDArray[np.float32]:
    return _opaque(CANDIDATE_COLOURS[slot])


def _opaque(rgb: tuple[int, int, int]) -> npt.NDArray[np.float32]:
    return np.array([*rgb, 255], np.float32) / np.float32(255)


def _colormap(preview: tuple[int, int, int]) -> DirectLabelColormap:
    clear = np.zeros(4, dtype=np.float32)
    colours: dict[int | None, npt.NDArray[np.float32]] = {None: clear, 0: clear}
    for k, rgb in enumerate((*CANDIDATE_COLOURS, BESIDE_COLOUR)):
        colours[k + 1] = _seen_through(rgb, FILL_ALPHA)
    colours[PREVIEW] = _seen_through(preview, PREVIEW_ALPHA)
    return DirectLabelColormap(color_dict=colours)


def _seen_through(rgb: tuple[int, int, int], alpha: float) -> npt.NDArray[np.float32]:
    return np.append(np.array(rgb, np.float32) / 255, np.float32(alpha))
