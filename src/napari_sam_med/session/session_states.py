"""Between the state of the work and what a session file holds of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.errors import FileReadError
from napari_sam_med.session.objects import (
    CandidateChoice,
    MaskPlace,
    MaskSource,
    ObjectEntry,
    SessionState,
)
from napari_sam_med.session.saved_session import (
    ImageIdentity,
    SavedBox,
    SavedChoice,
    SavedLabels,
    SavedLayer,
    SavedMask,
    SavedObject,
    SavedSession,
    SavedSource,
    SavedStart,
    SavedStroke,
    SavedWork,
)
from napari_sam_med.session.volume_prompts import ObjectPrompts, PlacedBox

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.session.prompt_image import PromptImage
    from napari_sam_med.session.replay import Record


@dataclass(frozen=True, slots=True, eq=False)
class LabelsBeside:
    """A Labels layer with work that is not the one written to.

    Its (Z, Y, X) integer array is the layer's own, packed as it is then: a copy of each
    layer would stop the window. It is None if it cannot be kept.
    """

    place: str
    name: str
    array: npt.NDArray[np.integer] | None


@dataclass(frozen=True, slots=True, eq=False)
class SessionSnapshot:
    """All that a session file needs, taken at one moment.

    Parameters
    ----------
    state : SessionState
        The work.
    image : PromptImage
        Its image, with the window.
    plane : SlicePlane
        The slice that is shown.
    files : tuple of str
        Where the image was opened from.
    model, sha256 : str
        Who answers; empty if none is loaded.
    place : str
        The label array's, in the state's words; empty if none was made yet.
    labels : (str, (Z, Y, X) integer) or None
        Name of the label array and a copy of it.
    time : int or None
        Time point, of an image that has several.
    started : str
        When the work began.
    beside : tuple of LabelsBeside
        Other Labels layers with work on the image.
    """

    state: SessionState
    image: PromptImage
    plane: SlicePlane
    files: tuple[str, ...]
    model: str
    sha256: str
    place: str
    labels: tuple[str, npt.NDArray[np.integer]] | None
    time: int | None
    started: str
    beside: tuple[LabelsBeside, ...] = ()

    @property
    def identity(self) -> ImageIdentity:
        """Which image it is; all its voxels are looked at."""
        return ImageIdentity.of(self.image.volume, self.files, self.time)


def now() -> str:
    """The time, to the second, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def saved_from(snapshot: SessionSnapshot, identity: ImageIdentity) -> SavedSession:
    """Put a snapshot into the values of a file; compresses the labels."""
    state, window = snapshot.state, snapshot.image.window
    place, labels = snapshot.place, snapshot.labels
    return SavedSession(
        image=identity,
        window=None if window is None else (window.low, window.high),
        model=snapshot.model,
        sha256=snapshot.sha256,
        started=snapshot.started,
        saved=now(),
        axis=snapshot.plane.axis,
        index=snapshot.plane.index,
        label=state.label,
        points_zyx=[(z, y, x) for z, y, x in state.prompts.points_zyx.tolist()],
        point_labels=state.prompts.labels.tolist(),
        boxes=[SavedBox(b.axis, b.index, b.box_rc) for b in state.prompts.boxes],
        choices=[
            SavedChoice(axis, index, each.prompts.to_json(), each.model, each.slot)
            for (axis, index), some in state.choices.items()
            for each in some
        ],
        objects=_saved_objects(state, place),
        sources=[] if labels is None else _saved_sources(snapshot, place),
        labels=None if labels is None else SavedLabels.of(*labels),
        strokes=[SavedStroke.of(each) for each in state.prompts.strokes],
        joins=state.prompts.joins,
        starts=[
            SavedStart(axis, index, SavedMask.of(start))
            for (axis, index), start in state.starts.items()
        ],
        layer=place,
        beside=[_saved_work(snapshot, each) for each in snapshot.beside],
    )


def state_from(
    saved: SavedSession, records: tuple[Record, ...], places: Mapping[str, str]
) -> SessionState:
    """Give the state that a file holds.

    Parameters
    ----------
    saved : SavedSession
        What was read.
    records : tuple of Record
        Accepted prompts of the same file.
    places : mapping of str to str
        The label arrays that the saved ones were put into, by the keys of their layers.

    Raises
    ------
    FileReadError
        If points and their labels are not as many.
    PromptError
        If prompts of a choice or a starting mask are damaged.
    """
    if len(saved.points_zyx) != len(saved.point_labels):
        msg = (
            f"the session has {len(saved.points_zyx)} points and "
            f"{len(saved.point_labels)} labels for them; save it again"
        )
        raise FileReadError(msg)
    boxes = tuple(PlacedBox(b.axis, b.index, b.box_rc) for b in saved.boxes)
    points = np.reshape(np.array(saved.points_zyx, dtype=np.float64), (-1, 3))
    labels = np.array(saved.point_labels, dtype=np.int64)
    time = saved.image.time
    placed = [(places.get(each.layer.key, ""), each) for each in saved.layers]
    return SessionState(
        prompts=ObjectPrompts(
            points,
            labels,
            boxes,
            tuple(each.stroke() for each in saved.strokes),
            saved.joins,
        ),
        label=saved.label,
        records=tuple(_put_into(places, each, saved) for each in records),
        choices=_choices(saved),
        starts={(s.axis, s.index): s.mask.start() for s in saved.starts},
        objects={
            (place, each.label): entry_from(each)
            for place, work in placed
            for each in work.objects
        },
        sources={
            MaskPlace(place, s.label, s.axis, s.index, time): MaskSource(
                s.score, s.origin
            )
            for place, work in placed
            for s in work.sources
        },
    )


def entry_from(saved: SavedObject) -> ObjectEntry:
    """Give what a file says of an object."""
    return ObjectEntry(saved.name, saved.colour, saved.is_locked)


def _put_into(places: Mapping[str, str], record: Record, saved: SavedSession) -> Record:
    """Say that a mask is in the layer which its labels were put into."""
    layer = record.layer
    if layer is None:  # an older release has not said which layer it was
        layer = saved.layers[0].layer
    place = places.get(layer.key, "")
    return replace(record, layer=replace(layer, key=place)) if place else record


def _choices(
    saved: SavedSession,
) -> dict[tuple[int, int], tuple[CandidateChoice, ...]]:
    found: dict[tuple[int, int], tuple[CandidateChoice, ...]] = {}
    for each in saved.choices:
        prompts = Prompts.from_json(each.prompts)
        choice = CandidateChoice(prompts, each.model, each.slot)
        here = (each.axis, each.index)
        found[here] = (*found.get(here, ()), choice)
    return found


def _saved_work(snapshot: SessionSnapshot, own: LabelsBeside) -> SavedWork:
    array, name = own.array, printable(own.name)
    return SavedWork(
        SavedLayer(own.place, name),
        None if array is None else SavedLabels.of(name, array),
        _saved_objects(snapshot.state, own.place),
        [] if array is None else _saved_sources(snapshot, own.place),
    )


def _saved_sources(snapshot: SessionSnapshot, place: str) -> list[SavedSource]:
    return [
        SavedSource(key.label, key.axis, key.index, each.score, each.origin)
        for key, each in snapshot.state.sources.items()
        if (key.place, key.time) == (place, snapshot.time)
    ]


def _saved_objects(state: SessionState, place: str) -> list[SavedObject]:
    said = sorted((k[1], entry) for k, entry in state.objects.items() if k[0] == place)
    return [SavedObject(k, e.name, e.colour, e.is_locked) for k, e in said]
