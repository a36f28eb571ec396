"""Where the images and labels of a run lay, for those who look at its cases again.

It stands in a file of its own, beside the manifest and not in it: names of folders may
hold that of a person. Without the file, a run that is handed on says nothing of them.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam_med.bench.data.given_data import GivenData
from napari_sam_med.core.storage.atomic_files import write_text
from napari_sam_med.core.storage.documents import Document
from napari_sam_med.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari_sam_med.bench.run.progress_events import CaseDone

PLACES = "data_places.json"
DOCUMENT = Document("the places of a run's data", GivenData, "name the data instead")


def keep_places(folder: Path, given: GivenData) -> None:
    """Note where the data of a run lie, as seen from its folder.

    Parameters
    ----------
    folder : Path
        Of the run; it has a row.
    given : GivenData
        As the run was asked for.

    Raises
    ------
    FileWriteError
        If the folder cannot be written.
    """
    places = {
        name: _from(folder, path)
        for name, path in (("images", given.images), ("labels", given.labels))
    }
    text = json.dumps({**asdict(given), **places}, indent=2, ensure_ascii=False)
    write_text(folder / PLACES, text + "\n")


def noting_places(
    events: Iterable[CaseDone], folder: Path, given: GivenData
) -> Iterator[CaseDone]:
    """Pass on a run's events, and note where its data lie with the first one.

    Parameters
    ----------
    events : iterable of CaseDone
        The run; its manifest is there when the first one comes.
    folder, given
        As ``keep_places`` takes them.

    Yields
    ------
    CaseDone
    """
    noted = False
    for event in events:
        if not noted:
            keep_places(folder, given)
            noted = True
        yield event


def known_places(folder: Path) -> GivenData:
    """Read where the data of a run lie.

    Parameters
    ----------
    folder : Path
        Of the run.

    Returns
    -------
    GivenData

    Raises
    ------
    DatasetError
        If the run does not say it.
    FileReadError
        If the file is damaged.
    """
    if not (folder / PLACES).is_file():
        msg = f"{folder} does not say where its images lie; give them as they were then"
        raise DatasetError(msg)
    given = DOCUMENT.read(folder / PLACES)
    images, labels = (
        None if path is None else Path(os.path.normpath(folder / path))
        for path in (given.images, given.labels)
    )
    return replace(given, images=images, labels=labels)


def _from(folder: Path, path: Path | None) -> str | None:
    """Write a path as seen from a folder; on another drive as it is."""
    if path is None:
        return None
    try:
        return os.path.relpath(path.resolve(), folder.resolve())
    except ValueError:
        return str(path.resolve())
