"""DICOM: images, series, time series and segmentations, read and written.

`elements` walks a file with bounds, `attributes` and `headers` give its header typed,
`frames` the place of each image in it, `stacks` and `times` their order, `pixels` their
values; `series` finds the files, `reading` puts all together, `segmentation` is the way
of labels in and out.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_sam_med.io.dicom.ct_series import write_ct_series
    from napari_sam_med.io.dicom.dicom_reading import (
        list_dicom_series,
        read_dicom,
        read_dicom_times,
    )
    from napari_sam_med.io.dicom.headers import starts_like_dicom
    from napari_sam_med.io.dicom.segmentation.segmentation_reading import (
        read_segmentation,
    )
    from napari_sam_med.io.dicom.segmentation.segmentation_writing import (
        write_segmentation,
    )

__all__ = [
    "list_dicom_series",
    "read_dicom",
    "read_dicom_times",
    "read_segmentation",
    "starts_like_dicom",
    "write_ct_series",
    "write_segmentation",
]
ORIGINS = {
    "list_dicom_series": "dicom_reading",
    "read_dicom": "dicom_reading",
    "read_dicom_times": "dicom_reading",
    "read_segmentation": "segmentation.segmentation_reading",
    "starts_like_dicom": "headers",
    "write_ct_series": "ct_series",
    "write_segmentation": "segmentation.segmentation_writing",
}
"""The module of each name: whoever opens a NIfTI file need not wait for pydicom."""


def __getattr__(name: str) -> Any:
    """Import a name on first use."""
    if name in ORIGINS:
        return getattr(import_module(f"{__name__}.{ORIGINS[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
