"""Brings the session's state on the screen, in turns short enough for the window."""

from __future__ import annotations

from collections.abc import Callable

from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.shared.later import Turns
from napari_sam_med.gui.shared.viewer_watch import grid_of
from napari_sam_med.session.status import Phase, Status

ANSWER_MS = 150
"""Until then the dock waits for an answer before it says that there is none yet: two
paintings less for a quick model, and nobody misses the word so soon
(benchmarks/click_responsiveness.py)."""


GRID = (
    "Grid mode draws masks and prompts in tiles of their own, not over the image: "
    "leave it (Ctrl+G) to see where they lie"
)


class DockDrawing:
    """Draws prompts, candidates, cards and bars, now or from the next turn on.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.

    Attributes
    ----------
    problem : Status
        Why nothing can be prompted; it is told instead of the session's status, and
        after a refusal.
    """

    def __init__(self, parts: DockParts) -> None:
        self._parts = parts
        self.problem = Status()
        self.turns = Turns(parts.view, self._steps())

    def add(self, step: Callable[[], None]) -> None:
        """Draw something more, in a turn of its own after all others."""
        self.turns.add(step)

    def now(self) -> None:
        """Draw all."""
        self.turns.run()

    def soon(self) -> None:
        """Draw all, one part a turn, from the next turn on."""
        self.turns.start()

    def prompted(self) -> None:
        """Draw new prompts at once, and the rest with the answer if that comes soon."""
        self._draw_prompts()
        session = self._parts.session
        is_told = session.is_fresh or session.status.phase is Phase.ERROR
        self.turns.start(0 if is_told else ANSWER_MS)

    def answered(self) -> None:
        """Draw new candidates at once, and the rest soon."""
        self._draw_overlay()
        self.soon()

    def guard(self, action: Callable[[], None]) -> None:
        """Do something and draw soon; an error of ours becomes the status."""
        try:
            action()
        except SamMedError as error:
            self._parts.session.status = Status(Phase.ERROR, str(error))
        self.soon()

    def _steps(self) -> tuple[Callable[[], None], ...]:
        return (
            self._draw_prompts,
            self._draw_overlay,
            self._draw_cards,
            self._draw_bars,
        )

    def _draw_prompts(self) -> None:
        parts = self._parts
        parts.tools.grips.forget_old()
        parts.painter.paint_prompts(parts.session, parts.tools.polarity)
        parts.painter.paint_lines(parts.image, parts.session)
        parts.bind_own_layers()

    def _draw_overlay(self) -> None:
        self._parts.painter.paint_overlay(self._parts.image, self._parts.session)

    def _draw_cards(self) -> None:
        self._parts.painter.paint_cards(self._parts.image, self._parts.session)

    def _draw_bars(self) -> None:
        parts = self._parts
        labels = parts.writer.follow(parts.image)
        parts.painter.paint_bars(labels, parts.session)
        status = self._told()
        text = status.text
        if grid_of(parts.viewer).enabled and parts.image is not None:
            stop = "" if text.endswith(".") else "."
            text = f"{text}{stop} {GRID}" if text else GRID
        parts.view.status.set_status(status.phase.value, text)

    def _told(self) -> Status:
        """Why nothing can be prompted, after what was refused meanwhile."""
        problem, status = self.problem, self._parts.session.status
        if problem.text and status.phase is Phase.ERROR:
            text = f"{status.text.removesuffix('.')}. {problem.text}"
            return Status(Phase.ERROR, text)
        return problem if problem.text else status
