"""What ITK does not say about a NIfTI file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nibabel
import numpy as np

from napari_sam_med.core.volumes import check_finite

if TYPE_CHECKING:
    from pathlib import Path

NIFTI = (".nii", ".nii.gz")


def check_finite_nifti(path: Path) -> None:
    """Refuse a NIfTI file with NaN or infinite voxels.

    Parameters
    ----------
    path : Path
        A readable NIfTI file.

    Raises
    ------
    ImageError
        If a voxel is NaN or infinite.

    Notes
    -----
    ITK's reader turns such voxels into 0 without a word (seen with SimpleITK 2.5.7), so
    they can only be found in the file itself.
    """
    image: Any = nibabel.load(path)  # typed as any file, with or without voxels
    stored = image.dataobj
    if stored.dtype.kind == "f":
        check_finite(np.asanyarray(stored.get_unscaled()), str(path))
