"""The npz files of the CVPR 2025 challenge on interactive 3D segmentation."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.storage.atomic_files import replacing
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileReadError, FileWriteError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

NPZ = ".npz"
IMAGE, TRUTH, SPACING = "imgs", "gts", "spacing"
NUMBERS = "buif"


def read_challenge(path: Path) -> tuple[Volume, npt.NDArray[np.integer]]:
    """Read an image of the challenge with its truth.

    Parameters
    ----------
    path : Path
        An npz file with ``imgs``, ``gts`` and ``spacing``. Pickled parts, such as
        boxes and clicks, are not opened.

    Returns
    -------
    Volume, (Z, Y, X) integer
        The image, and the labels on it.

    Raises
    ------
    FileReadError
        If it is no such file, or a part is missing or of another shape.

    Notes
    -----
    ``spacing`` is x, y, z, as the challenge's scripts take it from SimpleITK.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            missing = [key for key in (IMAGE, TRUTH, SPACING) if key not in stored]
            if missing:
                raise _unusable(path, f"it has no {', '.join(missing)}")
            image, truth, spacing = stored[IMAGE], stored[TRUTH], stored[SPACING]
    except FileReadError:
        raise
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise _unusable(path, str(error)) from error
    spacing = np.asarray(spacing).ravel()
    if spacing.shape != (3,) or spacing.dtype.kind not in NUMBERS:
        raise _unusable(path, f"its spacing is {spacing.tolist()}")
    if (
        truth.dtype.kind not in "bui"
        or truth.ndim != 3
        or truth.shape != image.shape[:3]
    ):
        what = f"{TRUTH} are {truth.dtype} {truth.shape}, {IMAGE} {image.shape}"
        raise _unusable(path, what)
    x, y, z = (float(side) for side in spacing)
    volume = Volume(image, Geometry((x, y, z)), path.stem, files=(path,))
    return volume, truth.astype(np.uint8) if truth.dtype.kind == "b" else truth


def write_challenge_answer(
    path: Path, labels: npt.NDArray[np.integer], *, overwrite: bool = False
) -> None:
    """Write labels as the challenge wants answers.

    Parameters
    ----------
    path : Path
        Ends in .npz.
    labels : (Z, Y, X) integer
        Stored as ``segs``, in the smallest unsigned type that holds them.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    FileWriteError
        If the name ends otherwise, the file exists already or cannot be written.
    """
    if path.suffix.lower() != NPZ:
        msg = f"{path} is no npz file; give a name that ends {NPZ}"
        raise FileWriteError(msg)
    small = labels.astype(np.min_scalar_type(int(labels.max(initial=0))))
    with replacing(path, overwrite=overwrite) as part, part.open("wb") as file:
        np.savez_compressed(file, segs=small)


def _unusable(path: Path, reason: str) -> FileReadError:
    msg = (
        f"{path} is no file of the challenge ({reason}); give an npz file with "
        f"{IMAGE}, {TRUTH} and {SPACING}"
    )
    return FileReadError(msg)
