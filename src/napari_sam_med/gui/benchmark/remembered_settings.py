"""What the dock remembers from one start to the next."""

from __future__ import annotations

from qtpy.QtCore import QSettings

from napari_sam_med.gui.benchmark.views.benchmark_values import BenchmarkForm
from napari_sam_med.gui.shared.widgets.forms import FormMemory

KEY = "benchmark/settings"
AT_FIRST = BenchmarkForm(models=("nano",))


def remembered_form(settings: QSettings) -> BenchmarkForm:
    """Return the form as it was last used; damaged entries count as absent."""
    return FormMemory(settings, KEY).recall(BenchmarkForm) or AT_FIRST


def remember_form(settings: QSettings, form: BenchmarkForm) -> None:
    """Keep the form for next time."""
    FormMemory(settings, KEY).keep(form)
