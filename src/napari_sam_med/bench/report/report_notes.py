"""What a reader has to know before the numbers: warnings, gaps, patients."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.analysis.between_models.told_apart import own_names
from napari_sam_med.bench.analysis.perturbation_analysis import PERTURBATIONS
from napari_sam_med.bench.data.dataset_identity import image_of_case
from napari_sam_med.bench.protocol.clicking_group_runs import GROUP_SETTINGS
from napari_sam_med.bench.run.store.earlier_runs import names_data
from napari_sam_med.core.selection import Selection
from napari_sam_med.io.formats import PICTURES, suffix_from_path
from napari_sam_med.simulate.modes import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

MM, PIXELS = "mm", "pixels"
SETTINGS_OF = {
    "modes": tuple(Mode),
    "clicks": ("clicks",),
    "everything": ("everything",),
    "jitter": PERTURBATIONS,
    "clicking_groups": GROUP_SETTINGS[:1],
    "recorded": (),  # what a person asked, be it clicks or boxes
}
"""Of clicking groups the first stands for all: a model is asked as all or as none."""

SHOWN_FILES = 3


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
            names = ", ".join(lacking).replace(GROUP_SETTINGS[0], "clicking_groups")
            sentences.append(f"{model} does not accept {kinds} prompts ({names}).")
        chosen = good[~good["setting"].isin(GROUP_SETTINGS)]  # these have one each
        offered = set(chosen["selection"])
        missing = [str(s) for s in Selection if str(s) not in offered]
        if len(chosen) and missing:
            sentences.append(f"{model} offers no mask for {', '.join(missing)}.")
    return sentences


def not_asked_of_run(rows: pd.DataFrame, manifest: Mapping[str, Any]) -> list[str]:
    """Do as ``not_asked`` for the rows and the manifest of a run."""
    return not_asked(rows, manifest["settings"]["groups"])


def _kind_of(setting: str) -> str:
    """Name the kind of prompt that a setting needs."""
    boxes = {mode for mode in Mode if mode.uses_box}
    return "box" if setting in boxes or setting.startswith("box") else "point"


def warnings_of(manifest: Mapping[str, Any]) -> list[str]:
    """List what makes a run's numbers worthless, or another model's.

    Parameters
    ----------
    manifest : mapping
        Of the run; the entry of a model may say ``stand_in``, and ``told_as`` what the
        model is called among several of its name.

    Returns
    -------
    list of str
        One sentence for each model with untrained placeholder weights, or with others
        than those that are published under its name; and one for prompts of another
        run whose files had other content.
    """
    told = manifest.get("told_as", {})
    others = [
        f"Other weights: those of {told.get(name, name)} are not the ones published "
        "under that name; its numbers are those of the file with SHA-256 "
        f"{entry['sha256'][:12]}\N{HORIZONTAL ELLIPSIS}"
        for name, entry in manifest["models"].items()
        if _has_other_weights(entry)
    ]
    stand_ins = [
        f"Untrained placeholder weights: those of {told.get(name, name)} only show "
        "that the program runs; its numbers mean nothing."
        for name, entry in manifest["models"].items()
        if entry.get("stand_in", False)
    ]
    return _prompts_of_other_files(manifest) + others + stand_ins


def _prompts_of_other_files(manifest: Mapping[str, Any]) -> list[str]:
    names = manifest.get("prompts_of_other_files", ())
    if not names:
        return []
    more = f" and {len(names) - SHOWN_FILES} more" * (len(names) > SHOWN_FILES)
    return [
        f"Prompts of other files: {manifest['prompts_from']} was run over other "
        f"content of {', '.join(names[:SHOWN_FILES])}{more}; where objects have moved, "
        "its prompts miss them."
    ]


def _has_other_weights(entry: Mapping[str, Any]) -> bool:
    loaded, published = entry.get("sha256"), entry.get("published_sha256")
    if "source_sha256" not in entry or entry.get("stand_in", False):
        return False  # nobody looked into the file; the store's are checked anyway
    return bool(loaded and published) and published not in (
        loaded,
        entry["source_sha256"],
    )


def earlier_note(manifest: Mapping[str, Any]) -> str:
    """Say what a run of an earlier release lacks.

    Parameters
    ----------
    manifest : mapping
        Of the run, and ``run``, its name.

    Returns
    -------
    str
        Two sentences; empty for a run of this release.
    """
    if names_data(manifest):
        return ""
    return (
        f"{manifest['run']} is a run of an earlier release: its data were named after "
        "its manifest, by their content if they had no name, so that it is joined with "
        "others only over the very same files or name. Under strict its default clicks "
        "are the chain of the highest score."
    )


def unfinished_note(rows: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    """Say that a run was not finished, and what its models lack.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``, of this run.
    manifest : mapping
        Of the run, and ``run``, its name.

    Returns
    -------
    str
        Some sentences; empty for a run that came to its end.
    """
    if manifest.get("finished"):
        return ""
    run = manifest["run"]
    asked = rows[rows["model"].ne("")]
    count = asked["case_id"].nunique()
    own = own_names([manifest])
    done = {
        own.get(str(name), str(name)): number
        for name, number in asked.groupby("model")["case_id"].nunique().items()
    }
    lacking = [
        f"{name} lacks {count - done.get(name, 0)}"
        for name in manifest["models"]
        if done.get(name, 0) < count
    ]
    said = f"{run} was not finished."
    if lacking:
        said += f" Of the {count} case{'s' * (count != 1)} begun, {', '.join(lacking)}."
    return f"{said} Cases that no model began are not counted at all."


def short_chains_note(rows: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    """Say that chains of clicks ended since the other run has no more for them.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``, of this run.
    manifest : mapping
        Of the run, and ``run``, its name.

    Returns
    -------
    str
        One sentence; empty if all chains have as many clicks as were asked for.
    """
    asked, origin = manifest["settings"].get("clicks"), manifest.get("prompts_from")
    if not asked or not origin:
        return ""
    clicks = rows[rows["setting"].eq("clicks") & rows["error"].eq("")]
    last = clicks.groupby(["model", "selection", "case_id"])["step"].max()
    short = int(last.lt(asked).sum())
    if not short:
        return ""
    return (
        f"{manifest['run']}: {short} of {len(last)} chains of clicks end before the "
        f"{asked} clicks that were asked for, since the run that the prompts come from "
        f"({origin}) has no more for them. No click counts twice: later steps are over "
        "the other cases alone."
    )


def unit_of_lengths(manifest: Mapping[str, Any]) -> str:
    """Say what distances are measured in: pictures store no spacing.

    Parameters
    ----------
    manifest : mapping
        Of the run.

    Returns
    -------
    str
        ``mm``, ``pixels``, or both where only some files are pictures.
    """
    pictures = [_has_no_spacing(file) for file in manifest["files"]]
    if pictures and all(pictures):
        return PIXELS
    return (
        f"{MM} ({PIXELS} of pictures, which have no spacing)" if any(pictures) else MM
    )


def _has_no_spacing(file: Mapping[str, str]) -> bool:
    """Whether a manifest's file is a picture; earlier releases noted its name only."""
    return "unit" in file or suffix_from_path(Path(file["name"])) in PICTURES


def lengths_note(manifest: Mapping[str, Any]) -> str:
    """Say that what is named by millimetres is in pixels; empty where it is not.

    Parameters
    ----------
    manifest : mapping
        Of the run, and ``run``, its name.
    """
    unit = unit_of_lengths(manifest)
    tolerance = manifest["settings"].get("tolerance_mm")
    if unit == MM or tolerance is None:
        return ""
    return (
        f"{manifest['run']}: its pictures have no spacing, so distances in them are in "
        "pixels, whatever their columns are called: NSD is within "
        f"{tolerance:g} pixels (tolerance_mm), and HD95 (hd95_mm) and lost_mm are in "
        "pixels."
    )


def count_images(rows: pd.DataFrame) -> int:
    """Count images, those of one name in two data sets twice.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``, without errors.
    """
    return len({image_of_case(str(case)) for case in rows["case_id"].unique()})


def floors_of(
    rows: pd.DataFrame, manifests: Iterable[Mapping[str, Any]]
) -> frozenset[str]:
    """List the models that are floors: baselines, whose scores are no predicted IoU.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``; a model's name may be followed by its run's.
    manifests : iterable of mapping
        Of the runs, as ``with_told_names`` gives them.
    """
    baselines = {
        manifest.get("told_as", {}).get(name, name)
        for manifest in manifests
        for name, entry in manifest["models"].items()
        if entry.get("family") == "baseline"
    }
    return frozenset(baselines & {str(name) for name in rows["model"].unique()})
