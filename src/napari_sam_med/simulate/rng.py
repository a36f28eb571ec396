"""Random number generators for draws among equals: one for a run, or one a case."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

Draw = Callable[[int], int]
"""Draws one of ``n`` equals: takes n >= 1, returns 0 to n - 1."""

RELEASED_SEED = 1
"""As in the study's published code; the seed of a run that names none."""


class SequentialDraws:
    """One random stream for all draws of a run, as the study's code has it.

    Parameters
    ----------
    seed : int
        The study's by default.

    Notes
    -----
    ``numpy.random.RandomState(seed)``, one ``randint(0, n)`` for each draw;
    ``randint(0, 1)`` consumes nothing of the stream
    (mazurowski-lab/segment-anything-medical-evaluation).

    Examples
    --------
    >>> draw = SequentialDraws()
    >>> [draw(10), draw(1), draw(10)], draw.take_log()
    ([5, 0, 8], (10, 1, 10))
    """

    def __init__(self, seed: int = RELEASED_SEED) -> None:
        self._random = np.random.RandomState(seed)
        self._log: list[int] = []

    def __call__(self, n: int) -> int:
        """Draw one of ``n`` equals."""
        self._log.append(n)
        return int(self._random.randint(0, n))

    def take_log(self) -> tuple[int, ...]:
        """Return the ``n`` of each draw since the last call, and forget them."""
        log = tuple(self._log)
        self._log.clear()
        return log

    def skip(self, counts: tuple[int, ...]) -> None:
        """Make the draws of cases that were finished earlier once more."""
        for n in counts:
            self._random.randint(0, n)


def seeded_draws(
    case_id: str, label: int, step: int, seed: int = RELEASED_SEED
) -> Draw:
    """Build draws that depend on the case alone, whatever was computed before it.

    Parameters
    ----------
    case_id : str
        Name of the case.
    label : int
        Class of the object.
    step : int
        1 for the first prompt, 2 and on for the clicks that follow.
    seed : int
        Of the run.

    Returns
    -------
    callable
        Each call draws from the same seeded generator.

    Examples
    --------
    >>> seeded_draws("a", 1, 1)(1000) == seeded_draws("a", 1, 1)(1000)
    True
    """
    rng = seeded_rng(case_id, label, step, seed)
    return lambda n: int(rng.integers(n))


def seeded_rng(
    case_id: str, label: int, step: int, seed: int = RELEASED_SEED
) -> np.random.Generator:
    """Build a generator that depends on the case alone.

    Parameters
    ----------
    case_id : str
        Name of the case.
    label : int
        Class of the object.
    step : int
        Number of the prompt or the draw.
    seed : int
        Of the run.

    Returns
    -------
    numpy.random.Generator
        Seeded with 8 bytes of the name's SHA-256, the class, the step and, unless it
        is 1, the run's seed.
    """
    digest = hashlib.sha256(case_id.encode()).digest()
    entropy = [int.from_bytes(digest[:8], "little"), label, step]
    return np.random.default_rng(entropy + [seed] * (seed != RELEASED_SEED))
