"""What the dock remembers from one session to the next."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated

from platformdirs import user_config_path
from pydantic import Field
from qtpy.QtCore import QSettings

from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.core.documents import OPEN, Document
from napari_sam_med.errors import FileReadError
from napari_sam_med.gui.views.benchmark_values import BenchmarkForm

KEY = "benchmark/form"
_Number = Annotated[int, Field(ge=0, le=2**31 - 1)]


@dataclass(frozen=True, slots=True)
class StoredForm:
    """See ``BenchmarkForm``; the last fields came later than the others."""

    __pydantic_config__ = OPEN

    models: tuple[str, ...]
    profile: Profile
    modes: bool
    clicks: _Number
    axis: Annotated[int, Field(ge=0, le=2)]
    folder: str
    everything: _Number = 0
    jitter: _Number = 0
    jitter_percent: _Number = 10


FORM = Document("the remembered form", StoredForm, "forget it")


def user_settings() -> QSettings:
    """Open the file in the user's configuration folder."""
    path = user_config_path("napari-sam-med", appauthor=False) / "docks.ini"
    return QSettings(str(path), QSettings.Format.IniFormat)


def remembered_form(settings: QSettings) -> BenchmarkForm:
    """Return the form as it was last used; damaged entries count as absent."""
    stored = settings.value(KEY, "")
    try:
        form = FORM.parse(stored if isinstance(stored, str) else "", KEY)
    except FileReadError:
        return BenchmarkForm(models=("nano",))
    return BenchmarkForm(**asdict(form))


def remember_form(settings: QSettings, form: BenchmarkForm) -> None:
    """Keep the form for next time."""
    settings.setValue(KEY, json.dumps(asdict(form)))
