"""Connects the dock "SAM Prompts" with the session and the viewer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_sam_med.errors import ImageError, SamMedError
from napari_sam_med.gui.bridge import Bridge
from napari_sam_med.gui.canvas import KeyBindings, Tool
from napari_sam_med.gui.labels_writer import LabelsWriter
from napari_sam_med.gui.later import Turns, later, remove_if_open, soon
from napari_sam_med.gui.layer_lists import NEW_LABELS, LayerLists
from napari_sam_med.gui.layer_watch import LayerWatch
from napari_sam_med.gui.layers import (
    is_ours,
    place_of,
    shown_slice,
    target_from_layer,
    voxel_from_world,
)
from napari_sam_med.gui.model_shelf import ModelShelf
from napari_sam_med.gui.prompt_layers import PromptLayers
from napari_sam_med.gui.prompts_files import PromptFiles
from napari_sam_med.gui.prompts_painter import PromptsPainter
from napari_sam_med.gui.tools import ToolSwitch
from napari_sam_med.gui.views.prompts_view import PromptsView
from napari_sam_med.session.jobs import Answer
from napari_sam_med.session.session import PromptSession
from napari_sam_med.session.status import Phase, Status
from napari_sam_med.session.worker import ModelThread

WINDOW_WAIT_MS = 250
"""Contrast sliders send many values; only the one they rest on is embedded."""


NO_IMAGE = "Open an image (File > Open), or take one from File > Open Sample."


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
        self._viewer, self._view, self._shelf = viewer, view, shelf
        self._bridge = Bridge(self._on_answer)
        self.thread = ModelThread(self._bridge.deliver)
        self.session = PromptSession(self.thread.post)
        self.image: Image | None = None
        self._revisions: dict[str, int] = {}
        self._problem = Status()
        self._is_closed = False
        self._lists = LayerLists(viewer)
        self.layers = PromptLayers(viewer, self._on_layers_edited)
        self.tools = ToolSwitch(viewer, self.layers, self.click)
        self.painter = PromptsPainter(viewer, view, self.layers)
        self._writer = LabelsWriter(self._lists, self.session, self._render)
        self._image_watch = LayerWatch(
            {
                "contrast_limits": self._on_window_changed,
                "data": self._on_voxels_changed,
            }
        )
        self._files = PromptFiles(view, self.thread.post)
        self._keys = KeyBindings(self._key_actions())
        self._window_timer = later(view, WINDOW_WAIT_MS, self._on_view_changed)
        self._edit_timer = later(view, 0, self._take_edits)
        self._layers_timer = later(view, 0, self._on_layers_changed)
        self.drawing = Turns(
            view,
            (
                self._draw_prompts,
                self._draw_overlay,
                self._draw_cards,
                self._draw_bars,
            ),
        )
        self._connect_view()
        self._connect_viewer()
        self._start()

    def close(self) -> None:
        """Let go of the viewer and end the thread; never waits."""
        if self._is_closed:
            return
        self._is_closed = True
        self.drawing.stop()
        self._bridge.close()
        self.thread.close()
        self._keys.close()
        self.tools.close()
        self._disconnect_viewer()

    def click(self, position: Sequence[float], label: int) -> None:
        """Add a point where a person clicked.

        Parameters
        ----------
        position : sequence of float
            World coordinates in the viewer's dimensions, on the slice that is shown.
        label : int
            1 on the object, 0 on the background.
        """
        self._guard(lambda: self._add_point(position, label), draw=self.drawing.start)

    # Building

    def _start(self) -> None:
        self._view.source.set_models(self._shelf.options, self._shelf.default)
        self._on_layers_changed()
        self._choose_model(self._shelf.default, None)
        self._set_tool(Tool.INCLUDE)

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
        view.source.model_chosen.connect(lambda name: self._choose_model(name, None))
        view.source.weights_requested.connect(self._on_weights_requested)
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

    def _connect_viewer(self) -> None:
        layers, dims = self._viewer.layers.events, self._viewer.dims.events
        layers.inserted.connect(self._on_layer_inserted)
        layers.removed.connect(self._on_layer_removed)
        for event in (dims.point, dims.order, dims.ndisplay, dims.ndim):
            event.connect(self._on_view_changed)
        for layer in self._viewer.layers:
            if not is_ours(layer):
                layer.events.name.connect(self._list_layers)
        self._keys.bind(self._viewer)

    def _disconnect_viewer(self) -> None:
        layers, dims = self._viewer.layers.events, self._viewer.dims.events
        layers.inserted.disconnect(self._on_layer_inserted)
        layers.removed.disconnect(self._on_layer_removed)
        for event in (dims.point, dims.order, dims.ndisplay, dims.ndim):
            event.disconnect(self._on_view_changed)
        for layer in self._viewer.layers:
            if not is_ours(layer):
                layer.events.name.disconnect(self._list_layers)
        self._image_watch.watch(None)
        self._writer.close()
        own = [layer for layer in self._viewer.layers if is_ours(layer)]
        soon(partial(remove_if_open, self._viewer, own))

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

    def _on_layer_inserted(self, event: Any) -> None:
        layer: Layer = event.value
        if not is_ours(layer):
            layer.events.name.connect(self._list_layers)
            self._on_layers_changed()

    def _on_layer_removed(self, event: Any) -> None:
        layer: Layer = event.value
        self._keys.unbind(layer)
        if self.layers.lost(layer):
            self._edit_timer.start()
            return
        if self.painter.overlay.lost(layer):
            return
        layer.events.name.disconnect(self._list_layers)
        self.session.forget(place_of(layer))
        if layer is self.image:
            self.session.show(None, None)
        # napari is still inside the removal, and a closing viewer removes all layers
        self._layers_timer.start()

    def _take_image(self, image: Image | None) -> None:
        if not self._image_watch.watch(image):
            return
        if self.image is not None:
            self._keys.unbind(self.image)
            self.painter.overlay.detach()
            self.layers.detach()
        self.image = image
        if image is not None:
            self._keys.bind(image)

    def _list_layers(self) -> None:
        image = self.image
        key = "" if image is None else place_of(image)
        self._view.source.set_images(self._lists.image_options(), key)
        labels = self._lists.labels_for(image)
        key = NEW_LABELS if labels is None else place_of(labels)
        self._view.write.set_labels_layers(self._lists.labels_options(), key)

    def _on_window_changed(self) -> None:
        self._window_timer.start()

    def _on_voxels_changed(self) -> None:
        if self.image is not None:
            place = place_of(self.image)
            self._revisions[place] = self._revisions.get(place, 0) + 1
        self._window_timer.start()

    def _on_view_changed(self) -> None:
        try:
            self._problem = Status()
            self._show()
        except SamMedError as error:
            self._problem = Status(Phase.ERROR, str(error))
        self._render()

    def _show(self) -> None:
        """Tell the session what is seen, and leave what cannot be as the problem."""
        if self.image is None or self.image not in self._viewer.layers:
            self.session.show(None, None)
            self._problem = Status(Phase.IDLE, NO_IMAGE)
            return
        try:
            revision = self._revisions.get(place_of(self.image), 0)
            target = target_from_layer(self.image, revision)
        except SamMedError:
            self.session.show(None, None)
            self.painter.overlay.detach()
            self.layers.detach()
            raise
        self.layers.attach(self.image)
        try:
            axis, index = shown_slice(self._viewer.dims, self.image)
        except ImageError:
            self.session.show(target, None)
            raise
        self.session.show(target, target.plane(axis, index))

    # What a person does

    def _on_image_chosen(self, place: str) -> None:
        layer = self._lists.find(place)
        if isinstance(layer, Image):
            self._take_image(layer)
            self._list_layers()
            self._on_view_changed()
            self._set_tool(self.tools.tool)

    def _choose_model(self, name: str, weights: Path | None) -> None:
        load = partial(self._shelf.load, name, weights)
        self.session.choose_model(name, load)
        self._view.source.set_models(self._shelf.options, name)
        self._render()

    def _on_weights_requested(self) -> None:
        path = self._files.ask_for_weights()
        if path is not None:
            self._choose_model(self._view.source.models.key, path)

    def _set_tool(self, tool: Tool) -> None:
        can_prompt = self.image is not None and self.session.target is not None
        if self.image is not None and can_prompt and tool is not Tool.NAVIGATE:
            self.painter.overlay.ensure(self.image)
        self.tools.use(tool, can_prompt=can_prompt)
        self._bind_own_layers()
        self._view.tools.set_tool(tool.value)
        self._render()

    def _add_point(self, position: Sequence[float], label: int) -> None:
        image, plane = self.image, self.session.plane
        if image is None or self.session.target is None or plane is None:
            return  # the status says why nothing can be prompted
        voxel = voxel_from_world(image, position, plane)
        if voxel is None:
            self.session.status = Status(Phase.IDLE, f"Click on {image.name}")
            return
        self.session.add_point(voxel, label)
        self.tools.take_keys()

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
            self._set_tool(self.tools.after_box())
        self._render()

    def _on_chosen(self, slot: int) -> None:
        self.session.choose(slot)
        self._render()

    def _on_previewed(self, slot: int) -> None:
        self.painter.preview(slot, self.image, self.session)

    def _on_labels_chosen(self, place: str) -> None:
        if self.image is not None:
            self._writer.choose(self.image, place)
        self._render()

    def _on_label_chosen(self, label: int) -> None:
        self.session.set_label(label)
        self._render()

    def _on_accept(self) -> None:
        self._guard(self._accept)

    def _accept(self) -> None:
        if self.image is not None:
            keep_others = self._view.write.keep_others.isChecked()
            self._writer.write(self.image, keep_others=keep_others)

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
        self.session.next_object()
        self._render()

    def _on_prepare(self) -> None:
        self.session.start_sweep()
        self._render()

    def _on_stop_preparing(self) -> None:
        self.session.stop_sweep()
        self._render()

    def _on_export(self) -> None:
        labels = self._lists.labels_for(self.image)
        if labels is not None and self.image is not None:
            self._guard(lambda: self._files.export(labels, self.image))

    def _on_save(self) -> None:
        self._guard(lambda: self._files.save_prompts(self.session.records))

    # What the model says

    def _on_answer(self, answer: Answer) -> None:
        if self._is_closed:
            return
        told = self._files.status_from(answer)
        if told is not None:
            self.session.status = told
        elif not self.session.receive(answer):
            return
        self.drawing.start()

    # Showing

    def _guard(
        self, action: Callable[[], None], draw: Callable[[], None] | None = None
    ) -> None:
        """Do something; an error of ours becomes the status."""
        try:
            action()
        except SamMedError as error:
            self.session.status = Status(Phase.ERROR, str(error))
        (draw or self._render)()

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
