"""The settings that decide a run's numbers, and those that runs do not share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import SettingGroup
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CLICKS = frozenset({SettingGroup.CLICKS, SettingGroup.CLICKING_GROUPS})
PERTURBATION = frozenset({SettingGroup.PERTURBATION})
OF_GROUPS = {
    "clicks": CLICKS,
    "feed_back": CLICKS,
    "grids": frozenset({SettingGroup.EVERYTHING}),
    **dict.fromkeys(("draws", "jitter", "jitter_unit"), PERTURBATION),
}
"""Settings that count only where some of these prompts are simulated."""


def settings_that_count(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Give what decides a run's numbers, without what it had no use for.

    Parameters
    ----------
    manifest : mapping
        Of the run.
    """
    settings: Mapping[str, Any] = manifest["settings"]
    groups = {*settings.get("groups", ())}
    unused = {name for name, of in OF_GROUPS.items() if not of & groups}
    if settings.get("profile") == VolumeProfile.CVPR25_3D:
        unused |= {"choices", "kinds", "directions"}  # the challenge says which
    if not groups:
        unused.add("groups")
    if settings.get("profile") != Profile.STRICT:
        unused.add("feed_back")  # the others never give a mask back
    return {name: value for name, value in settings.items() if name not in unused}


COMPARABLE = ("profile", "groups", "choices", "kinds", "directions", "grids")
"""Settings by which rows are told apart anyway."""
OF_MODEL = ("precision",)


def differing_settings_note(manifests: Iterable[Mapping[str, Any]]) -> str:
    """Name the settings that runs set side by side do not share.

    Parameters
    ----------
    manifests : iterable of mapping
        Of the runs, and ``run``, the name of each.

    Returns
    -------
    str
        Two sentences; empty if rows of all runs were made alike.
    """
    told: dict[str, dict[str, list[str]]] = {}
    for manifest in manifests:
        known = {
            name: value
            for name, value in settings_that_count(manifest).items()
            if name not in COMPARABLE
        }
        for name in OF_MODEL:
            computed = [one.get("computed", {}) for one in manifest["models"].values()]
            values = {str(one[name]) for one in computed if one.get(name)}
            if values:
                known[name] = " and ".join(sorted(values))
        for name, value in known.items():
            runs = told.setdefault(name, {}).setdefault(str(value), [])
            runs.append(str(manifest["run"]))
    parts = [f"{name} ({_by_value(of)})" for name, of in told.items() if len(of) > 1]
    if not parts:
        return ""
    return (
        f"These runs were not made alike: {'; '.join(parts)}. What stands side by side "
        "or was joined from them may differ by that alone."
    )


def _by_value(runs_of: Mapping[str, Sequence[str]]) -> str:
    parts = (f"{value} in {' and '.join(runs)}" for value, runs in runs_of.items())
    return ", ".join(parts)
