"""Rows that are stored already: of a whole run, or of one that goes on."""

from __future__ import annotations

from pathlib import Path

from napari_sam_med.bench.run.progress_events import CaseDone
from napari_sam_med.bench.run.store.run_store import REPORT, RunStore
from napari_sam_med.gui.benchmark.plot_means import CurveSums
from napari_sam_med.gui.benchmark.run_messages import OpenedRun
from napari_sam_med.gui.benchmark.views.benchmark_table import COLUMNS, text_of
from napari_sam_med.gui.benchmark.views.benchmark_values import ResultRow


def opened_run(folder: Path) -> OpenedRun:
    """Read a run that is stored already, and prepare it for the table and the plot.

    A run of 274,176 rows takes seconds, so that this belongs to a thread.

    Parameters
    ----------
    folder : Path
        With its manifest.

    Raises
    ------
    FileReadError
        If it holds no run of this benchmark, or a damaged one.
    """
    store = RunStore(folder)
    store.manifest()
    rows = tuple(store.rows().to_dict("records"))
    texts = tuple(text_of(row, COLUMNS) for row in rows)
    sums, report = CurveSums(), folder / REPORT
    sums.add(rows)
    return OpenedRun(folder, rows, texts, sums, report if report.is_file() else None)


class StoredRows:
    """Hands out a case's rows, from the case itself or from the store.

    Parameters
    ----------
    store : RunStore
        Read only when the first case comes that was computed earlier.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._rows: dict[tuple[str, str], list[ResultRow]] | None = None

    def rows_of(self, case: CaseDone) -> tuple[ResultRow, ...]:
        """Return the rows of one case as plain mappings."""
        if not case.resumed:
            return tuple(row.to_dict() for row in case.rows)
        if self._rows is None:
            self._rows = {}
            for row in self._store.rows().to_dict("records"):
                key = (row["model"], row["case_id"])
                self._rows.setdefault(key, []).append(row)
        return tuple(self._rows.get((case.model, case.case_id), ()))
