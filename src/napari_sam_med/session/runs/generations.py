"""Numbers of requests, by which late answers are known."""

from __future__ import annotations


class Generations:
    """Counts requests of each kind; only the last one of a kind is waited for."""

    def __init__(self) -> None:
        self._count = 0
        self._wanted: dict[str, int] = {}

    def next(self, kind: str) -> int:
        """Begin another request; answers to older ones of its kind are late now."""
        self._count += 1
        self._wanted[kind] = self._count
        return self._count

    def is_wanted(self, kind: str, generation: int) -> bool:
        """Whether an answer is to the last request of its kind."""
        return self._wanted.get(kind) == generation

    def is_wanted_at_all(self, generation: int) -> bool:
        """Whether an answer is to the last request of any kind."""
        return generation in self._wanted.values()
