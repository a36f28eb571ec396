"""Where the images and labels of a run lay, for those who look at its cases again.

It stands in a file of its own, beside the manifest and not in it: names of folders may
hold that of a person. Without the file, a run that is handed on says nothing of them.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

from napari_sam_med.bench.data.given_data import GivenData
from napari_sam_med.core.storage.atomic_files import write_text
from napari_sam_med.core.storage.documents import OPEN, Document
from napari_sam_med.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari_sam_med.bench.run.progress_events import CaseDone

PLACES = "data_places.json"


@dataclass(frozen=True, slots=True)
class _StoredPlaces(GivenData):
    """As it stands in the file, which holds no name that is no UTF-8 as it is."""

    __pydantic_config__ = OPEN

    is_quoted: bool = False
    """Whether bytes of the paths stand as %EF, as in a web address."""

    def path(self, folder: Path, path: Path | None) -> Path | None:
        """Give a stored path as it is seen from here."""
        if path is None:
            return None
        text = str(path)
        if self.is_quoted:
            text = os.fsdecode(unquote_to_bytes(text))
        return Path(os.path.normpath(folder / text))


DOCUMENT = Document(
    "the places of a run's data", _StoredPlaces, "name the data instead"
)


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
    is_quoted = any(path and not _is_unicode(path) for path in places.values())
    if is_quoted:
        places = {
            name: path and quote_from_bytes(os.fsencode(path))
            for name, path in places.items()
        }
    stored = {**asdict(given), **places, "is_quoted": is_quoted}
    text = json.dumps(stored, indent=2, ensure_ascii=False)
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
    stored = DOCUMENT.read(folder / PLACES)
    known = {each.name: getattr(stored, each.name) for each in fields(GivenData)}
    places = {name: stored.path(folder, known[name]) for name in ("images", "labels")}
    return GivenData(**{**known, **places})


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _from(folder: Path, path: Path | None) -> str | None:
    """Write a path as seen from a folder; on another drive as it is."""
    if path is None:
        return None
    try:
        return os.path.relpath(path.resolve(), folder.resolve())
    except ValueError:
        return str(path.resolve())
