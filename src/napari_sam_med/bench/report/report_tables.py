"""The further tables of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.calibration import summarise_calibration
from napari_sam_med.bench.analysis.click_metrics import summarise_clicks
from napari_sam_med.bench.analysis.comparison import compare_models
from napari_sam_med.bench.analysis.grid_analysis import summarise_everything
from napari_sam_med.bench.analysis.perturbation_analysis import summarise_perturbation
from napari_sam_med.bench.analysis.published_tables import (
    SOURCE,
    compare_with_published,
)
from napari_sam_med.bench.report.report_table import ReportTable

if TYPE_CHECKING:
    from napari_sam_med.bench.report.report_data import ReportData

LADDER = "n_units says over how many patients, slices or tasks a mean is taken."
TITLES = {
    "published": "Beside Mazurowski et al. 2023",
    "clicks_needed": "Number of clicks (NoC)",
    "everything": "Segment everything",
    "perturbation": "Prompt perturbation",
    "calibration": "Calibration of the predicted IoU",
    "comparison": "Comparison of models",
    "comparison_by_task": "Comparison of models within each task",
}
COMPARED = (
    "Default masks, on the cases that both models answered; left_out counts the rest. "
    "Modes by IoU, clicks by the area under the curve of as many clicks as both were "
    "given. A {unit} is one observation. difference: first minus second, with its 95 % "
    "bootstrap interval; effect: matched-pairs rank-biserial correlation, 1 if the "
    "first model is better in all of them; a tie is a difference of at most .005; p: "
    "Wilcoxon signed-rank test; p_holm: corrected for all tests of this table under "
    "one profile. Fewer than six have neither interval nor test. Floors are not tested."
)
NOTES = {
    "published": f"{SOURCE}. Only tasks with the very names of its tables. match says "
    "whether model and rules are the study's: where they are not, the difference is no "
    "check of either. Randomness among tied pixels alone moves a task's mean by up to "
    "0.0007; both MRI-Breast columns of the published clicks with oracle repeat the "
    "default's.",
    "clicks_needed": "noc80 to noc90: mean number of clicks to an IoU of .80, .85 and "
    ".90, where a chain that never reaches it counts with its cap, its number of "
    "clicks; failed: share of such chains; auc: normalised area under the curve of IoU "
    f"by clicks. {LADDER}",
    "everything": "Each object is scored by the mask that matches it best of all that "
    f"a grid of points gave. This needs the truth: it is an upper bound. {LADDER}",
    "perturbation": "IoU of the default mask for boxes (round the whole object) and "
    "points (in its largest component) drawn near the exact ones, beside that of the "
    "exact prompt (unperturbed); spread: standard deviation over the draws of one "
    f"object. {LADDER}",
    "calibration": "error: mean gap between predicted and true IoU over ten bins; "
    "spearman: rank correlation of both over all masks, spearman_within: the mean of "
    "that within each of the n_tasks with six masks or more (easy and hard tasks alone "
    "raise the first); regret: what the oracle gains over the highest score. One mask, "
    "that with the highest score, for each object and mode. Baselines predict no IoU.",
    "comparison": COMPARED.format(unit="task"),
    "comparison_by_task": COMPARED.format(
        unit="patient (a slice under the published profiles)"
    ),
}


def more_tables(data: ReportData) -> list[ReportTable]:
    """Build the tables that have something to show.

    Parameters
    ----------
    data : ReportData
        Of the runs.

    Returns
    -------
    list of ReportTable
    """
    compared = compare_models(data.defaults, data.floors)
    over_tasks = compared["unit"].eq("tasks")
    frames = {
        "published": compare_with_published(data.summary, data.floors),
        "clicks_needed": summarise_clicks(data.joined),
        "everything": summarise_everything(data.joined),
        "perturbation": summarise_perturbation(data.defaults),
        "calibration": summarise_calibration(data.rows, data.floors),
        "comparison": compared[over_tasks].drop(columns="task"),
        "comparison_by_task": compared[~over_tasks],
    }
    return [
        ReportTable(name, TITLES[name], NOTES[name], frame)
        for name, frame in frames.items()
        if len(frame)
    ]
