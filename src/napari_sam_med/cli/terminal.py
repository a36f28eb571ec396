"""What is written to the terminal: names that came with data are text, nothing else."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import Any

import rich.console
from rich.text import Text

from napari_sam_med.core.storage.plain_text import printable

CACHE_NOTICES = (
    "mkdir -p failed",
    "Matplotlib created a temporary",
    "Matplotlib is building the font cache",
)
"""How matplotlib's own sentences about its cache begin."""


class Console(rich.console.Console):
    """A console that obeys nothing that stands in a text.

    Square brackets are no markup, ``:smile:`` is no picture, numbers get no colours and
    control characters are shown as their escapes, in texts and in cells of tables.

    Parameters
    ----------
    stderr : bool
        Whether to write on standard error.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a text of it, as it stands."""
        return super().render_str(printable(text), **options)

    def on_broken_pipe(self) -> None:
        """Leave it to ``main`` that nobody reads any more."""
        raise BrokenPipeError


def never_raise_on_text() -> None:
    """Have what an encoding lacks written as escapes: LANG=C must not end a run."""
    for stream in (sys.stdout, sys.stderr):
        # none without a terminal, another class where it is replaced
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def close_output() -> None:
    """Give up a standard output that nobody reads any more, as after ``| head``."""
    # what is still buffered would be a traceback when the interpreter ends
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def silence_matplotlib() -> None:
    """Keep to itself that matplotlib finds no folder for its cache, and makes one.

    Figures are the same; where the home folder cannot be written it would be told with
    each command.
    """
    for name in ("matplotlib", "matplotlib.font_manager"):
        logging.getLogger(name).addFilter(_is_no_cache_notice)


def _is_no_cache_notice(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith(CACHE_NOTICES)
