"""Work on files, and other work that needs no model but would stop a window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from napari_sam_med.errors import SamMedError
from napari_sam_med.session.background.messages import Done, Failed, failure_of
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


class AwaitedTask:
    """A task whose end cannot be gone without, one at a time.

    Who cannot wait any longer for the other thread does it at once, in their own.

    Parameters
    ----------
    post : callable
        Takes each task for another thread.
    *names : str
        Of its tasks, which no others have.
    """

    def __init__(self, post: Callable[[Task], None], *names: str) -> None:
        self._post, self._names = post, names
        self._task: Task | None = None

    @property
    def waits(self) -> bool:
        """Whether the end of a task is still to come."""
        return self._task is not None

    def post(self, task: Task) -> None:
        """Hand a task over; the end of an older one is not taken any more."""
        self._task = task
        self._post(replace(task, call=lambda: (task, task.call())))

    def is_end(self, answer: Answer) -> bool:
        """Whether an answer is the end of a task that was posted here."""
        if isinstance(answer, Done):
            return answer.name in self._names
        return isinstance(answer, Failed) and answer.what in self._names

    def ended(self, answer: Answer) -> Done | Failed | None:
        """Give such an end as the task has given it; None if it was not awaited."""
        asked = self._task
        if isinstance(answer, Failed):
            self._task = None
            return None if asked is None else answer
        task, value = cast("tuple[Task, object]", cast("Done", answer).value)
        if task is not asked:
            return None
        self._task = None
        return Done(task.name, value)

    def finish(self) -> Done | Failed | None:
        """Do at once what is awaited; None if nothing is."""
        task, self._task = self._task, None
        if task is None:
            return None
        try:
            return Done(task.name, task.call())
        except SamMedError as error:
            return failure_of(task.name, 0, error)
