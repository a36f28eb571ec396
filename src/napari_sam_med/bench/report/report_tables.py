"""The further tables of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.analysis.between_models.common_cases import (
    answered_throughout,
)
from napari_sam_med.bench.analysis.between_models.comparison import compare_models
from napari_sam_med.bench.analysis.between_models.rank_stability import rank_stability
from napari_sam_med.bench.analysis.calibration import summarise_calibration
from napari_sam_med.bench.analysis.click_metrics import summarise_clicks
from napari_sam_med.bench.analysis.costs import summarise_costs
from napari_sam_med.bench.analysis.grid_analysis import summarise_everything
from napari_sam_med.bench.analysis.published_tables import (
    SOURCE,
    compare_with_published,
)
from napari_sam_med.bench.analysis.statistics import summarise
from napari_sam_med.bench.protocol.people.recorded_runs import (
    RECORDED_BOX,
    RECORDED_CLICKS,
)
from napari_sam_med.bench.protocol.profiles import DEFAULT
from napari_sam_med.bench.report.cases_to_see import cases_to_see
from napari_sam_med.bench.report.report_table import ReportTable

if TYPE_CHECKING:
    import pandas as pd

    from napari_sam_med.bench.report.report_data import ReportData

LADDER = (
    "n counts the cases, those of a task that all its models answered; n_units says "
    "over how many patients, slices or tasks a mean is taken. Means over tasks are "
    "over each model's own: those over other tasks are not to be compared."
)
CASES = (
    "cases: all, those in common where some models lack others, or a model's own, "
    "which are not to be compared with other lines."
)
RECORDED = "recorded"
TITLES = {
    RECORDED: "Recorded session: a person's prompts",
    "published": "Beside Mazurowski et al. 2023",
    "clicks_needed": "Number of clicks (NoC)",
    "everything": "Segment everything",
    "perturbation": "Prompt perturbation",
    "clicking_groups": "Number of clicks (NoC) by clicking group",
    "clicking_groups_spread": "Spread over the clicking groups",
    "box_over_point": "What one box gains over one point",
    "factors": "IoU by size and number of parts",
    "modalities": "IoU by modality",
    "costs": "What an answer costs",
    "cases_to_see": "Cases worth a look",
    "calibration": "Calibration of the predicted IoU",
    "comparison": "Comparison of models",
    "comparison_by_task": "Comparison of models within each task",
    "rank_stability": "Stability of the ranking",
}
COMPARED = (
    "Default masks, on the cases that both models answered; left_out counts the rest. "
    "Modes by IoU, clicks by the area under the curve of as many clicks on a case as "
    "both were given: the longer chain counts up to the end of the shorter. A {unit} "
    "is one observation. difference: first minus second, with its 95 % bootstrap "
    "interval; effect: matched-pairs rank-biserial correlation, 1 if the "
    "first model is better in all of them; a tie is a difference of at most .005; p: "
    "Wilcoxon signed-rank test; p_holm: corrected for all tests of this table under "
    "one profile. Fewer than six have neither interval nor test. Floors are not tested."
)
NOTES = {
    RECORDED: "What a person asked in the viewer, asked of each model in the same "
    "order: recorded_box is the box alone, recorded_clicks the mask after so many "
    "clicks (step; with the box, where one was drawn). Several boxes of an object are "
    "asked together, without an earlier mask, and their masks joined. Default and "
    "oracle masks. The clicks answered the masks of the model that the person worked "
    "with. Fewer objects have many clicks: steps are not over the same ones. "
    f"{LADDER}",
    "published": f"{SOURCE}. Only tasks with the very names of its tables. match says "
    "whether model, weights (by their SHA-256, where the published one is known) and "
    "rules are the study's: where they are not, or not known to be, the difference is "
    "no check of them. Whether the images are the study's is not known. Randomness "
    "among equally central pixels alone moves a task's mean by up to 0.0007; both "
    "MRI-Breast columns of the published clicks with oracle repeat the default's.",
    "clicks_needed": "noc80 to noc90: mean number of clicks to an IoU of .80, .85 and "
    ".90, where a chain that never reaches it counts with its cap, its number of "
    "clicks; failed: share of such chains; auc: normalised area under the curve of IoU "
    "by clicks. Numbers of models with another cap are not to be compared: see the "
    f"comparison of models, which counts as many clicks of each. {LADDER}",
    "everything": "Each object is scored by the mask that matches it best of all that "
    f"a grid of points gave. This needs the truth: it is an upper bound. {LADDER}",
    "perturbation": "IoU of the default mask for boxes (round the whole object) and "
    "points (in its largest component) drawn near the exact ones, beside that of the "
    "exact prompt (unperturbed), of objects that were asked both where any were; "
    f"spread: standard deviation over the draws of one object. {LADDER}",
    "clicking_groups": "Clicks of the default chain that do not go into the centre of "
    "what is to be corrected, but to a random pixel of one tenth of it, as people also "
    "click. group: 1 the tenth nearest to its border, 10 the tenth around its centre. "
    f"Columns as for the number of clicks. {LADDER}",
    "clicking_groups_spread": "noc: mean number of clicks to the target (IoU) over the "
    "ten groups; sd: standard deviation over the groups of one object; range: largest "
    "less smallest mean of a group; delta_gr: how much more group 1 needs than group "
    "10, as a part of it; centre: clicks into the centre, and delta_sb: how much more "
    "the groups need than those, as a part of it, all of objects that were clicked "
    "both ways, as often, where any were. A chain that never reaches the "
    f"target counts with its number of clicks. {LADDER} Antonov et al. 2024 (RClicks), "
    "with distances to the border for their density of clicks.",
    "box_over_point": "Default masks of objects that were prompted both ways: one "
    f"point in the largest part (mode 1), one box round all (mode 5). {LADDER}",
    "factors": "Spearman's rank correlation of what an object is (factor: pixels, "
    "share of the slice, connected parts) with the IoU of its default mask, "
    "and with what a "
    "box gains. spearman: over all n objects; spearman_within: the mean over the "
    "n_tasks tasks with six objects or more (large objects of easy tasks alone raise "
    f"the first). No p: objects of a patient are not independent. {CASES}",
    "modalities": "Means over the tasks of a modality, which is told by the data set "
    "or the task's name. Tasks differ in more than that: this is no effect of the "
    "modality alone. tasks: all, those in common where some models lack others, or a "
    "model's own, which are not to be compared with other lines.",
    "costs": "parameters_m: millions; weights_mib: in the run's precision; embed_s "
    "and predict_s: median seconds to look at a slice, and for a prompt; peak_mib: the "
    "most memory that the process of the whole run held, all models together. Seconds "
    "compare models on one machine only.",
    "cases_to_see": "Default masks, by one box where it was asked. Of two models the "
    "iou is what the first is ahead. The command opens the case in the viewer with "
    "prompts and masks; run it where the run was made, one folder above it if the "
    "folder's name stands alone.",
    "calibration": "error: gap between the mean predicted and the mean true IoU in ten "
    "bins of the predicted one, each counting by its number of masks; "
    "spearman: rank correlation of both over all masks, spearman_within: the mean of "
    "that within each of the n_tasks with six masks or more (easy and hard tasks alone "
    "raise the first); regret: what the oracle gains over the highest score. One mask, "
    "that with the highest score, for each object and mode; all modes: those that all "
    f"models were asked. Baselines predict no IoU. {CASES}",
    "comparison": COMPARED.format(unit="task"),
    "comparison_by_task": COMPARED.format(
        unit="patient (a slice under the published profiles)"
    ),
    "rank_stability": "Models ranked by the mean over the tasks with six patients or "
    "more (slices under the published profiles), and again on 999 resamples of their "
    "n_units patients, each drawn with all tasks that he or she is in, on the cases "
    "that all models answered. rank_low to rank_high: 95 % of "
    "the resamples; ranked_first: share of them in which no model is above it; "
    "kendall_tau: mean rank correlation of a resample with the ranking, 1 if no models "
    "change places. "
    "Wiesenfarth et al. 2021.",
}


def _recorded(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum up a person's prompts on the cases that all models of a step answered."""
    chosen = rows["setting"].isin([RECORDED_BOX, RECORDED_CLICKS])
    chosen &= rows["error"].eq("")
    shown = rows["selection"].isin([DEFAULT, "oracle"])
    by = ["profile", "task", "setting", "step", "selection"]
    return summarise(answered_throughout(rows[chosen & shown], by))


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
        RECORDED: _recorded(data.joined),
        "published": compare_with_published(
            data.summary, data.floors, list(data.manifests.values())
        ),
        "clicks_needed": summarise_clicks(data.clicks),
        "everything": summarise_everything(data.joined),
        "perturbation": data.perturbed,
        "clicking_groups_spread": data.clicking_groups.spread,
        "clicking_groups": data.clicking_groups.by_group,
        "box_over_point": data.factors.by_task,
        "factors": data.factors.correlations,
        "modalities": data.factors.by_modality,
        "costs": summarise_costs(data.rows, data.manifests),
        "cases_to_see": cases_to_see(data),
        "calibration": summarise_calibration(data.rows, data.floors),
        "comparison": compared[over_tasks].drop(columns="task"),
        "comparison_by_task": compared[~over_tasks],
        "rank_stability": rank_stability(data.defaults),
    }
    return [
        ReportTable(name, TITLES[name], NOTES[name], frame)
        for name, frame in frames.items()
        if len(frame)
    ]
