"""What the table says of the objects of a Labels layer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_sam_med.core.measures.label_statistics import MM3_PER_ML
from napari_sam_med.gui.napari_io import LayerFrame, place_of
from napari_sam_med.gui.prompting.views.object_table import ObjectRow
from napari_sam_med.session.objects import SessionState

NAMES = "label_names"
GREY = (128, 128, 128)


def rows_of(
    labels: Labels | None,
    state: SessionState,
    counts: Mapping[int, npt.NDArray[np.int64]],
    seen: tuple[int, int | None],
) -> list[ObjectRow]:
    """Describe the objects of a layer, and the one that is worked on.

    Parameters
    ----------
    labels : Labels or None
        The layer; None if it is still to be made.
    state : SessionState
        Names, colours, locks and scores.
    counts : mapping of int to (n,) int64
        Voxels by slice.
    seen : (axis, time)
        The orientation that slices are counted in, and the time point, of a layer that
        has several.
    """
    if labels is None:
        return []
    place = place_of(labels)
    known = {label for where, label in state.objects if where == place}
    voxel_ml = float(np.prod(LayerFrame.of(labels).spacing_zyx)) / MM3_PER_ML
    rows = []
    for label in sorted({*counts, *known, state.label}):
        entry = state.entry(place, label)
        own = counts.get(label, np.zeros(0, dtype=np.int64))
        scores = [
            source.score
            for key, source in state.sources.items()
            if (key.place, key.label) == (place, label) and (key.axis, key.time) == seen
        ]
        rows.append(
            ObjectRow(
                label=label,
                name=str(labels.metadata.get(NAMES, {}).get(label, "")),
                colour=entry.colour or colour_of(labels, label) or GREY,
                slices=int((own > 0).sum()),
                volume_ml=float(own.sum()) * voxel_ml,
                lowest=min(scores, default=None),
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


class ObjectLooks:
    """Brings names and colours of objects to the layers that hold them."""

    def __init__(self) -> None:
        self._names: dict[str, dict[int, str]] = {}
        self._colours: dict[str, tuple[object, dict[int, tuple[int, int, int]]]] = {}

    def follow(self, labels: Labels, state: SessionState, shown: list[int]) -> None:
        """Bring one layer up to date.

        Parameters
        ----------
        labels : Labels
            The layer.
        state : SessionState
            What is said of objects.
        shown : list of int
            Labels that need a colour.
        """
        place = place_of(labels)
        entries = {
            label: entry
            for (where, label), entry in state.objects.items()
            if where == place
        }
        first = self._names.setdefault(place, dict(labels.metadata.get(NAMES, {})))
        names = first | {k: each.name for k, each in entries.items() if each.name}
        if names != labels.metadata.get(NAMES, {}):
            labels.metadata[NAMES] = names
        own = {k: e.colour for k, e in entries.items() if e.colour is not None}
        self._colour(labels, own, shown)

    def _colour(
        self, labels: Labels, own: dict[int, tuple[int, int, int]], shown: list[int]
    ) -> None:
        place = place_of(labels)
        if place not in self._colours:
            if not own:
                return
            self._colours[place] = (labels.colormap, {})
        first, drawn = self._colours[place]
        wanted = {label: own.get(label) or _mapped(first, label) for label in shown}
        if not own:
            labels.colormap = first
            del self._colours[place]
        elif wanted != drawn:
            labels.colormap = _direct(wanted)
            self._colours[place] = (first, wanted)


def _mapped(colormap: object, label: int) -> tuple[int, int, int]:
    colours = np.atleast_2d(np.asarray(colormap.map(label)))  # type: ignore[attr-defined]
    red, green, blue = (round(255 * float(part)) for part in colours[0][:3])
    return (red, green, blue)


def _direct(colours: Mapping[int, tuple[int, int, int]]) -> DirectLabelColormap:
    table: dict[int | None, npt.NDArray[np.float32]] = {
        None: np.array([*np.divide(GREY, 255), 1.0], dtype=np.float32),
        0: np.zeros(4, dtype=np.float32),
    }
    for label, rgb in colours.items():
        table[label] = np.array([*np.divide(rgb, 255), 1.0], dtype=np.float32)
    return DirectLabelColormap(color_dict=table)
