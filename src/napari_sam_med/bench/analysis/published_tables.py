"""The figures of Mazurowski et al. 2023, and the comparison of a run with them."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from napari_sam_med.errors import FileReadError

if TYPE_CHECKING:
    import pandas as pd

SOURCE = (
    "Mazurowski et al. 2023, Medical Image Analysis 89:102918, tables published with "
    "mazurowski-lab/segment-anything-medical-evaluation; SAM is ViT-H"
)


def published_modes() -> pd.DataFrame:
    """Return the study's IoU by task and mode.

    Returns
    -------
    pandas.DataFrame
        ``task``, ``mode`` (1 to 5), ``selection`` (``default``, ``oracle``), ``iou``.
    """
    return _table(
        "five_modes.csv", {"task": str, "mode": int, "selection": str, "iou": float}
    )


def published_clicks() -> pd.DataFrame:
    """Return the study's IoU by task, method and number of clicks.

    Returns
    -------
    pandas.DataFrame
        ``task``, ``method`` (SAM, SAM (oracle), RITM, SimpleClick, FocalClick),
        ``clicks`` (1 to 9), ``iou``.

    Notes
    -----
    Both MRI-Breast columns of the oracle repeat those of the default; the ten tasks
    with several classes carry the quirk of the clicks' labels.
    """
    return _table(
        "iterative.csv", {"task": str, "method": str, "clicks": int, "iou": float}
    )


def compare_with_published(summary: pd.DataFrame) -> pd.DataFrame:
    """Compare a run's means with the study's.

    Parameters
    ----------
    summary : pandas.DataFrame
        As ``summarise`` returns it, with the selections ``default`` and ``oracle``.

    Returns
    -------
    pandas.DataFrame
        One row for each task that has the name of one of the study's, model, profile,
        setting, step and selection: ``mean``, ``published`` (SAM ViT-H) and their
        ``difference``.
    """
    import pandas as pd

    modes = published_modes()
    modes = modes.assign(setting="mode" + modes["mode"].astype(str), step=1)
    clicks = published_clicks()
    clicks = clicks[clicks["method"].str.startswith("SAM")].assign(setting="clicks")
    clicks = clicks.assign(
        selection=clicks["method"].map({"SAM": "default", "SAM (oracle)": "oracle"})
    ).rename(columns={"clicks": "step"})
    key = ["task", "setting", "step", "selection"]
    theirs = pd.concat([modes, clicks])[[*key, "iou"]].rename(
        columns={"iou": "published"}
    )
    ours = summary[["model", "profile", *key, "mean"]]
    joined = ours.merge(theirs, on=key)
    return joined.assign(difference=joined["mean"] - joined["published"])


def _table(name: str, types: dict[str, type]) -> pd.DataFrame:
    import pandas as pd

    file = resources.files("napari_sam_med.bench.analysis") / "published" / name
    try:
        with file.open(encoding="utf-8") as stream:
            return pd.read_csv(stream, usecols=list(types), dtype=types)
    except (OSError, ValueError) as error:
        msg = f"{name} of this installation is damaged ({error}); install it again"
        raise FileReadError(msg) from error
