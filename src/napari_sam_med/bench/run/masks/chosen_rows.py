"""Which rows of a run are to become masks, and the settings they were made with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.protocol.profiles import DEFAULT, Profile, default_selection
from napari_sam_med.bench.protocol.result_rows import COLUMNS, Row
from napari_sam_med.bench.protocol.run_settings import RunSettings, SettingGroup
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    VolumeProfile,
    VolumeSettings,
)
from napari_sam_med.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from napari_sam_med.bench.run.store.run_store import RunStore

CLICKS = "clicks"
TEXTS = {field.name for field in fields(Row) if str(field.type) == "str"}
WHOLE_NUMBERS = {field.name for field in fields(Row) if str(field.type) == "int"}


@dataclass(frozen=True, slots=True)
class RowChoice:
    """Which answers of a run.

    Parameters
    ----------
    setting : str
        As rows name it; empty for that of the run with one: ``mode5``, or over volumes
        the first.
    step : int or None
        Number of the click; None for the last of each case, which may have fewer than
        others: so have a person's, and those of a run that had no more.
    selection : str
        As rows name it; empty for the profile's default mask.
    models : tuple of str
        Empty for all.
    """

    setting: str = ""
    step: int | None = None
    selection: str = ""
    models: tuple[str, ...] = ()


def chosen_rows(store: RunStore, choice: RowChoice) -> list[Row]:
    """Find the rows of a run that a choice names.

    Parameters
    ----------
    store : RunStore
        The run.
    choice : RowChoice
        Which.

    Returns
    -------
    list of Row
        In order of image, label, model and slice; no failures.

    Raises
    ------
    RunError
        If there is none; it says what the run has.
    FileReadError
        If the run cannot be read.
    """
    frame = store.rows()
    good = frame[frame["error"].eq("")]
    settings = list(dict.fromkeys(good["setting"]))
    setting = choice.setting or _usual_setting(settings)
    found = good[good["setting"].eq(setting)]
    if choice.models:
        found = found[found["model"].isin(choice.models)]
    if len(found):
        chains = found.groupby(["model", "case_id", "selection"], observed=True)["step"]
        last = chains.transform("max") if choice.step is None else choice.step
        found = found[found["step"].eq(last)]
        profile = str(good["profile"].iloc[0])
        found = _of_selection(found, profile, setting, choice)
    if found.empty:
        msg = (
            f"{store.folder} has no such answer; it has the settings "
            f"{', '.join(settings) or 'none'} of "
            f"{', '.join(sorted(set(good['model']))) or 'no model'}"
            f"{_answers_of(good[good['setting'].eq(setting)], setting)}"
        )
        raise RunError(msg)
    ordered = found.sort_values(["image", "label", "model", "slice"])
    return [row_from_record(record) for record in ordered.to_dict("records")]


def _answers_of(rows: pd.DataFrame, setting: str) -> str:
    """Tell the steps and the selections of a setting; nothing where it has no rows."""
    if rows.empty:
        return ""
    steps = ", ".join(str(step) for step in sorted(set(rows["step"])))
    selections = ", ".join(dict.fromkeys(str(each) for each in rows["selection"]))
    return f"; {setting} has the steps {steps} and the selections {selections}"


def settings_of(manifest: Mapping[str, Any]) -> RunSettings | VolumeSettings:
    """Rebuild the settings of a stored run.

    Parameters
    ----------
    manifest : mapping
        Of the run.

    Raises
    ------
    RunError
        If a value is not accepted any more.
    """
    stored = dict(manifest["settings"])
    kind: type[RunSettings | VolumeSettings] = RunSettings
    if stored["profile"] in list(VolumeProfile):
        kind = VolumeSettings
        stored["profile"] = VolumeProfile(stored["profile"])
    else:
        stored["profile"] = Profile(stored["profile"])
        stored["groups"] = tuple(SettingGroup(each) for each in stored["groups"])
    known = {field.name for field in fields(kind)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in stored.items()
        if name in known
    }
    return kind(**values)


def _usual_setting(settings: list[str]) -> str:
    usual = [name for name in ("mode5", CLICKS) if name in settings]
    return next(iter([*usual, *settings]), "")


def _of_selection(
    found: pd.DataFrame, profile: str, setting: str, choice: RowChoice
) -> pd.DataFrame:
    selection = choice.selection
    if not selection and profile in list(Profile):
        one_point = setting == "mode1"
        usual = str(default_selection(Profile(profile), one_point=one_point))
        selection = DEFAULT if found["selection"].eq(DEFAULT).any() else usual
    if not selection:
        return found
    wanted = found[found["selection"].eq(selection)]
    # a model with one mask offers it under every name but that of the chain
    others = found[~found["model"].isin(wanted["model"])]
    if choice.selection or others.empty:
        return wanted
    import pandas as pd

    return pd.concat([wanted, others.drop_duplicates(["case_id", "model"])])


def row_from_record(record: Mapping[str, Any]) -> Row:
    """Make a row of what a table holds of it; columns that are not ours are ignored.

    A column that the table lacks has the value of a row that says nothing of it.
    """
    values = {}
    for name in COLUMNS:
        if name not in record:
            continue
        value = record[name]
        if name in WHOLE_NUMBERS:
            value = int(value) if value == value else 0  # noqa: PLR0124 - NaN is absent
        elif name in TEXTS:
            value = "" if value is None else str(value)
        values[name] = value
    return Row(**values)
