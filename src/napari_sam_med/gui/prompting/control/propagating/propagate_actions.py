"""What a person does with a propagation: start, stop, accept, discard."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from napari_sam_med.errors import PromptError
from napari_sam_med.gui.labels.label_layers import (
    check_same_grid,
)
from napari_sam_med.gui.labels.object_looks import GREY
from napari_sam_med.gui.napari_io import shape_zyx
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.control.object_list.object_rows import colour_of
from napari_sam_med.gui.prompting.control.propagating.propagation_preview import (
    PropagationPreview,
)
from napari_sam_med.gui.prompting.control.propagating.propagation_requests import (
    given_slices,
    settings_of,
)
from napari_sam_med.gui.prompting.control.propagating.propagation_writing import (
    PropagationWriter,
)
from napari_sam_med.gui.prompting.shown_image import TIME_MARK
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.gui.shared.viewer_watch import LayerWatch
from napari_sam_med.session.background.messages import (
    Answer,
    Failed,
    PropagateStep,
    Request,
    Task,
)
from napari_sam_med.session.consents import Consents
from napari_sam_med.session.prompt_image import PromptImage
from napari_sam_med.session.runs.propagation_run import (
    KIND,
    PropagationRun,
    PropagationTarget,
    what_is_lost,
)
from napari_sam_med.session.status import Phase, Status, counted


class PropagateActions:
    """Slots of the propagation's buttons and keys.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    post : callable
        Takes requests for the model thread.
    post_task : callable
        Takes what would stop the window.
    guard : callable
        Does something, tells of an error of ours, and draws what may have changed.
    """

    def __init__(
        self,
        parts: DockParts,
        post: Callable[[Request], None],
        post_task: Callable[[Task], None],
        guard: Callable[[Callable[[], None]], None],
    ) -> None:
        self._parts, self._guard = parts, guard
        self._consents = Consents()
        self._watch = LayerWatch({"data": self._on_voxels_changed})
        self._is_away = False
        self.run = PropagationRun(post)
        self._writer = PropagationWriter(parts, self.run, post_task, self._end)
        self.preview = PropagationPreview(parts.painter.overlay, parts.view)
        bar = parts.view.propagate
        bar.start_requested.connect(self.start)
        bar.stop_requested.connect(self.stop)
        bar.accept_requested.connect(self.accept)
        bar.discard_requested.connect(self.discard)

    @property
    def waits(self) -> bool:
        """Whether Enter decides about a preview, and not about a candidate."""
        return self.run.waits and self._parts.session.candidates is None

    @property
    def is_writing(self) -> bool:
        """Whether an accepted preview is on its way into the labels."""
        return self._writer.is_writing

    def start_or_stop(self) -> None:
        """Start, or stop what runs."""
        (self.stop if self.run.is_running else self.start)()

    def start(self) -> None:
        """Follow the present object, as a preview."""
        self._guard(self._start)

    def stop(self) -> None:
        """Follow no further; what is there can be accepted or discarded."""
        self._guard(self._stop)

    def accept(self) -> None:
        """Write the preview, as one step; others' losses are asked for first."""
        self._guard(self._accept)

    def discard(self) -> None:
        """Throw the preview away."""
        self._guard(self._discard)

    def draw(self) -> None:
        """Bring the buttons up to date; a preview of another image goes.

        That of another time point of the image stays, to be seen there again.
        """
        parts, target = self._parts, self.run.target
        if target is not None and not self.is_writing:
            self._check(target, parts.session.image)
        found = sum(1 for each in self.run.slices.values() if each.area_px)
        session = parts.session
        parts.view.propagate.set_state(
            can_start=session.plane is not None and session.model is not None,
            is_running=self.run.is_running,
            slices=found,
        )

    @property
    def what_waits(self) -> str:
        """Name what ``close`` throws away; empty if there is nothing."""
        return "" if self.run.target is None else what_is_lost(self.run.slices)

    def close(self) -> None:
        """Stop, and show nothing any more."""
        self._end()

    def take(self, answer: Answer) -> bool:
        """Take over what a thread has found; False for answers of others."""
        if isinstance(answer, PropagateStep) or (
            isinstance(answer, Failed) and answer.what == KIND
        ):
            return self._on_step(answer)
        return self._writer.take(answer)

    def finish(self) -> None:
        """Write at once a preview that was accepted, whatever comes after it."""
        self._writer.finish()

    def _on_step(self, answer: PropagateStep | Failed) -> bool:
        told = self.run.take(answer)
        if told is None:
            return False
        target = self.run.target
        if isinstance(answer, PropagateStep) and answer.slice and target is not None:
            self.preview.put(target.settings.axis, answer.slice)
        self._parts.session.hear(told)
        found = any(each.area_px for each in self.run.slices.values())
        if not found and not self.run.is_running:
            self._end()  # there is nothing to decide about
        return True

    def _start(self) -> None:
        self.finish()
        parts, session = self._parts, self._parts.session
        away = self._away
        if away and not self._consents.given("start", id(self.run.target)):
            msg = f"{away}, or propagate again to drop it"
            raise PromptError(msg)
        image, prompted, plane = parts.image, session.image, session.plane
        if image is None or prompted is None or plane is None:
            msg = "open an image and show a slice of it first"
            raise PromptError(msg)
        if image.ndim == 2:
            msg = f"{image.name} is a single slice; propagation needs a volume"
            raise PromptError(msg)
        if shape_zyx(image) != prompted.volume.shape_zyx:
            msg = f"{_changed(prompted)}; propagate again"
            raise PromptError(msg)
        time = None if parts.seen.shown is None else parts.seen.shown.time
        labels = parts.lists.labels_for(image)
        if labels is not None:
            check_same_grid(image, labels)
        given = given_slices(session, labels, time)
        asked = parts.view.propagate.settings
        settings, given = settings_of(asked, prompted, plane, given)
        self.run.start(
            PropagationTarget(prompted, session.state.label, settings, time), given
        )
        label = session.state.label
        colour = GREY if labels is None else colour_of(labels, label) or GREY
        self._watch.watch(image)
        self.preview.begin(image, time, (255, 220, 60) if colour == GREY else colour)
        session.status = Status(Phase.BUSY, "Propagating ...")

    def _stop(self) -> None:
        self.run.stop()
        count = len(self.run.slices)
        text = f"Stopped after {counted(count, 'slice')}: accept them or discard them"
        if count == 0:
            self._end()
            text = "Stopped before the first slice was found"
        self._parts.session.status = Status(Phase.IDLE, text)

    def _end(self) -> None:
        self._watch.watch(None)
        self._is_away = False
        self.run.drop()
        self.preview.end()

    def _discard(self) -> None:
        self._check_here()
        self._end()
        self._parts.session.status = Status()

    def _on_voxels_changed(self) -> None:
        """Drop what was found in other voxels at once; the session hears later."""
        self.finish()
        target = self.run.target
        if target is not None:
            self._guard(partial(self._lose, _changed(target.image)))

    def _check(self, target: PropagationTarget, image: PromptImage | None) -> None:
        """Drop what does not belong to the image that is prompted now."""
        was_away, self._is_away = self._is_away, False
        if image is None:
            gone = self._parts.lists.find(_layer(target.image)) is None
            name = target.image.volume.name
            why = f"{name} was removed" if gone else f"{name} cannot be prompted now"
            text = f"Discarded {what_is_lost(self.run.slices)}: {why}"
            self._end()
            self._parts.session.status = Status()
            tell_in_viewer(Status(Phase.IDLE, text))  # the line says what is missing
        elif _layer(image) != _layer(target.image):
            why = f"it belonged to {target.image.volume.name}"
            self._guard(partial(self._lose, why))
        elif image.revision != target.image.revision:
            self._guard(partial(self._lose, _changed(target.image)))
        elif image.place != target.image.place:
            self._is_away = True
            if not was_away:
                news = Status(Phase.IDLE, self._away)
                self._guard(partial(self._parts.session.hear, news))

    @property
    def _away(self) -> str:
        """Say where the preview is, if another time point is shown; else empty."""
        target, image = self.run.target, self._parts.session.image
        if target is None or image is None or image.place == target.image.place:
            return ""
        what = what_is_lost(self.run.slices)
        return (
            f"{what} is of time point {target.time}; go there to accept or discard it"
        )

    def _check_here(self) -> None:
        if self._away:
            raise PromptError(self._away)

    def _lose(self, why: str) -> None:
        """Drop what is there, and say so."""
        session = self._parts.session
        text = f"Discarded {what_is_lost(self.run.slices)}: {why}; propagate again"
        self._end()
        session.hold(Status(Phase.IDLE, text))

    def _accept(self) -> None:
        target, image = self.run.target, self._parts.image
        if target is None or image is None or not self.run.waits:
            msg = "there is no preview to accept; propagate an object first"
            raise PromptError(msg)
        self._check_here()
        self._writer.accept(target, image)


def _changed(image: PromptImage) -> str:
    return f"the voxels of {image.volume.name} have changed"


def _layer(image: PromptImage) -> str:
    """Name the layer whose time points share a preview's."""
    return image.place.partition(TIME_MARK)[0]
