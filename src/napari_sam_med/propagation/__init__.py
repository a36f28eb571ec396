"""From prompted slices to an object in a volume, with any model or none.

``propagate`` is the door: projection asks a model about each slice with what was found
on its neighbour (``projecting``); video models follow the object by themselves
(``video_tracking``); interpolation needs no model (``slice_interpolation``). Models are
known by their ports only: no torch, no Qt.
"""

from __future__ import annotations

from napari_sam_med.propagation.propagated_masks import (
    Origin,
    Propagation,
    SliceMask,
)
from napari_sam_med.propagation.propagation_settings import (
    PropagationSettings,
    StopRule,
)
from napari_sam_med.propagation.volume_propagation import (
    VolumeViews,
    gathered,
    iterate_propagation,
    propagate,
)

__all__ = [
    "Origin",
    "Propagation",
    "PropagationSettings",
    "SliceMask",
    "StopRule",
    "VolumeViews",
    "gathered",
    "iterate_propagation",
    "propagate",
]
