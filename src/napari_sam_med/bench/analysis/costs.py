"""What an answer costs: seconds, parameters, memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.analysis.between_models.told_apart import own_names
from napari_sam_med.bench.analysis.ladder import kept
from napari_sam_med.bench.protocol.clicking_group_runs import CLICK_CHAINS
from napari_sam_med.bench.protocol.people.recorded_runs import RECORDED_CLICKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

SLICE = ["run", "image", "axis", "slice"]
MIB = 2**20
BYTES = {"bf16": 2}
"""Of a parameter; 4 unless the precision says otherwise."""


def summarise_costs(
    rows: pd.DataFrame, manifests: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """Sum up what each model cost.

    Parameters
    ----------
    rows : pandas.DataFrame
        The columns of ``Row`` and ``run``.
    manifests : mapping of str to mapping
        Of the runs, as ``with_told_names`` gives them.

    Returns
    -------
    pandas.DataFrame
        By run, profile and model: ``parameters_m`` (millions), ``weights_mib`` (in the
        precision of the run), ``n_slices``, ``embed_s`` (median seconds to look at a
        slice), ``predict_s`` (median seconds for a prompt that was asked), ``device``,
        ``precision``
        and ``threads``, and ``peak_mib``, the most memory that the process of the run
        held, all of its models together. NaN or an empty text where it is not known.
    """
    import pandas as pd

    runs = {str(manifest["run"]): manifest for manifest in manifests.values()}
    own = own_names(manifests.values())
    good = kept(rows, rows["error"].eq(""))
    records = []
    for key, mine in good.groupby(["run", "profile", "model"], sort=True):
        run, _, model = (str(part) for part in key)
        slices = mine.drop_duplicates(SLICE)["seconds_embed"]
        # of clicks each selection is asked for itself, else all by one prompt
        chains = mine["setting"].isin([*CLICK_CHAINS, RECORDED_CLICKS])
        asked_by = mine["selection"].astype(str).where(chains, "")
        prompts = mine.assign(asked_by=asked_by).drop_duplicates(
            [*SLICE, "label", "setting", "step", "asked_by"]
        )
        # a click without an error left to click on repeats the last answer in 0 s
        asked = prompts["seconds_predict"].gt(0)
        timed = prompts.loc[asked, "seconds_predict"].median()
        known = _known(runs.get(run, {}), own.get(model, model))
        records.append((*key, *known[:2], len(slices), slices.median(), timed,
                        *known[2:]))  # fmt: skip
    columns = ["run", "profile", "model", "parameters_m", "weights_mib", "n_slices",
               "embed_s", "predict_s", "device", "precision", "threads",
               "peak_mib"]  # fmt: skip
    return pd.DataFrame.from_records(records, columns=columns)


def _known(manifest: Mapping[str, Any], model: str) -> tuple[object, ...]:
    """Read parameters, MiB of weights, device, precision, threads and peak MiB."""
    entry = manifest.get("models", {}).get(model, {})
    computed = entry.get("computed", {})
    nan = float("nan")
    count = entry.get("parameters", nan)
    precision = str(computed.get("precision", ""))
    peak = manifest.get("machine", {}).get("peak_memory_bytes", 0)
    return (
        count / 1e6,
        count * BYTES.get(precision, 4) / MIB,
        str(computed.get("device", "")),
        precision,
        str(computed.get("threads", "")),
        peak / MIB if peak else nan,
    )
