"""Images in batches, the next one prepared while the present one is encoded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

Prepared = TypeVar("Prepared")


def prepared_ahead(
    prepare: Callable[[Sequence[npt.NDArray[np.uint8]]], Prepared],
    images: Sequence[npt.NDArray[np.uint8]],
    count: int,
) -> Iterator[Prepared]:
    """Prepare batch after batch in a thread, one ahead of whoever takes them.

    Parameters
    ----------
    prepare : callable
        From a batch of images to what is handed out.
    images : sequence of (H, W) or (H, W, 3) uint8
        All of them.
    count : int
        Images in a batch.

    Yields
    ------
    Prepared
        What ``prepare`` gave, in order.
    """
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(prepare, images[:count])
        for after in range(count, len(images) + count, count):
            now = coming.result()
            if after < len(images):
                coming = ahead.submit(prepare, images[after : after + count])
            yield now
