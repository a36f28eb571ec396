"""How models saw the images and were asked again, in words, as the run recorded it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.data.dataset_identity import image_of_case
from napari_sam_med.bench.protocol.clicking_group_runs import CLICK_CHAINS
from napari_sam_med.bench.protocol.people.recorded_runs import RECORDED_CLICKS
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import SettingGroup
from napari_sam_med.models.loading import REFINING_FAMILIES, ZOOMING_FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

PUBLISHED = [Profile.AS_RELEASED, Profile.AS_WRITTEN]
LISTED_WINDOWS = 3
"""More are told by their ends: phantoms and scanners of one kind have a few windows."""
CROPS = (
    "{who} looked at crops: at a wide and a close one round a box{mask}, else first at "
    "the whole slice and then{small} at crops round what was found there{click}. The "
    "logits of these looks were averaged."
)
ROUND_MASK = " or round the mask that a click corrects"
ROUND_CLICK = (
    "; a detail that a click changed was looked at once more in a crop of its own"
)
MERGED = (
    "From click {first} on, {who} changed the earlier mask only in the part that the "
    "click lies in."
)
JOINED = (
    "; of {count} the masks of several prompts were joined, and while they were, none "
    "was given back"
)
MIRRORED = (
    "{who} did each look at the image and its mirror image, and where it was given no "
    "earlier mask it was asked again with its own first answer."
)
LIMITED = (
    "Masks of {who} end at the box where one was given, unless a click on the object "
    "lies outside it."
)
SMALL = {"on": "", "auto": ", where the object proved small,"}
"""By zoom."""
WHOLE = "{who} (zoom off) looked once, at the whole slice."
REFINED = "{who} answered with its second, refining network."
UNREFINED = "{who} answered without its second, refining network."
UNRECORDED = "Whether {who} looked at crops was not recorded."


@dataclass(frozen=True, slots=True)
class _SeenBy:
    """A model of a run, its family, and its ``zoom`` as the rows have it."""

    model: str
    family: str
    zoom: str
    fed_clicks: int = 0
    """How many clicks on an object came with the mask that they correct, at most."""


def model_views(
    rows: pd.DataFrame, manifests: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Say through what window models saw images, whole or in crops, and with what mask.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row`` and ``run``; floors over volumes, which see no image,
        have no entry with a family.
    manifests : mapping of str to mapping
        Of the runs, as ``with_told_names`` gives them.

    Returns
    -------
    list of str
        Sentences. What a run of an earlier release did not record is said to be so.
    """
    good = rows[rows["error"].eq("")]
    return [
        *_windows(good, manifests),
        *_crops(good, manifests),
        *_fed_back(good, manifests),
    ]


def _windows(
    rows: pd.DataFrame, manifests: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    published = rows["profile"].isin(PUBLISHED)
    said = []
    if published.any():
        names = " and ".join(
            sorted(str(n) for n in rows.loc[published, "profile"].unique())
        )
        under = f" under {names}" if not published.all() else ""
        said.append(
            "For 8-bit grey the intensities of each slice were divided by its "
            f"maximum{under}."
        )
    if not published.all():
        said.append(_windowed(rows[~published], manifests))
    return said


def _windowed(rows: pd.DataFrame, manifests: Mapping[str, Mapping[str, Any]]) -> str:
    """Tell the windows of the images of rows; floors over volumes saw none."""
    runs = {str(one["run"]): one for one in manifests.values()}
    seen = rows[["case_id", "image", "run", "window_low", "window_high"]]
    windows: dict[str, set[tuple[float, float]]] = {}
    for case, image, run, low, high in seen.drop_duplicates().itertuples(index=False):
        found = windows.setdefault(image_of_case(str(case)), set())
        if low < high:
            found.add((float(low), float(high)))
        elif given := _given_window(runs[str(run)], str(image)):
            found.add(given)
    counts: dict[tuple[float, float], int] = {}
    for found in windows.values():
        for window in found:
            counts[window] = counts.get(window, 0) + 1
    unknown = sum(not found for found in windows.values())
    if not counts:
        return "The intensity window that the models saw was not recorded."
    known = {str(runs[str(run)].get("window_rule", "")) for run in rows["run"].unique()}
    rule = f" ({known.pop()})" if len(known) == 1 and known != {""} else ""
    lacking = f"; of {_images(unknown)} it was not recorded" if unknown else ""
    return (
        f"Models saw 8-bit grey through one intensity window for each image{rule}: "
        f"{_ends(counts, alone=not unknown)}{lacking}."
    )


def _ends(counts: Mapping[tuple[float, float], int], *, alone: bool) -> str:
    """Tell windows, each with its images, or of many from where to where they reach."""
    if len(counts) > LISTED_WINDOWS:
        lows, highs = zip(*counts, strict=True)
        return (
            f"black at {_from_to(lows)} and white at {_from_to(highs)}, in each "
            "image's own unit"
        )
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    several = len(counts) > 1 or not alone
    return ", ".join(
        f"{low:g} (black) to {high:g} (white)"
        + (f" in {_images(count)}" if several else "")
        for (low, high), count in ordered
    )


def _from_to(ends: Sequence[float]) -> str:
    low, high = min(ends), max(ends)
    return f"{low:g} to {high:g}" if low < high else f"{low:g}"


def _given_window(
    manifest: Mapping[str, Any], image: str
) -> tuple[float, float] | None:
    """Look up a window that a dock was given; earlier releases noted no other."""
    pair = manifest.get("data", {}).get("pairs", {}).get(image, {})
    low, high = pair.get("window") or (0.0, 0.0)
    return (float(low), float(high)) if low < high else None


def _images(count: int) -> str:
    return f"{count:,} image{'s' * (count != 1)}"


def _looks(
    rows: pd.DataFrame, manifests: Mapping[str, Mapping[str, Any]]
) -> list[_SeenBy]:
    runs = {str(one["run"]): one for one in manifests.values()}
    found = rows[["run", "model", "zoom"]].drop_duplicates()
    looks: dict[tuple[str, str, str], _SeenBy] = {}
    for run, model, zoom in found.itertuples(index=False):
        entry = _entry(runs[str(run)], str(model))
        told = (zoom if isinstance(zoom, str) else "", str(model))
        mine = rows[rows["run"].eq(run) & rows["model"].eq(model)]
        key = (*told, str(entry.get("family", "")))
        before = looks[key].fed_clicks if key in looks else 0
        fed = max(before, _fed_clicks(mine, runs[str(run)], entry))
        looks[key] = _SeenBy(told[1], key[2], told[0], fed)
    return [looks[key] for key in sorted(looks)]


def _fed_clicks(
    rows: pd.DataFrame, manifest: Mapping[str, Any], entry: Mapping[str, Any]
) -> int:
    """Count clicks of a chain; 0 if no mask went back with them.

    Where a run did not record whether one did, it may have.
    """
    settings, kinds = manifest["settings"], entry.get("prompts")
    takes = kinds is None or "masks" in kinds
    is_fed = settings["profile"] == Profile.STRICT and settings.get("feed_back", True)
    steps = rows.loc[rows["setting"].isin([*CLICK_CHAINS, RECORDED_CLICKS]), "step"]
    return int(steps.max()) if takes and is_fed and steps.gt(1).any() else 0


def _entry(manifest: Mapping[str, Any], model: str) -> Mapping[str, Any]:
    """Look up a model by the name that a report tells it by."""
    told = manifest.get("told_as", {})
    entries: Mapping[str, Mapping[str, Any]] = manifest["models"]
    return next(
        (entry for name, entry in entries.items() if told.get(name, name) == model), {}
    )


def _crops(rows: pd.DataFrame, manifests: Mapping[str, Mapping[str, Any]]) -> list[str]:
    grid = rows["setting"].eq(SettingGroup.EVERYTHING)
    looks = _looks(rows[~grid], manifests)
    own = [one for one in looks if one.family in REFINING_FAMILIES]
    others = [one for one in looks if one not in own]
    cropped = [one for one in others if one.zoom in SMALL]
    said = [
        CROPS.format(
            who=_names(here, f"zoom {zoom}"),
            small=small,
            mask=ROUND_MASK * corrects,
            click=ROUND_CLICK * corrects,
        )
        for zoom, small in SMALL.items()
        for corrects in (True, False)
        if (
            here := [
                one
                for one in cropped
                if (one.zoom, one.fed_clicks > 0) == (zoom, corrects)
            ]
        )
    ]
    said += _merged(cropped)
    mirrored = [one for one in cropped if one.family == "nano"]
    if mirrored:
        said += [each.format(who=_names(mirrored)) for each in (MIRRORED, LIMITED)]
    if cropped and grid.any():
        said.append("For the grid of points each looked at the whole slice alone.")
    can = [one for one in others if one.family in ZOOMING_FAMILIES]
    return said + [
        sentence.format(who=_names(here))
        for sentence, here in (
            (WHOLE, [one for one in can if one.zoom == "off"]),
            (REFINED, [one for one in own if one.zoom == "on"]),
            (UNREFINED, [one for one in own if one.zoom == "off"]),
            (UNRECORDED, [one for one in (*can, *own) if not one.zoom]),
        )
        if here
    ]


def _merged(looks: Sequence[_SeenBy]) -> list[str]:
    from napari_sam_med.models.wrappers.progressive_merge import FIRST_MERGED

    late = [one for one in looks if one.fed_clicks >= FIRST_MERGED]
    return [MERGED.format(first=FIRST_MERGED, who=_names(late))] * bool(late)


def _names(looks: Iterable[_SeenBy], more: str = "") -> str:
    names = " and ".join(dict.fromkeys(one.model for one in looks))
    return f"{names} ({more})" if more else names


def _fed_back(
    rows: pd.DataFrame, manifests: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Say for each run with several clicks on an object whether masks went back."""
    clicks = rows[rows["setting"].isin([*CLICK_CHAINS, RECORDED_CLICKS])]
    by_saying: dict[str, list[str]] = {}
    for one in manifests.values():
        mine = clicks[clicks["run"].eq(one["run"])]
        if not mine["step"].gt(1).any():
            continue
        by_saying.setdefault(_fed_back_in(mine, one), []).append(str(one["run"]))
    if len(by_saying) == 1:
        return [f"{next(iter(by_saying))}."]
    return [f"{said} (in {' and '.join(runs)})." for said, runs in by_saying.items()]


def _fed_back_in(clicks: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    strict = manifest["settings"]["profile"] == Profile.STRICT
    fed = manifest["settings"].get("feed_back") if strict else False
    if fed is None:
        return (
            "Whether masks were given back to the models with clicks was not recorded"
        )
    models = sorted(str(name) for name in clicks["model"].unique())
    told = {name: _entry(manifest, name).get("prompts") for name in models}
    taking = [name for name, kinds in told.items() if kinds is None or "masks" in kinds]
    if not fed or not taking:
        return "No earlier mask was given back to the models with a click"
    whom = " and ".join(taking)
    if None in told.values():
        whom = "the models that take masks"
    elif len(taking) < len(models):
        whom += " alone"
    joined = int(manifest.get("joined_objects", 0))
    count = f"{joined} object{'s' * (joined != 1)}"
    return (
        "With each click the logits of the mask that it corrects were given back to "
        f"{whom}{JOINED.format(count=count) if joined else ''}"
    )
