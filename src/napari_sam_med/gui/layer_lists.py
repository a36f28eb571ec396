"""Which layers of the viewer can be prompted or written to."""

from __future__ import annotations

from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer

from napari_sam_med.gui.layers import add_quietly, is_ours, labels_like, place_of
from napari_sam_med.gui.views.options import Option

NEW_LABELS = "new"


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

    def images(self) -> list[Image]:
        """Images that a person opened, top layer last."""
        return [each for each in self._viewer.layers if isinstance(each, Image)]

    def labels(self) -> list[Labels]:
        """Labels layers that a person opened or made."""
        layers = self._viewer.layers
        return [
            each for each in layers if isinstance(each, Labels) and not is_ours(each)
        ]

    def image_options(self) -> list[Option]:
        """One line for each image."""
        return [_option(each) for each in self.images()]

    def labels_options(self) -> list[Option]:
        """One line for a new layer, and one for each that is there."""
        new = Option(NEW_LABELS, "a new Labels layer", "Made when you accept a mask")
        return [new, *(_option(each) for each in self.labels())]

    def find(self, place: str) -> Layer | None:
        """Find a layer by its place; None if it is gone."""
        for layer in self._viewer.layers:
            if place_of(layer) == place:
                return layer
        return None

    def set_labels(self, image: Image, place: str) -> None:
        """Write an image's masks there from now on; ``NEW_LABELS`` for a new layer."""
        self._labels_of[place_of(image)] = place

    def labels_for(self, image: Image | None) -> Labels | None:
        """Give the layer that an image's masks go to; None if it is to be made."""
        if image is None:
            return None
        layer = self.find(self._labels_of.get(place_of(image), NEW_LABELS))
        return layer if isinstance(layer, Labels) else None

    def ensure_labels(self, image: Image) -> Labels:
        """Give the layer that an image's masks go to, made below our own if needed."""
        layer = self.labels_for(image)
        if layer is not None:
            return layer
        layer = labels_like(image)
        self.set_labels(image, place_of(layer))
        add_quietly(self._viewer, layer)
        return layer


def _option(layer: Layer) -> Option:
    shape = " x ".join(str(n) for n in layer.data.shape)
    return Option(place_of(layer), layer.name, f"{layer.name}: {shape}")
