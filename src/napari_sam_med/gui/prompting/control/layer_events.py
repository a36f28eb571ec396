"""Layers come, go and change: which image is prompted, and what is seen of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.labels.labels_from_images import turn_into_labels
from napari_sam_med.gui.napari_io import is_ours, place_of
from napari_sam_med.gui.opening.files_dialog import open_chosen_files
from napari_sam_med.gui.opening.sample_layers import open_ct
from napari_sam_med.gui.prompting.control.dock_drawing import DockDrawing
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.control.image_choice import (
    ImageChoice,
    bring_to_sight,
    wanted_image,
)
from napari_sam_med.gui.prompting.reach import SliceReach
from napari_sam_med.gui.shared.later import later
from napari_sam_med.gui.shared.shown_slice import cut_anew, go_to_slice
from napari_sam_med.gui.shared.viewer_watch import ViewerSlots, ViewerWatch
from napari_sam_med.session.object_steps import called
from napari_sam_med.session.status import Phase, Status


@dataclass(frozen=True, slots=True)
class LayerSlots:
    """Who is told what.

    Parameters
    ----------
    image_taken : callable
        Another image is prompted, or the first one; layers to prompt in may be made.
    prompts_lost : callable
        A person removed a layer of prompts.
    image_changed : callable
        Another image, or none, is the one that is looked at.
    leaving : callable
        Another slice is about to be taken over; the session still has the old one.
    removing : callable
        The image, or a Labels layer that masks went to, is about to go.
    """

    image_taken: Callable[[], None]
    prompts_lost: Callable[[], None]
    image_changed: Callable[[], None]
    leaving: Callable[[], None]
    removing: Callable[[], None]


class LayerEvents:
    """Follows the viewer's layers and what is seen of the prompted image.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    drawing : DockDrawing
        Brings it on the screen.
    slots : LayerSlots
        Who is told.
    """

    def __init__(
        self, parts: DockParts, drawing: DockDrawing, slots: LayerSlots
    ) -> None:
        self._parts, self._drawing, self._slots = parts, drawing, slots
        self._reach = SliceReach(parts.viewer)
        self._is_open = self._is_deaf = False
        self._layers_timer = later(parts.view, 0, self._on_layers_changed)
        self._place_timer = later(parts.view, 0, self._on_placed)
        self._choice = ImageChoice(parts.viewer, parts.view, self._on_choice)
        parts.view.source.image_chosen.connect(self._on_image_chosen)
        parts.view.start.files_requested.connect(open_chosen_files)
        parts.view.start.sample_requested.connect(self._on_sample_requested)
        parts.view.source.labels_requested.connect(self._on_labels_requested)
        parts.view.pending.slice_chosen.connect(self.go_to)
        parts.view.source.pin_changed.connect(self._on_choice)
        self._watch = ViewerWatch(
            parts.viewer,
            ViewerSlots(
                inserted=self._on_layers_changed,
                removing=self._on_layer_removing,
                removed=self._on_layer_removed,
                renamed=self._list_layers,
                moved=self.on_view_changed,
                placed=self._place_timer.start,
            ),
        )

    def open(self, place: str) -> None:
        """Listen, and take up the image that was prompted, if it is still there."""
        self._is_open = True
        self._watch.open()
        self._choice.open()
        self._parts.seen.forget_gone()
        image = self._parts.lists.find(place)
        if isinstance(image, Image):
            self._take_image(image)
        self._on_layers_changed()

    def stop(self) -> None:
        """Stop listening."""
        self._is_open = False
        self._layers_timer.stop()
        self._place_timer.stop()
        self._watch.close()
        self._choice.close()
        self._parts.seen.close()

    def release(self) -> list[Layer]:
        """Let go of the image and of all layers of our own, which are given back."""
        parts = self._parts
        parts.seen.take(None)
        own = parts.painter.overlay.release() + parts.layers.release()
        own += parts.painter.lines.release()
        return own + self._reach.release()

    def on_view_changed(self) -> None:
        """Take over which slice of the image is seen, and draw what belongs to it."""
        if self._take_view():
            self._drawing.now()

    def _take_view(self) -> bool:
        """False if layers come or go just now, by which the sliders move."""
        parts = self._parts
        if self._is_deaf:
            return False
        if parts.seen.has_moved():
            with self._deaf():
                self._slots.leaving()
        try:
            self._drawing.problem = parts.seen.show()
        except SamMedError as error:
            self._drawing.problem = Status(Phase.ERROR, str(error))
            if parts.session.image is None:
                self._remove_own_layers()
        parts.painter.shown = parts.seen.shown
        if parts.image is not None and parts.can_prompt:
            parts.layers.attach(parts.image)
        return True

    def go_to(self, index: int) -> None:
        """Show another slice of the image, in the orientation that is shown."""
        image, shown = self._parts.image, self._parts.seen.shown
        if image is not None and shown is not None:
            there = replace(shown, index=index)
            go_to_slice(self._parts.viewer.dims, image, there)

    def _on_layers_changed(self) -> None:
        parts = self._parts
        self._free_sliders()
        if parts.image is not None and parts.image not in parts.viewer.layers:
            self._take_image(None)
        is_new = parts.image is None and bool(parts.lists.images())
        if is_new:
            self._take_image(self._wanted())
        self._list_layers()
        if self._take_view():
            self._drawing.soon()
        if is_new:
            self._slots.image_taken()

    def _list_layers(self) -> None:
        """Tell the lists, and accepted masks how their Labels layers are called now."""
        parts = self._parts
        parts.session.histories.revise(partial(called, parts.lists.names))
        parts.list_layers()

    def _free_sliders(self) -> None:
        """Let no layer of ours keep the sliders of what went or lies otherwise."""
        layers = self._parts.viewer.layers
        most = max((each.ndim for each in layers if not is_ours(each)), default=0)
        with self._deaf():
            self._parts.painter.free_sliders()
            self._reach.drop_axes(most)

    def _on_layer_removing(self, layer: Layer) -> None:
        parts = self._parts
        if layer is parts.image or place_of(layer) in parts.lists.written_to():
            self._slots.removing()

    def _on_layer_removed(self, layer: Layer) -> None:
        parts = self._parts
        parts.keys.unbind(layer)
        if parts.layers.lost(layer):
            self._slots.prompts_lost()
            return
        if parts.painter.overlay.lost(layer):
            return
        if parts.painter.lines.lost(layer):
            self._drop_lines()
            return
        if isinstance(layer, Image):
            parts.seen.forget(layer)
        if layer is parts.image:
            parts.session.show(None, None)
        # napari is still inside the removal, and a closing viewer removes all layers
        self._layers_timer.start()

    def _drop_lines(self) -> None:
        """Drop the prompts whose layer a person removed, as a step of the history."""
        session = self._parts.session
        session.replace_prompts(replace(session.state.prompts, strokes=()))
        self._drawing.soon()

    def _take_image(self, image: Image | None) -> None:
        parts = self._parts
        before = parts.image
        if not parts.seen.take(image):
            return
        if before is not None:
            parts.keys.unbind(before)
            self._remove_own_layers()
        if image is not None:
            parts.keys.bind(image)
            self._reach.take(image)
        self._slots.image_changed()

    def _remove_own_layers(self) -> None:
        with self._deaf():  # none may come or go while another one goes
            self._parts.painter.overlay.detach()
            self._parts.painter.lines.detach()
            self._parts.layers.detach()

    @contextmanager
    def _deaf(self) -> Iterator[None]:
        before, self._is_deaf = self._is_deaf, True
        try:
            yield
        finally:
            self._is_deaf = before

    def _on_placed(self) -> None:
        """Follow an image, labels or a viewer that now lie or count otherwise."""
        if not self._is_open:
            return
        parts = self._parts
        if parts.image is not None and parts.image in parts.viewer.layers:
            self._free_sliders()
            self._reach.follow(parts.image)
            cut_anew(parts.viewer, parts.image)
        parts.list_layers()
        self.on_view_changed()
        if parts.image is not None and parts.can_prompt:
            parts.painter.follow(parts.image)

    def _wanted(self) -> Image | None:
        parts = self._parts
        pinned = parts.view.source.is_pinned
        opened = None if pinned else self._choice.opened
        return wanted_image(parts.viewer, opened or parts.image, pinned=pinned)

    def _on_choice(self) -> None:
        """Follow a person who looks at another image."""
        wanted = self._wanted()
        if self._is_open and wanted is not None and wanted is not self._parts.image:
            self._prompt(wanted)

    def _on_image_chosen(self, place: str) -> None:
        layer = self._parts.lists.find(place)
        if isinstance(layer, Image):
            bring_to_sight(self._parts.viewer, layer, self._parts.lists)
            self._prompt(layer)

    def _on_sample_requested(self) -> None:
        """Open the CT sample; its labels would cover what is to be prompted."""
        for data, attributes, kind in open_ct():
            add = getattr(self._parts.viewer, f"add_{kind}")
            add(data, **attributes, visible=kind == "image")

    def _on_labels_requested(self) -> None:
        image = self._parts.image
        if image is not None:
            viewer = self._parts.viewer
            self._drawing.guard(lambda: _turn(viewer, image))

    def _prompt(self, image: Image) -> None:
        self._take_image(image)
        self._parts.list_layers()
        self.on_view_changed()
        self._slots.image_taken()


def place_left(image: Image | None) -> str:
    """Name the image that is prompted, to be taken up again; empty if there is none."""
    return "" if image is None else place_of(image)


def _turn(viewer: ViewerModel, image: Image) -> None:
    turn_into_labels(viewer, image)
