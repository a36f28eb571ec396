"""DICOM: images, series, time series and segmentations, read and written.

`elements` walks a file with bounds, `attributes` and `headers` give its header typed,
`frames` the place of each image in it, `stacks` and `times` their order, `pixels` their
values; `series` finds the files, `reading` puts all together, `segmentation` is the way
of labels in and out.
"""

from napari_sam_med.io.dicom.ct_series import write_ct_series
from napari_sam_med.io.dicom.headers import starts_like_dicom
from napari_sam_med.io.dicom.reading import (
    list_dicom_series,
    read_dicom,
    read_dicom_times,
)
from napari_sam_med.io.dicom.segmentation.reading import read_segmentation
from napari_sam_med.io.dicom.segmentation.writing import write_segmentation

__all__ = [
    "list_dicom_series",
    "read_dicom",
    "read_dicom_times",
    "read_segmentation",
    "starts_like_dicom",
    "write_ct_series",
    "write_segmentation",
]
