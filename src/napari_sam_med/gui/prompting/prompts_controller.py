"""Connects the dock "SAM Prompts" with the session and the viewer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from napari.components import ViewerModel
from napari.layers import Image, Layer
from qtpy.QtWidgets import QWidget

from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.dock_life import if_alive
from napari_sam_med.gui.labels.labels_writer import LabelsWriter
from napari_sam_med.gui.labels.layer_lists import NEW_LABELS, LayerLists
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.prompting.canvas import KeyBindings, Tool
from napari_sam_med.gui.prompting.mask_actions import MaskActions
from napari_sam_med.gui.prompting.model_picker import ModelPicker
from napari_sam_med.gui.prompting.output_actions import OutputActions
from napari_sam_med.gui.prompting.prompts_files import PromptFiles
from napari_sam_med.gui.prompting.prompts_painter import PromptsPainter
from napari_sam_med.gui.prompting.reach import SliceReach
from napari_sam_med.gui.prompting.shown_image import ShownImage
from napari_sam_med.gui.prompting.tools import ToolSwitch, refusal_of
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.shared.bridge import Bridge
from napari_sam_med.gui.shared.later import Turns, later, remove_layers
from napari_sam_med.gui.shared.model_shelf import ModelShelf
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.gui.shared.prompt_layers import PromptLayers
from napari_sam_med.gui.shared.shown_slice import cut_anew
from napari_sam_med.gui.shared.viewer_watch import ViewerSlots, ViewerWatch
from napari_sam_med.session.background.messages import Answer, Loaded
from napari_sam_med.session.background.model_client import ModelClient
from napari_sam_med.session.background.services import Services
from napari_sam_med.session.background.tasks import TaskClient
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.status import Phase, Status


class PromptsController:
    """Short slots between the view, the viewer's layers and the session.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers are prompted.
    view : PromptsView
        The dock's widget.
    shelf : ModelShelf
        The models to choose from; the default one is loaded at once.
    services : Services
        Models and threads, which other docks may share.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        view: PromptsView,
        shelf: ModelShelf,
        services: Services,
    ) -> None:
        self._viewer, self._view = viewer, view
        self._bridge = Bridge(self._on_answer)
        self._work = ModelClient(services.models, self._bridge.deliver)
        self._tasks = TaskClient(services.files, self._bridge.deliver)
        self.session = PromptSession(self._work.post)
        self._problem = Status()
        self._is_open = False
        self._left = ("", Tool.INCLUDE)
        self._lists = LayerLists(viewer)
        self.seen = ShownImage(viewer, self.session, view, self._on_view_changed)
        self._reach = SliceReach(viewer)
        self.layers = PromptLayers(viewer, self._on_layers_edited)
        self.tools = ToolSwitch(viewer, self.layers, self.click)
        self.painter = PromptsPainter(viewer, view, self.layers)
        self.drawing = Turns(view, self._parts_to_draw())
        self._writer = LabelsWriter(
            self._lists, self.session, self._tasks.post, self._render
        )
        self._files = PromptFiles(view, self._tasks.post)
        self._masks = MaskActions(
            self.session, self._writer, self.seen, self.painter, view, self._guard
        )
        self._outputs = OutputActions(
            self.session, self._lists, self.seen, self._files, self._guard
        )
        self.models = ModelPicker(
            view, shelf, self.session, self._files, services.downloads, self._render
        )
        self._keys = KeyBindings(self._key_actions())
        self._edit_timer = later(view, 0, self._take_edits)
        self._layers_timer = later(view, 0, self._on_layers_changed)
        self._place_timer = later(view, 0, self._on_placed)
        self._connect_view()
        self._watch = ViewerWatch(
            viewer,
            ViewerSlots(
                inserted=self._on_layers_changed,
                removed=self._on_layer_removed,
                renamed=self._list_layers,
                moved=self._on_view_changed,
                placed=self._place_timer.start,
            ),
        )
        self.open()

    @property
    def image(self) -> Image | None:
        """The image that is prompted."""
        return self.seen.layer

    @property
    def is_open(self) -> bool:
        """Whether the viewer is listened to."""
        return self._is_open

    def open(self) -> None:
        """Take up the viewer; after ``shut``, where it was left."""
        if self._is_open:
            return
        self._is_open = True
        place, tool = self._left
        self._work.open()
        self._tasks.open()
        self.tools.open()
        self._watch.open()
        self._keys.bind(self._viewer)
        self.seen.forget_gone()
        self.painter.forget_drawn()
        image = self._lists.find(place)
        if isinstance(image, Image):
            self._take_image(image)
        self._on_layers_changed()
        self.models.open()
        self._set_tool(tool)

    def shut(self) -> None:
        """Leave a viewer that stays open, so that ``open`` can go on."""
        remove_layers(self._viewer, self._leave())

    def close(self, window: QWidget | None = None) -> None:
        """Leave the viewer for good; never waits.

        Parameters
        ----------
        window : QWidget, optional
            The viewer's; if it stays, our own layers are taken out of it.
        """
        own = self._leave()
        if own:
            if_alive(window, partial(remove_layers, self._viewer, own))

    def _leave(self) -> list[Layer]:
        """Stop everything; what must be written still is. Gives our own layers."""
        if not self._is_open:
            return []
        self._is_open = False
        place = "" if self.image is None else place_of(self.image)
        self._left = (place, self.tools.tool)
        for timer in (self._edit_timer, self._layers_timer, self._place_timer):
            timer.stop()
        self.drawing.stop()
        self.session.leave_model("")
        self.models.close()
        self._work.close()
        self._tasks.close()
        self._keys.close()
        self.tools.close()
        self._watch.close()
        self.seen.close()
        self._writer.close()
        self.seen.take(None)
        own = self.painter.overlay.release() + self.layers.release()
        return own + self._reach.release()

    def click(self, position: Sequence[float], label: int) -> None:
        """Add a point where a person clicked; it is drawn in the next turn.

        Parameters
        ----------
        position : sequence of float
            World coordinates in the viewer's dimensions, on the slice that is shown.
        label : int
            1 on the object, 0 on the background.
        """
        if self.seen.add_point(position, label):
            self.tools.take_keys()
        self.drawing.start()

    # Building

    def _key_actions(self) -> dict[str, Callable[[], None]]:
        masks = self._masks
        choose = {str(k + 1): partial(masks.choose, k) for k in range(3)}
        return choose | {
            "Enter": masks.accept,
            "A": masks.accept,
            "N": masks.next_object,
            "T": lambda: self._set_tool(self.tools.turned()),
            "B": lambda: self._set_tool(self.tools.box_or_back()),
            "Shift-C": masks.clear,
            "Control-Z": masks.undo,
            "Control-Shift-Z": masks.redo,
        }

    def _connect_view(self) -> None:
        view = self._view
        view.source.image_chosen.connect(self._on_image_chosen)
        view.tools.tool_chosen.connect(lambda name: self._set_tool(Tool(name)))
        view.write.labels_chosen.connect(self._on_labels_chosen)
        self._outputs.connect(view)

    # Layers come, go and change

    def _on_layers_changed(self) -> None:
        images = self._lists.images()
        if self.image is not None and self.image not in images:
            self._take_image(None)
        is_new = self.image is None and bool(images)
        if is_new:
            self._take_image(images[-1])
        self._list_layers()
        self._on_view_changed()
        if is_new:
            self._set_tool(self.tools.tool)  # makes the layers to prompt in

    def _on_layer_removed(self, layer: Layer) -> None:
        self._keys.unbind(layer)
        if self.layers.lost(layer):
            self._edit_timer.start()
            return
        if self.painter.overlay.lost(layer):
            return
        if isinstance(layer, Image):
            self.seen.forget(layer)
        if layer is self.image:
            self.session.show(None, None)
        # napari is still inside the removal, and a closing viewer removes all layers
        self._layers_timer.start()

    def _take_image(self, image: Image | None) -> None:
        before = self.image
        if not self.seen.take(image):
            return
        if before is not None:
            self._keys.unbind(before)
            self._remove_own_layers()
        if image is not None:
            self._keys.bind(image)
            self._reach.take(image)

    def _remove_own_layers(self) -> None:
        self.painter.overlay.detach()
        self.layers.detach()

    def _list_layers(self) -> None:
        image = self.image
        key = "" if image is None else place_of(image)
        self._view.source.set_images(self._lists.image_options(), key)
        labels = self._lists.labels_for(image)
        key = NEW_LABELS if labels is None else place_of(labels)
        self._view.write.set_labels_layers(self._lists.labels_options(image), key)

    def _on_view_changed(self) -> None:
        try:
            self._problem = self.seen.show()
        except SamMedError as error:
            self._problem = Status(Phase.ERROR, str(error))
            if self.session.image is None:
                self._remove_own_layers()
        self.painter.shown = self.seen.shown
        if self.image is not None and self.session.image is not None:
            self.layers.attach(self.image)
        self._render()

    def _on_placed(self) -> None:
        """Follow an image, labels or a viewer that now lie or count otherwise."""
        if not self._is_open:
            return
        if self.image is not None and self.image in self._viewer.layers:
            self._reach.follow(self.image)
            cut_anew(self._viewer, self.image)
        self._list_layers()
        self._on_view_changed()
        if self.image is not None and self.session.image is not None:
            self.painter.follow(self.image)

    # What a person does

    def _on_image_chosen(self, place: str) -> None:
        layer = self._lists.find(place)
        if isinstance(layer, Image):
            self._take_image(layer)
            self._list_layers()
            self._on_view_changed()
            self._set_tool(self.tools.tool)

    def _set_tool(self, tool: Tool) -> None:
        """Change the tool, or say why the model cannot take its prompts."""
        refusal = refusal_of(tool, self.session.model)
        if refusal:
            self.session.status = Status(Phase.ERROR, refusal)
            tool = self.tools.tool
        can_prompt = self.image is not None and self.session.image is not None
        if self.image is not None and can_prompt and tool is not Tool.NAVIGATE:
            self.painter.overlay.ensure(self.image)
        self.tools.use(tool, can_prompt=can_prompt)
        self._bind_own_layers()
        self._view.tools.set_tool(tool.value)
        self._render()

    def _on_layers_edited(self) -> None:
        # napari is still inside its own drawing; what it drew is read after that
        self._edit_timer.start()

    def _take_edits(self) -> None:
        if self.session.image is None:
            return
        had = len(self.session.state.prompts.boxes)
        self.session.replace_prompts(self.layers.read())
        self.painter.forget_drawn()
        boxes = self.session.state.prompts.boxes
        if self.tools.tool is Tool.BOX and len(boxes) >= max(had, 1):
            self._set_tool(self.tools.refining(self.session.model))
        self._render()

    def _on_labels_chosen(self, place: str) -> None:
        if self.image is not None:
            self._writer.choose(self.image, place)
        self._list_layers()
        self._render()

    # What the model says

    def _on_answer(self, answer: Answer) -> None:
        told = self._files.status_from(answer)
        if not self._is_open:
            if told is not None:
                tell_in_viewer(told)
            return
        if told is None:
            told = self._writer.take(self._viewer, answer)
        if told is not None:
            self.session.status = told
            self._list_layers()
        elif not self.session.receive(answer):
            return
        if isinstance(answer, Loaded):
            self._fit_tool(answer)
        self.drawing.start()

    def _fit_tool(self, model: Loaded) -> None:
        """Leave a tool whose prompts the new model has never seen."""
        if refusal_of(self.tools.tool, model):
            self._set_tool(self.tools.refining(model))

    # Showing

    def _guard(self, action: Callable[[], None]) -> None:
        """Do something; an error of ours becomes the status."""
        try:
            action()
        except SamMedError as error:
            self.session.status = Status(Phase.ERROR, str(error))
        self._render()

    def _parts_to_draw(self) -> tuple[Callable[[], None], ...]:
        """List what is drawn, in parts short enough for the window to stay alive."""
        return (
            self._draw_prompts,
            self._draw_overlay,
            self._draw_cards,
            self._draw_bars,
        )

    def _render(self) -> None:
        self.drawing.run()

    def _draw_prompts(self) -> None:
        self.painter.paint_prompts(self.session, self.tools.polarity)
        self._bind_own_layers()

    def _draw_overlay(self) -> None:
        self.painter.paint_overlay(self.image, self.session)

    def _draw_cards(self) -> None:
        self.painter.paint_cards(self.image, self.session)

    def _draw_bars(self) -> None:
        labels = self._writer.follow(self.image)
        self.painter.paint_bars(labels, self.session)
        status = self._problem if self._problem.text else self.session.status
        self._view.status.set_status(status.phase.value, status.text)

    def _bind_own_layers(self) -> None:
        for layer in (self.layers.points, self.layers.boxes):
            if layer is not None:
                self._keys.bind(layer)
