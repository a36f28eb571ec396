"""Work on files, and other work that needs no model but would stop a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.session.background.messages import Done, failure_of
from napari_sam_med.session.background.serial_worker import SharedWorker, WorkerClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam_med.session.background.messages import Answer, Task
    from napari_sam_med.session.background.serial_worker import JobNews


class TaskClient:
    """Hands tasks over, and their ends back as ``Done`` or ``Failed``.

    Parameters
    ----------
    shared : SharedWorker
        Does the tasks, in order.
    deliver : callable
        Called on the worker's thread with each end; must return at once and not raise.
    """

    def __init__(self, shared: SharedWorker, deliver: Callable[[Answer], None]) -> None:
        self._client = WorkerClient(shared, self._on_news)
        self._deliver = deliver
        self._finishing: set[str] = set()

    def open(self) -> None:
        """Take tasks from now on."""
        self._client.open()

    def close(self) -> None:
        """Drop what waits, except for tasks that must finish; those are told of."""
        self._client.close(frozenset(self._finishing))

    def post(self, task: Task) -> None:
        """Queue a task; one that comes while this is closed is dropped."""
        if task.must_finish:
            self._finishing.add(task.name)
        replaces = not task.must_finish
        self._client.submit(task.call, task.name, replaces=replaces)

    def _on_news(self, news: JobNews) -> None:
        name = str(news.kind)
        if news.error is not None:
            self._deliver(failure_of(name, 0, news.error))
        elif not news.is_cancelled:
            self._deliver(Done(name, news.value))
