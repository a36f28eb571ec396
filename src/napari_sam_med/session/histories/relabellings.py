"""What became of the objects of Labels layers after masks of them were accepted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam_med.session.labelling.label_edits import Relabelling
    from napari_sam_med.session.objects import SessionState


class Relabellings:
    """Knows the order of accepted, merged and deleted objects in all histories.

    An object that is deleted while one image is prompted is gone from the masks of
    every image that was written into the same Labels layer before.
    """

    def __init__(self) -> None:
        self._last = 0
        self._stand: dict[int, tuple[Relabelling, ...]] = {}
        """What each step that stands has merged and deleted, in the order of steps."""

    def numbered(self, state: SessionState) -> SessionState:
        """Give a new state a number of its own, which its new records get too."""
        self._last += 1
        n_new = len(state.records) - len(state.written)
        written = (*state.written, *[self._last] * n_new)
        return replace(state, step=self._last, written=written)

    def add(self, state: SessionState) -> None:
        """Take the step that led to a state for the last one of all."""
        made = tuple(each.relabels for each in state.made if each.relabels is not None)
        if made or state.step in state.written:
            self._stand[state.step] = made

    def drop(self, state: SessionState) -> None:
        """Take back the step that led to a state."""
        self._stand.pop(state.step, None)

    def noted(self, state: SessionState, time: int | None) -> SessionState:
        """Give a state whose records tell what was merged and deleted after them.

        Parameters
        ----------
        state : SessionState
            Of any history.
        time : int or None
            The time point that it is of, of an image that has several.
        """
        records = list(state.records)
        written: dict[int, list[int]] = {}
        for at, step in enumerate(state.written):
            written.setdefault(step, []).append(at)
        last: dict[str, int] = {}  # the last record of each layer so far
        for step, made in self._stand.items():
            last |= {records[at].layer_key: at for at in written.get(step, ())}
            for each in made:
                found = last.get(each.place)
                if found is not None and each.time == time:
                    then = (*records[found].then, (each.label, each.into))
                    records[found] = replace(records[found], then=then)
        return replace(state, records=tuple(records))
