"""Undo and redo over frozen values."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

State = TypeVar("State")
LIMIT = 200
"""Steps back: twice the 100 that are promised. A step costs what it changed, packed:
about 1 kB for a mask of 300 x 300 pixels."""


class History(Generic[State]):
    """The present state, the ones before it, and the ones that were undone.

    Parameters
    ----------
    present : State
        A frozen value.

    Examples
    --------
    >>> history = History("a")
    >>> history.push("b")
    >>> history.undo(), history.redo(), history.redo()
    ('a', 'b', None)
    """

    def __init__(self, present: State) -> None:
        self._present = present
        self._past: deque[State] = deque(maxlen=LIMIT)
        self.n_changes = 0
        """How often the present state changed, by steps in either direction."""
        self._future: list[State] = []

    @property
    def present(self) -> State:
        """The state that counts now."""
        return self._present

    @property
    def next(self) -> State | None:
        """The state that ``redo`` would give."""
        return self._future[-1] if self._future else None

    @property
    def can_undo(self) -> bool:
        """Whether there is a state to go back to."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether a state was undone and nothing was pushed since."""
        return bool(self._future)

    def push(self, state: State) -> None:
        """Make a new state the present one; what was undone is gone."""
        self._past.append(self._present)
        self._present = state
        self.n_changes += 1
        self._future.clear()

    def amend(self, state: State) -> None:
        """Replace the present state without making a step of it."""
        self._present = state

    def revise(self, change: Callable[[State], State]) -> None:
        """Change every state, past and undone ones too, without making a step of it."""
        self._past = deque(map(change, self._past), maxlen=LIMIT)
        self._present = change(self._present)
        self._future = [change(state) for state in self._future]

    def undo(self) -> State | None:
        """Go one state back and return it; None if there is none."""
        if not self._past:
            return None
        self.n_changes += 1
        self._future.append(self._present)
        self._present = self._past.pop()
        return self._present

    def redo(self) -> State | None:
        """Go one state forward again and return it; None if there is none."""
        if not self._future:
            return None
        self.n_changes += 1
        self._past.append(self._present)
        self._present = self._future.pop()
        return self._present


class Histories(Generic[State]):
    """One history for each place, begun when it is first asked for.

    Parameters
    ----------
    begin : callable
        Gives a new one.
    """

    def __init__(self, begin: Callable[[], History[State]]) -> None:
        self._begin = begin
        self._histories: dict[str, History[State]] = {}

    @property
    def places(self) -> tuple[str, ...]:
        """All places that have a history; the empty one stands for nowhere."""
        return tuple(place for place in self._histories if place)

    def of(self, place: str) -> History[State]:
        """Give the history of a place."""
        if place not in self._histories:
            self._histories[place] = self._begin()
        return self._histories[place]

    def revise(self, change: Callable[[State], State]) -> None:
        """Change every state of every history, see ``History.revise``."""
        for history in self._histories.values():
            history.revise(change)

    def forget(self, place: str) -> None:
        """Drop the history of a place."""
        self._histories.pop(place, None)
