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
from napari_sam_med.session.session_states import SessionSnapshot

Here = tuple[str, int]
"""An image, and how often its voxels have changed."""


def here_of(image: PromptImage) -> Here:
    """Name an image with the voxels that it has now."""
    return image.place, image.revision


@dataclass(frozen=True, slots=True, eq=False)
class SessionWork:
    """The work on one image, and the layer with its labels, which are not copied."""

    snapshot: SessionSnapshot
    image: Image
    labels: Labels | None

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
            state=session.state,
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
        return cls(snapshot, layer, labels)

    @property
    def here(self) -> Here:
        """Which image it is."""
        return here_of(self.snapshot.image)

    @property
    def unkept(self) -> str:
        """Say why the labels cannot be kept; empty if they can or there are none."""
        if self.labels is None:
            return ""
        try:
            found = labels_zyx(self.labels, self.snapshot.time).shape
        except ImageError as error:
            return f"the session is kept without labels: {error}"
        wanted, name = self.snapshot.image.volume.shape_zyx, self.labels.name
        if found != wanted:
            return (
                f"the session is kept without labels: {name} has the shape {found} for "
                f"the image's {wanted}; bring it to that, or choose another Labels "
                "layer"
            )
        elsewhere = grid_difference(self.image, self.labels)
        if not elsewhere:
            return ""
        return (
            f"the session is kept without labels: {name} lies on another grid than "
            f"{self.image.name} ({elsewhere}); bring it back, or choose another Labels "
            "layer"
        )

    def left_out(self, parts: DockParts, kept: Collection[str] = ()) -> str:
        """Name the other Labels layers that hold work, which no file of this keeps.

        Parameters
        ----------
        parts : DockParts
            What the dock's parts share.
        kept : collection of str
            Places of layers that are kept with other images.
        """
        notes, kept = parts.session.histories.notes, {self.snapshot.place, *kept}
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
        """Copy the labels as well, if they can be kept.

        Memory that was used before is used again if they fit:
        50 MB take 10 ms then, and 15 to 170 where the system has to find the memory.
        """
        if self.labels is None or self.unkept:
            return self.snapshot
        array = labels_zyx(self.labels, self.snapshot.time)
        if into is None or (into.shape, into.dtype) != (array.shape, array.dtype):
            into = np.empty_like(array)
        np.copyto(into, array)
        return replace(self.snapshot, labels=(self.labels.name, into))

    def at_times(self) -> dict[int | None, PromptImage]:
        """Give the image at each of its time points; None stands for having none."""
        own = self.snapshot.image
        if self.snapshot.time is None:
            return {None: own}
        times = range(shape_of(self.image)[0])
        return {t: prompt_image_from_layer(self.image, own.revision, t) for t in times}

    def others(self, parts: DockParts) -> list[TimePoint]:
        """Give the other time points, whether they hold work or not.

        Parameters
        ----------
        parts : DockParts
            What the dock's parts share.
        """
        histories, own, found = parts.session.histories, self.snapshot.state, []
        is_kept = self.labels is not None and not self.unkept
        for time, image in self.at_times().items():
            if time == self.snapshot.time:
                continue
            # what is said of objects belongs to the layer, seen there or not
            state = replace(SessionState(), objects=own.objects, sources=own.sources)
            if image.place in histories.places:
                state = histories.of(image.place).present
            there = replace(self.snapshot, state=state, image=image, time=time)
            labels = None
            if is_kept and self.labels is not None:
                labels = self.labels.name, labels_zyx(self.labels, time)
            found.append(TimePoint(there, labels))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class TimePoint:
    """The work on a time point that is not shown, and its labels in their layer."""

    snapshot: SessionSnapshot
    labels: tuple[str, npt.NDArray[np.integer]] | None

    def taken(self) -> SessionSnapshot | None:
        """Copy what it holds; None if that is no work.

        To be run on another thread: hundreds of time points are looked at.
        """
        if self.labels is not None and self.labels[1].any():
            name, array = self.labels
            return replace(self.snapshot, labels=(name, array.copy()))
        state = self.snapshot.state
        return self.snapshot if state.records or not state.prompts.is_empty else None
