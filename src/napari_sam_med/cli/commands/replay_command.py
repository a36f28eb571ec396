"""``replay``: what a person prompted, asked of any model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from cyclopts import Parameter
from rich.table import Table

from napari_sam_med.cli.choices import model_choice
from napari_sam_med.cli.inputs import (
    ANY,
    Which,
    image_beside,
    read_image,
    tell_other_pixels,
)
from napari_sam_med.cli.outputs import tell_lost_place, tell_segments, tell_written
from napari_sam_med.cli.terminal import Console
from napari_sam_med.core.storage.atomic_files import check_not_read
from napari_sam_med.errors import DatasetError
from napari_sam_med.session.status import counted

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.core.volumes import Volume
    from napari_sam_med.session.replay import Record, SavedPrompts
    from napari_sam_med.session.replay_answers import Replayed
    from napari_sam_med.session.saved_session import ImageIdentity


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Answers:
    """Which masks are asked for, and where they go.

    Parameters
    ----------
    out
        Label file to write, with the image's geometry; .dcm for a DICOM-SEG of a DICOM
        image, which carries the patient, as its standard demands.
    overwrite
        Replace an existing file.
    layer
        Name of a Labels layer: asks only what was accepted into it. --out writes one
        layer, and needs this where SESSION holds masks of several.
    """

    out: Path | None = None
    overwrite: Annotated[bool, Parameter(negative=())] = False
    layer: str | None = None


def replay(
    session: Path,
    image: Path | None = None,
    /,
    *,
    model: str = "nano",
    device: str = "auto",
    answers: Answers = Answers(),
    which: Which = ANY,
) -> int:
    """Run a person's saved prompts again.

    Parameters
    ----------
    session
        JSON file saved by the dock.
    image
        The image that was prompted; by default the one of its name beside SESSION.
    model
        A name of `models list`, or NAME=FILE with a checkpoint.
    device
        auto, cpu, cuda or mps.
    answers
        Which masks are asked for, and where they go.
    which
        Which image of several.
    """
    from napari_sam_med.io.writing.export import (
        check_labels,
        check_source,
        check_target,
        provenance_of,
        write_labels,
    )
    from napari_sam_med.session.replay import load_saved
    from napari_sam_med.session.replay_answers import has_same_weights, labels_from
    from napari_sam_med.session.replay_answers import replay as ask

    choice = model_choice(model, device=device)
    if answers.out is not None:
        check_target(answers.out, overwrite=answers.overwrite)
        check_not_read([answers.out], [session] if image is None else [session, image])
    saved = load_saved(session)
    image = image or image_beside(session, saved.image_names, answers.out)
    volume = read_image(image, which)
    check_not_read([answers.out], volume.files)
    provenance = provenance_of(volume, model=choice.name)
    saved = saved.at_time(which.time)
    records = _records_of(session, saved, volume, which.time)
    records = _of_layer(session, records, answers.layer)
    tell_other_pixels(records, volume)
    if answers.out is not None:
        check_source(answers.out, provenance)
        check_labels(answers.out, volume, _largest_label(session, records))
    loaded = choice.load()
    replayed = list(ask(records, volume, loaded))
    console = Console()
    console.print(_table(replayed, choice.name))
    _tell_other_weights(console, records, choice.name, loaded.sha256)
    if answers.out is not None:
        labels = labels_from(replayed, volume)
        numbers = write_labels(
            answers.out,
            labels,
            volume.geometry,
            overwrite=answers.overwrite,
            provenance=provenance,
        )
        tell_segments(numbers)
        tell_written([answers.out])
        _tell_joined(records)
        is_same = all(has_same_weights(record, loaded) for record in records)
        _tell_unsaved(saved, records, labels, can_compare=is_same)
        tell_lost_place(answers.out, volume.geometry)
    return 0


def _tell_other_weights(
    console: Console, records: list[Record], model: str, sha256: str
) -> None:
    """Say how many masks other weights under the model's name have made."""
    others = sum(
        record.model == model and record.sha256 not in ("", sha256)
        for record in records
    )
    if others:
        console.print(f"Made with other weights of {model}: {others} of them")


def _check_voxels(session: Path, known: ImageIdentity, volume: Volume) -> None:
    """Refuse another image, and one whose axes napari shows in another order."""
    if type(known).of(volume, time=known.time).is_same(known):
        return
    msg = (
        f"{session} is a session of other voxels than those of {volume.name}, or of "
        "these in another order; give the image and time point that were prompted, "
        "or what Save prompts has written of them"
    )
    raise DatasetError(msg)


def _tell_joined(records: list[Record]) -> None:
    """Say where several answers became one mask: older files hold no more of it."""
    counts: Counter[tuple[int, int, int]] = Counter()
    for each in records:
        if each.rules is None:
            counts[each.axis, each.index, each.label] += 1
        elif not each.rules.adds:
            counts[each.axis, each.index, each.label] = 0
    for (axis, index, label), count in counts.items():
        if count > 1:
            _note(
                f"label {label} on slice {index} (axis {axis}) joins {count} accepted "
                "masks, also those that a later one replaced in the dock, since an "
                "older release has saved them"
            )


def _tell_unsaved(
    saved: SavedPrompts,
    records: list[Record],
    labels: npt.NDArray[np.integer],
    *,
    can_compare: bool,
) -> None:
    """Say what cannot be asked again; of a session, how much it is."""
    unknown = sum(record.layer is None for record in records)
    if unknown:
        _note(
            f"an older release has saved {counted(unknown, 'prompt')}, which does not "
            "say into which Labels layers masks went, nor which objects were merged or "
            "deleted: all are in one file"
        )
    beside = (
        "brush strokes, propagated masks and other edits are no prompts, nor are "
        "labels that the layer held before"
    )
    layers = () if saved.session is None else saved.session.layers
    keys = ("", records[0].layer_key)
    own = (each.labels for each in layers if each.layer.key in keys)
    kept = next(filter(None, own), None)
    if kept is None or kept.shape_zyx != labels.shape or not can_compare:
        _note(f"{beside}; they are not replayed")
        return
    differs = int(np.count_nonzero(kept.array() != labels))
    if differs:
        differ = counted(differs, "voxel")
        _note(f"{differ} differ from the labels of the session: {beside}")


def _note(text: str) -> None:
    Console(stderr=True).print(f"Note: {text}", soft_wrap=True)


def _records_of(
    session: Path, saved: SavedPrompts, volume: Volume, time: int | None
) -> list[Record]:
    """Take what was asked about one image; the dock names time points with it."""
    from napari_sam_med.session.replay import image_names

    if not saved.records:
        msg = f"{session} has no accepted prompt; accept a mask and save anew"
        raise DatasetError(msg)
    if saved.session is not None:
        _check_voxels(session, saved.session.image, volume)
        return saved.records  # of one image, whatever it was called
    own = image_names(volume.name, time)
    records = [record for record in saved.records if record.image in own]
    others = Counter(each.image for each in saved.records if each.image not in own)
    if not records:
        names = ", ".join(sorted(others))
        msg = (
            f"{session} holds prompts of {names}, not of {volume.name}; give its image"
        )
        raise DatasetError(msg)
    for other, count in sorted(others.items()):
        left = f"{counted(count, 'prompt')} of an image called {other}"
        _note(f"{left} {'is' if count == 1 else 'are'} left out")
    return records


def _of_layer(session: Path, records: list[Record], layer: str | None) -> list[Record]:
    """Take what was accepted into one Labels layer, if one is asked for."""
    from napari_sam_med.session.histories.saved_layers import layer_names

    if layer is None:
        return records
    names = layer_names(records)
    if layer not in names:
        known = ", ".join(map(repr, names)) or "no layer, as an older release saved it"
        msg = f"{session} has no masks of the Labels layer {layer!r}; it names {known}"
        raise DatasetError(msg)
    return [record for record in records if record.layer_key == names[layer]]


def _largest_label(session: Path, records: list[Record]) -> int:
    """Say which labels one file has to hold; refuse masks of several Labels layers."""
    from napari_sam_med.session.histories.saved_layers import (
        extreme_labels,
        layer_names,
    )

    names = layer_names(records)
    if len(names) > 1:
        msg = (
            f"{session} holds masks of the Labels layers "
            f"{', '.join(map(repr, names))}; choose one with --layer, and write each "
            "to a file of its own"
        )
        raise DatasetError(msg)
    return extreme_labels(records)[1]


def _became(label: int, end: int) -> str:
    """Say what became of an object in the dock; empty if it stayed."""
    if end == label:
        return ""
    return f" (later {end})" if end else " (later deleted)"


def _table(replayed: list[Replayed], model: str) -> Table:
    from napari_sam_med.session.histories.saved_layers import last_labels

    table = Table(title=f"{counted(len(replayed), 'prompt')} asked of {model}")
    ends = last_labels([each.record for each in replayed])
    for heading in ("slice", "label", "score then", "score now", "pixels"):
        table.add_column(heading, justify="right")
    for each, end in zip(replayed, ends, strict=True):
        record, candidates = each.record, each.candidates
        table.add_row(
            f"{record.index} (axis {record.axis})",
            f"{record.label}{_became(record.label, end)}",
            f"{record.score:.3f} ({record.model})",
            f"{float(candidates.scores[each.chosen]):.3f}",
            str(int(candidates.masks[each.chosen].sum())),
        )
    return table
