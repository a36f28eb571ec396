"""The layers in which the candidates of one slice are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import DirectLabelColormap

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.gui.labels.label_layers import add_quietly
from napari_sam_med.gui.napari_io import ROLE
from napari_sam_med.gui.prompting.outlines import MaskOutlines
from napari_sam_med.gui.prompting.views.candidate_cards import CANDIDATE_COLOURS
from napari_sam_med.gui.shared.later import remove_layers
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


class CandidateOverlay:
    """One mask filled, the others as outlines, on the slice that was prompted.

    The layer stays, invisible, while there is nothing to show: making one takes napari
    long enough to be felt, and a list of layers that jumps is hard to read.

    Parameters
    ----------
    viewer : ViewerModel
        Gets the layer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self.layer: Labels | None = None
        self.outlines = MaskOutlines(viewer)

    @property
    def is_shown(self) -> bool:
        """Whether candidates are to be seen now."""
        return self.layer is not None and self.layer.visible

    def ensure(self, image: Image) -> Labels:
        """Give the layer, made anew below our other ones if it is missing."""
        if self.layer is None or self.layer.ndim != image.ndim:
            self.detach()
            self.outlines.ensure()  # what is added later comes below
            self.layer = Labels(
                np.zeros((1,) * image.ndim, dtype=np.uint8),
                name=NAME,
                opacity=1.0,
                colormap=_colormap(),
                metadata={ROLE: "candidates"},
                visible=False,
                **placement_over(self._viewer.dims, image),
            )
            add_quietly(self._viewer, self.layer)
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
        data = painted if image.ndim == 2 else np.expand_dims(painted, shown.axis)
        data = data if shown.time is None else data[None]
        if layer.data.shape == data.shape:
            layer.data[:] = data
        else:
            layer.data = data
        self.follow(image, shown)
        if layer.visible:
            layer.refresh(extent=False)
        else:
            layer.visible = True  # which draws it anew
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
            dims = self._viewer.dims
            place_again(self.layer, placement_over(dims, image, shown))
            self.outlines.follow(image, shown)

    def hide(self) -> None:
        """Show nothing until the next candidates."""
        if self.layer is not None and self.layer.visible:
            self.layer.visible = False
        self.outlines.hide()

    def detach(self) -> None:
        """Take the layer out of the viewer."""
        remove_layers(self._viewer, self.release())

    def release(self) -> list[Layer]:
        """Forget the layer, and give it to whoever takes it out."""
        layer, self.layer = self.layer, None
        return ([] if layer is None else [layer]) + self.outlines.release()

    def lost(self, layer: Layer) -> bool:
        """Note that a person removed the layer; False if it is another one."""
        if layer is self.layer:
            self.layer = None
            return True
        return self.outlines.lost(layer)


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


def _colormap() -> DirectLabelColormap:
    clear = np.zeros(4, dtype=np.float32)
    colours: dict[int | None, npt.NDArray[np.float32]] = {None: clear, 0: clear}
    for k, rgb in enumerate((*CANDIDATE_COLOURS, BESIDE_COLOUR)):
        colour = np.array(rgb, dtype=np.float32) / 255
        colours[k + 1] = np.append(colour, np.float32(FILL_ALPHA))
    return DirectLabelColormap(color_dict=colours)
