"""A person's saved session as prompts of a benchmark."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
from napari_sam_med.bench.run.stored_prompts import StoredPrompts
from napari_sam_med.cli.inputs import tell_other_pixels
from napari_sam_med.cli.terminal import Console
from napari_sam_med.core.prompts import POSITIVE, Prompts
from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.errors import DatasetError

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.bench.data.labelled_volumes import VolumeSource
    from napari_sam_med.session.replay import Record, SavedPrompts

Found = dict[str, dict[tuple[str, int], list[Prompts]]]
"""Prompts by case, and by the Labels layer and label that they were accepted under."""
Unsure = set[tuple[str, int, int, str]]
"""Image, slice, label and reason of prompts that take the place of earlier ones."""
OLDER_RELEASE = (
    "an older release has saved them, which does not say whether they replaced the "
    "earlier ones"
)
OTHER_LAYER = "they went into another Labels layer than the earlier ones"


def recorded_prompts(
    path: Path, source: VolumeSource, axis: int, time: int | None = None
) -> StoredPrompts:
    """Find the objects of a data set that a person prompted, and the prompts.

    Parameters
    ----------
    path : Path
        A file that the dock has saved: accepted prompts, or a session.
    source : VolumeSource
        The data, read once for this.
    axis : 0, 1 or 2
        The array axis that slices are taken across.
    time : int, optional
        Time point that the data are of, where images have several.

    Returns
    -------
    StoredPrompts
        The object of a prompt is the class under most of its points on the object, of a
        box alone the class with most pixels in it. Prompts for one object on one slice
        are asked together and their masks joined, but those that were replaced when
        their label was accepted anew, or in another Labels layer; those of deleted
        objects are left out.

    Raises
    ------
    FileReadError
        If the file cannot be used.
    DatasetError
        If it has no accepted prompt, its image is not among the data or has other
        voxels there, it was prompted across another axis, or prompts lie on no object.
    """
    from napari_sam_med.session.replay import load_saved

    saved = load_saved(path).at_time(time)
    if not saved.records:
        msg = f"{path} has no accepted prompt; accept a mask in the dock and save anew"
        raise DatasetError(msg)
    across = sorted({record.axis for record in saved.records} - {axis})
    if across:
        msg = f"{path} was prompted across axis {across[0]}; give --axis {across[0]}"
        raise DatasetError(msg)
    found: Found = {}
    unsure: Unsure = set()
    missing = {record.image for record in saved.records}
    for pair in source:
        if isinstance(pair, LabelledVolume):
            mine = _records_on(pair, saved, path, time)
            missing -= {record.image for record in mine}
            tell_other_pixels(mine, pair.volume)
            here, doubts = _found_on(pair, mine)
            found |= here
            unsure |= doubts
    if missing:
        msg = (
            f"{path} holds prompts of {', '.join(sorted(missing))}, which is not among "
            "the images given; give the images that were prompted"
        )
        raise DatasetError(msg)
    _tell_unsure(unsure)
    parts = {
        case: tuple(one for of_label in found[case].values() for one in of_label)
        for case in sorted(found)
        if found[case]
    }
    if not parts:
        msg = f"every object that {path} has prompts of was deleted; save another one"
        raise DatasetError(msg)
    told = {case: [one.to_json() for one in asked] for case, asked in parts.items()}
    digest = hashlib.sha256(json.dumps(told).encode() + path.read_bytes()).hexdigest()
    return StoredPrompts(f"session {printable(path.name)}", {}, {}, digest, parts)


def _tell_unsure(unsure: Unsure) -> None:
    """Say which prompts are left out though the person may have kept them."""
    for image, index, label, why in sorted(unsure):
        Console(stderr=True).print(
            f"Note: of the prompts for label {label} on slice {index} of {image} those "
            f"accepted last are asked: {why}",
            soft_wrap=True,
        )


def _found_on(pair: LabelledVolume, records: Sequence[Record]) -> tuple[Found, Unsure]:
    """Find what is asked about one image, and what of it is doubtful."""
    from napari_sam_med.session.replay_answers import accepted_together

    found: Found = {}
    unsure: Unsure = set()
    for group in accepted_together(records):
        unsure |= _add(found, group, pair)
        for record in group:
            _relabel(found, record)
    return found, unsure


def _relabel(found: Found, record: Record) -> None:
    """Merge and delete what was merged and deleted after a mask was accepted."""
    for label, into in record.then:
        for of_case in found.values():
            prompts = of_case.pop((record.layer_key, label), [])
            if into and prompts:
                of_case.setdefault((record.layer_key, into), []).extend(prompts)


def _add(found: Found, group: Sequence[Record], pair: LabelledVolume) -> Unsure:
    """Note what was accepted in one step, by case and by the dock's layer and label.

    Returns image, slice, label and reason of what takes the place of earlier prompts
    though the dock kept both, or the file does not say so.
    """
    asked: dict[tuple[str, int], list[Prompts]] = {}
    for one in group:
        place = f"axis{one.axis}/{one.index:04d}/{_label_of(one, pair)}"
        here = asked.setdefault((f"{pair.name}/{place}", one.label), [])
        here.append(Prompts.from_json(one.prompts))
    rules, layer, unsure = group[0].rules, group[0].layer_key, set()
    for (case, label), prompts in asked.items():
        of_case, key = found.setdefault(case, {}), (layer, label)
        others = [each for each in of_case if each[0] != layer]
        if others:
            unsure.add((pair.name, group[0].index, label, OTHER_LAYER))
        elif rules is None and key in of_case:
            unsure.add((pair.name, group[0].index, label, OLDER_RELEASE))
        for each in others:
            del of_case[each]
        kept = of_case.get(key, []) if rules is not None and rules.adds else []
        of_case[key] = [*kept, *prompts]
    return unsure


def _records_on(
    pair: LabelledVolume, saved: SavedPrompts, path: Path, time: int | None
) -> Sequence[Record]:
    """Find what was prompted on an image, by its voxels where the session has them."""
    from napari_sam_med.session.replay import image_names
    from napari_sam_med.session.saved_session import ImageIdentity

    names = image_names(pair.volume.name, time) | image_names(pair.name, time)
    known = None if saved.session is None else saved.session.image
    named = [record for record in saved.records if record.image in names]
    if known is None:
        return named
    own = ImageIdentity.of(pair.volume, time=known.time)
    if own.is_same(known):
        return saved.records  # a session is of one image, whatever it was called
    if known.name in names or named:
        msg = (
            f"{pair.name} has other voxels than the image of that name in {path}; give "
            "the image that was prompted"
        )
        raise DatasetError(msg)
    return []


def _label_of(record: Record, pair: LabelledVolume) -> int:
    """Say which object was meant."""
    where = f"the prompts on slice {record.index} of {pair.name}"
    if record.index >= pair.labels.shape[record.axis]:
        msg = f"{where} lie outside of the image; give the image that was prompted"
        raise DatasetError(msg)
    on_slice = np.take(pair.labels, record.index, record.axis)
    prompts = Prompts.from_json(record.prompts)
    prompts.check_inside((on_slice.shape[0], on_slice.shape[1]))
    inside = _labels_under(prompts, on_slice)
    values, counts = np.unique(inside, return_counts=True)
    most = values[counts == counts.max()] if len(values) else np.zeros(1, int)
    if len(most) != 1 or most[0] == 0:
        under = "on several alike" if len(most) > 1 else "on no object of the labels"
        msg = f"{where} lie {under}; leave them out of the session, or mend the labels"
        raise DatasetError(msg)
    return int(most[0])


def _labels_under(
    prompts: Prompts, on_slice: npt.NDArray[np.integer]
) -> npt.NDArray[np.integer]:
    """Give the labels under points on the object, or the classes in a box."""
    points = prompts.points_rc[prompts.labels == POSITIVE]
    high = np.asarray(on_slice.shape) - 1
    if len(points):
        rows, cols = np.clip(np.rint(points), 0, high).astype(int).T
        under: npt.NDArray[np.integer] = on_slice[rows, cols]
        return under
    if prompts.box_rc is None:
        return np.zeros(0, on_slice.dtype)
    row0, col0, row1, col1 = np.rint(prompts.box_rc).astype(int)
    inside = on_slice[max(row0, 0) : row1 + 1, max(col0, 0) : col1 + 1]
    return inside[inside > 0]
