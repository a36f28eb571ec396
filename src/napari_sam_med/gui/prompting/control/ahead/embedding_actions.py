"""Prefetches while nothing else is to be done, and looks after what is on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from napari_sam_med.core.prompts import Prompts
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.shared.later import later
from napari_sam_med.session.asking.slice_answers import SliceAnswers
from napari_sam_med.session.asking.slice_requests import correction_of, requests_on
from napari_sam_med.session.background.embedding_files import EmbeddingFiles
from napari_sam_med.session.background.messages import (
    Answer,
    Done,
    Prefetch,
    Request,
    Task,
)
from napari_sam_med.session.status import Phase, Status

SIZE, CLEAR = "size of embeddings", "delete embeddings"
STAY_MS = 150
"""Who scrolls is gone by then; who stays will click, and would wait for this slice, or
for the crops in which the next click corrects the masks that are shown."""
IDLE_MS = 1000
"""Longer than between two clicks on one object, shorter than a look at the masks."""
AROUND = 2
"""Slices on each side: a person goes to the next far more often than to any other."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingSlots:
    """Whom the actions ask.

    Parameters
    ----------
    ask : callable
        Takes a request for the model thread.
    post : callable
        Takes a task for the thread of files.
    is_following : callable
        Whether an object is being followed through the volume.
    """

    ask: Callable[[Request], None]
    post: Callable[[Task], None]
    is_following: Callable[[], bool]


class EmbeddingActions:
    """Slots of the options below the button that precomputes.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    files : EmbeddingFiles
        What lies on disk.
    slots : EmbeddingSlots
        Whom it asks.
    """

    def __init__(
        self, parts: DockParts, files: EmbeddingFiles, slots: EmbeddingSlots
    ) -> None:
        self._parts, self._files, self._slots = parts, files, slots
        self._options = parts.view.outputs.embeddings
        self._timers = (
            later(parts.view, STAY_MS, partial(self._prefetch, 0)),
            later(parts.view, IDLE_MS, partial(self._prefetch, AROUND)),
        )
        self._corrected: tuple[SliceAnswers | None, Prompts | None] = (None, None)
        """The same prompts for the same answers are asked but once."""
        self._options.changed.connect(self._on_changed)
        self._options.shown.connect(self._measure)
        self._options.clear_requested.connect(self._clear)

    def open(self) -> None:
        """Take up what is set."""
        self._files.is_on = self._options.settings.on_disk

    def draw(self) -> None:
        """Begin to wait anew, since something has happened."""
        if self._options.settings.prefetch:
            for timer in self._timers:
                timer.start()

    def stop(self) -> None:
        """Wait no longer."""
        self._corrected = None, None
        for timer in self._timers:
            timer.stop()

    def take(self, answer: Answer) -> bool:
        """Take the size of what is on disk over; False if it is something else."""
        if not isinstance(answer, Done) or answer.name not in (SIZE, CLEAR):
            return False
        self._options.set_size(int(str(answer.value)))
        if self._files.problem:
            self._parts.session.hear(Status(Phase.ERROR, self._files.problem))
        return True

    def _prefetch(self, around: int) -> None:
        session = self._parts.session
        image, plane = session.image, session.plane
        is_busy = session.is_busy or session.precompute is not None
        if image is None or plane is None or session.model is None:
            return
        if is_busy or self._slots.is_following():
            return
        correction = None
        if session.is_fresh and not around:
            if session.answers is not self._corrected[0]:
                asked = requests_on(session.state, image, plane, session.model)
                self._corrected = session.answers, correction_of(asked, session.answers)
            correction = self._corrected[1]
        self._slots.ask(Prefetch(image, plane, around, correction))

    def _on_changed(self) -> None:
        self.open()
        self._files.problem = ""
        self.stop()
        self.draw()

    def _measure(self) -> None:
        self._slots.post(Task(SIZE, self._files.n_bytes))

    def _clear(self) -> None:
        self._slots.post(Task(CLEAR, self._cleared))

    def _cleared(self) -> int:
        self._files.clear()
        return self._files.n_bytes()
