"""Which tool the canvas is in, and which layer gets napari's keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from napari.components import ViewerModel

from napari_sam_med.core.prompts import NEGATIVE, POSITIVE
from napari_sam_med.gui.prompting.canvas import CanvasClicks, Tool
from napari_sam_med.gui.prompting.drawing.stroke_drawing import StrokeDrawing
from napari_sam_med.gui.prompting.prompt_grips import PromptGrips
from napari_sam_med.gui.shared.prompt_layers import PAN, PromptLayers
from napari_sam_med.session.background.messages import Loaded

TURNED = {Tool.INCLUDE: Tool.EXCLUDE, Tool.EXCLUDE: Tool.INCLUDE}


def refusal_of(tool: Tool, model: Loaded | None) -> str:
    """Say why a tool is of no use with a model.

    Parameters
    ----------
    tool : Tool
        What a click on the canvas would do.
    model : Loaded or None
        The model that answers.

    Returns
    -------
    str
        One sentence; empty if the model was trained on such prompts, or there is none.
    """
    if model is None:
        return ""
    can = model.capabilities
    if tool is Tool.BOX and not can.boxes:
        return (
            f"{model.name} does not accept box prompts: click on the object instead, "
            "or choose another model"
        )
    if tool in (*TURNED, Tool.SCRIBBLE) and not can.points:
        return (
            f"{model.name} does not accept point prompts: drag a box around the "
            "object instead, or choose another model"
        )
    return ""


class ToolSwitch:
    """Puts the canvas into a tool, and its layer under the keys.

    Parameters
    ----------
    viewer : ViewerModel
        Whose canvas and layers.
    layers : PromptLayers
        The layers that are prompted in.
    clicked : callable
        Called with the world position and 1 or 0 for each click that counts.
    grips : PromptGrips
        The prompts that can be taken hold of.
    strokes : StrokeDrawing
        Draws scribbles and lassos.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        layers: PromptLayers,
        clicked: Callable[[Sequence[float], int], None],
        grips: PromptGrips,
        strokes: StrokeDrawing,
    ) -> None:
        self._viewer = viewer
        self._layers = layers
        self.grips = grips
        self._clicks = CanvasClicks(viewer, clicked, grips, strokes)
        self._point_tool = Tool.INCLUDE

    @property
    def tool(self) -> Tool:
        """The tool in use."""
        return self._clicks.tool

    @property
    def polarity(self) -> int:
        """1 if a click would include, 0 if it would exclude."""
        return NEGATIVE if self._clicks.tool is Tool.EXCLUDE else POSITIVE

    def use(self, tool: Tool, *, can_prompt: bool) -> None:
        """Change the tool.

        Parameters
        ----------
        tool : Tool
            The new one.
        can_prompt : bool
            Whether there is an image, so that prompt layers may be made.
        """
        if tool in TURNED:
            self._point_tool = tool
        self._clicks.set_tool(tool)
        if can_prompt and tool is not Tool.NAVIGATE:
            self._layers.ensure()
        # a tool of napari's that was used in our layers would keep the mouse
        self._layers.use_pan()
        self.take_keys()

    def turned(self) -> Tool:
        """Give exclude for include, and include for everything else."""
        return TURNED.get(self.tool, Tool.INCLUDE)

    def other_or_back(self, tool: Tool) -> Tool:
        """Give a tool, or from that one the point tool that was in use before."""
        return self._point_tool if self.tool is tool else tool

    def refining(self, model: Loaded | None) -> Tool:
        """Give the tool that goes on: points, or a box for a model without points."""
        return Tool.BOX if refusal_of(Tool.INCLUDE, model) else Tool.INCLUDE

    def take_keys(self) -> None:
        """Make the image the active layer, so that our keys work.

        Its controls, its value under the mouse and New Labels stay at hand, which they
        would not with a layer of ours.
        """
        image = self._layers.image
        if image is not None and self.tool is not Tool.NAVIGATE:
            image.mode = PAN
            if image in self._viewer.layers:
                self._viewer.layers.selection.active = image

    def open(self) -> None:
        """Hear the canvas; again after ``close``."""
        self._clicks.open()

    def close(self) -> None:
        """Leave the canvas as it was."""
        self._clicks.close()
