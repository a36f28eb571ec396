"""The figures of Mazurowski et al. 2023, and the comparison of a run with them."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.analysis.between_models.told_apart import own_names
from napari_sam_med.bench.protocol.profiles import DEFAULT, Profile
from napari_sam_med.errors import FileReadError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

SOURCE = (
    "Mazurowski et al. 2023, Medical Image Analysis 89:102918, tables published with "
    "mazurowski-lab/segment-anything-medical-evaluation; SAM is ViT-H"
)

METHODS = {
    "sam_vit_h": "SAM",
    "ritm_h32": "RITM",
    "cfr_icl_vit_h": "SimpleClick",
    "focalclick_b3_s2": "FocalClick",
}
"""The models that the study measured; its SimpleClick is the checkpoint of CFR-ICL."""
KEY = ["task", "setting", "step", "selection"]
SAME, OTHER_RULES, OTHER_MODEL = "same model and rules", "other rules", "other model"
OTHER_WEIGHTS, STAND_IN = "other weights", "untrained placeholder weights"
UNKNOWN_WEIGHTS = "same name and rules, weights not known to be the same"
"""Of a model whose card has no published hash, or of which no hash was noted."""


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


def compare_with_published(
    summary: pd.DataFrame,
    floors: Collection[str] = (),
    manifests: Collection[Mapping[str, Any]] = (),
) -> pd.DataFrame:
    """Set a run's means beside the study's.

    Parameters
    ----------
    summary : pandas.DataFrame
        As ``summarise`` returns it, with the selections ``default`` and ``oracle``.
    floors : collection of str
        Models that the study has no like of; they are left out.
    manifests : collection of mapping
        Of the runs: they know the weights, and in ``told_as`` what their models are
        called where they are told apart.

    Returns
    -------
    pandas.DataFrame
        One row for each task that has the name of one of the study's, model, profile,
        setting, step and selection: ``mean``, the study's ``method`` and its value
        ``published``, their ``difference``, and ``match``, which says whether model,
        weights and rules are the study's own, as far as it is known. Its methods are
        set beside the models that it measured, SAM beside all others.
    """
    import pandas as pd

    ours = summary[~summary["model"].isin(list(floors))]
    own = own_names(manifests)
    named = [METHODS.get(own.get(model, model)) for model in ours["model"]]
    ours = ours.assign(method=[name or "SAM" for name in named])
    joined = ours[["model", "profile", *KEY, "method", "mean"]].merge(
        pd.concat([_modes_as_rows(), _clicks_as_rows()]), on=[*KEY, "method"]
    )
    match = [
        _match(str(model), str(profile), manifests)
        for model, profile in zip(joined["model"], joined["profile"], strict=True)
    ]
    difference = joined["mean"] - joined["published"]
    return joined.assign(difference=difference, match=match)


def _match(model: str, profile: str, manifests: Collection[Mapping[str, Any]]) -> str:
    """Say whether a model under a profile is what the study measured."""
    name = own_names(manifests).get(model, model)
    if name not in METHODS:
        return OTHER_MODEL
    mine = [
        one
        for one in manifests
        if name in one["models"]
        and one["settings"]["profile"] == profile
        and one.get("told_as", {}).get(name, model) == model
    ]
    told = {_weights(one["models"][name]) for one in mine} or {UNKNOWN_WEIGHTS}
    for other in (STAND_IN, OTHER_WEIGHTS):
        if other in told:
            return other
    # clicks that answered another model's errors are not those of the study
    again = any(one.get("prompts_from") for one in mine)
    if profile != Profile.AS_RELEASED or again:
        return OTHER_RULES
    return UNKNOWN_WEIGHTS if UNKNOWN_WEIGHTS in told else SAME


def _weights(entry: Mapping[str, Any]) -> str:
    """Compare what was loaded with what is published under a model's name."""
    if entry.get("stand_in", False):
        return STAND_IN
    loaded, published = entry.get("sha256"), entry.get("published_sha256")
    if not loaded or not published:
        return UNKNOWN_WEIGHTS
    known = (loaded, entry.get("source_sha256"))
    return SAME if published in known else OTHER_WEIGHTS


def _modes_as_rows() -> pd.DataFrame:
    modes = published_modes().rename(columns={"iou": "published"})
    setting = "mode" + modes["mode"].astype(str)
    named = modes.assign(setting=setting, step=1, method="SAM")
    return named[[*KEY, "method", "published"]]


def _clicks_as_rows() -> pd.DataFrame:
    clicks = published_clicks().rename(columns={"iou": "published", "clicks": "step"})
    oracle = clicks["method"].eq("SAM (oracle)")
    selection = oracle.map({True: "oracle", False: DEFAULT})
    method = clicks["method"].mask(oracle, "SAM")
    named = clicks.assign(setting="clicks", selection=selection, method=method)
    return named[[*KEY, "method", "published"]]


def _table(name: str, types: dict[str, type]) -> pd.DataFrame:
    import pandas as pd

    file = resources.files("napari_sam_med.bench.analysis") / "published" / name
    try:
        with file.open(encoding="utf-8") as stream:
            return pd.read_csv(stream, usecols=list(types), dtype=types)
    except (OSError, ValueError) as error:
        msg = f"{name} of this installation is damaged ({error}); install it again"
        raise FileReadError(msg) from error
