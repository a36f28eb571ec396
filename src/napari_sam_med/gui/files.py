"""What napari calls to open medical images and to save labels with their geometry.

Layers keep (z, y, x) and millimetres as their scale; origin and direction, which
napari's axes cannot show, travel in ``layer.metadata["geometry"]`` and come back when
labels are written. A single slice becomes a 2-D layer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import default_window
from napari_sam_med.errors import FileReadError, ImageError

LayerTuple = tuple[npt.NDArray[Any], dict[str, Any], str]
Reader = Callable[[str | Sequence[str]], list[LayerTuple]]

SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".dcm", ".dicom")
NAMES_FILE = "labels.json"
MAX_LABELS = 160
"""A label image has at most so many values; whole-body atlases have 117."""
_HINT = re.compile(r"label|seg|mask|truth", re.IGNORECASE)
_LARGEST = 65535
_DICOM_MARK_AT = 128


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """Say who reads a path: napari's reader command.

    Parameters
    ----------
    path : str or sequence of str
        Files, or folders with one DICOM series each.

    Returns
    -------
    callable or None
        Takes the path and returns napari's layer tuples; None if this is not ours.
    """
    paths = _as_paths(path)
    ours = [p for p in paths if _is_dicom_folder(p) or _has_suffix(p)]
    return read_layers if paths and len(ours) == len(paths) else None


def read_layers(path: str | Sequence[str]) -> list[LayerTuple]:
    """Read each path as an Image or a Labels layer.

    Parameters
    ----------
    path : str or sequence of str
        As ``get_reader`` accepts.

    Returns
    -------
    list of (array, arguments of the layer, ``"image"`` or ``"labels"``)
        Arrays are (Z, Y, X) or, for one slice, (Y, X); colour adds a last axis of 3.

    Raises
    ------
    FileReadError, ImageError, GeometryError
        As ``io.volumes.read_volume``.

    Notes
    -----
    A file is taken for labels if its name or its folder's name says label, seg, mask
    or truth and it holds at most 160 different whole numbers from 0. Names of labels
    come from ``labels.json`` in the same folder, such as ``{"1": "liver"}``.
    """
    from napari_sam_med.io.volumes import read_volume

    return [layer_from_volume(read_volume(each), each) for each in _as_paths(path)]


def layer_from_volume(volume: Volume, path: Path) -> LayerTuple:
    """Turn a volume that was read from ``path`` into napari's layer tuple.

    Parameters
    ----------
    volume : Volume
        (Z, Y, X) or (Z, Y, X, 3).
    path : Path
        Decides, with the values, between Image and Labels.

    Returns
    -------
    (array, arguments, kind)
        As ``read_layers``.
    """
    single = len(volume.array) == 1
    array = volume.array[0] if single else volume.array
    scale = volume.geometry.spacing_zyx
    arguments: dict[str, Any] = {
        "name": volume.name,
        "scale": scale[1:] if single else scale,
        "metadata": {
            "geometry": volume.geometry,
            "modality": volume.modality,
            "path": str(path),
        },
    }
    if looks_like_labels(volume, path):
        arguments["metadata"]["label_names"] = _label_names(path.parent)
        if not _HINT.search(volume.name):
            arguments["name"] = f"{volume.name} labels"
        whole = array if array.dtype.kind in "iu" else array.astype(np.int32)
        return whole, arguments, "labels"
    if volume.array.ndim == 4:
        return array, arguments | {"rgb": True}, "image"
    window = default_window(volume.array, volume.modality)
    return array, arguments | {"contrast_limits": (window.low, window.high)}, "image"


def looks_like_labels(volume: Volume, path: Path) -> bool:
    """Whether a file is a label image, by its name and its values.

    Parameters
    ----------
    volume : Volume
        What the file holds.
    path : Path
        The file; its own name and that of its folder are looked at.
    """
    named = _HINT.search(path.name) or _HINT.search(path.absolute().parent.name)
    return bool(named) and _has_few_whole_values(volume.array)


def write_labels_layer(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:
    """Save a Labels layer in its image's place: napari's writer command.

    Parameters
    ----------
    path : str
        Ends in .nii, .nii.gz, .nrrd or .mha. napari has asked before it replaces a
        file.
    data : (Z, Y, X) or (Y, X) integer
        The layer's labels.
    meta : mapping
        The layer's attributes; ``meta["metadata"]["geometry"]`` is used if it is
        there, else the layer's scale and translation in millimetres.

    Returns
    -------
    list of str
        The path that was written.

    Raises
    ------
    ImageError
        If the labels are not 2-D or 3-D, or negative.
    FileWriteError
        If the suffix is another, or the file cannot be written.
    """
    from napari_sam_med.io.export import write_labels

    labels = np.asarray(data)
    if labels.ndim not in (2, 3):
        msg = (
            f"labels of shape {labels.shape}; one slice or one volume can be saved, so "
            "save each time point of its own"
        )
        raise ImageError(msg)
    write_labels(Path(path), labels, geometry_from_layer(meta), overwrite=True)
    return [path]


def geometry_from_layer(meta: Mapping[str, Any]) -> Geometry:
    """Find out where a layer lies.

    Parameters
    ----------
    meta : mapping
        ``metadata``, ``scale`` and ``translate`` of a layer, in array order.

    Returns
    -------
    Geometry
        The one in the layer's metadata, else one with the layer's scale as spacing
        and its translation as origin, in millimetres and without rotation.

    Raises
    ------
    GeometryError
        If a scale is not positive.
    """
    stored = meta.get("metadata", {}).get("geometry")
    if isinstance(stored, Geometry):
        return stored
    spacing = _xyz(meta.get("scale", ()), missing=1.0)
    return Geometry(spacing, _xyz(meta.get("translate", ()), missing=0.0))


def _xyz(along: Sequence[float], *, missing: float) -> tuple[float, float, float]:
    """Turn (z, y, x) or (y, x) into (x, y, z)."""
    values = [float(v) for v in along][::-1]
    x, y, z = values + [missing] * (3 - len(values))
    return (x, y, z)


def _as_paths(path: str | Sequence[str]) -> list[Path]:
    return [Path(p) for p in ([path] if isinstance(path, str) else path)]


def _has_suffix(path: Path) -> bool:
    return not path.is_dir() and path.name.lower().endswith(SUFFIXES)


def _is_dicom_folder(path: Path) -> bool:
    return path.is_dir() and any(_is_dicom_file(file) for file in path.iterdir())


def _is_dicom_file(path: Path) -> bool:
    """By suffix, or by the mark after the preamble; scanners leave suffixes out."""
    if not path.is_file():
        return False
    if path.suffix.lower() in (".dcm", ".dicom", ".ima"):
        return True
    with path.open("rb") as file:
        return file.read(_DICOM_MARK_AT + 4)[_DICOM_MARK_AT:] == b"DICM"


def _label_names(folder: Path) -> dict[int, str]:
    path = folder / NAMES_FILE
    if not path.is_file():
        return {}
    try:
        stored = json.loads(path.read_text("utf-8"))
        return {int(label): str(name) for label, name in stored.items()}
    except (OSError, ValueError, AttributeError) as error:
        msg = f'{path} is no list of label names; write it as {{"1": "liver", ...}}'
        raise FileReadError(msg) from error


def _has_few_whole_values(array: npt.NDArray[Any]) -> bool:
    if array.ndim != 3 or array.min() < 0 or array.max() > _LARGEST:
        return False
    seen = np.zeros(_LARGEST + 1, dtype=bool)
    for plane in array:
        whole = plane.astype(np.int64)
        if not np.array_equal(whole, plane):
            return False
        seen[whole] = True
        if np.count_nonzero(seen) > MAX_LABELS:
            return False
    return True
