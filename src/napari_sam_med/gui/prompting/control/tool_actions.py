"""What a person does with mouse and tools on the canvas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.prompting.canvas import Tool
from napari_sam_med.gui.prompting.control.dock_drawing import DockDrawing
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.tools import refusal_of
from napari_sam_med.gui.shared.later import later
from napari_sam_med.session.background.messages import Loaded
from napari_sam_med.session.prompt_image import slice_mark
from napari_sam_med.session.status import Phase, Status

LEFT = (
    "another slice, object or Labels layer came after the tool was chosen, and nothing "
    "was changed; choose the tool again and click"
)


@dataclass(frozen=True, slots=True, eq=False)
class Pick:
    """Who is told of the next click, and what that is aimed at.

    Parameters
    ----------
    picked : callable
        Is given the voxel.
    aim : object
        Slice and object; a click on any other one is refused.
    """

    picked: Callable[[Sequence[float]], None]
    aim: object


class ToolActions:
    """Changes the tool, and takes clicks and drawings over as prompts.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    drawing : DockDrawing
        Brings it on the screen.
    """

    def __init__(self, parts: DockParts, drawing: DockDrawing) -> None:
        self._parts, self._drawing = parts, drawing
        self._picked: Pick | None = None
        self._edit_timer = later(parts.view, 0, self._take_edits)
        parts.view.tools.tool_chosen.connect(lambda name: self.set_tool(Tool(name)))

    def stop(self) -> None:
        """Leave edits that were not taken over yet."""
        self._edit_timer.stop()

    def click(self, position: Sequence[float], label: int) -> None:
        """Add a point where a person clicked, and draw it.

        Parameters
        ----------
        position : sequence of float
            World coordinates in the viewer's dimensions, on the slice that is shown.
        label : int
            1 on the object, 0 on the background.
        """
        picked, self._picked = self._picked, None
        if picked is not None:
            self._pick_at(position, picked)
        elif self._parts.seen.add_point(position, label):
            self._parts.tools.take_keys()
        self._drawing.prompted()

    def pick(self, picked: Callable[[Sequence[float]], None]) -> None:
        """Give the voxel of the next click to somebody, instead of a prompt."""
        if self._parts.tools.tool not in (Tool.INCLUDE, Tool.EXCLUDE):
            self._parts.tools.use(Tool.INCLUDE, can_prompt=self._parts.can_prompt)
            self._parts.view.tools.set_tool(Tool.INCLUDE.value)
        self._picked = Pick(picked, self._aim)

    @property
    def _aim(self) -> object:
        """The slice and the object that a click is aimed at."""
        parts, session = self._parts, self._parts.session
        labels = parts.lists.labels_for(parts.image)
        mark = slice_mark(session.image, session.plane)
        return mark, session.state.label, labels and place_of(labels)

    def _pick_at(self, position: Sequence[float], pick: Pick) -> None:
        if pick.aim != self._aim:
            self._parts.session.status = Status(Phase.ERROR, LEFT)
            return
        voxel = self._parts.seen.voxel_at(position)
        if voxel is not None:
            pick.picked(voxel)

    def set_tool(self, tool: Tool) -> None:
        """Change the tool, or say why the model cannot take its prompts."""
        parts, self._picked = self._parts, None
        refusal = refusal_of(tool, parts.session.model)
        if refusal:
            parts.session.status = Status(Phase.ERROR, refusal)
            tool = parts.tools.tool
        can_prompt = parts.can_prompt
        if parts.image is not None and can_prompt and tool is not Tool.NAVIGATE:
            parts.painter.overlay.ensure(parts.image)
        parts.tools.use(tool, can_prompt=can_prompt)
        parts.bind_own_layers()
        parts.view.tools.set_tool(tool.value)
        self._drawing.now()

    def set_again(self) -> None:
        """Take up the present tool on another image."""
        picked = self._picked  # else a click meant for a part would become a prompt
        self.set_tool(self._parts.tools.tool)
        self._picked = picked

    def turn(self) -> None:
        """Change between include and exclude."""
        self.set_tool(self._parts.tools.turned())

    def other_or_back(self, tool: Tool) -> None:
        """Change to the box, the scribble or the lasso, or back from it."""
        self.set_tool(self._parts.tools.other_or_back(tool))

    def on_edited(self) -> None:
        """Take over what was drawn in the layers of prompts, in the next turn."""
        # napari is still inside its own drawing; what it drew is read after that
        self._edit_timer.start()

    def on_boxed(self) -> None:
        """Go on with the tool that corrects what a new box or lasso has given."""
        self.set_tool(self._parts.tools.refining(self._parts.session.model))

    def remove_held(self) -> None:
        """Remove the prompt that is selected."""
        self._parts.tools.grips.remove()

    def fit(self, model: Loaded) -> None:
        """Leave a tool whose prompts a new model has never seen."""
        if refusal_of(self._parts.tools.tool, model):
            self.set_tool(self._parts.tools.refining(model))

    def _take_edits(self) -> None:
        parts, session = self._parts, self._parts.session
        if session.image is None:
            return
        had = len(session.state.prompts.boxes)
        session.replace_prompts(parts.layers.read(session.second_box))
        parts.painter.forget_drawn()
        boxes = session.state.prompts.boxes
        if parts.layers.refusal:
            session.status = Status(Phase.ERROR, parts.layers.refusal)
        if parts.tools.tool is Tool.BOX and len(boxes) >= max(had, 1):
            self.on_boxed()
        self._drawing.now()
