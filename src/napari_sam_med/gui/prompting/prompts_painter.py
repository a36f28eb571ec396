"""Draws the session's state: into layers, and into the dock's widget."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.gui.napari_io import is_in_mm
from napari_sam_med.gui.prompting.canvas import Tool
from napari_sam_med.gui.prompting.cards import cards_of, probability_picture
from napari_sam_med.gui.prompting.display.orientations import PictureTurn, turn_of
from napari_sam_med.gui.prompting.outlines import SliceLines
from napari_sam_med.gui.prompting.overlay import CandidateOverlay
from napari_sam_med.gui.prompting.tools import refusal_of
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.shared.prompt_layers import (
    COLOURS,
    HELD_COLOUR,
    PromptLayers,
    rgba_of,
)
from napari_sam_med.gui.shared.prompt_vertices import pieces_of
from napari_sam_med.gui.shared.shown_slice import ShownSlice
from napari_sam_med.session.asking.slice_answers import SliceAnswers
from napari_sam_med.session.kinds.placed_strokes import PlacedStroke
from napari_sam_med.session.prompt_session import PromptSession
from napari_sam_med.session.volume_prompts import ObjectPrompts

LINES_NAME, LINES_ROLE = "prompts: lines", "lines"
LINE_PX = 2.5
"""Wider than the outlines of candidates, which run beside them."""


class PromptsPainter:
    """Redraws what has changed since the last time, in parts that take about as long.

    Parameters
    ----------
    viewer : ViewerModel
        Gets the layer of candidates.
    view : PromptsView
        The dock's widget.
    layers : PromptLayers
        Where prompts are drawn.
    """

    def __init__(
        self, viewer: ViewerModel, view: PromptsView, layers: PromptLayers
    ) -> None:
        self._viewer, self._view = viewer, view
        self._layers = layers
        self.overlay = CandidateOverlay(viewer)
        self._drawn_prompts: tuple[ObjectPrompts, tuple[object, ...]] | None = None
        self._drawn_cards: tuple[Candidates, PictureTurn] | None = None
        self._drawn_overlay: tuple[SliceAnswers, int] | None = None
        self.lines = SliceLines(viewer, LINES_NAME, LINES_ROLE, LINE_PX, on_top=True)
        self._drawn_lines: object = None
        self._previewed = -1
        self.shown: ShownSlice | None = None

    def preview(self, slot: int, image: Image | None, session: PromptSession) -> None:
        """Fill another candidate for as long as the mouse is on its card."""
        self._previewed = slot
        self.paint_overlay(image, session)

    def follow(self, image: Image) -> None:
        """Move what is drawn to where the image lies now."""
        if self.shown is not None:  # hidden layers too, for the sliders
            self.overlay.follow(image, self.shown)
            self.lines.follow(image, self.shown)
        self._layers.follow()  # the last one, after which napari sets its sliders

    def free_sliders(self) -> None:
        """Draw lines anew that sliders have more axes or finer steps for."""
        for lines in (self.overlay.outlines, self.lines):
            if lines.is_spare:
                lines.detach()
                self._drawn_lines = self._drawn_overlay = None

    def forget_drawn(self) -> None:
        """Draw prompts anew next time, since a person has drawn in their layers."""
        self._drawn_prompts = self._drawn_lines = None

    def paint_prompts(self, session: PromptSession, polarity: int) -> None:
        """Bring the layers of points and boxes up to date."""
        prompts = session.state.prompts
        shown = self.shown
        axis, time = (0, None) if shown is None else (shown.axis, shown.time)
        drawn = self._drawn_prompts
        how = (polarity, axis, time, self._layers.held)
        if (
            drawn is not None
            and drawn[0] is prompts
            and drawn[1] == how
            and (self._layers.points is not None or prompts.is_empty)
        ):
            return
        self._layers.show(prompts, polarity, axis, time)
        self._drawn_prompts = (prompts, how)

    def paint_lines(
        self,
        image: Image | None,
        session: PromptSession,
        drawing: PlacedStroke | None = None,
    ) -> None:
        """Bring the layer of scribbles and lassos up to date.

        ``drawing`` is a line that a person is drawing now.
        """
        shown, plane = self.shown, session.plane
        strokes = list(session.state.prompts.strokes)
        strokes += [] if drawing is None else [drawing]
        if image is None or shown is None or plane is None:
            strokes = []
        held = self._layers.held
        at = held.index if held is not None and held.is_stroke else -1
        drawn = (tuple(strokes), at, image, shown)
        if drawn == self._drawn_lines:
            return
        self._drawn_lines = drawn
        if image is None or shown is None or plane is None:
            self.lines.hide()
            return
        here = [(k, each) for k, each in enumerate(strokes) if each.lies_on(plane)]
        if not here:
            self.lines.hide()
            return
        colours = [HELD_COLOUR if k == at else COLOURS[s.label] for k, s in here]
        self.lines.show_lines(
            image,
            shown,
            [pieces_of(each) for _, each in here],
            [rgba_of(colour).astype(np.float32) for colour in colours],
        )

    def paint_overlay(self, image: Image | None, session: PromptSession) -> None:
        """Bring the layer of candidates up to date."""
        answers, shown = session.answers, self.shown
        if answers is None:
            self._previewed = -1
        if answers is None or shown is None or image is None:
            self.overlay.hide()
            self._drawn_overlay = None
            return
        filled = answers.slot
        if 0 <= self._previewed < len(answers.shown):
            filled = self._previewed
        drawn = self._drawn_overlay
        same = drawn is not None and drawn[0] is answers and drawn[1] == filled
        if not same or not self.overlay.is_shown:
            beside = [m for k, m in enumerate(answers.masks) if k != answers.at]
            self.overlay.show(image, shown, answers.shown, filled, beside)
            self._drawn_overlay = (answers, filled)

    def paint_cards(self, image: Image | None, session: PromptSession) -> None:
        """Bring the cards of the candidates up to date."""
        candidates, prompt_image, plane = (
            session.candidates,
            session.image,
            session.plane,
        )
        row = self._view.candidates
        if candidates is None or prompt_image is None or plane is None or image is None:
            if self._drawn_cards is not None:
                row.set_contents([])
            self._drawn_cards = None
            return
        turn = self._turn(image)
        drawn = self._drawn_cards
        if drawn is None or drawn[0] is not candidates or drawn[1] != turn:
            contents = cards_of(
                prompt_image, plane, candidates, in_mm=is_in_mm(image), turn=turn
            )
            probability = probability_picture(prompt_image, plane, candidates, turn)
            row.set_contents(contents, probability, is_one=candidates.is_one_answer)
            self._drawn_cards = (candidates, turn)
        row.set_state(session.chosen, fresh=session.is_fresh)

    def paint_bars(self, labels: Labels | None, session: PromptSession) -> None:
        """Bring the buttons of the widget up to date."""
        self._paint_tools(session)
        self._paint_write(labels, session)
        self._paint_precompute(labels, session)
        shown = -1 if session.plane is None else session.plane.index
        self._view.pending.set_slices(session.pending, shown)
        if session.image is not None and session.plane is not None:
            axis = session.plane.axis
            count = session.image.volume.shape_zyx[axis]
            self._view.outputs.set_slices(axis, count)

    def _turn(self, image: Image) -> PictureTurn:
        """How the slices of the image lie on the canvas now."""
        camera = getattr(self._viewer, "scene", self._viewer).camera
        vertical, horizontal = (str(each) for each in camera.orientation2d)
        return turn_of(self._viewer.dims, image, (vertical, horizontal))

    def _paint_tools(self, session: PromptSession) -> None:
        refusals = {str(tool): refusal_of(tool, session.model) for tool in Tool}
        self._view.tools.set_refusals(refusals)
        self._view.candidates.set_hint(
            points=not refusals[Tool.INCLUDE], boxes=not refusals[Tool.BOX]
        )

    def _paint_write(self, labels: Labels | None, session: PromptSession) -> None:
        label = session.state.label
        self._view.write.set_label(label, _colour_of(labels, label))
        plane = session.plane
        on_slice = plane is not None and session.state.prompts.on(plane) is not None
        self._view.write.set_possible(
            accept=session.candidates is not None and session.is_fresh,
            undo=session.can_undo,
            redo=session.can_redo,
            clear=on_slice,
        )

    def _paint_precompute(self, labels: Labels | None, session: PromptSession) -> None:
        bar, step = self._view.outputs, session.precompute
        if step is None:
            bar.set_idle()
        else:
            bar.set_progress(step.done, step.total, step.seconds_left)
        bar.set_possible(
            precompute=session.plane is not None and session.model is not None,
            export=labels is not None,
            save=bool(session.state.records),
        )


def _colour_of(labels: Labels | None, label: int) -> tuple[int, int, int] | None:
    if labels is None:
        return None
    colour = labels.get_color(label)
    if colour is None:
        return None
    red, green, blue = (round(255 * float(c)) for c in colour[:3])
    return (red, green, blue)
