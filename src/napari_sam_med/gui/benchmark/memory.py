"""What the dock remembers from one session to the next."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from platformdirs import user_config_path
from qtpy.QtCore import QSettings

from napari_sam_med.gui.views.benchmark_values import BenchmarkForm

KEY = "benchmark/form"


def user_settings() -> QSettings:
    """Open the file in the user's configuration folder."""
    path = user_config_path("napari-sam-med", appauthor=False) / "docks.ini"
    return QSettings(str(path), QSettings.Format.IniFormat)


def remembered_form(settings: QSettings) -> BenchmarkForm:
    """Return the form as it was last used; damaged entries count as absent."""
    stored = settings.value(KEY, "")
    try:
        return _form(json.loads(stored))
    except (TypeError, ValueError, KeyError):
        return BenchmarkForm(models=("nano",))


def remember_form(settings: QSettings, form: BenchmarkForm) -> None:
    """Keep the form for next time."""
    settings.setValue(KEY, json.dumps(asdict(form)))


def _form(stored: dict[str, Any]) -> BenchmarkForm:
    return BenchmarkForm(
        models=tuple(str(name) for name in stored["models"]),
        profile=str(stored["profile"]),
        modes=bool(stored["modes"]),
        clicks=int(stored["clicks"]),
        axis=int(stored["axis"]) % 3,
        folder=str(stored["folder"]),
        everything=int(stored.get("everything", 0)),
        jitter=int(stored.get("jitter", 0)),
        jitter_percent=int(stored.get("jitter_percent", 10)),
    )
