"""Having the next things done by a thread while one is used."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import islice, repeat
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

Result = TypeVar("Result")


def called_ahead(
    calls: Iterable[Callable[[], Result]], most: int
) -> Generator[Result, None, None]:
    """Call functions in a thread, ahead of whoever takes what they return.

    Parameters
    ----------
    calls : iterable of callable
        Taken in the caller's thread.
    most : int
        How many are called, or wait to be, while a result is used.

    Yields
    ------
    What they return
        In order. What one raises is raised here, in its place. Closing the generator
        waits for the call that has begun; later ones are not made.
    """
    coming = iter(calls)
    with ThreadPoolExecutor(1, thread_name_prefix="look-ahead") as thread:
        waiting = deque(thread.submit(call) for call in islice(coming, most))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(thread.submit(call) for call in islice(coming, 1))
                yield result
        finally:
            for each in waiting:
                each.cancel()


def read_ahead(items: Iterable[Result]) -> Iterator[Result]:
    """Have the next item made while one is used.

    Parameters
    ----------
    items : iterable
        Such as volumes that are read when their turn comes; it is gone through in a
        thread. None among them would end it.

    Yields
    ------
    The items
        In order. Two of them are in memory at a time.
    """
    made = repeat(partial(next, iter(items), None))
    with closing(called_ahead(made, 1)) as coming:
        for item in coming:
            if item is None:
                return
            yield item
