"""Keeps the work in files: by itself while it goes on, and when a person asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
from napari.layers import Labels
from qtpy.QtWidgets import QFileDialog

from napari_sam_med.errors import FileReadError, ImageError, PromptError
from napari_sam_med.gui.labels.layer_edits import labels_zyx
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.control.keeping.session_restoring import put_back
from napari_sam_med.gui.prompting.control.prompts_files import safe_name
from napari_sam_med.gui.shared.last_folder import begin_in, keep_folder
from napari_sam_med.gui.shared.later import later
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.session.autosaves import Autosaves, FoundSession
from napari_sam_med.session.background.messages import (
    Answer,
    Done,
    Failed,
    Loaded,
    Task,
)
from napari_sam_med.session.prompt_image import PromptImage
from napari_sam_med.session.replay import load_session, save_records
from napari_sam_med.session.saved_session import ImageIdentity, SavedSession
from napari_sam_med.session.session_states import SessionSnapshot, now, saved_from
from napari_sam_med.session.status import Phase, Status

AUTOSAVE, LAST_AUTOSAVE, FIND = "autosave", "last autosave", "find autosave"
SAVE_SESSION, OPEN_SESSION = "save session", "open session"
RELEASE = "release autosaves"
NAMES = (AUTOSAVE, LAST_AUTOSAVE, FIND, SAVE_SESSION, OPEN_SESSION, RELEASE)
REST_MS = 1500
"""A change is written this long after the last one, so that a burst is written once."""
SESSION_FILES = "Sessions (*.json)"
SESSION = "session"
"""The kind of file whose folder is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class SessionSlots:
    """Whom it asks for what is not its own.

    Parameters
    ----------
    guard : callable
        Does something, tells of an error of ours, and draws what may have changed.
    go_to : callable
        Shows another slice of the orientation that is shown.
    post : callable
        Takes tasks for another thread.
    """

    guard: Callable[[Callable[[], None]], None]
    go_to: Callable[[int], None]
    post: Callable[[Task], None]


Here = tuple[str, int]
"""An image, and how often its voxels have changed."""


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """The work on one image, and the layer with its labels, which are not copied."""

    snapshot: SessionSnapshot
    labels: Labels | None

    @property
    def here(self) -> Here:
        return _here_of(self.snapshot.image)

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
        if found == wanted:
            return ""
        return (
            f"the session is kept without labels: {name} has the shape {found} for "
            f"the image's {wanted}; bring it to that, or choose another Labels layer"
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


class SessionActions:
    """Writes sessions beside the window's thread, and offers those it finds.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    slots : SessionSlots
        Whom it asks.
    autosaves : Autosaves, optional
        Where sessions are kept.
    """

    def __init__(
        self,
        parts: DockParts,
        slots: SessionSlots,
        autosaves: Autosaves | None = None,
    ) -> None:
        self._parts, self._slots = parts, slots
        self._autosaves = autosaves or Autosaves()
        self._started = now()
        self._identities: dict[Here, ImageIdentity] = {}
        self._asked_for: set[Here] = set()
        self._kept: object = None
        self._told: set[str] = set()
        self._unwritten: _Work | None = None
        self._spare: npt.NDArray[np.integer] | None = None
        self._offers: dict[Here, FoundSession] = {}
        self._timer = later(parts.view, REST_MS, self._autosave)
        view = parts.view
        view.session.save_requested.connect(lambda: slots.guard(self._save))
        view.session.open_requested.connect(lambda: slots.guard(self._open))
        view.offer.restore_requested.connect(lambda: slots.guard(self._restore))
        view.offer.forget_requested.connect(lambda: slots.guard(self._forget))

    def draw(self) -> None:
        """Note what has changed: it is written a little later."""
        session, here = self._parts.session, self._here
        self._parts.view.session.set_possible(has_image=here is not None)
        offer = None if here is None or session.can_undo else self._offers.get(here)
        self._parts.view.offer.set_text("" if offer is None else _offer_of(offer))
        if here is None:
            return
        if self._unwritten is not None and self._unwritten.here != here:
            self._write_now()
        if here not in self._asked_for:
            self._asked_for.add(here)
            snapshot = self._work().snapshot
            self._slots.post(Task(FIND, partial(self._find, here, snapshot)))
        mark = (here, session.history_mark, session.state)
        if (session.can_undo or session.can_redo) and mark != self._kept:
            self._kept, self._unwritten = mark, self._work()
            self._timer.start()

    def stop(self) -> None:
        """Write at once what was not written yet; it is finished after the dock."""
        self._write_now()
        release = self._autosaves.release  # after what is written now
        self._slots.post(Task(RELEASE, release, must_finish=True))
        self._asked_for.clear()
        self._offers.clear()
        self._parts.view.offer.set_text("")

    def take(self, answer: Answer) -> bool:
        """Take over what another thread has done; False for answers of others."""
        if isinstance(answer, Failed) and answer.what in NAMES:
            self._parts.session.status = Status(Phase.ERROR, answer.message)
            return True
        if not isinstance(answer, Done) or answer.name not in NAMES:
            return False
        if answer.name == FIND:
            here, identity, found = cast(
                "tuple[Here, ImageIdentity, FoundSession | None]",
                answer.value,
            )
            self._identities[here] = identity
            if found is not None:
                self._offers[here] = found
        if answer.name == AUTOSAVE:
            self._spare = cast("npt.NDArray[np.integer] | None", answer.value)
        if answer.name == SAVE_SESSION:
            text = f"Saved the session as {answer.value}"
            self._parts.session.status = Status(Phase.READY, text)
        if answer.name == OPEN_SESSION:
            opened = cast("tuple[SessionSnapshot, FoundSession]", answer.value)
            self._slots.guard(partial(self._take_opened, *opened))
        return True

    def _find(
        self, here: Here, snapshot: SessionSnapshot
    ) -> tuple[Here, ImageIdentity, FoundSession | None]:
        """Run on another thread."""
        identity = snapshot.identity
        return here, identity, self._autosaves.find(identity)

    @property
    def _here(self) -> Here | None:
        """The image of which a slice is shown."""
        image, plane = self._parts.session.image, self._parts.session.plane
        return None if image is None or plane is None else _here_of(image)

    def _work(self) -> _Work:
        """Take all that a file needs, but for the labels, which are still to copy."""
        parts, session = self._parts, self._parts.session
        image, plane, layer = session.image, session.plane, parts.image
        if image is None or plane is None or layer is None:
            msg = "there is no session without an image; open one first"
            raise PromptError(msg)
        labels = parts.lists.labels_for(layer)
        time = None if parts.seen.shown is None else parts.seen.shown.time
        model, names = session.model, {}
        if labels is not None:
            names = dict(labels.metadata.get("label_names", {}))
        snapshot = SessionSnapshot(
            state=session.state,
            image=image,
            plane=plane,
            files=tuple(str(each) for each in layer.metadata.get("files", ())),
            model="" if model is None else model.name,
            sha256="" if model is None else model.sha256,
            place="" if labels is None else place_of(labels),
            names=names,
            labels=None,
            time=time,
            started=self._started,
        )
        return _Work(snapshot, labels)

    def _autosave(self) -> None:
        self._post_autosave(AUTOSAVE)

    def _write_now(self) -> None:
        """Write what a person is about to leave, whatever comes after it."""
        self._timer.stop()
        self._post_autosave(LAST_AUTOSAVE)

    def _post_autosave(self, name: str) -> None:
        work, self._unwritten = self._unwritten, None
        if work is None:
            return
        self._tell_unkept(work)
        known = self._identities.get(work.here)
        spare, self._spare = self._spare, None  # until it is written
        write = partial(_write, self._autosaves, work.taken(spare), known)
        self._slots.post(Task(name, write, must_finish=name == LAST_AUTOSAVE))

    def _tell_unkept(self, work: _Work) -> None:
        """Tell once of each layer that its labels are not kept."""
        why = work.unkept
        if not why:
            self._told.discard(work.snapshot.place)
        elif work.snapshot.place not in self._told:
            self._told.add(work.snapshot.place)
            tell_in_viewer(Status(Phase.ERROR, f"{why[0].upper()}{why[1:]}"))

    def _save(self) -> None:
        work = self._work()
        snapshot, unkept = work.taken(), work.unkept
        suggested = f"{safe_name(snapshot.image.volume.name)}_session.json"
        name, _ = QFileDialog.getSaveFileName(
            self._parts.view,
            "Save session",
            begin_in(SESSION, suggested),
            SESSION_FILES,
        )
        keep_folder(SESSION, name)
        if name:
            path = Path(name)
            path = path if path.suffix == ".json" else Path(f"{name}.json")
            save = partial(_save_session, path, snapshot, unkept)
            self._slots.post(Task(SAVE_SESSION, save, must_finish=True))

    def _open(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self._parts.view, "Open session", begin_in(SESSION), SESSION_FILES
        )
        keep_folder(SESSION, name)
        if name:
            load = partial(_load_session, Path(name), self._work().snapshot)
            self._slots.post(Task(OPEN_SESSION, load))

    def _restore(self) -> None:
        found = self._taken_offer()
        if found is not None:
            self._take_up(found)

    def _forget(self) -> None:
        found = self._taken_offer()
        if found is not None:
            self._autosaves.remove(found.path)

    def _taken_offer(self) -> FoundSession | None:
        """Give the offer of the image that is seen, once."""
        return None if self._here is None else self._offers.pop(self._here, None)

    def _take_opened(self, asked: SessionSnapshot, found: FoundSession) -> None:
        """Take a file up if the image that it was compared with is still shown."""
        if _here_of(asked.image) != self._here:
            msg = (
                f"{found.path.name} is a session of {asked.image.volume.name}, which "
                "was left or changed while the file was read; go back to that image "
                "and open the session again"
            )
            raise PromptError(msg)
        self._take_up(found)

    def _take_up(self, found: FoundSession) -> None:
        left_out = put_back(self._parts, found.session, found.records)
        plane = self._parts.session.plane
        if plane is not None and plane.axis == found.session.axis:
            self._slots.go_to(found.session.index)
        text = f"The session of {_shown(found.session.saved)} goes on"
        text += _made_otherwise(found.session, self._parts.session.model)
        if left_out:
            text += f"; {left_out}"
            tell_in_viewer(Status(Phase.ERROR, text))  # an answer may clear the line
        self._parts.session.status = Status(Phase.READY, text)


def _here_of(image: PromptImage) -> Here:
    return image.place, image.revision


def _made_otherwise(saved: SavedSession, model: Loaded | None) -> str:
    """Say which other model, or other weights of it, saved work was made with."""
    if not saved.model:
        return ""
    if model is None or saved.model != model.name:
        return f"; it was made with {saved.model}"
    if saved.sha256 and saved.sha256 != model.sha256:
        return f"; it was made with other weights of {saved.model}"
    return ""


def _write(
    autosaves: Autosaves, snapshot: SessionSnapshot, known: ImageIdentity | None
) -> npt.NDArray[np.integer] | None:
    """Run on another thread; gives the copy of the labels back."""
    autosaves.write(snapshot, known or snapshot.identity)
    return None if snapshot.labels is None else snapshot.labels[1]


def _save_session(path: Path, snapshot: SessionSnapshot, unkept: str) -> str:
    session = saved_from(snapshot, snapshot.identity)
    save_records(path, snapshot.state.records, session)
    return f"{path.name}; {unkept}" if unkept else path.name


def _load_session(
    path: Path, snapshot: SessionSnapshot
) -> tuple[SessionSnapshot, FoundSession]:
    session, records = load_session(path)
    if not session.image.is_same(snapshot.identity):
        files = f" ({session.image.files[0]})" if session.image.files else ""
        msg = (
            f"{path.name} is a session of {session.image.name}{files}, whose voxels "
            f"are not those of {snapshot.image.volume.name}; open that image first"
        )
        raise FileReadError(msg)
    return snapshot, FoundSession(path, session, records)


def _offer_of(found: FoundSession) -> str:
    session = found.session
    objects = len({source.label for source in session.sources})
    kept = [
        (objects, "object"),
        (len(session.sources), "slice"),
        (session.n_prompts, "prompt"),
    ]
    told = ", ".join(_count(*each) for each in kept if each[0]) or "labels"
    return f"Work on this image of {_shown(session.saved)} was kept: {told}"


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _shown(time: str) -> str:
    return time.replace("T", " ").removesuffix("+00:00") + " UTC"
