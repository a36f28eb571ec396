"""What the table says of the objects of a Labels layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from napari.layers import Labels

from napari_sam_med.core.measures.label_statistics import MM3_PER_ML
from napari_sam_med.gui.labels.object_looks import colours_in
from napari_sam_med.gui.napari_io import LayerFrame, place_of
from napari_sam_med.gui.prompting.views.object_table import ObjectRow
from napari_sam_med.session.objects import SessionState


def rows_of(
    labels: Labels,
    state: SessionState,
    shown: Sequence[int],
    counts: Mapping[int, npt.NDArray[np.int64]],
    seen: tuple[int, int | None],
) -> list[ObjectRow]:
    """Describe objects of a layer.

    Parameters
    ----------
    labels : Labels
        The layer.
    state : SessionState
        Names, colours, locks and scores.
    shown : sequence of int
        Their labels.
    counts : mapping of int to (n,) int64
        Voxels by slice.
    seen : (axis, time)
        The orientation that slices are counted in, and the time point, of a layer that
        has several.
    """
    place = place_of(labels)
    scores: dict[int, list[float]] = {}
    for key, source in state.sources.items():
        if (key.place, key.axis, key.time) == (place, *seen):
            scores.setdefault(key.label, []).append(source.score)
    voxel_ml = float(np.prod(LayerFrame.of(labels).spacing_zyx)) / MM3_PER_ML
    drawn = colours_in(labels.colormap, shown)
    rows = []
    for label in shown:
        entry = state.entry(place, label)
        own = counts.get(label, np.zeros(0, dtype=np.int64))
        rows.append(
            ObjectRow(
                label=label,
                name=entry.name,
                colour=entry.colour or drawn[label],
                slices=int((own > 0).sum()),
                volume_ml=float(own.sum()) * voxel_ml,
                lowest=min(scores.get(label, ()), default=None),
                is_locked=entry.is_locked,
            )
        )
    return rows


def colour_of(labels: Labels, label: int) -> tuple[int, int, int] | None:
    """Give the colour that napari draws a label in, 0 to 255."""
    colour = labels.get_color(label)
    if colour is None:
        return None
    red, green, blue = (round(255 * float(part)) for part in colour[:3])
    return (red, green, blue)
