"""What a person does with results: look at one, save the table, open the report."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import QObject, Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_sam_med.bench.protocol.clicking_group_runs import CLICK_CHAINS
from napari_sam_med.bench.protocol.result_rows import COLUMNS
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.core.storage.atomic_files import write_text
from napari_sam_med.errors import FileReadError, FileWriteError
from napari_sam_med.gui.benchmark.benchmark_controller import BenchmarkController
from napari_sam_med.gui.benchmark.benchmark_runner import BenchmarkRunner
from napari_sam_med.gui.benchmark.layer_pairs import data_layers
from napari_sam_med.gui.benchmark.model_offers import Offer
from napari_sam_med.gui.benchmark.result_display import ResultDisplay
from napari_sam_med.gui.benchmark.run_messages import OpenedRun, RowMasks
from napari_sam_med.gui.benchmark.stored.stored_cases import StoredCase, add_image
from napari_sam_med.gui.benchmark.views.benchmark_table import shown
from napari_sam_med.gui.benchmark.views.benchmark_values import ResultRow
from napari_sam_med.gui.benchmark.views.benchmark_view import BenchmarkView
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.shared.last_folder import (
    ask_where_to_save,
    begin_in,
    keep_folder,
)
from napari_sam_med.io.writing.tables import cell

CSV, RUN = "results", "run"


def ask_csv_path(parent: QWidget) -> str:
    """Let a person choose a file; empty if they changed their mind.

    A FileWriteError as ``ask_where_to_save`` raises it.
    """
    path = ask_where_to_save(
        parent, "Save results", CSV, "results.csv", ("Table", ".csv")
    )
    return "" if path is None else str(path)


def open_in_browser(path: Path) -> None:
    """Show a file in the program that the desktop opens it with."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def ask_run_folder(parent: QWidget) -> str:
    """Let a person choose a run's folder; empty if they changed their mind."""
    title = "Open a benchmark run"
    folder = str(QFileDialog.getExistingDirectory(parent, title, begin_in(RUN)))
    keep_folder(RUN, folder)
    return folder


@dataclass(frozen=True, slots=True)
class Desktop:
    """The three things that leave the viewer's window.

    Parameters
    ----------
    ask_csv_path : callable
        From a parent widget to a path, or an empty text.
    open_path : callable
        Shows a file.
    ask_run_folder : callable
        From a parent widget to a folder, or an empty text.
    """

    ask_csv_path: Callable[[QWidget], str] = ask_csv_path
    open_path: Callable[[Path], None] = open_in_browser
    ask_run_folder: Callable[[QWidget], str] = ask_run_folder


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
        self._is_open = True
        view.came_to_front.connect(self._display.set_visible)
        results = view.results
        results.row_chosen.connect(self._on_row)
        results.csv_requested.connect(self._on_csv)
        results.report_requested.connect(self._on_report)
        results.open_requested.connect(self._on_open)
        queued = Qt.ConnectionType.QueuedConnection
        runner.masks_ready.connect(self._on_masks, queued)
        runner.run_opened.connect(self._on_opened, queued)

    def open(self) -> None:
        """Show the last row again, after ``shut``."""
        if self._is_open:
            return
        self._is_open = True
        if self._row is not None:
            self._on_row(self._row)

    def shut(self) -> None:
        """Take the layers of the row that is shown away, and add no more."""
        self._is_open = False
        self._display.clear()

    def show_case(self, case: StoredCase, offers: Sequence[Offer]) -> None:
        """Show a case of a stored run: its image, prompts and masks.

        Parameters
        ----------
        case : StoredCase
            The case.
        offers : sequence of Offer
            The models to ask again.
        """
        add_image(self._viewer, case.labelled)
        self._on_opened(case.run)
        self._runner.take_stored(case.labelled, case.settings, offers)
        self._view.results.filter.setText(filter_for(case.row))
        self._on_row(case.row)

    def _on_row(self, row: ResultRow) -> None:
        image = self._image_of(row)
        if row["error"] or image is None:
            gone = f"the image of {row['image']} is no longer in the viewer"
            self._say(row["error"] or gone, error=True)
            return
        self._row = row
        try:
            self._display.show_row(row, image, self._runs.layers_of_plan())
        except FileReadError as error:
            self._say(str(error), error=True)
            return
        if self._runs.plan is None and not self._runner.holds(row["image"]):
            self._say(f"{row_text(row)} Its prompts; a stored run holds no masks.")
            return
        self._say(f"{row_text(row)} Predicting its mask again ...")
        self._runner.show_row(row)

    def _on_masks(self, masks: RowMasks) -> None:
        if masks.row is not self._row or not self._is_open:
            return
        self._display.show_masks(masks.truth, masks.mask)
        if masks.error:
            self._say(f"{row_text(masks.row)} {masks.error}", error=True)
        else:
            self._say(f"{row_text(masks.row)} Orange: mask. White line: truth.")

    def _on_csv(self) -> None:
        try:
            path = self._desktop.ask_csv_path(self._view)
            if not path:
                return
            write_csv(Path(path), self._view.results.shown_rows())
        except FileWriteError as error:
            self._say(str(error), error=True)
        else:
            self._say(f"Saved the rows shown to {path}.")

    def _on_report(self) -> None:
        if self._runs.report is not None:
            self._desktop.open_path(self._runs.report)

    def _on_open(self) -> None:
        folder = self._desktop.ask_run_folder(self._view)
        if folder:
            self._say(f"Reading {folder} ...")
            self._runner.open_run(Path(folder))

    def _on_opened(self, run: OpenedRun) -> None:
        self._row = None
        self._runs.show_opened(run)

    def _image_of(self, row: ResultRow) -> Image | None:
        plan = self._runs.plan
        images, _ = data_layers(self._viewer.layers)
        if plan is None:
            return next((one for one in images if is_image_of(one, row)), None)
        pairs = [pair for pair in plan.pairs if pair.name == row["image"]]
        places = [pair.image_place for pair in pairs]
        return next((one for one in images if place_of(one) in places), None)

    def _say(self, text: str, *, error: bool = False) -> None:
        self._view.run_bar.show_message(text, error=error)


def is_image_of(image: Image, row: ResultRow) -> bool:
    """Whether a layer can be the image of a stored row: by its name and its shape."""
    shape = (1,) * (3 - image.ndim) + image.data.shape[: image.ndim]
    if image.name != row["image"] or len(shape) != 3:
        return False
    axis = row["axis"]
    in_plane = tuple(n for a, n in enumerate(shape) if a != axis)
    return in_plane == (row["height"], row["width"]) and row["slice"] < shape[axis]


def filter_for(row: ResultRow) -> str:
    """Write the filter that leaves the rows of one case, its image's other ones out."""
    parts = [row["image"], f"label={row['label']}", f"axis={row['axis']}"]
    if row["profile"] not in list(VolumeProfile):
        parts.append(f"slice={row['slice']}")
    return " ".join(parts)


def row_text(row: ResultRow) -> str:
    """One line on the result that is shown."""
    step = f" {row['step']}" if row["setting"] in CLICK_CHAINS else ""
    return (
        f"{row['label_name']}, slice {row['slice']} of {row['image']}: {row['model']}, "
        f"{row['setting']}{step}, {row['selection']}, IoU {shown(row['iou'])}."
    )


def write_csv(path: Path, rows: Sequence[ResultRow]) -> None:
    """Write rows as a table with a header.

    Parameters
    ----------
    path : Path
        Replaced if it exists, once the new one is whole; the dialog has asked.
    rows : sequence of mapping
        By the columns of the stored results.

    Raises
    ------
    FileWriteError
        If the file cannot be written.
    """
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS)
    writer.writeheader()
    for row in rows:
        writer.writerow({key: cell(value) for key, value in row.items()})
    write_text(path, stream.getvalue())
