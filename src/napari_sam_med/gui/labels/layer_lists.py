"""Which layers of the viewer can be prompted or written to."""

from __future__ import annotations

from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer

from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.gui.labels.label_layers import (
    grid_difference,
    is_writable,
    labels_like,
)
from napari_sam_med.gui.napari_io import is_ours, place_of, shape_of
from napari_sam_med.gui.shared.own_keys import is_current
from napari_sam_med.gui.shared.own_layers import add_quietly
from napari_sam_med.gui.shared.widgets.options import Option

NEW_LABELS = "new"
RESAMPLED = "resampled:"
"""Before a layer's place: the same labels on the grid of the image, in a new layer."""


class LayerLists:
    """Finds layers by what lists carry, and remembers where each image's masks go.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._labels_of: dict[str, str] = {}
        self._chosen: dict[str, dict[str, None]] = {}
        """All that were ever chosen for each image, in this order."""
        self.restored: dict[str, str] = {}
        """Places of layers that saved ones were put back into, by the saved keys."""

    def is_current(self) -> bool:
        """Whether a person works in the window of this viewer."""
        return is_current(self._viewer)

    def images(self) -> list[Image]:
        """Images that a person opened, top layer last."""
        return [each for each in self._viewer.layers if isinstance(each, Image)]

    def labels(self) -> list[Labels]:
        """Labels layers that a person opened or made."""
        layers = self._viewer.layers
        return [
            each for each in layers if isinstance(each, Labels) and not is_ours(each)
        ]

    @property
    def names(self) -> dict[str, str]:
        """What those are called in files, by their places."""
        return {place_of(each): printable(each.name) for each in self.labels()}

    def image_options(self) -> list[Option]:
        """One line for each image."""
        return [_option(each) for each in self.images()]

    def labels_options(self, image: Image | None) -> list[Option]:
        """One line for a new layer, and one for each that is there.

        Parameters
        ----------
        image : Image or None
            Whose masks are to be written. Labels on another grid than this are offered
            as a new layer to which they are resampled, and those that cannot be written
            as one to which they are copied.
        """
        new = Option(NEW_LABELS, "a new Labels layer", "Made when you accept a mask")
        return [new, *(_labels_option(each, image) for each in self.labels())]

    def find(self, place: str) -> Layer | None:
        """Find a layer by its place; None if it is gone."""
        for layer in self._viewer.layers:
            if place_of(layer) == place:
                return layer
        return None

    def set_labels(self, image: Image, place: str) -> None:
        """Write an image's masks there from now on; ``NEW_LABELS`` for a new layer."""
        self._labels_of[place_of(image)] = place
        self._chosen.setdefault(place_of(image), {})[place] = None

    def layers_of(self, image: Image) -> list[Labels]:
        """Give all layers that an image's masks went to, as far as they are there."""
        found = (self.find(each) for each in self._chosen.get(place_of(image), ()))
        return [each for each in found if isinstance(each, Labels)]

    def written_to(self) -> frozenset[str]:
        """Places of all layers that masks of the images went to."""
        layers = (each for image in self.images() for each in self.layers_of(image))
        return frozenset(place_of(each) for each in layers)

    def labels_for(self, image: Image | None) -> Labels | None:
        """Give the layer that an image's masks go to; None if it is to be made."""
        if image is None:
            return None
        layer = self.find(self._labels_of.get(place_of(image), NEW_LABELS))
        return layer if isinstance(layer, Labels) else None

    def ensure_labels(
        self, image: Image, new: Labels | None = None, *, on_top: bool = False
    ) -> Labels:
        """Give the layer that an image's masks go to, put below our own if needed.

        If there is none yet, it is the ``new`` one, or one that is made here. It is put
        ``on_top`` while another layer is being removed, whose number must stay.
        """
        layer = self.labels_for(image)
        if layer is not None:
            return layer
        layer = labels_like(image) if new is None else new
        self.set_labels(image, place_of(layer))
        add_quietly(self._viewer, layer, on_top=on_top)
        return layer


def _labels_option(layer: Labels, image: Image | None) -> Option:
    difference = "" if image is None else grid_difference(image, layer)
    is_copied = not difference and layer.ndim < 4 and not is_writable(layer)
    if image is not None and is_copied:
        return Option(
            RESAMPLED + place_of(layer),
            f"{layer.name}, copied",
            f"{layer.name} is not an array in memory that can be written; its "
            "labels are copied into a new layer",
        )
    if image is None or not difference:
        return _option(layer)
    return Option(
        RESAMPLED + place_of(layer),
        f"{layer.name}, resampled",
        f"{layer.name} lies on another grid than {image.name} ({difference}); its "
        "labels are brought to the nearest voxels of the image, in a new layer",
    )


def _option(layer: Layer) -> Option:
    shape = " x ".join(str(n) for n in shape_of(layer))
    return Option(place_of(layer), layer.name, f"{layer.name}: {shape}")
