"""What the table says of the objects of a Labels layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import is_

from napari.layers import Labels

from napari_sam_med.core.measures.label_statistics import MM3_PER_ML
from napari_sam_med.gui.labels.object_looks import colours_in
from napari_sam_med.gui.napari_io import LayerFrame, place_of
from napari_sam_med.gui.prompting.views.object_table import ObjectRow
from napari_sam_med.session.labelling.object_counts import Sizes
from napari_sam_med.session.objects import ObjectEntry, SessionState

Fields = tuple[int, str, tuple[int, int, int], int, float, float | None, bool]
"""Of an ``ObjectRow``, in its order."""


class ObjectRows:
    """Describes the objects of a layer; anew only where something has changed."""

    def __init__(self) -> None:
        self._known: tuple[tuple[object, ...], tuple[object, ...]] = ((), ())
        self._made: dict[Fields, ObjectRow] = {}
        self._rows: tuple[ObjectRow, ...] = ()

    def of(
        self,
        labels: Labels,
        state: SessionState,
        shown: Sequence[int],
        sizes: Sizes,
        seen: tuple[int, int | None],
    ) -> tuple[ObjectRow, ...]:
        """Describe objects.

        Parameters
        ----------
        labels : Labels
            The layer.
        state : SessionState
            Names, colours, locks and scores.
        shown : sequence of int
            Their labels.
        sizes : mapping of int to (int, int)
            Slices and voxels of each.
        seen : (axis, time)
            The orientation that slices are counted in, and the time point, of a layer
            that has several.
        """
        spacing = LayerFrame.of(labels).spacing_zyx
        same = (labels, labels.colormap, state.objects, state.sources)
        equal = (list(shown), sizes, seen, spacing)
        before = self._known
        is_known = before[1] == equal and all(map(is_, before[0], same))
        if not is_known:
            voxel_ml = math.prod(spacing) / MM3_PER_ML
            old = self._made
            self._made = {
                each: old.get(each) or ObjectRow(*each)
                for each in _fields(labels, state, shown, sizes, seen, voxel_ml)
            }
            self._rows = tuple(self._made.values())
            self._known = same, equal
        return self._rows


def _fields(
    labels: Labels,
    state: SessionState,
    shown: Sequence[int],
    sizes: Sizes,
    seen: tuple[int, int | None],
    voxel_ml: float,
) -> list[Fields]:
    place, scores = place_of(labels), dict[int, list[float]]()
    for key, source in state.sources.items():
        if (key.place, key.axis, key.time) == (place, *seen):
            scores.setdefault(key.label, []).append(source.score)
    lowest = {label: min(each) for label, each in scores.items()}
    entries = {k: entry for (at, k), entry in state.objects.items() if at == place}
    drawn, none = colours_in(labels.colormap, shown), ObjectEntry()
    found: list[Fields] = []
    for label in shown:
        entry = entries.get(label, none)
        slices, voxels = sizes.get(label, (0, 0))
        colour, volume = entry.colour or drawn[label], voxels * voxel_ml
        low = lowest.get(label)
        found.append((label, entry.name, colour, slices, volume, low, entry.is_locked))
    return found


def colour_of(labels: Labels, label: int) -> tuple[int, int, int] | None:
    """Give the colour that napari draws a label in, 0 to 255."""
    colour = labels.get_color(label)
    if colour is None:
        return None
    red, green, blue = (round(255 * float(part)) for part in colour[:3])
    return (red, green, blue)
