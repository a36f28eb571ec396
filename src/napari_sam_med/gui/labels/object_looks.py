"""What is said of the objects of Labels layers, as the layers carry it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.layers import Labels
from napari.utils.colormaps import (
    CyclicLabelColormap,
    DirectLabelColormap,
    label_colormap,
)
from napari.utils.colormaps.colormap import LabelColormapBase

from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.session.histories.object_notes import ObjectNotes
from napari_sam_med.session.objects import ObjectEntry, SessionState

NAMES, COLOURS, LOCKS = "label_names", "label_colours", "locked_labels"
"""In a layer's metadata, which a duplicate takes over. Names may come from anywhere;
colours and locks are ours, and are read of a layer that is seen for the first time."""
GREY = (128, 128, 128)
Colour = tuple[int, int, int]
NONE = ObjectEntry()


class ObjectLooks:
    """Brings names, colours and locks to the layers that hold the objects, and back.

    The docks of all viewers share one, since viewers can share layers.
    """

    def __init__(self) -> None:
        self.notes = ObjectNotes()
        self._known: dict[str, dict[int, ObjectEntry]] = {}
        """What the metadata of each layer said when it was seen last."""
        self._given: dict[str, dict[int, ObjectEntry]] = {}
        """What was said of the objects of each layer elsewhere."""
        self._colours: dict[
            str, tuple[LabelColormapBase, LabelColormapBase | None, dict[int, Colour]]
        ] = {}
        """What each layer was drawn in first, and is now, and in which colours."""

    def learn(self, labels: Labels) -> None:
        """Take over what a layer was given by a file, a script, or by duplication.

        Of a layer that was seen before only names are: no script takes a lock away.
        """
        place, entries = place_of(labels), _entries_in(labels)
        before = self._known.get(place, {})
        if entries == before:
            self._known.setdefault(place, entries)
            return
        labelled = entries.keys() | before.keys()
        if place in self._known:
            names = {k: entries.get(k, NONE).name for k in labelled}
            entries = {k: replace(before.get(k, NONE), name=names[k]) for k in labelled}
        pairs = {k: (before.get(k, NONE), entries.get(k, NONE)) for k in labelled}
        changed = {k: (old, new) for k, (old, new) in pairs.items() if old != new}
        self._known[place] = {k: each for k, each in entries.items() if each != NONE}
        given = self._given.setdefault(place, {})
        given |= {k: new for k, (_, new) in changed.items()}
        self.notes.learn(place, changed)

    def shown(
        self, labels: Labels, state: SessionState, counted: Iterable[int]
    ) -> list[int]:
        """List labels that have voxels, or of which a person says something."""
        place = place_of(labels)
        given = self._given.get(place, {})
        said = {
            label
            for (where, label), entry in state.objects.items()
            if where == place and entry != given.get(label, NONE)
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
        own = {k: e.colour for k, e in entries.items() if e.colour is not None}
        self._colour(labels, own, shown)
        drawn = labels.metadata.get(NAMES, {})
        # what others keep there, such as a name of the background, stays
        names = {key: name for key, name in drawn.items() if not _is_label(key)}
        names |= {k: each.name for k, each in entries.items() if each.name}
        locked = sorted(k for k, each in entries.items() if each.is_locked)
        said = {NAMES: names, COLOURS: own, LOCKS: locked}
        old = labels.metadata
        changed = {
            k: each for k, each in said.items() if each != old.get(k, type(each)())
        }
        if changed:  # as a new whole, of which napari tells other docks
            labels.metadata = {**old, **changed}
            self._known[place] = _entries_in(labels)

    def _colour(self, labels: Labels, own: dict[int, Colour], shown: list[int]) -> None:
        place = place_of(labels)
        if place not in self._colours:
            if not own:
                return
            is_copy = any(each.colour for each in self._given.get(place, {}).values())
            # what a copy begins with is made of own colours, and grey for all others
            first = label_colormap() if is_copy else labels.colormap
            self._colours[place] = (first, None, {})
        first, given, drawn = self._colours[place]
        if given is not None and given is not labels.colormap:  # shuffled, or chosen
            first, drawn = labels.colormap, {}
        wanted = colours_in(first, shown) | {k: own[k] for k in shown if k in own}
        if not own:
            _give(labels, first)
            del self._colours[place]
        elif wanted != drawn:
            _give(labels, _direct(wanted))
            self._colours[place] = (first, labels.colormap, wanted)


def colours_in(colormap: LabelColormapBase, labels: Sequence[int]) -> dict[int, Colour]:
    """Give the colours of labels, whether napari shows the selected one alone or not.

    All are asked for at once: of 2,000 labels one by one napari takes 0.1 s.
    """
    if isinstance(colormap, DirectLabelColormap):
        table, other = colormap.color_dict, colormap.default_color
        colours = np.array([table.get(label, other) for label in labels])
    else:
        every = CyclicLabelColormap(
            colors=colormap.colors, background_value=colormap.background_value
        )
        colours = every.map(np.array(labels, dtype=np.int64))
    colours = colours.reshape(-1, 4)[:, :3].astype(np.float64)
    rgb = np.rint(255 * colours).astype(int).tolist()
    pairs = zip(labels, rgb, strict=True)
    return {label: (red, green, blue) for label, (red, green, blue) in pairs}


def said_of(labels: Labels) -> dict[str, Any]:
    """Give what a layer's metadata says of objects, for a copy of it."""
    keys = (NAMES, COLOURS, LOCKS)
    return {k: labels.metadata[k] for k in keys if k in labels.metadata}


def _entries_in(labels: Labels) -> dict[int, ObjectEntry]:
    """Read what a layer's metadata says; others may have put anything there."""
    names = labels.metadata.get(NAMES, {})
    said = {int(k): str(n) for k, n in names.items() if _is_label(k) and n is not None}
    entries = {k: ObjectEntry(name) for k, name in said.items() if name}
    for label, colour in labels.metadata.get(COLOURS, {}).items():
        entries[label] = replace(entries.get(label, NONE), colour=tuple(colour))
    for label in labels.metadata.get(LOCKS, ()):
        entries[label] = replace(entries.get(label, NONE), is_locked=True)
    return entries


def _is_label(key: object) -> bool:
    return isinstance(key, int | np.integer) and bool(key > 0)


def _give(labels: Labels, colormap: LabelColormapBase) -> None:
    """Draw a layer in other colours; its tick *show selected* counts for these too."""
    colormap.use_selection = labels.show_selected_label
    colormap.selection = labels.selected_label
    labels.colormap = colormap


class ObjectColours(DirectLabelColormap):
    """Colours of objects, brought to all 65,536 labels of 16 bits at once.

    napari goes through them one by one, which stops the window for 0.1 s with each
    colour that is given; should it ask otherwise, it does so again.
    """

    def _map_without_cache(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """napari: the colours of labels, whichever is selected."""
        known = sorted(self.color_dict.keys() - {None})
        labels = np.array(known, dtype=np.int64)
        colours = np.array([self.color_dict[label] for label in known])
        asked = np.asarray(values).astype(np.int64)
        at = np.searchsorted(labels, asked).clip(max=len(labels) - 1)
        is_known = (labels[at] == asked)[..., None]
        mapped = np.where(is_known, colours[at], self.default_color)
        return np.asarray(mapped, dtype=np.float32)


def _direct(colours: Mapping[int, Colour]) -> ObjectColours:
    """Give grey to all labels but these, filled in where napari checks no colour."""
    grey = np.array([*np.divide(GREY, 255), 1.0], dtype=np.float32)
    none = np.zeros(4, dtype=np.float32)
    colormap = ObjectColours(color_dict={None: grey, 0: none})
    rgba = np.ones((len(colours), 4), dtype=np.float32)
    rgba[:, :3] = np.divide(list(colours.values()), 255)
    colormap.color_dict.update(zip(colours, rgba, strict=True))
    return colormap
