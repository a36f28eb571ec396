"""A paragraph on the methods, ready to be pasted into a paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.analysis.between_models.comparison import FLOOR
from napari_sam_med.bench.analysis.ladder import ENOUGH, kept, unit_name
from napari_sam_med.bench.analysis.spreads import CONFIDENCE, RESAMPLES
from napari_sam_med.bench.analysis.volume_summary import is_floor
from napari_sam_med.bench.data.dataset_identity import image_of_case
from napari_sam_med.bench.protocol.clicking_group_runs import GROUP_SETTINGS
from napari_sam_med.bench.protocol.people.recorded_runs import (
    RECORDED_BOX,
    RECORDED_CLICKS,
)
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import SettingGroup
from napari_sam_med.bench.protocol.volume_rules.challenge_runs import BOX_SETTING
from napari_sam_med.bench.protocol.volume_rules.volume_floors import FLOORS
from napari_sam_med.bench.protocol.volume_rules.volume_scores import LEAST_DICE_FOR_NSD
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.bench.report.methods.asked_prompts import (
    asked_of_volumes,
    asked_prompts,
)
from napari_sam_med.bench.report.methods.model_views import model_views
from napari_sam_med.bench.report.methods.references import (
    CLICKING_GROUPS,
    OF_VOLUMES,
    STUDY,
)
from napari_sam_med.bench.report.methods.taken_data import taken_data
from napari_sam_med.bench.report.report_notes import MM, count_images, unit_of_lengths
from napari_sam_med.bench.run.processes.package_builds import PACKAGE
from napari_sam_med.simulate.modes import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from napari_sam_med.bench.report.report_data import ReportData
    from napari_sam_med.bench.report.report_table import ReportTable

RULES = {
    Profile.AS_RELEASED: "by the rules of the published code of that study, with the "
    "first candidate as the default mask",
    Profile.AS_WRITTEN: "by the rules as that study's text has them, with the "
    "candidate of the highest predicted IoU as the default mask",
    Profile.STRICT: "by stricter rules: the default mask is the candidate with the "
    "highest predicted IoU for one point and the single unambiguous mask otherwise, "
    "and draws are seeded by case",
}
STORED = {*Mode, "clicks", BOX_SETTING}
"""Settings whose prompts may be those of another run."""
COMPARED = "Models were compared in pairs on the cases that both answered"
TESTED = (
    f"{COMPARED}, by two-sided Wilcoxon signed-rank tests, where {ENOUGH} or more "
    "patients, slices or tasks differed, with Holm's correction."
)
UNTESTED = (
    f"{COMPARED}; nowhere did {ENOUGH} or more patients, slices or tasks differ, so "
    "that nothing was tested."
)
OF_WHAT = {
    VolumeProfile.SAM2_MEDICAL: "its mean over the slices that hold the object",
    VolumeProfile.CVPR25_3D: "of all voxels",
}
NO_SURFACE = {
    VolumeProfile.SAM2_MEDICAL: "",
    VolumeProfile.CVPR25_3D: ", the surface Dice being 0 where the Dice coefficient is "
    f"at most {LEAST_DICE_FOR_NSD:g}",
}
INTERVALS = (
    f", with {100 * CONFIDENCE:.0f} % percentile bootstrap intervals ({RESAMPLES} "
    f"resamples) of {ENOUGH} or more"
)


@dataclass(frozen=True, slots=True)
class PromptOrigins:
    """Where the prompts of all runs come from, as texts; empty where none do.

    Parameters
    ----------
    truth : bool
        Whether some are simulated from the truth.
    again : str
        The earlier runs whose prompts are asked again, and of several runs which do.
    person : bool
        Whether some are those of a person's recorded session.
    grid : bool
        Whether some are a grid of points.
    """

    truth: bool
    again: str
    person: bool
    grid: bool

    @classmethod
    def of(
        cls, rows: pd.DataFrame, manifests: Iterable[Mapping[str, Any]]
    ) -> PromptOrigins:
        """Look through the rows of each run, with the run's manifest."""
        known = list(manifests)
        good = rows[rows["error"].eq("")]
        settings = {
            str(one["run"]): {
                str(name)
                for name in good.loc[good["run"].eq(one["run"]), "setting"].unique()
            }
            - {""}
            for one in known
        }
        everything = set().union(*settings.values())
        recorded, grid = {RECORDED_BOX, RECORDED_CLICKS}, {SettingGroup.EVERYTHING}
        truth, again = False, []
        for one in known:
            run, origin = str(one["run"]), one.get("prompts_from", "")
            others = settings[run] - recorded - grid
            # other settings, such as perturbed prompts, are simulated all the same
            stored = others & STORED if origin else set()
            truth = truth or bool(others - stored)
            if stored:
                again.append(f"{origin}, in {run}" if len(known) > 1 else origin)
        return cls(
            truth,
            "; ".join(again),
            bool(everything & recorded),
            bool(everything & grid),
        )

    @property
    def headline(self) -> str:
        """Say it in one sentence, for the top of a page."""
        parts = [
            "are computed from the truth" if self.truth else "",
            f"are those of an earlier run ({self.again}), asked again as they were"
            if self.again
            else "",
            "are what a person asked in a recorded session" if self.person else "",
            "are a grid of points" if self.grid else "",
        ]
        said = [part for part in parts if part] or ["are computed from the truth"]
        few = "Some prompts " if len(said) > 1 else "Prompts "
        return (
            f"{few}{', some '.join(said)}, and are answered by each model; every "
            "number below is measured on the data named at the end."
        )


def methods_of(data: ReportData, tables: Sequence[ReportTable]) -> list[str]:
    """Describe what was done.

    Parameters
    ----------
    data : ReportData
        Of the runs.
    tables : sequence of ReportTable
        Of the report: those that compare models say what was tested.

    Returns
    -------
    list of str
        Paragraphs: the methods, and what to cite.
    """
    good = kept(data.rows, data.rows["error"].eq(""))
    profiles = [str(name) for name in sorted(good["profile"].unique())]
    counts = (
        f"{_counted(good['case_id'].nunique(), 'object')}{_slices(good)} "
        f"{_counted(count_images(good), 'image')} of "
        f"{_counted(good['patient'].nunique(), 'patient')}, in "
        f"{_counted(good['task'].nunique(), 'task')}"
    )
    prompted = "; ".join(
        f"{RULES[Profile(name)]} (profile {name} of {PACKAGE})"
        for name in profiles
        if name in RULES
    )
    units = " and ".join(dict.fromkeys(unit_name(name) for name in profiles))
    sentences = [
        *_prompting(data, counts, prompted),
        *taken_data(data.manifests),
        f"The models were {'; '.join(_models(data.manifests))}.",
        *asked_prompts(data.rows, data.manifests),
        *model_views(data.rows, data.manifests),
        "Agreement with the reference is given as intersection over union (IoU)"
        f"{_outlines(data)}.",
        f"Means are taken over {units} within a task and then over tasks"
        f"{_counted_often(good)}{INTERVALS if _has_intervals(data) else ''}.",
        _tests(tables),
        f"Computed with {_versions(data.manifests)}.",
    ]
    groups = good["setting"].isin(GROUP_SETTINGS).any()
    cited = [STUDY, *[CLICKING_GROUPS] * bool(groups), *_citations(data.manifests)]
    return [" ".join(filter(None, sentences)), f"To cite: {'; '.join(cited)}."]


def volume_methods_of(
    rows: pd.DataFrame, manifests: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Describe what was done over whole volumes; as ``methods_of``."""
    good = kept(rows, rows["error"].eq(""))
    profile = VolumeProfile(next(iter(manifests.values()))["settings"]["profile"])
    counts = (
        f"{_counted(good['case_id'].nunique(), 'object')} in "
        f"{_counted(count_images(good), 'volume')} of "
        f"{_counted(good['patient'].nunique(), 'patient')}"
    )
    text = (
        f"{_volume_prompts(manifests, counts)}, "
        f"{asked_of_volumes(good, profile)} (profile {profile} of {PACKAGE}). "
        f"{''.join(f'{said} ' for said in taken_data(manifests))}"
        f"The models were {'; '.join(_models(manifests))}. "
        f"{' '.join(model_views(good[~is_floor(good['model'])], manifests))} "
        "Agreement is given as IoU "
        f"({OF_WHAT[profile]}), Dice coefficient, normalised surface Dice within "
        f"{_tolerances(manifests)} and 95th percentile Hausdorff "
        f"distance{_in_pixels(manifests)}{NO_SURFACE[profile]}; means are taken over "
        "patients within a task and then over tasks"
        f"{_counted_often(good.assign(profile=Profile.STRICT))}. "
        f"Computed with {_versions(manifests)}."
    )
    cited = [OF_VOLUMES[profile], *_citations(manifests)]
    return [text, f"To cite: {'; '.join(cited)}."]


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' * (count != 1)}"


def _slices(good: pd.DataFrame) -> str:
    """Say on how many slices the objects are, where images have several."""
    slices = good[["case_id", "axis", "slice"]].drop_duplicates()
    images = slices["case_id"].astype(str).map(image_of_case)
    count = len(
        slices.assign(image=images)[["image", "axis", "slice"]].drop_duplicates()
    )
    if count == images.nunique():
        return " on"
    return f" (one label on one slice each) on {_counted(count, 'slice')} of"


def _has_intervals(data: ReportData) -> bool:
    return any(one["ci_low"].notna().any() for one in (data.summary, data.means))


def _tests(tables: Sequence[ReportTable]) -> str:
    """Say what was tested; nothing where no two models have cases in common."""
    frames = [one.frame for one in tables if one.name.startswith("comparison")]
    pairs = [one[one["note"].ne(FLOOR) & one["n_cases"].gt(0)] for one in frames]
    if not any(map(len, pairs)):
        return ""
    return TESTED if any(one["p"].notna().any() for one in pairs) else UNTESTED


def _counted_often(good: pd.DataFrame) -> str:
    """Say that patients count several times, where they do."""
    slices = good[good["profile"].ne(Profile.STRICT)]
    cases = slices[["task", "case_id", "patient"]].drop_duplicates()
    each = "slice" if cases.duplicated(["task", "patient"]).any() else ""
    tasks = good[["task", "patient"]].drop_duplicates()
    often = [each, "task" if tasks["patient"].duplicated().any() else ""]
    said = " and ".join(filter(None, often))
    return f" (a patient counts once for each {said})" if said else ""


def _volume_prompts(manifests: Mapping[str, Mapping[str, Any]], counts: str) -> str:
    """Begin the sentence on prompts, as far as they come from the truth."""
    origins = [str(one.get("prompts_from", "")) for one in manifests.values()]
    simulated = f"Prompts were simulated from the reference segmentation of {counts}"
    if not any(origins):
        return simulated
    again = f"rompts of an earlier run ({'; '.join(filter(None, origins))})"
    if all(origins):
        return f"P{again} were asked again, unchanged, for {counts}"
    return f"{simulated}, or p{again} asked again, unchanged"


def _prompting(data: ReportData, counts: str, prompted: str) -> list[str]:
    """Say where the prompts come from: the truth, a person, another run, a grid."""
    found = PromptOrigins.of(data.rows, data.manifests.values())
    said = []
    if found.truth:
        said.append(
            f"Prompts were simulated from the reference segmentation of {counts}, "
            f"after Mazurowski et al. (2023), {prompted}."
        )
    if found.again:
        said.append(
            f"Prompts of an earlier run ({found.again}) were asked again, unchanged"
            f"{'' if found.truth else f', for {counts}, {prompted}'}; their clicks "
            "answer the masks of the model of then."
        )
    if found.person:
        said.append(
            "The prompts of a person's recorded session were asked of each model "
            f"{'too' if said else f'for {counts}'}."
        )
    if found.grid:
        said.append(
            "Each model was asked for all its masks by a grid of points"
            f"{' too' if said else f', for {counts}'}."
        )
    return said


def _models(manifests: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Name all models with their weights, one that ran with several once for each."""
    runs: dict[tuple[str, str], list[str]] = {}
    entries: dict[tuple[str, str], Mapping[str, Any]] = {}
    for run, name, entry in _entries(manifests):
        if "sha256" in entry:  # else it was asked for and never measured
            key = (name, str(entry["sha256"]))
            runs.setdefault(key, []).append(run)
            entries[key] = entry
    names = [name for name, _ in entries]
    return [
        f"{name}{f' of {_and(runs[name, digest])}' * (names.count(name) > 1)} "
        f"({_weights_of(name, digest, entry)})"
        for (name, digest), entry in entries.items()
    ]


def _weights_of(name: str, digest: str, entry: Mapping[str, Any]) -> str:
    if not digest:
        is_floor = entry.get("family") == "baseline" or name in FLOORS
        return "a floor without weights" if is_floor else "weights not noted"
    said = f"SHA-256 of the weights {digest[:12]}\N{HORIZONTAL ELLIPSIS}"
    stands_in = entry.get("stand_in", False)
    return f"untrained placeholder weights, {said}" if stands_in else said


def _and(names: Iterable[str]) -> str:
    return " and ".join(names)


def _outlines(data: ReportData) -> str:
    within = _tolerances(data.manifests)
    if not within:
        return " and Dice coefficient"
    return (
        f", Dice coefficient, normalised surface Dice within {within} and 95th "
        f"percentile Hausdorff distance{_in_pixels(data.manifests)}"
    )


def _tolerances(manifests: Mapping[str, Mapping[str, Any]]) -> str:
    """Say the tolerances of outlines, with their units; empty if there are none."""
    found = {
        f"{one['settings']['tolerance_mm']:g} {unit_of_lengths(one)}"
        for one in manifests.values()
        if one["settings"].get("tolerance_mm") is not None
    }
    return _and(sorted(found))


def _in_pixels(manifests: Mapping[str, Mapping[str, Any]]) -> str:
    units = {unit_of_lengths(one) for one in manifests.values()}
    return f" (in {_and(sorted(units))})" if units - {MM} else ""


def _entries(
    manifests: Mapping[str, Mapping[str, Any]],
) -> list[tuple[str, str, Mapping[str, Any]]]:
    """List run, model and what is known of the model."""
    return [
        (str(manifest["run"]), str(name), entry)
        for manifest in manifests.values()
        for name, entry in manifest["models"].items()
    ]


def _versions(manifests: Mapping[str, Mapping[str, Any]]) -> str:
    found = {
        f"{name} {version}": None
        for manifest in manifests.values()
        for name, version in manifest["versions"].items()
    }
    return ", ".join(found)


def _citations(manifests: Mapping[str, Mapping[str, Any]]) -> list[str]:
    found = {
        str(entry["citation"]).rstrip("."): None
        for _, _, entry in _entries(manifests)
        if entry.get("citation") and entry.get("family") != "baseline"
    }
    return list(found)
