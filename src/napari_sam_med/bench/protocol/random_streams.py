"""The random streams of one model's run, by profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.result_rows import tied_from_text
from napari_sam_med.bench.protocol.run_settings import SettingGroup
from napari_sam_med.simulate.rng import RELEASED_SEED, SequentialDraws, seeded_draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam_med.bench.protocol.cases import Case
    from napari_sam_med.bench.protocol.result_rows import Drawn
    from napari_sam_med.simulate.rng import Draw


class RandomStreams:
    """Hands out draws to the runs over a case.

    The published profiles draw from one stream through all cases, a fresh one for the
    modes and for each selection's clicks; ``strict`` draws for each case and step anew.

    Parameters
    ----------
    sequential : bool
        Whether the profile is a published one.
    seed : int
        Of all draws.
    """

    def __init__(self, *, sequential: bool, seed: int = RELEASED_SEED) -> None:
        self._seed = seed
        self._streams: dict[str, SequentialDraws] | None = {} if sequential else None

    def draws(self, case: Case, run: str, step: int) -> Draw:
        """Return the draws for one step of one run over a case.

        Parameters
        ----------
        case : Case
            The object.
        run : str
            As ``run_name`` gives it.
        step : int
            1 for the first prompt.
        """
        if self._streams is None:
            return seeded_draws(case.drawn_by, case.label, step, self._seed)
        return self._stream(run)

    def take_log(self, run: str) -> tuple[int, ...]:
        """Return what a run drew since the last call; nothing for ``strict``."""
        if self._streams is None or run not in self._streams:
            return ()
        return self._streams[run].take_log()

    def skip(self, drawn: Sequence[Drawn]) -> None:
        """Draw once more what a stored case drew.

        Parameters
        ----------
        drawn : sequence of Drawn
            Of all of the case's rows, in any order.
        """
        if self._streams is None:
            return
        seen = set()
        for row in sorted(drawn):
            run = run_name(row.setting, row.selection)
            if (run, row.setting, row.step) not in seen:
                seen.add((run, row.setting, row.step))
                counts = tied_from_text(row.tied)
                self._stream(run).skip(counts)

    def _stream(self, run: str) -> SequentialDraws:
        streams = self._streams if self._streams is not None else {}
        if run not in streams:
            streams[run] = SequentialDraws(self._seed)
        return streams[run]


def run_name(setting: str, selection: str = "") -> str:
    """Name the stream that a row's draws came from.

    Parameters
    ----------
    setting, selection : str
        Of the row. All modes and selections share a stream, each selection's clicks
        have their own.

    Returns
    -------
    str
    """
    by_modes = setting.startswith("mode")
    return str(SettingGroup.MODES) if by_modes else f"{setting}/{selection}"
