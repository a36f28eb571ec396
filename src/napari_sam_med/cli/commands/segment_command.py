"""``segment``: one object on one slice or through the volume, into a label file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.table import Table

from napari_sam_med.cli.choices import model_choice, window_from_text
from napari_sam_med.cli.commands.propagated_segment import segment_volume
from napari_sam_med.cli.drawn_prompts import (
    TypedLine,
    lines_from_texts,
    questions_with,
)
from napari_sam_med.cli.inputs import ANY, Which, as_typed, read_image
from napari_sam_med.cli.outputs import (
    NOTHING,
    Beside,
    Labelled,
    tell_empty_mask,
    tell_lost_place,
    tell_segments,
    write_beside_and_tell,
)
from napari_sam_med.cli.segment_options import (
    ANYWHERE,
    UNASKED,
    Asked,
    Kept,
    Segmented,
    Where,
    check_kept,
    check_positive,
    check_unused,
    prompts_from_asked,
    slot_of,
)
from napari_sam_med.cli.terminal import Console
from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.slice_view import EmbeddedSlice, SliceView
from napari_sam_med.core.storage.atomic_files import check_not_read
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import default_window
from napari_sam_med.errors import ImageError


def segment(
    image: Path,
    /,
    *,
    keep: Kept,
    where: Where = ANYWHERE,
    ask: Asked = UNASKED,
    which: Which = ANY,
    beside: Beside = NOTHING,
) -> int:
    """Segment one object on one slice, or through the volume.

    Parameters
    ----------
    image
        NIfTI, NRRD, MHA, DICOM (file or folder), PNG, JPEG, TIFF or BMP.
    keep
        Where the mask goes.
    where
        Which slice, or that it is to be followed through the volume.
    ask
        What is prompted.
    which
        Which image of several.
    beside
        What else is written.
    """
    from napari_sam_med.io.writing.export import (
        check_labels,
        check_source,
        provenance_of,
        write_labels,
    )

    find = (segment_volume if where.propagate else segment_slice)(where, ask)
    choice = model_choice(ask.model, device=ask.device)
    check_kept(keep, beside)
    outputs = (keep.out, *beside.paths())
    check_not_read(outputs, [image])
    volume = read_image(image, which)
    check_not_read(outputs, volume.files)
    names = {keep.label: as_typed(keep.name)} if keep.name else {}
    provenance = provenance_of(volume, names, model=choice.name, labelmap=keep.labelmap)
    check_source(keep.out, provenance)
    check_labels(keep.out, volume, keep.label)
    found = find(volume, choice.load())
    is_wide = keep.label > np.iinfo(np.uint16).max
    labels = np.zeros(volume.shape_zyx, np.int32 if is_wide else np.uint16)
    labels[found.mask] = keep.label
    numbers = write_labels(
        keep.out,
        labels,
        volume.geometry,
        overwrite=keep.overwrite,
        provenance=provenance,
    )
    console = Console()
    console.print(found.table)
    tell_segments(numbers)
    console.print(f"Written to {keep.out}", soft_wrap=True, highlight=False)
    tell_empty_mask(found.mask)
    tell_lost_place(keep.out, volume.geometry)
    window = window_from_text(where.window) if where.window else None
    of_image = Labelled(volume, labels, names)
    return write_beside_and_tell(
        keep.out,
        beside,
        of_image,
        found.plane,
        window=window,
        overwrite=keep.overwrite,
    )


def segment_slice(
    where: Where, asked: Asked
) -> Callable[[Volume, Segmenter], Segmented]:
    """Check what was typed, and return what segments the slice.

    Raises
    ------
    PromptError
        As ``prompts_from_asked`` and ``check_positive``.
    ImageError
        If there are options that only ``--propagate`` takes.
    """
    check_unused(where)
    prompts = prompts_from_asked(asked)
    lines = lines_from_texts(asked.scribble, asked.lasso)
    check_positive(prompts, [line.label for line in lines])

    def find(volume: Volume, model: Segmenter) -> Segmented:
        plane = plane_of(volume, where)
        answers = _predict(volume, plane, where, (prompts, lines), model)
        slot = slot_of(answers, asked.candidate)
        mask = np.zeros(volume.shape_zyx, dtype=bool)
        joined = np.any([answer.masks[slot] for answer in answers], axis=0)
        mask[plane.put(mask, joined)] = True
        return Segmented(mask, plane, _table(answers, slot, plane))

    return find


def plane_of(volume: Volume, where: Where) -> SlicePlane:
    """Find the slice that was asked for.

    Raises
    ------
    ImageError
        If the volume has no such slice, or several and none was named.
    """
    count = volume.shape_zyx[where.axis]
    index = 0 if where.slice is None and count == 1 else where.slice
    if index is None or not 0 <= index < count:
        asked = "no slice was named" if index is None else f"there is no slice {index}"
        msg = f"{asked}; axis {where.axis} has 0 to {count - 1}, give one with --slice"
        raise ImageError(msg)
    return SlicePlane.of(volume.geometry, where.axis, index)


def _predict(
    volume: Volume,
    plane: SlicePlane,
    where: Where,
    asked: tuple[list[Prompts], list[TypedLine]],
    model: Segmenter,
) -> list[Candidates]:
    from napari_sam_med.session.kinds.questions import answers_to

    prompts, lines = asked
    window = window_from_text(where.window) if where.window else None
    if volume.array.ndim == 3 and window is None:
        window = default_window(volume.array, volume.modality)
    view = SliceView.of(volume, plane, window)
    for prompt in prompts:
        prompt.check_inside(view.shape_hw)  # before the model is kept busy
    here = (plane, view.shape_hw)
    questions = questions_with(lines, prompts, here, model.capabilities)
    return answers_to(questions, EmbeddedSlice.of(model, view))


def _table(answers: list[Candidates], slot: int, plane: SlicePlane) -> Table:
    table = Table(title=f"Slice {plane.index} across axis {plane.axis}")
    for heading in ("candidate", "predicted IoU", "pixels", ""):
        table.add_column(heading, justify="right")
    for number in range(len(answers[0])):
        score = float(np.mean([answer.scores[number] for answer in answers]))
        mask = np.any([answer.masks[number] for answer in answers], axis=0)
        kept = "kept" if number == slot else ""
        table.add_row(str(number + 1), f"{score:.3f}", str(int(mask.sum())), kept)
    return table
