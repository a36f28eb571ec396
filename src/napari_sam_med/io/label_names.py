"""What the labels of an image are called: ``labels.json`` beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.errors import FileReadError

if TYPE_CHECKING:
    from pathlib import Path

NAMES_FILE = "labels.json"
MOST_BYTES = 4_000_000
"""An atlas of 65,535 names of 60 letters; a larger file is none of names."""


@dataclass(frozen=True, slots=True)
class LabelNames:
    """Names of label values, or the one class that every value is an object of.

    Parameters
    ----------
    names : mapping of int to str
        Name of each value from 1; empty if unknown.
    objects_of : str
        If given, every value is an object of this class, such as ``nucleus``.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    objects_of: str = ""


def find_label_names(labels: Path) -> LabelNames:
    """Read the names that go with a label image.

    Parameters
    ----------
    labels : Path
        Label file, or folder of them; ``labels.json`` lies in the folder, or one
        folder above.

    Returns
    -------
    LabelNames
        Empty if there is no such file.

    Raises
    ------
    FileReadError
        If the file is not of the form ``{"1": "liver"}`` or ``"nucleus"``.
    """
    folder = labels if labels.is_dir() else labels.parent
    places = (folder / NAMES_FILE, folder.absolute().parent / NAMES_FILE)
    file = next((place for place in places if place.is_file()), None)
    return LabelNames() if file is None else read_label_names(file)


def read_label_names(file: Path) -> LabelNames:
    """Read one file of label names.

    Parameters
    ----------
    file : Path
        JSON in UTF-8, with or without byte order mark.

    Returns
    -------
    LabelNames
        Without a name for 0, the background; what cannot be printed as escapes.

    Raises
    ------
    FileReadError
        If the file is not of the form ``{"1": "liver"}`` or ``"nucleus"``.
    """
    try:
        return _names_from(json.loads(_text_of(file)))
    except (OSError, ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        reason = getattr(error, "strerror", None) or (
            "it is nested too deep" if deep else error
        )
        msg = (
            f'{file} cannot be used ({reason}); give {{"1": "liver", ...}}, or the '
            'name of the class of which every value is an object, "nucleus"'
        )
        raise FileReadError(msg) from error


def _text_of(file: Path) -> str:
    if file.stat().st_size > MOST_BYTES:
        msg = f"it has more than {MOST_BYTES} bytes"
        raise ValueError(msg)
    return file.read_text(encoding="utf-8-sig")


def _names_from(stored: Any) -> LabelNames:
    if isinstance(stored, str) and stored.strip():
        return LabelNames(objects_of=printable(stored))
    if not isinstance(stored, Mapping):
        msg = f"it holds {type(stored).__name__}"
        raise ValueError(msg)  # noqa: TRY004  # one sentence for all that is wrong
    names = {}
    for label, name in stored.items():
        if not (label.isascii() and label.isdecimal()):
            msg = f"{label!r} is no label value"
            raise ValueError(msg)
        if not isinstance(name, str) or not name.strip():
            msg = f"label {label} has no name"
            raise ValueError(msg)
        names[int(label)] = printable(name)
    names.pop(0, None)
    return LabelNames(names)
