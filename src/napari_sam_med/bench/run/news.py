"""What a run tells while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_sam_med.bench.protocol.result_rows import Row


@dataclass(frozen=True, slots=True)
class CaseDone:
    """News of a run: a case was computed, was found in the store, or has failed.

    Parameters
    ----------
    case_id : str
        The case, or the name of a pair that could not be used.
    model : str
        Name of the model; empty for such a pair.
    rows : tuple of Row
        Its results; empty if they stand in the store already.
    done, total : int
        Cases so far and in all. The total is estimated from the volumes seen so far,
        and exact once all were seen.
    seconds_left : float or None
        None until something was computed.
    resumed : bool
        Whether the case was found in the store.
    """

    case_id: str
    model: str
    rows: tuple[Row, ...]
    done: int
    total: int
    seconds_left: float | None
    resumed: bool = False
