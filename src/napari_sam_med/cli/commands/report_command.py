"""``report``: tables and figures from stored results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.cli.running import tell_quality
from napari_sam_med.cli.terminal import Console
from napari_sam_med.errors import RunError


def report(
    *folders: Path,
    out: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
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
    """
    from napari_sam_med.bench.report.report_page import write_outputs, write_report

    if not folders:
        msg = "no results were named; give one folder or several"
        raise RunError(msg)
    if len(folders) > 1 and out is None:
        msg = "several runs are set side by side in a file of its own; give --out FILE"
        raise RunError(msg)
    console = Console()
    if out is None:
        write_outputs(RunStore(folders[0]), overwrite=overwrite)
        written = folders[0] / "report.html"
    else:
        written = write_report(folders, out, overwrite=overwrite)
    tell_quality([RunStore(folder) for folder in folders], console)
    console.print(f"Report: {written}", soft_wrap=True, highlight=False)
    return 0
