"""What makes a run that run: its manifest, and what differs between two of them."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.data.dataset_identity import dataset_id
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.run.processes.package_builds import (
    PACKAGE,
    library_versions,
    package_commit,
    package_hash,
)
from napari_sam_med.bench.run.processes.peak_memory import peak_memory_bytes
from napari_sam_med.bench.run.store.earlier_runs import names_data
from napari_sam_med.bench.run.store.stored_runs import FORMAT
from napari_sam_med.core.storage.plain_text import shown
from napari_sam_med.core.windows import MAXIMUM_RULE, WINDOW_RULE
from napari_sam_med.errors import RunError
from napari_sam_med.models.weight_files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from napari_sam_med.bench.data.labelled_volumes import VolumeSource
    from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
    from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
        VolumeSettings,
    )

IDENTITY = ("settings", "dataset", "data", "prompts_from")
"""What is compared value by value; files, weights and the version are too."""
MADE_WITH = ("versions", "package", "machine")
COMPUTED = ("device", "precision")
"""What a model's rows depend on beside its weights; threads are only recorded."""
SHOWN = 3
"""Differences that a refusal names; one is the rule."""


def manifest_of(
    source: VolumeSource,
    models: Sequence[ModelSpec],
    settings: RunSettings | VolumeSettings,
    prompts_from: str,
) -> dict[str, Any]:
    """Write down a run that begins.

    Parameters
    ----------
    source : VolumeSource
        The data; all of it is hashed.
    models : sequence of ModelSpec
        The models.
    settings : RunSettings or VolumeSettings
        What to do.
    prompts_from : str
        Where the prompts come from; empty if they are simulated.

    Returns
    -------
    dict
        Plain values, as JSON gives them back.
    """
    files = source.fingerprint()
    manifest = {
        "format": FORMAT,
        "settings": settings.to_json(),
        "seeds": {
            "published profiles": settings.seed,
            "strict": "from case (without its data set), class, step and seed",
            "perturbation, clicking groups": "as strict, clicking groups also by "
            "group, whatever the profile",
        },
        "window_rule": (
            MAXIMUM_RULE
            if settings.profile in (Profile.AS_RELEASED, Profile.AS_WRITTEN)
            else WINDOW_RULE
        ),
        "dataset": source.name,
        "dataset_id": dataset_id(source.name, files),
        "data": source.options(),
        "files": files,
        "prompts_from": prompts_from,
        "models": {choice.name: _entry_of(choice) for choice in models},
        "versions": {"python": platform.python_version(), **library_versions()},
        "package": {"commit": package_commit(), "sha256": package_hash()},
        "machine": {
            "system": platform.platform(),
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", ""),
        },
        "started": now(),
    }
    plain: dict[str, Any] = json.loads(json.dumps(manifest))
    return plain


def check_same(
    earlier: Mapping[str, Any], wanted: Mapping[str, Any], folder: Path
) -> None:
    """Refuse to go on with another run.

    Parameters
    ----------
    earlier, wanted : mapping
        Manifests: of the folder, and of what is asked.
    folder : Path
        For the message.

    Raises
    ------
    RunError
        If they differ in anything that decides about rows; it says in what.
    """
    if not names_data(earlier):
        msg = (
            f"{folder} holds a run of an earlier release, whose cases do not say which "
            "data they are of; it can be reported on, but give a new folder to go on"
        )
        raise RunError(msg)
    found = list(_differences(earlier, wanted))
    if found:
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        msg = (
            f"{folder} holds another run ({'; '.join(found[:SHOWN])}{more}); give a "
            "new folder, or the same data and settings to go on with it"
        )
        raise RunError(msg)


def going_on(
    earlier: Mapping[str, Any], wanted: Mapping[str, Any], models: dict[str, Any]
) -> dict[str, Any]:
    """Write down a run that goes on; how its earlier parts were made stays on record.

    Parameters
    ----------
    earlier, wanted : mapping
        Manifests: of the folder, and of what is asked.
    models : dict
        As ``joined_models`` gives them.

    Returns
    -------
    dict
        ``command`` is the one that began the run, ``commands`` are all that were given,
        ``earlier_parts`` the versions, package and machine of parts that were made with
        others than ``versions``, ``package`` and ``machine`` say.
    """
    peak = earlier.get("machine", {}).get("peak_memory_bytes")
    machine = dict(wanted.get("machine", {}))
    before = {
        name: earlier[name]
        for name in MADE_WITH
        if name in earlier and _lasting(earlier[name]) != _lasting(wanted.get(name))
    }
    if peak and "machine" not in before:
        machine["peak_memory_bytes"] = peak
    joined = {
        **wanted,
        "models": models,
        "machine": machine,
        "started": earlier["started"],
        "without_object": earlier.get("without_object", []),
    }
    given = [
        *earlier.get("commands", []),
        earlier.get("command"),
        wanted.get("command"),
    ]
    commands = [one for k, one in enumerate(given) if one and one not in given[:k]]
    if commands:
        joined = {"command": commands[0], "commands": commands, **_but(joined)}
    parts = [*earlier.get("earlier_parts", []), *([before] if before else [])]
    return {**joined, "earlier_parts": parts} if parts else joined


def _lasting(value: Any) -> Any:
    """Leave out what a part measured of itself."""
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if k != "peak_memory_bytes"}
    return value


def _but(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in manifest.items() if k not in ("command", "commands")}


def joined_models(
    earlier: Mapping[str, Any], models: Sequence[ModelSpec], folder: Path
) -> dict[str, Any]:
    """Join what is known of models; what an earlier part loaded stays on record.

    Parameters
    ----------
    earlier : mapping
        The models of the folder's manifest.
    models : sequence of ModelSpec
        Those of the run that goes on; some may be new.
    folder : Path
        For the message.

    Returns
    -------
    dict

    Raises
    ------
    RunError
        If a model had other weights, or was computed otherwise.
    """
    joined = dict(earlier)
    for choice in models:
        known = earlier.get(choice.name, {})
        if "sha256" not in known:
            joined[choice.name] = _entry_of(choice)
            continue
        if choice.weights is not None and sha256_of(choice.weights) != known["sha256"]:
            raise other_weights(choice.name, folder)
        before = known.get("computed", {})
        for what in (
            COMPUTED if before else ()
        ):  # the docks of earlier releases say none
            if before.get(what) != choice.computed.get(what):
                msg = (
                    f"{folder} holds another run ({what} of {choice.name} "
                    f"{_change(before.get(what), choice.computed.get(what))}); give a "
                    f"new folder, or the same {what} to go on with it"
                )
                raise RunError(msg)
        joined[choice.name] = {**_entry_of(choice), "sha256": known["sha256"]}
    return joined


def other_weights(name: str, folder: Path) -> RunError:
    """Build the error of a model that had other weights in the rows so far."""
    msg = (
        f"{name} has other weights than in the rows of {folder}; give another folder, "
        f"the weights of then to go on, or a name of its own with "
        f"--model {name.partition('@')[0]}@NAME=FILE"
    )
    return RunError(msg)


def with_peak_memory(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Note the most memory that this process held, beside what the machine is."""
    machine = dict(manifest.get("machine", {}))
    peak = max(peak_memory_bytes(), int(machine.get("peak_memory_bytes", 0)))
    return {**manifest, "machine": {**machine, "peak_memory_bytes": peak}}


def now() -> str:
    """Tell the time, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _entry_of(choice: ModelSpec) -> dict[str, Any]:
    entry = dict(choice.card)
    if choice.computed:
        entry["computed"] = dict(choice.computed)
    plain: dict[str, Any] = json.loads(json.dumps(entry))
    return plain


def _differences(
    earlier: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Iterator[str]:
    for key in IDENTITY:
        before, after = (dict(_leaves(m.get(key), key)) for m in (earlier, wanted))
        for name in dict.fromkeys([*before, *after]):
            if before.get(name) != after.get(name):
                yield f"{name} {_change(before.get(name), after.get(name))}"
    # earlier releases did not say which prompts these were
    given = [m.get("prompts_sha256") for m in (earlier, wanted)]
    if all(given) and len(set(given)) > 1:
        yield f"prompts_sha256 {_change(*given)}"
    old, new = (m.get("versions", {}).get(PACKAGE) for m in (earlier, wanted))
    if old != new:
        yield f"version of {PACKAGE} {_change(old, new)}"
    yield from _changed_files(earlier["files"], wanted["files"])


def _changed_files(
    earlier: Sequence[Mapping[str, str]], wanted: Sequence[Mapping[str, str]]
) -> Iterator[str]:
    if earlier == wanted:
        return
    # image and label may have one name: a hash each
    before, after = (
        {(file["name"], file["sha256"]) for file in files}
        for files in (earlier, wanted)
    )
    names_before, names_after = (
        {name for name, _ in files} for files in (before, after)
    )
    for name in sorted({name for name, _ in before ^ after}):
        if name not in names_before:
            yield f"files: {name} is new"
        elif name not in names_after:
            yield f"files: {name} is gone"
        else:
            old, new = (
                {sha for each, sha in one if each == name} for one in (before, after)
            )
            if new < old:
                yield f"files: {name} is gone among the images or the labels"
            elif old < new:
                yield f"files: {name} is new among the images or the labels"
            else:
                yield f"files: {name} has other content"
    if before == after:
        yield "files are in another order"


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """List plain values with the way to them, such as ``settings.clicks``."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}")
    else:
        yield name, value


def _change(before: Any, after: Any) -> str:
    return f"was {_said(before)} and is {_said(after)}"


def _said(value: Any) -> str:
    return "not said" if value is None else str(shown(value))
