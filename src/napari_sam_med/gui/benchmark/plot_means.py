"""Means for the plot, kept up to date while rows come in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.gui.benchmark.views.benchmark_values import (
    ANY_SELECTION,
    Curve,
    ResultRow,
)

MODE = "mode"
CLICKS = "clicks"
Key = tuple[str, str, int, str, str]  # selection, model, step, class, unit


class CurveSums:
    """Sums of IoU by selection, model, step, class and unit.

    A mean climbs the ladder of the report: cases of a patient (under the published
    profiles each slice by itself), then patients of a class, then classes, so that
    neither a tall organ nor a frequent one outvotes another.
    """

    def __init__(self) -> None:
        self._sums: dict[str, dict[Key, list[float]]] = {MODE: {}, CLICKS: {}}

    def add(self, rows: Iterable[ResultRow]) -> None:
        """Count rows in; those with an error are left out."""
        for row in rows:
            if row["error"]:
                continue
            kind, step = _step(row)
            if kind not in self._sums:
                continue
            strict = row.get("profile") == Profile.STRICT
            unit = str(row.get("patient" if strict else "case_id", ""))
            key = (row["selection"], row["model"], step, str(row["label_name"]), unit)
            entry = self._sums[kind].setdefault(key, [0.0, 0.0])
            entry[0] += float(row["iou"])
            entry[1] += 1

    def modes(self, selection: str) -> list[Curve]:
        """Mean IoU of each model by mode, for one selection rule or for all rows."""
        return self._curves(MODE, selection)

    def clicks(self, selection: str) -> list[Curve]:
        """Mean IoU of each model by number of clicks."""
        return self._curves(CLICKS, selection)

    def _curves(self, kind: str, selection: str) -> list[Curve]:
        pooled: dict[tuple[str, int, str, str], list[float]] = {}
        for key, (total, n) in self._sums[kind].items():
            rule, model, step, label, unit = key
            if selection in (ANY_SELECTION, rule):
                entry = pooled.setdefault((model, step, label, unit), [0.0, 0.0])
                entry[0] += total
                entry[1] += n
        by_class: dict[tuple[str, int, str], list[float]] = defaultdict(list)
        for (model, step, label, _), (total, n) in pooled.items():
            by_class[model, step, label].append(total / n)
        by_step: dict[str, dict[int, list[float]]] = defaultdict(dict)
        for (model, step, _), means in by_class.items():
            mean = sum(means) / len(means)
            by_step[model].setdefault(step, []).append(mean)
        return [_curve(model, steps) for model, steps in by_step.items()]


def _step(row: ResultRow) -> tuple[str, int]:
    """Kind of the setting, and the mode's number or the number of clicks."""
    setting = str(row["setting"])
    if setting.startswith(MODE):
        return MODE, int(setting.removeprefix(MODE))
    return setting, int(row["step"])


def _curve(model: str, steps: dict[int, list[float]]) -> Curve:
    order = sorted(steps)
    means = tuple(sum(steps[s]) / len(steps[s]) for s in order)
    return Curve(model, tuple(order), means)
