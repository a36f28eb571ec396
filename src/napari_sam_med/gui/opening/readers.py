"""What napari calls to open medical images and label images.

Layers lie where their files say, in napari's world (z, y, x) and in millimetres: see
``gui.napari_io``. A single slice becomes a 2-D layer, several time points a 4-D one.
No name or number of a patient is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_sam_med.core.volumes import SeriesInfo, TimeSeries, Volume, slices_of
from napari_sam_med.core.windows import default_window
from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.gui.napari_io import LayerFrame, axes_of

LayerTuple = tuple[npt.NDArray[Any], dict[str, Any], str]
Reader = Callable[[str | Sequence[str]], list[LayerTuple]]

SEGMENTATION = "SEG"
MAX_LABELS = 160
"""A label image has at most so many values; whole-body atlases have 117."""
LIKELY_LABELS = 32
"""An image of no more whole numbers is likely a label image, whatever its name."""
LARGEST_LABEL = 65535
_HINT = re.compile(r"label|seg|mask|truth|(?<![a-z])(lab|gt)(?![a-z])", re.IGNORECASE)
LIKELY = "likely_labels"
"""In the metadata of an image that may be turned into labels."""
STORED_AS = "stored_as"
"""In the metadata of an image, its name by its file or folder and its array's shape,
by which a part of it is known, such as a time point that napari has split off."""
NOTHING: list[Any] = [(None,)]
"""How npe2 is told that a person asked for nothing after all."""


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """Say who reads a path.

    Parameters
    ----------
    path : str or sequence of str
        Files of any accepted format whatever their names, or folders with DICOM.

    Returns
    -------
    callable or None
        Takes the path and returns napari's layer tuples; None if this is not ours.
    """
    paths = _as_paths(path)
    return read_layers if paths and all(map(_is_ours, paths)) else None


def read_layers(path: str | Sequence[str]) -> list[LayerTuple]:
    """Read each path as Image or Labels layers.

    Parameters
    ----------
    path : str or sequence of str
        As ``get_reader`` accepts. Of several DICOM series a person chooses. All files
        of one series, as *Open Files as Stack* gives them, make one layer.

    Returns
    -------
    list of (array, arguments of the layer, ``"image"`` or ``"labels"``)
        Arrays are (Z, Y, X), for one slice (Y, X), for several time points
        (T, Z, Y, X); colour adds a last axis of 3.

    Raises
    ------
    FileReadError, ImageError, GeometryError
        As ``io.volumes.read_volume``, or if some of the files of a series are given.

    Notes
    -----
    A file is taken for labels if it is a DICOM-SEG or a segmentation of Slicer, if its
    header says so (see ``io.label_marks``), or if its name or its folder's name says
    label, lab, seg, mask, truth or gt and it holds at most 160 different whole numbers.
    Names of labels come from the segmentation, or from ``labels.json`` in the same
    folder or the one above.
    """
    from napari_sam_med.gui.opening.series_choice import chosen_series, whole_series

    paths = _as_paths(path)
    stacked = whole_series(paths)
    if stacked is not None:
        return [_layer_from_path(paths[0].parent, stacked)]
    layers: list[LayerTuple] = []
    for each in paths:
        series = chosen_series(each)
        several = len(series) > 1
        layers.extend(
            _layer_from_path(each, info, title=several) for info in series or (None,)
        )
    return layers or NOTHING


def layer_from_volume(
    volume: Volume | TimeSeries, path: Path, *, in_pixels: bool = False
) -> LayerTuple:
    """Turn an image that was read from ``path`` into napari's layer tuple.

    Parameters
    ----------
    volume : Volume or TimeSeries
        (Z, Y, X) or (Z, Y, X, 3), or (T, Z, Y, X).
    path : Path
        Where it was read from.
    in_pixels : bool
        A picture, which lies in no patient.

    Returns
    -------
    (array, arguments, kind)
        As ``read_layers``; the array is a view.
    """
    array, arguments = _placed(volume, path, in_pixels=in_pixels)
    arguments["name"] = volume.name
    arguments["metadata"][STORED_AS] = (volume.name, array.shape)
    if arguments.pop("rgb"):
        return array, arguments | {"rgb": True}, "image"
    window = default_window(volume.array, volume.modality)
    return array, arguments | {"contrast_limits": (window.low, window.high)}, "image"


def layer_from_labels(
    labels: Volume | TimeSeries,
    path: Path,
    names: Mapping[int, str],
    *,
    in_pixels: bool = False,
) -> LayerTuple:
    """Turn labels that were read from ``path`` into napari's layer tuple.

    Parameters
    ----------
    labels : Volume or TimeSeries
        (Z, Y, X) or (T, Z, Y, X) integer.
    path : Path
        Where it was read from.
    names : mapping of int to str
        Names of the labels.
    in_pixels : bool
        A picture, which lies in no patient.

    Returns
    -------
    (array, arguments, kind)
        As ``read_layers``; the array is a view.
    """
    array, arguments = _placed(labels, path, in_pixels=in_pixels)
    del arguments["rgb"]
    named = bool(_HINT.search(labels.name))
    arguments["name"] = labels.name if named else f"{labels.name} labels"
    arguments["metadata"]["label_names"] = dict(names)
    if names:
        arguments["features"] = {
            "index": [0, *names],
            "name": ["background", *names.values()],
        }
    return array, arguments, "labels"


def may_be_labels(path: Path) -> bool:
    """Whether a file's name, or that of its folder, speaks of labels."""
    named = _HINT.search(path.name) or _HINT.search(path.absolute().parent.name)
    return bool(named)


def has_few_values(labels: npt.NDArray[Any], most: int = MAX_LABELS) -> bool:
    """Whether an array of whole numbers has no more values than label images do."""
    seen = np.zeros(LARGEST_LABEL + 1, dtype=bool)
    for plane in slices_of(labels):
        if plane.size and not 0 <= int(plane.max()) <= LARGEST_LABEL:
            return False
        seen[plane] = True
        if np.count_nonzero(seen) > most:
            return False
    return True


def _layer_from_path(
    path: Path, info: SeriesInfo | None, *, title: bool = False
) -> LayerTuple:
    """Read one image or one series; with ``title`` it is called by its description."""
    from napari_sam_med.gui.shared.notes import tell_notes
    from napari_sam_med.io.volume_files import read_time_series

    uid = None if info is None else info.uid
    read = _labels_from(path, info)
    if read is None:
        series = read_time_series(path, series=uid)
        image = series if len(series.array) > 1 else series.at(0)
        if may_be_labels(path) and _are_labels(series, path):
            read = layer_from_labels(image, path, _names_for(path)), series.notes
        else:
            read = _image_from(image, path, series)
    layer, notes = read
    if title and info is not None:
        layer[1]["name"] = info.description or f"{layer[1]['name']} {info.modality}"
    tell_notes(notes)
    return layer


def _image_from(
    image: Volume | TimeSeries, path: Path, series: TimeSeries
) -> tuple[LayerTuple, Sequence[str]]:
    """Take it as an image; one that is likely a label image says so."""
    layer = layer_from_volume(image, path, in_pixels=_is_picture(path))
    if not _are_labels(series, path, LIKELY_LABELS):
        return layer, series.notes
    layer[1]["metadata"][LIKELY] = True
    offer = (
        f"{path.name} was opened as an image, but holds few different whole numbers, "
        'as label images do. If it is one, press "Turn into labels" in SAM Prompts, or '
        "choose that command in the palette"
    )
    return layer, (*series.notes, offer)


def _labels_from(
    path: Path, info: SeriesInfo | None
) -> tuple[LayerTuple, Sequence[str]] | None:
    """Read labels; None if the name or the values are those of an image."""
    from napari_sam_med.io.dicom import read_segmentation
    from napari_sam_med.io.label_marks import says_labels
    from napari_sam_med.io.volume_files import read_labels, read_volume

    if info is not None and info.modality == SEGMENTATION:
        files = read_volume(path, series=info.uid).files if path.is_dir() else (path,)
        labels, names = read_segmentation(files[0])
        return layer_from_labels(labels, path, names), labels.notes
    names = _names_in(path)
    is_marked = bool(names) or says_labels(path)
    if not is_marked and not may_be_labels(path):
        return None
    try:
        labels = read_labels(path, series=None if info is None else info.uid)
    except ImageError:
        return None  # if it is no image either, reading that will say why
    if not is_marked and not has_few_values(labels.array):
        return None
    names = names or _names_for(path)
    flat = _is_picture(path)
    return layer_from_labels(labels, path, names, in_pixels=flat), labels.notes


def _names_in(path: Path) -> dict[int, str]:
    """Names of the segments in a segmentation of Slicer's; none in any other file."""
    from napari_sam_med.io.detect import Kind, kind_of
    from napari_sam_med.io.volume_formats.nrrd import read_header
    from napari_sam_med.io.volume_formats.segments import segments_from

    if kind_of(path) is not Kind.NRRD:
        return {}
    return {each.label: each.name for each in segments_from(read_header(path).pairs)}


def _names_for(path: Path) -> dict[int, str]:
    from napari_sam_med.io.label_names import find_label_names

    return dict(find_label_names(path).names)


def _are_labels(series: TimeSeries, path: Path, most: int = MAX_LABELS) -> bool:
    """Whether the values can be labels, and are what was once stored."""
    from napari_sam_med.io.lossy_files import are_lossless

    array = series.array
    is_whole = array.dtype.kind in "iu" and array.ndim == 4
    has_few = is_whole and has_few_values(array, most)
    return has_few and are_lossless(series.files or (path,))


def _placed(
    volume: Volume | TimeSeries, path: Path, *, in_pixels: bool
) -> tuple[npt.NDArray[Any], dict[str, Any]]:
    """The array in the order of the layer's axes, and the layer's place."""
    array, geometry = volume.array, volume.geometry
    times = len(array) if isinstance(volume, TimeSeries) else 0
    space = array.shape[1:4] if times else array.shape[:3]
    is_flat = space[0] == 1 and not times
    rgb = array.ndim == (5 if times else 4)
    if is_flat:
        array = array[0]
    else:
        axes = [axis + bool(times) for axis in axes_of(geometry)]
        lead, last = [0] * bool(times), [array.ndim - 1] * rgb
        array = np.transpose(array, [*lead, *axes, *last])
    metadata: dict[str, Any] = {
        "geometry": geometry,
        "shape": tuple(int(n) for n in space),
        "modality": volume.modality,
        "files": tuple(str(file) for file in volume.files or (path,)),
    }
    if in_pixels:
        return array, {"rgb": rgb, "metadata": metadata}
    frame = LayerFrame.on(geometry, n_times=times, is_flat=is_flat)
    return array, {"rgb": rgb, "metadata": metadata, **frame.arguments}


def _as_paths(path: str | Sequence[str]) -> list[Path]:
    return [Path(p) for p in ([path] if isinstance(path, str) else path)]


def _is_picture(path: Path) -> bool:
    from napari_sam_med.io.detect import kind_of

    return kind_of(path).is_picture


def _is_ours(path: Path) -> bool:
    """Files that are named as ours are ours even if damaged: we can say in what."""
    from napari_sam_med.io.detect import kind_of
    from napari_sam_med.io.formats import suffix_from_path

    try:
        kind_of(path)
    except FileReadError:
        return bool(suffix_from_path(path)) and not path.is_dir()
    return True
