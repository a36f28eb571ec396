"""``replay``: what a person prompted, asked of any model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.table import Table

from napari_sam_med.cli.choices import model_choice
from napari_sam_med.cli.inputs import ANY, Which, read_image
from napari_sam_med.cli.outputs import tell_lost_place, tell_written
from napari_sam_med.cli.terminal import Console
from napari_sam_med.core.storage.atomic_files import check_not_read
from napari_sam_med.errors import DatasetError
from napari_sam_med.session.status import counted

if TYPE_CHECKING:
    from napari_sam_med.session.replay import Record, Replayed


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Answers:
    """Where the masks go.

    Parameters
    ----------
    out
        Label file to write, with the image's geometry; .dcm for a DICOM-SEG of a DICOM
        image, which carries the patient, as its standard demands.
    overwrite
        Replace an existing file.
    """

    out: Path | None = None
    overwrite: Annotated[bool, Parameter(negative=())] = False


def replay(
    session: Path,
    image: Path,
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
        The image that was prompted.
    model
        A name of `models list`, or NAME=FILE with a checkpoint.
    device
        auto, cpu, cuda or mps.
    answers
        Where the masks go.
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
    from napari_sam_med.session.replay import labels_from, load_records
    from napari_sam_med.session.replay import replay as ask

    choice = model_choice(model, device=device)
    if answers.out is not None:
        check_target(answers.out, overwrite=answers.overwrite)
        check_not_read([answers.out], [session, image])
    saved = load_records(session)
    volume = read_image(image, which)
    check_not_read([answers.out], volume.files)
    provenance = provenance_of(volume, model=choice.name)
    records = _records_of(session, saved, volume.name)
    if answers.out is not None:
        check_source(answers.out, provenance)
        check_labels(answers.out, volume, max(record.label for record in records))
    loaded = choice.load()
    replayed = list(ask(records, volume, loaded))
    console = Console()
    console.print(_table(replayed, choice.name))
    others = sum(
        record.model == choice.name and record.sha256 not in ("", loaded.sha256)
        for record in records
    )
    if others:
        console.print(f"Made with other weights of {choice.name}: {others} of them")
    if answers.out is not None:
        labels = labels_from(replayed, volume)
        write_labels(
            answers.out,
            labels,
            volume.geometry,
            overwrite=answers.overwrite,
            provenance=provenance,
        )
        tell_written([answers.out])
        _tell_joined(records)
        tell_lost_place(answers.out, volume.geometry)
    return 0


def _tell_joined(records: list[Record]) -> None:
    """Say where several answers became one mask: files do not say which stayed."""
    counts = Counter((each.axis, each.index, each.label) for each in records)
    for (axis, index, label), count in counts.items():
        if count > 1:
            Console(stderr=True).print(
                f"Note: label {label} on slice {index} (axis {axis}) joins {count} "
                "accepted masks, also those that a later one replaced in the dock",
                soft_wrap=True,
            )


def _records_of(session: Path, saved: list[Record], image: str) -> list[Record]:
    """Take what was asked about one image."""
    records = [record for record in saved if record.image == image]
    if not records:
        names = ", ".join(sorted({record.image for record in saved})) or "nothing"
        msg = f"{session} holds prompts of {names}, not of {image}; give its image"
        raise DatasetError(msg)
    return records


def _table(replayed: list[Replayed], model: str) -> Table:
    table = Table(title=f"{counted(len(replayed), 'prompt')} asked of {model}")
    for heading in ("slice", "label", "score then", "score now", "pixels"):
        table.add_column(heading, justify="right")
    for each in replayed:
        record, candidates = each.record, each.candidates
        table.add_row(
            f"{record.index} (axis {record.axis})",
            str(record.label),
            f"{record.score:.3f} ({record.model})",
            f"{float(candidates.scores[each.chosen]):.3f}",
            str(int(candidates.masks[each.chosen].sum())),
        )
    return table
