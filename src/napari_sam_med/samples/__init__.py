"""Deterministic phantoms with their truth, and the files made of them.

The generators (``ct``, ``mr``, ``xray``, ``us``) need numpy and scipy only and paint
signed-distance shapes of ``shapes``. ``files`` writes them through ``io``, for which
this room stands above ``io``; ``layers`` offers them to napari.
"""

from __future__ import annotations

from napari_sam_med.samples.ct import ct_abdomen
from napari_sam_med.samples.mr import mr_head
from napari_sam_med.samples.sample import Sample
from napari_sam_med.samples.us import us_lesion
from napari_sam_med.samples.xray import xray_chest

__all__ = ["Sample", "ct_abdomen", "mr_head", "us_lesion", "xray_chest"]
