"""``report``: tables and figures from stored results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from napari_sam_med.bench.run.store.run_store import REPORT, RunStore
from napari_sam_med.cli.running import tell_quality
from napari_sam_med.cli.stored_models import stored_pictures
from napari_sam_med.cli.terminal import Console
from napari_sam_med.cli.volume_running import tell_cautions, tell_volume_means
from napari_sam_med.errors import RunError


def report(
    *folders: Path,
    out: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    pictures: bool | None = None,
) -> int:
    """Write the report of one run anew, or set several side by side.

    Parameters
    ----------
    folders
        Results of `benchmark` or `demo`.
    out
        The HTML file; by default report.html in the folder, and needed for several.
        An earlier report is written anew.
    overwrite
        Replace a file that is no earlier report.
    pictures
        Whether to draw pictures of cases, whose masks are predicted again; by default
        where the images lie as they did and it takes up to two minutes.
    """
    from napari_sam_med.bench.report.over_volumes.volume_outputs import is_volume_run
    from napari_sam_med.bench.report.report_page import write_outputs, write_report

    if not folders:
        msg = "no results were named; give one folder or several"
        raise RunError(msg)
    if len(folders) > 1 and out is None:
        msg = "several runs are set side by side in a file of its own; give --out FILE"
        raise RunError(msg)
    console = Console()
    stores = [RunStore(folder) for folder in folders]
    if any(is_volume_run(store) for store in stores):
        return _tell_volumes(stores, out, overwrite=overwrite, wanted=pictures)
    seen = stored_pictures(stores, wanted=pictures)
    if out is None:
        write_outputs(stores[0], overwrite=overwrite, pictures=seen)
        written = folders[0] / "report.html"
    else:
        written = write_report(folders, out, overwrite=overwrite, pictures=seen)
    tell_quality(stores, console)
    console.print(f"Report: {written}", soft_wrap=True, highlight=False)
    return 0


def _tell_volumes(
    stores: Sequence[RunStore],
    out: Path | None,
    *,
    overwrite: bool,
    wanted: bool | None,
) -> int:
    """Write the means and the page of runs over volumes anew."""
    from napari_sam_med.bench.report.over_volumes.volume_outputs import (
        is_volume_run,
        write_volume_report,
        write_volume_summary,
    )

    console = Console()
    others = [store for store in stores if not is_volume_run(store)]
    if others:
        msg = (
            f"{others[0].folder} is a run over slices and others are over volumes; "
            "give runs of one kind"
        )
        raise RunError(msg)
    if out is None:
        tell_volume_means(write_volume_summary(stores[0]), console)
    written = write_volume_report(
        stores,
        out or stores[0].folder / REPORT,
        overwrite=overwrite,
        pictures=stored_pictures(stores, wanted=wanted),
    )
    tell_cautions(stores, console)
    console.print(f"Report: {written}", soft_wrap=True)
    return 0
