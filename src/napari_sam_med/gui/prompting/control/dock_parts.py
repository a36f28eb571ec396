"""What the parts of the dock's controller share."""

from __future__ import annotations

from dataclasses import dataclass

from napari.components import ViewerModel
from napari.layers import Image

from napari_sam_med.gui.labels.labels_writer import LabelsWriter
from napari_sam_med.gui.labels.layer_lists import NEW_LABELS, LayerLists
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.opening.readers import LIKELY
from napari_sam_med.gui.prompting.prompts_painter import PromptsPainter
from napari_sam_med.gui.prompting.shown_image import ShownImage
from napari_sam_med.gui.prompting.tools import ToolSwitch
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.shared.own_keys import KeyBindings
from napari_sam_med.gui.shared.prompt_layers import PromptLayers
from napari_sam_med.session.prompt_session import PromptSession


@dataclass(frozen=True, slots=True, eq=False)
class DockParts:
    """The state and the layers of one dock; each part uses what it needs.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers are prompted.
    view : PromptsView
        The dock's widget.
    session : PromptSession
        The state of prompting.
    lists : LayerLists
        Which layers there are.
    seen : ShownImage
        The image that is prompted.
    layers : PromptLayers
        Points and boxes.
    tools : ToolSwitch
        What a click does.
    painter : PromptsPainter
        Draws.
    writer : LabelsWriter
        Writes masks into Labels layers.
    keys : KeyBindings
        Keys on layers and viewer.
    """

    viewer: ViewerModel
    view: PromptsView
    session: PromptSession
    lists: LayerLists
    seen: ShownImage
    layers: PromptLayers
    tools: ToolSwitch
    painter: PromptsPainter
    writer: LabelsWriter
    keys: KeyBindings

    @property
    def image(self) -> Image | None:
        """The image that is prompted."""
        return self.seen.layer

    @property
    def can_prompt(self) -> bool:
        """Whether there is an image that a model can be asked about."""
        return self.image is not None and self.session.image is not None

    def bind_own_layers(self) -> None:
        """Let our keys win in the layers that are prompted in."""
        for layer in (self.layers.points, self.layers.boxes):
            if layer is not None:
                self.keys.bind(layer)

    def list_layers(self) -> None:
        """Bring the lists of images and Labels layers up to date."""
        image = self.image
        key = "" if image is None else place_of(image)
        self.view.source.set_images(self.lists.image_options(), key)
        self.view.start.setVisible(image is None)
        likely = image is not None and bool(image.metadata.get(LIKELY))
        self.view.source.to_labels.setVisible(likely)
        labels = self.lists.labels_for(image)
        key = NEW_LABELS if labels is None else place_of(labels)
        self.view.write.set_labels_layers(self.lists.labels_options(image), key)
