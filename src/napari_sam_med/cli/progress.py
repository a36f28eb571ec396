"""Progress bars on standard error, with the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from napari_sam_med.cli.terminal import Console
from napari_sam_med.core.storage.plain_text import printable

Step = Callable[[int, int, float | None], None]


@contextmanager
def counting(title: str) -> Iterator[Step]:
    """Show how many of how many are done.

    Parameters
    ----------
    title : str
        What is being done.

    Yields
    ------
    callable (done, total, seconds left or None)
    """
    with _progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    ) as bar:
        task = bar.add_task(printable(title), total=None, left="")

        def step(done: int, total: int, seconds_left: float | None) -> None:
            bar.update(task, completed=done, total=total, left=_left(seconds_left))

        yield step


@contextmanager
def downloading(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many bytes have come.

    Parameters
    ----------
    title : str
        What is coming.

    Yields
    ------
    callable (bytes done, bytes in all)
    """
    with _progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    ) as bar:
        task = bar.add_task(printable(title), total=None)

        def step(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        yield step


def _progress(*columns: TextColumn | BarColumn | object) -> Progress:
    console = Console(stderr=True)
    shown: tuple[object, ...] = columns
    return Progress(*shown, console=console, disable=not console.is_terminal)  # type: ignore[arg-type]


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{timedelta(seconds=round(seconds))} left"
