"""The log of a run: one JSON object a line, one line a step."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from napari_sam_med.core.storage.documents import Document
from napari_sam_med.errors import FileReadError
from napari_sam_med.io.detect import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOG_NAME = "log.jsonl"
LINE = Document(
    "a line of a training log",
    dict[str, Annotated[float, Field(allow_inf_nan=False)]],
    "remove the line, or give log.jsonl of a training",
)


def steps_in_log(path: Path) -> Iterator[tuple[int, str]]:
    """Read a log line by line.

    Parameters
    ----------
    path : pathlib.Path
        The ``log.jsonl`` that `train` wrote.

    Yields
    ------
    int, str
        The step and its whole line, without line end. A last line that a kill has cut
        short is left out.

    Raises
    ------
    FileReadError
        If it cannot be read, or a line is no step of a training.
    """
    try:
        with open_regular(path) as file:
            text = file.read().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read as a training log ({error}); give log.jsonl"
        raise FileReadError(msg) from error
    whole = text.split("\n")[:-1]
    for number, line in zip(count(1), whole, strict=False):
        where = f"line {number} of {path}"
        values = LINE.parse(line, where)
        step = values.get("step", -1.0)
        if step < 1 or not step.is_integer():
            msg = f"{where} names no step; {LINE.remedy}"
            raise FileReadError(msg)
        yield int(step), line
