"""What the manifest of a stored run may hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from napari_sam_med.bench.protocol.profiles import Profile  # noqa: TC001
from napari_sam_med.bench.protocol.run_settings import SettingGroup  # noqa: TC001
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    VolumeProfile,  # noqa: TC001
)
from napari_sam_med.core.storage.documents import OPEN, Document

FORMAT = "napari-sam-med benchmark 1"


@dataclass(frozen=True, slots=True)
class StoredSettings:
    """What readers need of the settings; all of them are compared as they stand."""

    __pydantic_config__ = OPEN

    profile: Profile | VolumeProfile
    groups: list[SettingGroup]


@dataclass(frozen=True, slots=True)
class StoredModel:
    """What readers need of a model's entry."""

    __pydantic_config__ = OPEN

    sha256: str = ""
    stand_in: bool = False


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An image or label file of the run."""

    __pydantic_config__ = OPEN

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was run on what."""

    __pydantic_config__ = OPEN

    format: str
    settings: StoredSettings
    files: list[StoredFile]
    models: dict[str, StoredModel]
    versions: dict[str, str]
    started: str
    finished: str = ""
    dataset: str = ""
    dataset_id: str = ""
    prompts_from: str = ""
    seeds: dict[str, Any] = field(default_factory=dict)


MANIFEST = Document(
    "a run's manifest", Manifest, "give the folder of a benchmark run", format=FORMAT
)
