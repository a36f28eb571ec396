"""What a run over volumes leaves in its folder beside its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.volume_summary import summarise_volumes
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.bench.run.store.run_store import SUMMARY
from napari_sam_med.core.storage.atomic_files import write_text
from napari_sam_med.io.writing.tables import cell

if TYPE_CHECKING:
    import pandas as pd

    from napari_sam_med.bench.run.store.run_store import RunStore


def is_volume_run(store: RunStore) -> bool:
    """Whether a stored run is one over volumes.

    Parameters
    ----------
    store : RunStore
        The run.

    Raises
    ------
    FileReadError
        If it cannot be read.
    """
    return store.manifest()["settings"]["profile"] in list(VolumeProfile)


def write_volume_summary(store: RunStore) -> pd.DataFrame:
    """Write ``summary.csv``; rows and manifest are read only.

    Parameters
    ----------
    store : RunStore
        A run over volumes.

    Returns
    -------
    pandas.DataFrame
        The summary.

    Raises
    ------
    FileReadError, FileWriteError
        If the run cannot be read or the folder not be written.
    """
    summary = summarise_volumes(store.rows())
    text = summary.map(cell).to_csv(index=False)
    write_text(store.folder / SUMMARY, text)
    return summary
