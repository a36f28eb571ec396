"""The further tables of a report: as plain text, ready to be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam_med.bench.analysis.calibration import summarise_calibration
from napari_sam_med.bench.analysis.click_metrics import summarise_clicks
from napari_sam_med.bench.analysis.comparison import compare_models
from napari_sam_med.bench.analysis.grid_analysis import summarise_everything
from napari_sam_med.bench.analysis.perturbation_analysis import (
    PERTURBATIONS,
    summarise_perturbation,
)
from napari_sam_med.bench.analysis.published_tables import (
    SOURCE,
    compare_with_published,
)
from napari_sam_med.core.selection import Selection
from napari_sam_med.simulate.modes import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

SETTINGS_OF = {
    "modes": tuple(Mode),
    "clicks": ("clicks",),
    "everything": ("everything",),
    "jitter": PERTURBATIONS,
}
NOTES = {
    "Comparison with Mazurowski et al. 2023": f"{SOURCE}. Only tasks with the very "
    "names of its tables. Randomness among tied pixels alone moves a task's mean by up "
    "to 0.0007; both MRI-Breast columns of the published clicks with oracle repeat the "
    "default's.",
    "Number of clicks (NoC)": "noc80 to noc90: mean number of clicks to an IoU of .80, "
    ".85 and .90, where a chain that never reaches it counts with the cap; failed: "
    "number of such chains; auc: normalised area under the curve of IoU by clicks.",
    "Segment everything": "Each object is scored by the mask that matches it best of "
    "all that a grid of points gave. This needs the truth: it is an upper bound.",
    "Prompt perturbation": "IoU of the default mask for boxes (round the whole object) "
    "and points (in its largest component) drawn near the exact ones; spread: standard "
    "deviation over the draws of one object, averaged over objects.",
    "Calibration of the predicted IoU": "error: mean gap between predicted and true "
    "IoU over ten bins; spearman: rank correlation of both, whether the predicted IoU "
    "orders the masks; regret: what the oracle gains over the highest score. One mask, "
    "that with the highest score, for each object and mode.",
    "Comparison of models": "Default masks, one value for each patient. p: paired "
    "Wilcoxon signed-rank test; p_holm: corrected for all comparisons of this table. A "
    "tie is a difference of at most .005.",
}


def more_tables(
    rows: pd.DataFrame, defaults: pd.DataFrame, summary: pd.DataFrame
) -> list[dict[str, Any]]:
    """Build the tables that have something to show.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``.
    defaults : pandas.DataFrame
        Rows of the default mask.
    summary : pandas.DataFrame
        Of both, as ``summarise`` returns it.

    Returns
    -------
    list of dict
        With ``title``, ``note``, ``heads`` and ``lines`` of text.
    """
    once = defaults[~defaults["setting"].isin(["everything"])]
    frames = {
        "Comparison with Mazurowski et al. 2023": compare_with_published(summary),
        "Number of clicks (NoC)": summarise_clicks(rows),
        "Segment everything": summarise_everything(rows),
        "Prompt perturbation": summarise_perturbation(defaults),
        "Calibration of the predicted IoU": summarise_calibration(rows),
        "Comparison of models": compare_models(once),
    }
    return [
        {"title": title, "note": NOTES[title], **_table(frame)}
        for title, frame in frames.items()
        if len(frame)
    ]


def not_asked(rows: pd.DataFrame, groups: Iterable[str]) -> list[str]:
    """List what a run was to do and a model could not be asked.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``.
    groups : iterable of str
        The run's settings.

    Returns
    -------
    list of str
        One sentence for each model that lacks a kind of prompt or a selection.
    """
    wanted = [setting for group in groups for setting in SETTINGS_OF[group]]
    sentences = []
    for model, of_model in rows[rows["model"].ne("")].groupby("model"):
        good = of_model[of_model["error"].eq("")]
        failed = set(of_model.loc[of_model["error"].ne(""), "setting"])
        lacking = [name for name in wanted if not good["setting"].eq(name).any()]
        if lacking and not failed:
            kinds = " or ".join(dict.fromkeys(_kind_of(name) for name in lacking))
            names = ", ".join(lacking)
            sentences.append(f"{model} does not accept {kinds} prompts ({names}).")
        missing = [str(s) for s in Selection if not good["selection"].eq(str(s)).any()]
        if len(good) and missing:
            sentences.append(f"{model} offers no mask for {', '.join(missing)}.")
    return sentences


def _kind_of(setting: str) -> str:
    """Name the kind of prompt that a setting needs."""
    boxes = {mode for mode in Mode if mode.uses_box}
    return "box" if setting in boxes or setting.startswith("box") else "point"


def warnings_of(manifest: Mapping[str, Any]) -> list[str]:
    """List what makes a run's numbers worthless, or another model's.

    Parameters
    ----------
    manifest : mapping
        Of the run; the entry of a model may say ``stand_in``.

    Returns
    -------
    list of str
        One sentence for each model with untrained placeholder weights, or with others
        than those that are published under its name.
    """
    others = [
        f"Other weights: those of {name} are not the ones published under that name; "
        "its numbers are those of the file with SHA-256 "
        f"{entry['sha256'][:12]}\N{HORIZONTAL ELLIPSIS}"
        for name, entry in manifest["models"].items()
        if _has_other_weights(entry)
    ]
    return others + [
        f"Untrained placeholder weights: those of {name} only show that the program "
        "runs; its numbers mean nothing."
        for name, entry in manifest["models"].items()
        if entry.get("stand_in", False)
    ]


def _has_other_weights(entry: Mapping[str, Any]) -> bool:
    loaded, published = entry.get("sha256"), entry.get("published_sha256")
    if "source_sha256" not in entry or entry.get("stand_in", False):
        return False  # nobody looked into the file; the store's are checked anyway
    return bool(loaded and published) and published not in (
        loaded,
        entry["source_sha256"],
    )


def _table(frame: pd.DataFrame) -> dict[str, Any]:
    lines = frame.to_dict("split")["data"]
    heads = [str(name).replace("_", " ") for name in frame.columns]
    return {
        "heads": heads,
        "lines": [[_text(value) for value in line] for line in lines],
    }


def _text(value: object) -> str:
    if isinstance(value, float | np.floating):
        return "\N{EN DASH}" if np.isnan(value) else f"{value:.3f}"
    return str(value)
