"""Steps of the work on objects, as new states; who holds the labels writes them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from napari_sam_med.session.objects import (
    EDITED,
    MaskPlace,
    MaskSource,
    NoteChanges,
    ObjectEntry,
    SessionState,
)
from napari_sam_med.session.status import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from napari_sam_med.session.labelling.label_edits import LabelEdit
    from napari_sam_med.session.prompt_image import SliceKey
    from napari_sam_med.session.replay import Record
    from napari_sam_med.session.status import Chosen

MOST_NAMED = 5
"""Labels that a sentence names; more would not fit into the line."""
CLOSED = " (closed)"
"""After the name of a Labels layer that is no longer in the viewer."""


def accepted(
    state: SessionState,
    written: Sequence[tuple[Chosen, Record]],
    place: str,
    served: SliceKey,
) -> SessionState:
    """Give the state after masks of a slice were accepted; their prompts have served.

    Parameters
    ----------
    state : SessionState
        The one before.
    written : sequence of (Chosen, Record)
        The masks, and how they came about; an object of several parts has a record for
        each, and the lowest of their scores.
    place : str
        The label array that they were written into.
    served : SliceKey
        The slice, as it reached the model.
    """
    plane = written[0][0].plane
    scores: dict[MaskPlace, float] = {}
    for chosen, record in written:
        here = MaskPlace(place, chosen.label, plane.axis, plane.index, chosen.time)
        scores[here] = min(record.score, scores.get(here, record.score))
    sources = {here: MaskSource(score) for here, score in scores.items()}
    at = (plane.axis, plane.index)
    return replace(
        state,
        prompts=state.prompts.without(plane),
        records=(*state.records, *(record for _, record in written)),
        feedback={k: v for k, v in state.feedback.items() if k != served},
        sources={**state.sources, **sources},
        starts={k: v for k, v in state.starts.items() if k != at},
    )


def called(names: Mapping[str, str], state: SessionState) -> SessionState:
    """Give the state after Labels layers were renamed or went; itself if none was.

    Parameters
    ----------
    names : mapping of str to str
        Keys of layers that are there, and what they are called. Others are said to be
        closed: a later layer may have the same name.
    state : SessionState
        The one before.
    """
    before = [record.layer for record in state.records]
    now = [
        layer
        and replace(
            layer,
            name=names.get(layer.key, layer.name.removesuffix(CLOSED) + CLOSED),
        )
        for layer in before
    ]
    if now == before:
        return state
    pairs = zip(state.records, now, strict=True)
    records = tuple(replace(record, layer=layer) for record, layer in pairs)
    return replace(state, records=records)


def described(
    state: SessionState, place: str, label: int, entry: ObjectEntry
) -> SessionState:
    """Give the state after an object got another name, colour or lock."""
    objects = dict(state.objects)
    if entry == ObjectEntry():
        objects.pop((place, label), None)
    else:
        objects[place, label] = entry
    return replace(state, objects=objects)


def without_object(
    state: SessionState, gone: MaskPlace, *, is_elsewhere: bool = False
) -> SessionState:
    """Give the state after an object was deleted.

    Parameters
    ----------
    state : SessionState
        The one before.
    gone : MaskPlace
        The object, and the time point that it was deleted from; any slice of it.
    is_elsewhere : bool
        Whether other time points still have it, so that its name and lock stay.
    """
    objects = {
        k: v
        for k, v in state.objects.items()
        if is_elsewhere or k != (gone.place, gone.label)
    }
    sources = {k: v for k, v in state.sources.items() if not _is_of(gone, k)}
    return replace(state, objects=objects, sources=sources)


def merged(
    state: SessionState, gone: MaskPlace, into: int, *, is_elsewhere: bool = False
) -> SessionState:
    """Give the state after an object went into another one, whose name it takes.

    Parameters
    ----------
    state, gone, is_elsewhere
        As ``without_object``.
    into : int
        The other object.
    """
    sources = dict(state.sources)
    for key, source in state.sources.items():
        if _is_of(gone, key):
            sources.setdefault(replace(key, label=into), source)
    state = replace(state, sources=sources)
    state = without_object(state, gone, is_elsewhere=is_elsewhere)
    return replace(state, label=into) if state.label == gone.label else state


def told_losses(state: SessionState, place: str, lost: Mapping[int, int]) -> str:
    """Say what other objects lose, voxels by label; empty if they lose nothing."""
    return ", ".join(
        f"{_named(state, place, label)} loses {counted(count, 'voxel')}"
        for label, count in lost.items()
    )


def told_replaced(state: SessionState, place: str, replaced: Mapping[int, int]) -> str:
    """Say which masks elsewhere on the slice objects had, pixels by label."""
    return ", ".join(
        f"{_named(state, place, label)} had another mask of {counted(count, 'pixel')} "
        "there, which is replaced"
        for label, count in replaced.items()
    )


def told_kept(state: SessionState, place: str, kept: Mapping[int, int]) -> str:
    """Say what other objects keep of a mask, voxels by label; empty for nothing."""
    return ", ".join(
        f"{_named(state, place, label)} keeps {counted(count, 'voxel')} of it"
        for label, count in kept.items()
    )


def told_step(did: str, changed: int, left: int, said: NoteChanges) -> str:
    """Say what an undo or a redo did; empty if it changed prompts alone.

    Parameters
    ----------
    did : str
        What the sentence begins with.
    changed, left : int
        Voxels that it changed, and those of the step that have other labels since.
    said : NoteChanges
        What it changed of objects.
    """
    of = sorted({label for (_, label), *_ in said.objects})
    told = [f"a change of {counted(changed, 'voxel')}"] if changed or left else []
    if of:
        which = ", ".join(map(str, of[:MOST_NAMED])) + " ..." * (len(of) > MOST_NAMED)
        told.append(f"what was said of label{'s' * (len(of) > 1)} {which}")
    stays = "stays as it is" if left == 1 else "stay as they are"
    drawn_over = f"; {counted(left, 'voxel')} drawn over since {stays}" if left else ""
    return f"{did} {' and '.join(told)}{drawn_over}" if told else ""


def _named(state: SessionState, place: str, label: int) -> str:
    name = state.entry(place, label).name
    return f"label {label} ({name})" if name else f"label {label}"


def _is_of(one: MaskPlace, other: MaskPlace) -> bool:
    """Whether both are slices of one object at one time point."""
    own, its = ((k.place, k.label, k.time) for k in (one, other))
    return own == its


def edited(
    state: SessionState, here: MaskPlace, labels: Iterable[int], indices: Iterable[int]
) -> SessionState:
    """Give the state after a person corrected masks by hand.

    Parameters
    ----------
    state : SessionState
        The one before.
    here : MaskPlace
        One of the slices; the others differ by label and index.
    labels : iterable of int
        The objects that gained or lost voxels.
    indices : iterable of int
        The slices.
    """
    sources = dict(state.sources)
    for label, index in product(labels, indices):
        if label:
            there = replace(here, label=label, index=index)
            sources[there] = MaskSource(1.0, EDITED)
    return replace(state, sources=sources)


def drawn_over(state: SessionState, edit: LabelEdit, axis: int) -> SessionState:
    """Give the state after a stroke, through several slices or time points perhaps.

    Parameters
    ----------
    state : SessionState
        The one before.
    edit : LabelEdit
        What the stroke changed, in (Y, X), (Z, Y, X) or (T, Z, Y, X).
    axis : 0, 1 or 2
        The orientation of the slices that are noted as corrected.
    """
    ndim = len(edit.shape)
    along = {2: (), 3: (axis,), 4: (0, 1 + axis)}[ndim]
    sources = dict(state.sources)
    for label, places in edit.touched(along).items():
        for at in places if label else ():
            index, time = at[-1] if at else 0, at[0] if ndim == 4 else None
            here = MaskPlace(edit.place, label, axis, index, time)
            sources[here] = MaskSource(1.0, EDITED)
    return replace(state, sources=sources)
