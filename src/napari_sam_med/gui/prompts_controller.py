"""Connects the dock "SAM Prompts" with the session and the viewer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.bridge import Bridge
from napari_sam_med.gui.canvas import KeyBindings, Tool
from napari_sam_med.gui.file_records import records_in_file
from napari_sam_med.gui.labels_writer import LabelsWriter
from napari_sam_med.gui.later import Turns, later, remove_if_open, soon
from napari_sam_med.gui.layer_lists import NEW_LABELS, LayerLists
from napari_sam_med.gui.model_choice import ModelChoice
from napari_sam_med.gui.model_shelf import ModelShelf
from napari_sam_med.gui.napari_io import is_ours, place_of
from napari_sam_med.gui.prompt_layers import PromptLayers
from napari_sam_med.gui.prompted_image import PromptedImage
from napari_sam_med.gui.prompts_files import PromptFiles
from napari_sam_med.gui.prompts_painter import PromptsPainter
from napari_sam_med.gui.reach import SliceReach
from napari_sam_med.gui.shown_slice import cut_anew
from napari_sam_med.gui.tools import ToolSwitch, refusal_of
from napari_sam_med.gui.viewer_watch import ViewerSlots, ViewerWatch
from napari_sam_med.gui.views.prompts_view import PromptsView
from napari_sam_med.session.jobs import Answer, Loaded
from napari_sam_med.session.session import PromptSession
from napari_sam_med.session.status import Phase, Status
from napari_sam_med.session.worker import ModelThread


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
    """

    def __init__(
        self, viewer: ViewerModel, view: PromptsView, shelf: ModelShelf
    ) -> None:
        self._viewer, self._view = viewer, view
        self._bridge = Bridge(self._on_answer)
        self.thread = ModelThread(self._bridge.deliver)
        self.session = PromptSession(self.thread.post)
        self.side = ModelThread(self._bridge.deliver)  # files and searches, no model
        self._problem = Status()
        self._is_closed = False
        self._lists = LayerLists(viewer)
        self.seen = PromptedImage(viewer, self.session, view, self._on_view_changed)
        self._reach = SliceReach(viewer)
        self.layers = PromptLayers(viewer, self._on_layers_edited)
        self.tools = ToolSwitch(viewer, self.layers, self.click)
        self.painter = PromptsPainter(viewer, view, self.layers)
        self.drawing = Turns(view, self._parts_to_draw())
        self._writer = LabelsWriter(
            self._lists, self.session, self.side.post, self._render
        )
        self._files = PromptFiles(view, self.side.post)
        self.models = ModelChoice(view, shelf, self.session, self._files, self._render)
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
        self._keys.bind(viewer)
        self._on_layers_changed()
        self.models.choose_default()
        self._set_tool(Tool.INCLUDE)

    @property
    def image(self) -> Image | None:
        """The image that is prompted."""
        return self.seen.layer

    def close(self) -> None:
        """Let go of the viewer and end the thread; never waits."""
        if self._is_closed:
            return
        self._is_closed = True
        self.drawing.stop()
        self._bridge.close()
        self.models.close()
        self.thread.close()
        self.side.close()
        self._keys.close()
        self.tools.close()
        self._watch.close()
        self.seen.close()
        self._writer.close()
        own = [layer for layer in self._viewer.layers if is_ours(layer)]
        soon(partial(remove_if_open, self._viewer, own))

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
        choose = {str(k + 1): partial(self._on_chosen, k) for k in range(3)}
        return choose | {
            "Enter": self._on_accept,
            "A": self._on_accept,
            "N": self._on_next,
            "T": lambda: self._set_tool(self.tools.turned()),
            "B": lambda: self._set_tool(self.tools.box_or_back()),
            "Shift-C": self._on_clear,
            "Control-Z": self._on_undo,
            "Control-Shift-Z": self._on_redo,
        }

    def _connect_view(self) -> None:
        view = self._view
        view.source.image_chosen.connect(self._on_image_chosen)
        view.tools.tool_chosen.connect(lambda name: self._set_tool(Tool(name)))
        view.candidates.chosen.connect(self._on_chosen)
        view.candidates.previewed.connect(self._on_previewed)
        view.write.labels_chosen.connect(self._on_labels_chosen)
        view.write.label_chosen.connect(self._on_label_chosen)
        view.write.accept_requested.connect(self._on_accept)
        view.write.undo_requested.connect(self._on_undo)
        view.write.redo_requested.connect(self._on_redo)
        view.write.clear_requested.connect(self._on_clear)
        view.write.next_requested.connect(self._on_next)
        view.sweep.prepare_requested.connect(self._on_prepare)
        view.sweep.stop_requested.connect(self._on_stop_preparing)
        view.sweep.export_requested.connect(self._on_export)
        view.sweep.save_requested.connect(self._on_save)

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
            if self.session.target is None:
                self._remove_own_layers()
        self.painter.shown = self.seen.shown
        if self.image is not None and self.session.target is not None:
            self.layers.attach(self.image)
        self._render()

    def _on_placed(self) -> None:
        """Follow an image, labels or a viewer that now lie or count otherwise."""
        if self._is_closed:
            return
        if self.image is not None and self.image in self._viewer.layers:
            self._reach.follow(self.image)
            cut_anew(self._viewer, self.image)
        self._list_layers()
        self._on_view_changed()
        if self.image is not None and self.session.target is not None:
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
        can_prompt = self.image is not None and self.session.target is not None
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
        if self.session.target is None:
            return
        had = len(self.session.moment.prompts.boxes)
        self.session.replace_prompts(self.layers.read())
        self.painter.forget_drawn()
        boxes = self.session.moment.prompts.boxes
        if self.tools.tool is Tool.BOX and len(boxes) >= max(had, 1):
            self._set_tool(self.tools.refining(self.session.model))
        self._render()

    def _on_chosen(self, slot: int) -> None:
        self.session.choose(slot)
        self._render()

    def _on_previewed(self, slot: int) -> None:
        self.painter.preview(slot, self.image, self.session)

    def _on_labels_chosen(self, place: str) -> None:
        if self.image is not None:
            self._writer.choose(self.image, place)
        self._list_layers()
        self._render()

    def _on_label_chosen(self, label: int) -> None:
        self.session.set_label(label)
        self._render()

    def _on_accept(self) -> None:
        self._guard(self._accept)

    def _accept(self) -> None:
        if self.image is not None:
            keep_others = self._view.write.keep_others.isChecked()
            shown = self.seen.shown
            time = None if shown is None else shown.time
            self._writer.write(self.image, keep_others=keep_others, time=time)

    def _on_undo(self) -> None:
        self._writer.undo()
        self._render()

    def _on_redo(self) -> None:
        self._writer.redo()
        self._render()

    def _on_clear(self) -> None:
        self.session.clear()
        self._render()

    def _on_next(self) -> None:
        self._guard(lambda: self._writer.next_object(self.image))

    def _on_prepare(self) -> None:
        self.session.start_sweep(self._view.sweep.precompute_settings.wanted)
        self._render()

    def _on_stop_preparing(self) -> None:
        self.session.stop_sweep()
        self._render()

    def _on_export(self) -> None:
        image, shown = self.image, self.seen.shown
        labels = self._lists.labels_for(image)
        if labels is not None and image is not None:
            time = None if shown is None else shown.time
            wanted = self._view.sweep.export_settings
            self._guard(
                lambda: self._files.export(labels, image, self.session, time, wanted)
            )

    def _on_save(self) -> None:
        if self.image is not None:
            records = records_in_file(self.session.records, self.image)
            self._guard(lambda: self._files.save_prompts(records))

    # What the model says

    def _on_answer(self, answer: Answer) -> None:
        if self._is_closed:
            return
        told = self._files.status_from(answer)
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
