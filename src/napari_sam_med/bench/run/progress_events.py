"""How far a run has come, and how long it will take."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """Counts cases, and guesses how many there will be.

    Parameters
    ----------
    n_models, n_volumes : int
        Size of the run.
    done : int
        Cases so far.
    at_once : int
        How many slices are computed at the same time.
    """

    n_models: int
    n_volumes: int
    done: int = 0
    at_once: int = 1
    _computed: int = 0
    _seconds: float = 0.0
    _cases_of: dict[str, int] = field(default_factory=dict)

    def see_volume(self, name: str, n_cases: int) -> None:
        """Note the cases of a volume; of a bad pair none."""
        self._cases_of[name] = n_cases

    def add_computed(self, seconds: float) -> None:
        """Note a case that was computed, and how long it took where it was."""
        self._computed += 1
        self._seconds += seconds
        self.done += 1

    @property
    def total(self) -> int:
        """Cases in all, of all models; estimated until every volume was seen."""
        seen = len(self._cases_of)
        cases = sum(self._cases_of.values())
        unseen = cases / seen * (self.n_volumes - seen) if seen else 0.0
        return max(self.done, round(cases + unseen) * self.n_models)

    @property
    def seconds_left(self) -> float | None:
        """From the mean time of the cases computed; None before the first."""
        if not self._computed:
            return None
        mean = self._seconds / self._computed
        return mean * (self.total - self.done) / self.at_once
