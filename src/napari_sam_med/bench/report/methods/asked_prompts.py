"""What was asked, in words: only that which was run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.analysis.perturbation_analysis import PERTURBATIONS
from napari_sam_med.bench.protocol.clicking_group_runs import GROUP_SETTINGS
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.volume_rules.challenge_runs import BOX_SETTING
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    PromptedSlices,
    SlicePromptKind,
    VolumeProfile,
)
from napari_sam_med.simulate.modes import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

ALSO = "also "
MODES = {
    Mode.ONE_POINT: "a point in the largest part",
    Mode.POINTS: "points in up to three parts",
    Mode.ONE_BOX: "the box of the largest part",
    Mode.BOXES: "boxes of up to three parts",
    Mode.WHOLE_BOX: "one box round the whole object",
}
CLICKING = (
    "{who} {also}segmented by up to {clicks} clicks of each of ten clicking groups "
    "(after Antonov et al. 2024, RClicks), which click to a random pixel of one tenth "
    "of the region, by distance from its border, that the rules click into the centre "
    "of."
)
PERTURBED = (
    "{kinds} near the exact ones were {also}asked{whom}: of each kind and object "
    "{draws}, moved at random by at most {amount}."
)
KINDS = {
    SlicePromptKind.POINT: "a point",
    SlicePromptKind.POINTS: "points",
    SlicePromptKind.BOX: "a box",
    SlicePromptKind.MASK: "the true mask",
}


def asked_prompts(
    rows: pd.DataFrame, manifests: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Say what was asked over slices, of that which was asked at all.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row`` and ``run``.
    manifests : mapping of str to mapping
        Of the runs.
    """
    good = rows[rows["error"].eq("")]
    of_all = int(good["case_id"].nunique())
    modes = [MODES[mode] for mode in Mode if good["setting"].eq(mode).any()]
    said = []
    if modes:
        ways = f" in each of {len(modes)} modes" if len(modes) > 1 else ""
        said.append(
            f"{_who(good[good['setting'].isin([*Mode])], of_all)} prompted once{ways} "
            f"({', '.join(modes)}), as far as a model accepts such prompts."
        )
    clicks = good.loc[good["setting"].eq("clicks")]
    if len(clicks):
        strict = " (under strict with missed and surplus area apart)"
        many = int(clicks["step"].max())
        said.append(
            f"{_who(clicks, of_all)} {ALSO * bool(said)}segmented by "
            + (f"up to {many} clicks, the first in the object and each further one "
               "on the pixel of the remaining error that lies farthest from its border"
               f"{strict * _is_strict(clicks)}."
               if many > 1 else "one click in the object.")
        )  # fmt: skip
    groups = good[good["setting"].isin(GROUP_SETTINGS)]
    if len(groups):
        also = ALSO * bool(said)
        many = int(groups["step"].max())
        said.append(CLICKING.format(who=_who(groups, of_all), clicks=many, also=also))
    moved = good[good["setting"].isin(PERTURBATIONS)]
    starts = {"box": "boxes", "point": "points"}
    names = " and ".join(
        name for start, name in starts.items()
        if moved["setting"].str.startswith(start).any()
    )  # fmt: skip
    runs = {*moved["run"]}
    asked = [one["settings"] for one in manifests.values() if one["run"] in runs]
    also = ALSO * bool(said)
    whom = f" for {_part(moved, of_all)}" if _part(moved, of_all) else ""
    said += [
        _perturbed(one, names.capitalize(), also, whom)
        for one in asked
        if "draws" in one
    ]
    return [*dict.fromkeys(said)]


def _part(rows: pd.DataFrame, of_all: int) -> str:
    """Count the objects of rows; empty where these are all."""
    count = rows["case_id"].nunique()
    return f"{count} of the {of_all} objects" if count < of_all else ""


def _who(rows: pd.DataFrame, of_all: int) -> str:
    """Say which objects were asked something, as the subject of a sentence."""
    part = _part(rows, of_all)
    if not part:
        return "Each object was"
    return f"{part} {'was' if part.startswith('1 of') else 'were'}"


def _is_strict(rows: pd.DataFrame) -> bool:
    return bool(rows["profile"].eq(Profile.STRICT).any())


def _perturbed(settings: Mapping[str, Any], kinds: str, also: str, whom: str) -> str:
    of_side = settings.get("jitter_unit", "fraction") == "fraction"
    amount = f"{settings['jitter']:g} {'of a side' if of_side else 'pixels'}"
    return PERTURBED.format(
        kinds=kinds, also=also, whom=whom, draws=settings["draws"], amount=amount
    )


def asked_of_volumes(rows: pd.DataFrame, profile: VolumeProfile) -> str:
    """Say what was asked over volumes, of that which was asked at all.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row``, without errors.
    profile : VolumeProfile
        Of all of them.
    """
    if profile is VolumeProfile.CVPR25_3D:
        boxes = rows["setting"].eq(BOX_SETTING)
        last = int(rows.loc[~boxes, "step"].max()) if (~boxes).any() else 0
        parts = ["a box on the middle slice"] if boxes.any() else []
        parts += [f"up to {last} click{'s' * (last != 1)}"] if last else []
        return (
            f"by {' and '.join(parts)}, as in the CVPR 2025 challenge on interactive "
            "3D segmentation"
        )
    words = [str(name).split("_") for name in rows["setting"].unique()]
    kinds = [said for kind, said in KINDS.items() if any(kind in one for one in words)]
    several = [PromptedSlices.THREE in one for one in words]
    slices = ["one slice"] * (not all(several)) + ["up to three slices"] * any(several)
    return (
        f"on {' or '.join(slices)} by {' or '.join(kinds)}, after the study of SAM 2 "
        "by Dong et al. (2024), and the model followed the object through the volume"
    )
