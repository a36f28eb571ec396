"""What a person does with results: look at one, save the table, open the report."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import QObject, Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_sam_med.bench.rows import COLUMNS
from napari_sam_med.bench.store import REPORT
from napari_sam_med.errors import FileWriteError
from napari_sam_med.gui.benchmark.controller import BenchmarkController
from napari_sam_med.gui.benchmark.display import ResultDisplay
from napari_sam_med.gui.benchmark.plan import RowMasks
from napari_sam_med.gui.benchmark.runner import BenchmarkRunner
from napari_sam_med.gui.layers import place_of
from napari_sam_med.gui.views.benchmark_filter import shown
from napari_sam_med.gui.views.benchmark_values import ResultRow
from napari_sam_med.gui.views.benchmark_view import BenchmarkView


def ask_csv_path(parent: QWidget) -> str:
    """Let a person choose a file; empty if they changed their mind."""
    path, _ = QFileDialog.getSaveFileName(
        parent, "Save results", "results.csv", "Table (*.csv)"
    )
    return str(path)


def open_in_browser(path: Path) -> None:
    """Show a file in the program that the desktop opens it with."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


@dataclass(frozen=True, slots=True)
class Desktop:
    """The two things that leave the viewer's window.

    Parameters
    ----------
    ask_csv_path : callable
        From a parent widget to a path, or an empty text.
    open_path : callable
        Shows a file.
    """

    ask_csv_path: Callable[[QWidget], str] = ask_csv_path
    open_path: Callable[[Path], None] = open_in_browser


class ResultsController(QObject):
    """Answers the results tab.

    Parameters
    ----------
    viewer : ViewerModel
        Where rows are shown.
    view : BenchmarkView
        The widget; it owns this object.
    runner : BenchmarkRunner
        Predicts rows again.
    runs : BenchmarkController
        Knows the last run.
    desktop : Desktop
        Dialog and browser.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        view: BenchmarkView,
        runner: BenchmarkRunner,
        runs: BenchmarkController,
        desktop: Desktop,
    ) -> None:
        super().__init__(view)
        self._viewer, self._view, self._runner = viewer, view, runner
        self._runs, self._desktop = runs, desktop
        self._display = ResultDisplay(viewer)
        self._row: ResultRow | None = None
        results = view.results
        results.row_chosen.connect(self._on_row)
        results.csv_requested.connect(self._on_csv)
        results.report_requested.connect(self._on_report)
        runner.masks_ready.connect(self._on_masks, Qt.ConnectionType.QueuedConnection)

    def _on_row(self, row: ResultRow) -> None:
        image = self._image_of(row)
        if row["error"] or image is None:
            gone = f"the image of {row['image']} is no longer in the viewer"
            self._say(row["error"] or gone, error=True)
            return
        self._row = row
        self._display.show_row(row, image, self._runs.layers_of_plan())
        self._say(f"{row_text(row)} Predicting its mask again ...")
        self._runner.show_row(row)

    def _on_masks(self, masks: RowMasks) -> None:
        if masks.row is not self._row:
            return
        self._display.show_masks(masks.truth, masks.mask)
        if masks.error:
            self._say(masks.error, error=True)
        else:
            self._say(f"{row_text(masks.row)} Orange: mask. White line: truth.")

    def _on_csv(self) -> None:
        path = self._desktop.ask_csv_path(self._view)
        if not path:
            return
        try:
            write_csv(Path(path), self._view.results.shown_rows())
        except FileWriteError as error:
            self._say(str(error), error=True)
        else:
            self._say(f"Saved the rows shown to {path}.")

    def _on_report(self) -> None:
        if self._runs.plan is not None:
            self._desktop.open_path(self._runs.plan.folder / REPORT)

    def _image_of(self, row: ResultRow) -> Image | None:
        plan = self._runs.plan
        pairs = plan.pairs if plan else ()
        places = [pair.image_place for pair in pairs if pair.name == row["image"]]
        layers = self._viewer.layers
        return next((one for one in layers if place_of(one) in places), None)

    def _say(self, text: str, *, error: bool = False) -> None:
        self._view.run_bar.show_message(text, error=error)


def row_text(row: ResultRow) -> str:
    """One line on the result that is shown."""
    step = f" {row['step']}" if row["setting"] == "clicks" else ""
    return (
        f"{row['label_name']}, slice {row['slice']} of {row['image']}: {row['model']}, "
        f"{row['setting']}{step}, {row['selection']}, IoU {shown(row['iou'])}."
    )


def write_csv(path: Path, rows: Sequence[ResultRow]) -> None:
    """Write rows as a table with a header.

    Parameters
    ----------
    path : Path
        Replaced if it exists; the dialog has asked.
    rows : sequence of mapping
        By the columns of the stored results.

    Raises
    ------
    FileWriteError
        If the file cannot be written.
    """
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        msg = f"{path} cannot be written ({error}); choose another place"
        raise FileWriteError(msg) from error
