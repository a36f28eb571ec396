"""The work on an image as it is taken for a file, of one time point or of all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from napari.layers import Image, Labels

from napari_sam_med.errors import ImageError, PromptError
from napari_sam_med.gui.labels.label_layers import grid_difference
from napari_sam_med.gui.labels.layer_edits import labels_zyx
from napari_sam_med.gui.napari_io import place_of, shape_of
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.shown_image import prompt_image_from_layer
from napari_sam_med.session.objects import SessionState
from napari_sam_med.session.prompt_image import PromptImage
from napari_sam_med.session.session_states import LabelsBeside, SessionSnapshot

Here = tuple[str, int]
"""An image, and how often its voxels have changed."""


def here_of(image: PromptImage) -> Here:
    """Name an image with the voxels that it has now."""
    return image.place, image.revision


@dataclass(frozen=True, slots=True, eq=False)
class SessionWork:
    """The work on one image, and the layers with its labels, which are not copied.

    Parameters
    ----------
    snapshot : SessionSnapshot
        All but the labels.
    image : Image
        The image's layer.
    labels : Labels or None
        The layer that is written to.
    beside : tuple of Labels
        Other layers that were, and hold work.
    """

    snapshot: SessionSnapshot
    image: Image
    labels: Labels | None
    beside: tuple[Labels, ...]

    @classmethod
    def of(cls, parts: DockParts, started: str) -> SessionWork:
        """Take all that a file needs, but for the labels, which are still to copy.

        Raises
        ------
        PromptError
            If no slice of an image is shown.
        """
        session = parts.session
        image, plane, layer = session.image, session.plane, parts.image
        if image is None or plane is None or layer is None:
            msg = "there is no session without an image; open one first"
            raise PromptError(msg)
        labels = parts.lists.labels_for(layer)
        time = None if parts.seen.shown is None else parts.seen.shown.time
        model = session.model
        snapshot = SessionSnapshot(
            state=session.histories.noted(session.state, time),
            image=image,
            plane=plane,
            files=tuple(str(each) for each in layer.metadata.get("files", ())),
            model="" if model is None else model.name,
            sha256="" if model is None else model.sha256,
            place="" if labels is None else place_of(labels),
            labels=None,
            time=time,
            started=started,
        )
        beside = tuple(
            each
            for each in parts.lists.layers_of(layer)
            if each is not labels and session.histories.notes.holds_work(place_of(each))
        )
        return cls(snapshot, layer, labels, beside)

    @property
    def here(self) -> Here:
        """Which image it is."""
        return here_of(self.snapshot.image)

    @property
    def layers(self) -> tuple[Labels, ...]:
        """All layers with labels; the one that is written to comes first."""
        return (*(() if self.labels is None else (self.labels,)), *self.beside)

    @property
    def unkept(self) -> dict[str, str]:
        """Say of layers, by their places, why their labels cannot be kept."""
        reasons = {}
        for layer in self.layers:
            why = self._why_not(layer)
            which = "" if layer is self.labels else f"the labels in {layer.name}"
            if why:
                told = f"the session is kept without {which or 'labels'}: {why}"
                reasons[place_of(layer)] = told
        return reasons

    def _why_not(self, layer: Labels) -> str:
        """Say why a layer's labels cannot be kept; empty if they can."""
        try:
            found = labels_zyx(layer, self.snapshot.time).shape
        except ImageError as error:
            return str(error)
        wanted, name = self.snapshot.image.volume.shape_zyx, layer.name
        other = ", or choose another Labels layer" if layer is self.labels else ""
        if found != wanted:
            return (
                f"{name} has the shape {found} for the image's {wanted}; bring it to "
                f"that{other}"
            )
        elsewhere = grid_difference(self.image, layer)
        if not elsewhere:
            return ""
        return (
            f"{name} lies on another grid than {self.image.name} ({elsewhere}); bring "
            f"it back{other}"
        )

    def left_out(self, parts: DockParts, kept: Collection[str] = ()) -> str:
        """Name the Labels layers that hold other work, which no file of this keeps.

        Parameters
        ----------
        parts : DockParts
            What the dock's parts share.
        kept : collection of str
            Places of layers that are kept with other images.
        """
        notes = parts.session.histories.notes
        kept = {*kept, *(place_of(each) for each in self.layers)}
        places = {place_of(each): each.name for each in parts.lists.labels()}
        names = [
            name
            for place, name in places.items()
            if place not in kept and notes.holds_work(place)
        ]
        if not names:
            return ""
        return (
            f"the work in {', '.join(names)} is not in the file: on its image, "
            "choose that layer under Write to and save its session as another file"
        )

    def taken(self, into: npt.NDArray[np.integer] | None = None) -> SessionSnapshot:
        """Copy the labels that are written to as well, if they can be kept.

        Memory that was used before is used again if they fit:
        50 MB take 10 ms then, and 15 to 170 where the system has to find the memory.
        """
        unkept = self.unkept
        snapshot = replace(
            self.snapshot, beside=self._beside(self.snapshot.time, unkept)
        )
        if self.labels is None or snapshot.place in unkept:
            return snapshot
        array = labels_zyx(self.labels, snapshot.time)
        if into is None or (into.shape, into.dtype) != (array.shape, array.dtype):
            into = np.empty_like(array)
        np.copyto(into, array)
        return replace(snapshot, labels=(self.labels.name, into))

    def _beside(
        self, time: int | None, unkept: Collection[str]
    ) -> tuple[LabelsBeside, ...]:
        """Give the other layers at a time point; their labels are not copied."""
        return tuple(
            LabelsBeside(
                place_of(each),
                each.name,
                None if place_of(each) in unkept else labels_zyx(each, time),
            )
            for each in self.beside
        )

    def at_times(self) -> dict[int | None, PromptImage]:
        """Give the image at each of its time points; None stands for having none."""
        own = self.snapshot.image
        if self.snapshot.time is None:
            return {None: own}
        times = range(shape_of(self.image)[0])
        return {t: prompt_image_from_layer(self.image, own.revision, t) for t in times}

    def others(self, parts: DockParts) -> list[SessionSnapshot]:
        """Give the other time points, whether they hold work or not; copies no labels.

        Parameters
        ----------
        parts : DockParts
            What the dock's parts share.
        """
        histories, own, found = parts.session.histories, self.snapshot.state, []
        unkept = self.unkept
        kept = None if self.snapshot.place in unkept else self.labels
        for time, image in self.at_times().items():
            if time == self.snapshot.time:
                continue
            # what is said of objects belongs to the layer, seen there or not
            state = replace(SessionState(), objects=own.objects, sources=own.sources)
            if image.place in histories.places:
                state = histories.noted(histories.of(image.place).present, time)
            found.append(
                replace(
                    self.snapshot,
                    state=state,
                    image=image,
                    time=time,
                    labels=kept and (kept.name, labels_zyx(kept, time)),
                    beside=self._beside(time, unkept),
                )
            )
        return found


def with_work(there: SessionSnapshot) -> SessionSnapshot | None:
    """Leave out the layers beside that are empty at a time point that is not shown.

    To be run on another thread: hundreds of time points are looked at. Gives None if
    there is no work.
    """
    state, labels = there.state, there.labels
    beside = tuple(
        each for each in there.beside if each.array is not None and each.array.any()
    )
    is_prompted = state.records or not state.prompts.is_empty
    holds_labels = labels is not None and labels[1].any()
    if not (is_prompted or holds_labels or beside):
        return None
    return replace(there, beside=beside)
