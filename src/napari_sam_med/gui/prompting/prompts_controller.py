"""Connects the dock "SAM Prompts" with the session and the viewer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from napari.components import ViewerModel
from napari.layers import Image, Layer
from qtpy.QtWidgets import QWidget

from napari_sam_med.gui.dock_life import if_alive
from napari_sam_med.gui.labels.labels_writer import LabelsWriter
from napari_sam_med.gui.labels.layer_lists import LayerLists
from napari_sam_med.gui.labels.object_looks import ObjectLooks
from napari_sam_med.gui.prompting.canvas import Tool
from napari_sam_med.gui.prompting.control.ahead.embedding_actions import (
    EmbeddingActions,
    EmbeddingSlots,
)
from napari_sam_med.gui.prompting.control.display_actions import DisplayActions
from napari_sam_med.gui.prompting.control.dock_drawing import DockDrawing
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.control.keeping.session_actions import (
    SessionActions,
)
from napari_sam_med.gui.prompting.control.keeping.session_slots import SessionSlots
from napari_sam_med.gui.prompting.control.keys.changeable_keys import (
    ACTIONS,
    KeyChanges,
    keys_as_set,
    keys_shown,
)
from napari_sam_med.gui.prompting.control.keys.dock_keys import (
    keys_of_dock,
    keys_of_steps,
)
from napari_sam_med.gui.prompting.control.kind_actions import KindActions
from napari_sam_med.gui.prompting.control.layer_events import (
    LayerEvents,
    LayerSlots,
    place_left,
)
from napari_sam_med.gui.prompting.control.mask_actions import MaskActions
from napari_sam_med.gui.prompting.control.model_picker import ModelPicker
from napari_sam_med.gui.prompting.control.next_click import NextClick
from napari_sam_med.gui.prompting.control.object_list.mask_tool_actions import (
    MaskToolActions,
)
from napari_sam_med.gui.prompting.control.object_list.object_actions import (
    ObjectActions,
    ObjectSlots,
)
from napari_sam_med.gui.prompting.control.output_actions import OutputActions
from napari_sam_med.gui.prompting.control.prompts_files import PromptFiles
from napari_sam_med.gui.prompting.control.propagating.propagate_actions import (
    PropagateActions,
)
from napari_sam_med.gui.prompting.control.tool_actions import ToolActions
from napari_sam_med.gui.prompting.drawing.stroke_drawing import (
    StrokeDrawing,
    StrokeSlots,
)
from napari_sam_med.gui.prompting.prompt_grips import GripSlots, PromptGrips
from napari_sam_med.gui.prompting.prompts_painter import PromptsPainter
from napari_sam_med.gui.prompting.shown_image import ShownImage
from napari_sam_med.gui.prompting.tools import ToolSwitch
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.shared.bridge import Bridge
from napari_sam_med.gui.shared.later import Turns, remove_layers
from napari_sam_med.gui.shared.model_shelf import ModelShelf
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.gui.shared.own_keys import KeyBindings, is_current
from napari_sam_med.gui.shared.prompt_layers import PromptLayers
from napari_sam_med.session.background.messages import (
    Answer,
    Failed,
    Loaded,
    Predicted,
)
from napari_sam_med.session.background.model_client import ModelClient
from napari_sam_med.session.background.services import Services
from napari_sam_med.session.background.tasks import TaskClient
from napari_sam_med.session.kinds.placed_strokes import PlacedStroke
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.status import Phase, Status


class PromptsController:
    """Builds the dock's parts, opens and closes them, and hands answers to them.

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
    looks : ObjectLooks, optional
        What is said of objects, which other docks may share.
    """

    _shutting: Callable[[], None] | None = None
    """What is to be done after ``shut``, while that waits."""

    def __init__(
        self,
        viewer: ViewerModel,
        view: PromptsView,
        shelf: ModelShelf,
        services: Services,
        looks: ObjectLooks | None = None,
    ) -> None:
        self._viewer, self._view, self._left = viewer, view, ("", Tool.INCLUDE)
        self._bridge = Bridge(self._on_answer)
        self._work = ModelClient(services.models, self._bridge.deliver)
        self._tasks, self._keepers = (
            TaskClient(each, self._bridge.deliver)
            for each in (services.files, services.sessions)
        )
        looks = looks or ObjectLooks()
        self.session = PromptSession(self._work.post, looks.notes)
        self._is_open = False
        self._keys = KeyBindings(is_here=partial(is_current, viewer))
        self._parts = parts = self._build_parts()
        self.seen, self.layers, self.tools = parts.seen, parts.layers, parts.tools
        self.painter = parts.painter
        self._screen = DockDrawing(parts)
        self._tool_actions = ToolActions(parts, self._screen)
        self._layer_events = LayerEvents(
            parts,
            self._screen,
            LayerSlots(
                self._tool_actions.set_again,
                self._tool_actions.on_edited,
                self._on_image,
                self._on_leaving,
                self._keep,
            ),
        )
        self._display = DisplayActions(parts, self._screen.soon)
        self._files = PromptFiles(view, self._tasks.post)
        self._masks = MaskActions(parts, self._screen.guard)
        self._outputs = OutputActions(parts, self._files, self._screen.guard)
        self.models = ModelPicker(
            view, shelf, self.session, self._files, services.downloads, self._screen.now
        )
        self._objects = ObjectActions(
            parts,
            view.objects,
            ObjectSlots(
                self._screen.guard,
                self._layer_events.go_to,
                self._masks.next_object,
                self._tasks.post,
            ),
            looks,
        )
        self.propagation = PropagateActions(
            parts, self._work.post, self._tasks.post, self._screen.guard
        )
        self.keeping = SessionActions(
            parts,
            SessionSlots(
                self._screen.guard,
                self._layer_events.go_to,
                self._objects.show,
                self._keepers.post,
            ),
        )
        run = self.propagation.run
        asked = EmbeddingSlots(
            self._work.post, self._tasks.post, lambda: run.is_running
        )
        self._embeddings = EmbeddingActions(parts, services.models.files, asked)
        kinds = KindActions(parts, self._screen.guard)
        self._mask_tools = mask_tools = MaskToolActions(
            parts, self._tool_actions.pick, self._tasks.post, self._screen.guard
        )
        self._next_click = NextClick(parts, self._screen.guard)
        self._takers = (
            self._objects.take,
            mask_tools.take,
            self.keeping.take,
            self.propagation.take,
            self._embeddings.take,
            self.session.receive,
        )
        drawn = (self._display, kinds, mask_tools, self._next_click)
        others = (self._objects, self.propagation, self.keeping, self._embeddings)
        for part in (*drawn, *others):
            self._screen.add(part.draw)
        self._key_changes = KeyChanges(self._set_keys)
        self._set_keys()
        self.open()

    @property
    def image(self) -> Image | None:
        """The image that is prompted."""
        return self.seen.layer

    @property
    def is_open(self) -> bool:
        """Whether the viewer is listened to."""
        return self._is_open

    @property
    def drawing(self) -> Turns:
        """What is still to be drawn."""
        return self._screen.turns

    def open(self) -> None:
        """Take up the viewer; after ``shut``, where it was left."""
        self._shutting = None
        if self._is_open:
            return
        self._is_open = True
        place, tool = self._left
        self._work.open()
        self._tasks.open()
        self._keepers.open()
        self.tools.open()
        self._set_keys()
        self._key_changes.open()
        self._keys.bind(self._viewer)
        self.painter.forget_drawn()
        self._display.open()
        self._layer_events.open(place)
        self._embeddings.open()
        self.models.open()
        self._tool_actions.set_tool(tool)

    def shut(self, then: Callable[[], None] = lambda: None) -> None:
        """Leave a viewer that stays open, so that ``open`` can go on.

        Once what was asked for is written, unless ``open`` is called before; ``then``
        is done after that.
        """
        if self._is_open and self._is_writing:
            self._shutting = then
            return
        lost = self.propagation.what_waits if self._is_open else ""
        remove_layers(self._viewer, self._leave())
        if lost:
            text = f"Discarded {lost}: SAM Prompts was closed; propagate again"
            tell_in_viewer(Status(Phase.IDLE, text))
        then()

    def settle(self) -> None:
        """Do and keep what is on its way: the window is about to go."""
        if self._is_open:
            self._parts.writer.take_begun_stroke()
            self._keep()

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

    def click(self, position: Sequence[float], label: int) -> None:
        """Add a point where a person clicked, see ``ToolActions``."""
        self._tool_actions.click(position, label)

    def act(self, action: str) -> None:
        """Do what the key of one of ``changeable_keys.ACTIONS`` does."""
        self._default_keys[ACTIONS[action].keys[0]]()

    def _keep(self) -> None:
        self.propagation.finish()
        self._mask_tools.finish()
        self.keeping.write_now()

    @property
    def _is_writing(self) -> bool:
        """Whether what a person asked for is on its way into the labels."""
        return self.propagation.is_writing or self._mask_tools.is_writing

    def _leave(self) -> list[Layer]:
        """Stop everything; what must be written still is. Gives our own layers."""
        if not self._is_open:
            return []
        self._is_open, self._shutting = False, None
        self._left = (place_left(self.image), self.tools.tool)
        self._tool_actions.stop()
        self._screen.turns.stop()
        self._objects.stop()
        self.keeping.stop()
        self._embeddings.stop()
        self.session.leave_model("")
        self.models.close()
        self._work.close()
        self._tasks.close()
        self._keepers.close()
        for bar in (self._view.outputs, self._view.propagate, self._view.weights):
            bar.activity.end()
        self._key_changes.close()
        self._keys.close()
        self.tools.close()
        self._display.close()
        self._layer_events.stop()
        self._parts.writer.close()
        self.propagation.close()
        return self._next_click.release() + self._layer_events.release()

    def _build_parts(self) -> DockParts:
        """Build what the parts share; what it tells of goes to parts built later."""
        viewer, view, session = self._viewer, self._view, self.session
        lists = LayerLists(viewer)
        layers = PromptLayers(viewer, self._on_edited)
        seen = ShownImage(viewer, session, view, self._on_view_changed)
        grips = PromptGrips(
            viewer, session, seen, layers, GripSlots(self._on_told, self._on_boxed)
        )
        slots = StrokeSlots(self._on_line, self._on_told, self._on_boxed)
        strokes = StrokeDrawing(viewer, session, seen, slots, view)
        return DockParts(
            viewer=viewer,
            view=view,
            session=session,
            lists=lists,
            seen=seen,
            layers=layers,
            tools=ToolSwitch(viewer, layers, self.click, grips, strokes),
            painter=PromptsPainter(viewer, view, layers),
            writer=LabelsWriter(lists, session, self._tasks.post, self._on_told),
            keys=self._keys,
        )

    @property
    def _default_keys(self) -> dict[str, Callable[[], None]]:
        return keys_of_dock(
            self._masks, self.propagation, self._tool_actions, self._objects
        )

    def _set_keys(self) -> None:
        """Take the keys as a person has set them in napari's preferences."""
        self._view.set_keys(keys_shown())
        self._keys.change(keys_as_set(self._default_keys))
        steps = keys_of_steps(self._masks)
        self._parts.writer.undo_keys.change(keys_as_set(steps))

    def _on_leaving(self) -> None:
        self._masks.leave()

    def _on_edited(self) -> None:
        self._tool_actions.on_edited()

    def _on_image(self) -> None:
        self._display.follow(self.image)

    def _on_boxed(self) -> None:
        self._tool_actions.on_boxed()

    def _on_view_changed(self) -> None:
        self._layer_events.on_view_changed()

    def _on_line(self, drawing: PlacedStroke) -> None:
        self.painter.paint_lines(self.image, self.session, drawing)

    def _on_told(self) -> None:
        self._screen.now()

    def _on_answer(self, answer: Answer) -> None:
        """Hand over what a thread has done or found, and shut if that was awaited."""
        self._hand_over(answer)
        if self._shutting is not None and not self._is_writing:
            tell_in_viewer(self.session.status)
            self.shut(self._shutting)

    def _hand_over(self, answer: Answer) -> None:
        told = self._files.status_from(answer)
        if not self._is_open:
            if told is not None:
                tell_in_viewer(told)
            return
        if told is None:
            told = self._parts.writer.take(self._viewer, answer)
        if told is not None:
            self.session.hear(told)
            self._parts.list_layers()
        elif not any(take(answer) for take in self._takers):
            return
        if isinstance(answer, Failed) and answer.what == "load":
            self.models.forget_own_weights()
        if isinstance(answer, Loaded):
            self._tool_actions.fit(answer)
        screen = self._screen
        draw = screen.answered if isinstance(answer, Predicted) else screen.soon
        draw()
