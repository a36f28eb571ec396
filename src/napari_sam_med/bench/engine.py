"""Goes through models, volumes, slices and cases, one case a step."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam_med.bench.cases import slices_of, unknown_labels
from napari_sam_med.bench.evaluation import rows_of_slice
from napari_sam_med.bench.labelled import BadPair
from napari_sam_med.bench.news import CaseDone
from napari_sam_med.bench.progress import Progress
from napari_sam_med.bench.protocols import rules_of
from napari_sam_med.bench.replay import mask_of_row
from napari_sam_med.bench.rows import Row
from napari_sam_med.bench.streams import Streams
from napari_sam_med.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from napari_sam_med.bench.cases import CaseSlice
    from napari_sam_med.bench.labelled import LabelledVolume, Source
    from napari_sam_med.bench.promptbook import PromptBook
    from napari_sam_med.bench.rows import Drawn
    from napari_sam_med.bench.settings import ModelChoice, RunSettings
    from napari_sam_med.bench.store import RunStore
    from napari_sam_med.core.ports import Segmenter

__all__ = ["CaseDone", "mask_of_row", "run_benchmark"]


def run_benchmark(
    source: Source,
    models: Sequence[ModelChoice],
    settings: RunSettings,
    store: RunStore | None = None,
    prompts_from: PromptBook | None = None,
) -> Iterator[CaseDone]:
    """Run all models over all cases.

    Parameters
    ----------
    source : Source
        Labelled volumes.
    models : sequence of ModelChoice
        Each is loaded when its first case comes.
    settings : RunSettings
        What to do.
    store : RunStore or None
        Where rows are kept. What it holds already is not computed again.
    prompts_from : PromptBook or None
        Prompts of another run for modes and clicks; None simulates them.

    Yields
    ------
    CaseDone
        After each case. Closing the generator cancels the run; what was yielded stays
        stored.

    Raises
    ------
    DatasetError
        If no pair holds a case.
    RunError
        If the store holds another run or other files.
    """
    origin = prompts_from.origin if prompts_from else ""
    stored = store.open(source, models, settings, origin) if store else {}
    progress = Progress(len(models), len(source))
    for choice in models:
        run = _ModelRun(source, choice, settings, progress, prompts_from)
        news = run.cases(stored, with_bad_pairs=choice is models[0])
        yield from news if store is None else store.keeping(news)


class _ModelRun:
    """One model's way through a source."""

    def __init__(
        self,
        source: Source,
        choice: ModelChoice,
        settings: RunSettings,
        progress: Progress,
        book: PromptBook | None,
    ) -> None:
        self._source, self._choice = source, choice
        self._settings, self._progress, self._book = settings, progress, book
        self._streams = Streams(sequential=rules_of(settings.profile).sequential)
        self._model: Segmenter | None = None

    def cases(
        self,
        stored: Mapping[tuple[str, str], Sequence[Drawn]],
        *,
        with_bad_pairs: bool,
    ) -> Iterator[CaseDone]:
        """Go through all volumes; what cannot be used is told with the first case."""
        unusable: list[Row] = []
        found = False
        for pair in self._source:
            unusable += self._unusable(pair)
            if isinstance(pair, BadPair):
                self._progress.see_volume(pair.name, 0)
                continue
            for one_slice in self._slices(pair):
                found = True
                if with_bad_pairs:
                    yield from self._tell(unusable, stored)
                unusable = []
                yield from self._slice(one_slice, stored)
        if not found:
            reason = unusable[0].error if unusable else "there is no pair at all"
            msg = f"there is no labelled object to prompt: {reason}"
            raise DatasetError(msg)
        if with_bad_pairs:
            yield from self._tell(unusable, stored)

    def _slices(self, pair: LabelledVolume) -> list[CaseSlice]:
        found = list(
            slices_of(
                pair,
                profile=self._settings.profile,
                axis=self._settings.axis,
                dataset=self._source.name,
            )
        )
        self._progress.see_volume(pair.name, sum(len(one.cases) for one in found))
        return found

    def _slice(
        self,
        one_slice: CaseSlice,
        stored: Mapping[tuple[str, str], Sequence[Drawn]],
    ) -> Iterator[CaseDone]:
        known = {
            case.case_id: stored[self._choice.name, case.case_id]
            for case in one_slice.cases
            if (self._choice.name, case.case_id) in stored
        }
        start = time.perf_counter()
        settings, streams, book = self._settings, self._streams, self._book
        for case, rows in rows_of_slice(
            self._loaded, one_slice, settings, streams, known, book
        ):
            if case.case_id in known:
                self._progress.done += 1
                yield self._news(case.case_id, (), resumed=True)
            else:
                self._progress.add_computed(time.perf_counter() - start)
                named = (replace(row, model=self._choice.name) for row in rows)
                yield self._news(case.case_id, tuple(named))
            start = time.perf_counter()

    def _loaded(self) -> Segmenter:
        if self._model is None:
            self._model = self._choice.load()
        return self._model

    def _unusable(self, pair: LabelledVolume | BadPair) -> list[Row]:
        """Make rows of a bad pair, or of label values that have no name."""
        if isinstance(pair, BadPair):
            return [Row(case_id=pair.name, image=pair.name, error=pair.reason)]
        known = ", ".join(map(str, pair.label_names))
        return [
            Row(
                case_id=f"{pair.name}/label {value}",
                image=pair.name,
                label=value,
                error=f"label {value} of {pair.name} has no name; named are {known}",
            )
            for value in unknown_labels(pair, self._settings.profile)
        ]

    def _tell(
        self,
        unusable: Sequence[Row],
        stored: Mapping[tuple[str, str], Sequence[Drawn]],
    ) -> Iterator[CaseDone]:
        for row in unusable:
            resumed = ("", row.case_id) in stored
            rows = () if resumed else (row,)
            yield CaseDone(
                row.case_id,
                "",
                rows,
                self._progress.done,
                self._progress.total,
                self._progress.seconds_left,
                resumed,
            )

    def _news(
        self, case_id: str, rows: tuple[Row, ...], *, resumed: bool = False
    ) -> CaseDone:
        progress = self._progress
        return CaseDone(
            case_id,
            self._choice.name,
            rows,
            progress.done,
            progress.total,
            progress.seconds_left,
            resumed,
        )
