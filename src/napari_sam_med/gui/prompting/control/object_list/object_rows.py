"""What the table says of the objects of a Labels layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_sam_med.core.measures.label_statistics import MM3_PER_ML
from napari_sam_med.gui.napari_io import LayerFrame, place_of
from napari_sam_med.gui.prompting.views.object_table import ObjectRow
from napari_sam_med.session.histories.object_notes import ObjectNotes
from napari_sam_med.session.objects import ObjectEntry, SessionState

NAMES = "label_names"
GREY = (128, 128, 128)


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
    drawn = _mapped(labels.colormap, shown)
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


class ObjectLooks:
    """Brings names and colours of objects to the layers that hold them."""

    def __init__(self) -> None:
        self._names: dict[str, dict[int, str]] = {}
        """As they were seen last in each layer."""
        self._given: dict[str, dict[int, str]] = {}
        """Those of each layer that were given elsewhere."""
        self._colours: dict[str, tuple[object, dict[int, tuple[int, int, int]]]] = {}

    def learn(self, labels: Labels, notes: ObjectNotes) -> None:
        """Take over names that a file, a script or another dock has given."""
        place, names = place_of(labels), _names_in(labels)
        before = self._names.get(place, {})
        if names != before:
            changed = {
                label: names.get(label, "")
                for label in names.keys() | before.keys()
                if names.get(label) != before.get(label)
            }
            self._names[place] = names
            self._given.setdefault(place, {}).update(changed)
            notes.learn(place, changed)

    def shown(
        self, labels: Labels, state: SessionState, counted: Iterable[int]
    ) -> list[int]:
        """List labels that have voxels, or of which a person says something."""
        place = place_of(labels)
        given = self._given.get(place, {})
        said = {
            label
            for (where, label), entry in state.objects.items()
            if where == place and entry != ObjectEntry(given.get(label, ""))
        }
        return sorted({*counted, *said, state.label})

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
        drawn = labels.metadata.get(NAMES, {})
        # what others keep there, such as a name of the background, stays
        names = {key: name for key, name in drawn.items() if not _is_label(key)}
        names |= {k: each.name for k, each in entries.items() if each.name}
        if names != drawn:
            labels.metadata[NAMES] = names
            self._names[place] = _names_in(labels)
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
        wanted = _mapped(first, shown) | {k: own[k] for k in shown if k in own}
        if not own:
            labels.colormap = first
            del self._colours[place]
        elif wanted != drawn:
            labels.colormap = _direct(wanted)
            self._colours[place] = (first, wanted)


def _names_in(labels: Labels) -> dict[int, str]:
    names = labels.metadata.get(NAMES, {}).items()
    return {int(k): str(n) for k, n in names if _is_label(k) and n is not None}


def _is_label(key: object) -> bool:
    return isinstance(key, int | np.integer) and bool(key > 0)


def _mapped(colormap: object, labels: Sequence[int]) -> dict[int, tuple[int, int, int]]:
    """Ask for all colours at once: of 2,000 labels one by one napari takes 0.1 s."""
    asked = np.array(labels, dtype=np.int64)
    colours = np.asarray(colormap.map(asked))  # type: ignore[attr-defined]
    rgb = np.rint(255 * colours[:, :3].astype(np.float64)).astype(int).tolist()
    pairs = zip(labels, rgb, strict=True)
    return {label: (red, green, blue) for label, (red, green, blue) in pairs}


def _direct(colours: Mapping[int, tuple[int, int, int]]) -> DirectLabelColormap:
    table: dict[int | None, npt.NDArray[np.float32]] = {
        None: np.array([*np.divide(GREY, 255), 1.0], dtype=np.float32),
        0: np.zeros(4, dtype=np.float32),
    }
    for label, rgb in colours.items():
        table[label] = np.array([*np.divide(rgb, 255), 1.0], dtype=np.float32)
    return DirectLabelColormap(color_dict=table)
