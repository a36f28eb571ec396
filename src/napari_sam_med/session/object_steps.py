"""Steps of the work on objects, as new states; who holds the labels writes them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from napari_sam_med.session.objects import (
    EDITED,
    MaskPlace,
    MaskSource,
    ObjectEntry,
    SessionState,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_sam_med.session.prompt_image import SliceKey
    from napari_sam_med.session.replay import Record
    from napari_sam_med.session.status import Chosen


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


def without_object(state: SessionState, place: str, label: int) -> SessionState:
    """Give the state after an object was deleted."""
    objects = {k: v for k, v in state.objects.items() if k != (place, label)}
    sources = {
        k: v for k, v in state.sources.items() if (k.place, k.label) != (place, label)
    }
    return replace(state, objects=objects, sources=sources)


def merged(state: SessionState, place: str, label: int, into: int) -> SessionState:
    """Give the state after an object went into another one, whose name it takes."""
    sources = dict(state.sources)
    for key, source in state.sources.items():
        if (key.place, key.label) == (place, label):
            sources.setdefault(replace(key, label=into), source)
    state = without_object(replace(state, sources=sources), place, label)
    return replace(state, label=into) if state.label == label else state


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
