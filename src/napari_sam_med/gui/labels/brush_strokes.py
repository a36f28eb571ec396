"""Brush, fill and eraser of napari, as steps of the session's history."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from napari.layers import Labels

from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.session.labelling.label_edits import LabelEdit


class BrushStrokes:
    """Finds what a person drew into a Labels layer since the last look.

    It keeps a second copy of the layer's array, since napari says of a stroke only that
    there was one.
    """

    def __init__(self) -> None:
        self._known: npt.NDArray[np.integer] | None = None
        self._place = ""

    def watch(self, layer: Labels | None) -> None:
        """Take a layer's labels as they are, or those of none."""
        self._known, self._place = None, ""
        if layer is not None and isinstance(layer.data, np.ndarray):
            self._known, self._place = layer.data.copy(), place_of(layer)

    def note(self, layer: Labels, edit: LabelEdit) -> None:
        """Take over an edit that the session made itself."""
        if self._known is None or self._place != place_of(layer):
            return
        if self._known.dtype != layer.data.dtype:
            self._known = self._known.astype(layer.data.dtype)
        if self._known.shape == layer.data.shape and edit.count:
            self._known[edit.box] = layer.data[edit.box]

    def stroke(self, layer: Labels, locked: Iterable[int]) -> tuple[LabelEdit, int]:
        """Find what was drawn, and take back what was drawn on locked objects.

        Parameters
        ----------
        layer : Labels
            The layer that is watched.
        locked : iterable of int
            Labels that neither lose nor gain voxels.

        Returns
        -------
        LabelEdit
            What stays drawn; its count is 0 if there is nothing.
        int
            Number of voxels that were taken back.
        """
        old = self._known
        if old is None or old.shape != layer.data.shape:
            self.watch(layer)
            old = self._known if self._known is not None else layer.data
        new, shut = layer.data, list(locked)
        drawn = LabelEdit.between(place_of(layer), old, new, (0,) * new.ndim, new.shape)
        if drawn.count == 0:
            return drawn, 0
        was, now = old[drawn.box], new[drawn.box]
        wrong = (was != now) & (np.isin(was, shut) | np.isin(now, shut))
        if wrong.any():
            now[wrong] = was[wrong].astype(now.dtype)
            layer.refresh(extent=False)
            drawn = LabelEdit.between(place_of(layer), was, now, drawn.start, new.shape)
        self.note(layer, drawn)
        return drawn, int(wrong.sum())
