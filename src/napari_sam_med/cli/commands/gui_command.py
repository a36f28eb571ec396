"""``gui``: the viewer, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from napari_sam_med.core.storage.atomic_files import check_free
from napari_sam_med.errors import (
    FileReadError,
    FileWriteError,
    RunError,
    SamMedError,
)

BINDINGS = ("PyQt6", "PySide6", "PyQt5", "PySide2")


SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
"""Where Qt on Linux looks for one; it aborts the process without."""


class NoScreenError(SamMedError, RuntimeError):
    """The viewer was asked for where no screen is."""


class NoQtError(SamMedError, RuntimeError):
    """The viewer was asked for where no Qt is installed."""


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class ShownCase:
    """A case of a stored run.

    Parameters
    ----------
    run
        Results of `benchmark` or `demo`; one of its cases is shown with its image,
        prompts, masks and truth.
    case
        The case, as the report and the rows name it.
    model
        Whose answer; by default the first model's.
    setting
        As rows name it: mode1 to mode5, clicks, ...; by default mode5.
    step
        Number of the click; by default the last of each case.
    selection
        As rows name it; by default the profile's default mask.
    images
        Images of the run, if they lie elsewhere than they did.
    labels
        Its labels, if they lie elsewhere than they did.
    """

    run: Path | None = None
    case: str = ""
    model: str = ""
    setting: str = ""
    step: int | None = None
    selection: str = ""
    images: Path | None = None
    labels: Annotated[Path | None, Parameter(name="--labels")] = None


NO_CASE = ShownCase()


def gui(*files: Path, shown: ShownCase = NO_CASE) -> int:
    """Open napari with both docks, or on a case of a stored run.

    Parameters
    ----------
    files
        Images and label images to open.
    shown
        A case of a stored run, in place of files.
    """
    missing = [str(file) for file in files if not file.exists()]
    if missing:
        msg = f"{', '.join(missing)} not found; give files or folders that exist"
        raise FileReadError(msg)
    if shown.run is None and shown != NO_CASE:
        msg = "a case of no run is asked for; give --run FOLDER"
        raise RunError(msg)
    _check_folders_of_napari()
    arguments = [*map(str, files)] if shown.run is None else _of_case(files, shown)
    if not any(find_spec(name) for name in BINDINGS):
        msg = (
            "no Qt is installed; install one with the viewer: "
            'pip install "napari-sam-med[qt]"'
        )
        raise NoQtError(msg)
    if sys.platform == "linux" and not any(map(os.environ.get, SCREENS)):
        msg = (
            "there is no screen (DISPLAY is not set); start the viewer from a desktop, "
            "over ssh -X or under xvfb-run; the other commands need no screen"
        )
        raise NoScreenError(msg)
    command = [sys.executable, "-m", "napari_sam_med.gui", *arguments]
    return subprocess.run(command, check=False).returncode


def _check_folders_of_napari() -> None:
    """Refuse what napari ends in a traceback on: folders it writes to at its start."""
    from platformdirs import user_cache_path, user_config_path

    folders = {"XDG_CACHE_HOME": user_cache_path, "XDG_CONFIG_HOME": user_config_path}
    for variable, place in folders.items():
        folder = place("napari", appauthor=False)
        try:
            check_free(folder / "file", overwrite=True)
        except FileWriteError as error:
            msg = (
                f"napari keeps files in {folder}, where nothing can be written; give "
                f"yourself the right to it, or (on Linux) set {variable} to a folder "
                "that can be written"
            )
            raise FileWriteError(msg) from error


def _of_case(files: tuple[Path, ...], shown: ShownCase) -> list[str]:
    """Check that the case and its data are there before a viewer is opened."""
    from napari_sam_med.bench.run.masks.case_lookup import CaseChoice, row_of_case
    from napari_sam_med.bench.run.masks.chosen_rows import RowChoice
    from napari_sam_med.bench.run.store.data_places import known_places
    from napari_sam_med.bench.run.store.run_store import RunStore

    run = Path(str(shown.run))
    if files or not shown.case:
        msg = "give --case with --run, and no files; the report of the run lists cases"
        raise RunError(msg)
    models = (shown.model,) if shown.model else ()
    rows = RowChoice(shown.setting, shown.step, shown.selection, models)
    row_of_case(RunStore(run), CaseChoice(shown.case, rows))
    choice: dict[str, object] = {
        "setting": shown.setting,
        "step": shown.step,
        "selection": shown.selection,
        "models": models,
    }
    if shown.images is None:
        known_places(run).open()
    else:
        labels = None if shown.labels is None else str(shown.labels)
        choice |= {"images": str(shown.images), "labels": labels}
    return ["--run", str(run), "--case", shown.case, "--choice", json.dumps(choice)]
