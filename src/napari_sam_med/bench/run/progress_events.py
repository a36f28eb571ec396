"""What a run tells after each case: how far it has come, how long it will take."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam_med.bench.protocol.result_rows import Row


@dataclass(frozen=True, slots=True)
class CaseDone:
    """A progress event: a case was computed, was found in the store, or has failed.

    Parameters
    ----------
    case_id : str
        The case, or the name of a pair that could not be used.
    model : str
        Name of the model; empty for such a pair.
    rows : tuple of Row
        Its results; empty if they stand in the store already.
    done, total : int
        Cases so far and in all. The total is estimated from the volumes seen so far,
        and exact once all were seen.
    seconds_left : float or None
        None until something was computed.
    resumed : bool
        Whether the case was found in the store.
    """

    case_id: str
    model: str
    rows: tuple[Row, ...]
    done: int
    total: int
    seconds_left: float | None
    resumed: bool = False


@dataclass(slots=True)
class RunProgress:
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
