"""Keeps the work in files: by itself while it goes on, and when a person asks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
from qtpy.QtWidgets import QFileDialog

from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.errors import FileReadError, PromptError
from napari_sam_med.gui.napari_io import place_of
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.gui.prompting.control.keeping.session_restoring import (
    RestoredWork,
    RestorePlan,
    add_one,
    put_back,
)
from napari_sam_med.gui.prompting.control.keeping.session_sentences import (
    made_otherwise,
    offer_of,
    shown_time,
)
from napari_sam_med.gui.prompting.control.keeping.session_slots import SessionSlots
from napari_sam_med.gui.prompting.control.keeping.session_work import (
    Here,
    SessionWork,
    here_of,
    with_work,
)
from napari_sam_med.gui.prompting.control.prompts_files import safe_name
from napari_sam_med.gui.shared.last_folder import (
    ask_where_to_save,
    begin_in,
    keep_folder,
)
from napari_sam_med.gui.shared.later import later, remove_layers
from napari_sam_med.gui.shared.notes import tell_in_viewer
from napari_sam_med.session.autosaves import Autosaves, FoundSession
from napari_sam_med.session.background.messages import (
    Answer,
    Done,
    Failed,
    Task,
)
from napari_sam_med.session.prompt_image import PromptImage
from napari_sam_med.session.replay import SavedTime, load_times, save_records
from napari_sam_med.session.saved_session import ImageIdentity
from napari_sam_med.session.session_states import SessionSnapshot, now, saved_from
from napari_sam_med.session.status import Phase, Status

AUTOSAVE, LAST_AUTOSAVE, FIND = "autosave", "last autosave", "find autosave"
SAVE_SESSION, OPEN_SESSION, UNPACK = "save session", "open session", "unpack session"
RELEASE = "release autosaves"
NAMES = (AUTOSAVE, LAST_AUTOSAVE, FIND, SAVE_SESSION, OPEN_SESSION, UNPACK, RELEASE)
REST_MS = 1500
"""A change is written this long after the last one, so that a burst is written once."""
SESSION_FILES = ("Sessions", ".json")
SESSION = "session"
"""The kind of file whose folder is kept."""


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
        self._unwritten: SessionWork | None = None
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
        self._parts.view.offer.set_text("" if offer is None else offer_of(offer))
        if here is None:
            return
        if self._unwritten is not None and self._unwritten.here != here:
            self._post_last()
        if here not in self._asked_for:
            self._asked_for.add(here)
            snapshot = self._work().snapshot
            self._slots.post(Task(FIND, partial(self._find, here, snapshot)))
        self._note_changes(here)

    def _note_changes(self, here: Here) -> None:
        session = self._parts.session
        strokes = session.histories.notes.n_strokes
        mark = (here, session.history_mark, session.state, strokes)
        if (session.can_undo or session.can_redo) and mark != self._kept:
            self._kept, self._unwritten = mark, self._work()
            self._timer.start()

    def stop(self) -> None:
        """Write at once what was not written yet, and let go of all after that."""
        self.write_now()
        self._slots.post(Task(RELEASE, self._autosaves.release, must_finish=True))
        self._asked_for.clear()
        self._offers.clear()
        self._parts.view.offer.set_text("")

    def take(self, answer: Answer) -> bool:
        """Take over what another thread has done; False for answers of others."""
        if isinstance(answer, Failed) and answer.what in NAMES:
            self._parts.session.hear(Status(Phase.ERROR, answer.message))
            return True
        if not isinstance(answer, Done) or answer.name not in NAMES:
            return False
        self._take_done(answer.name, answer.value)
        return True

    def _take_done(self, name: str, value: object) -> None:
        if name == FIND:
            here, found = cast("tuple[Here, FoundSession | None]", value)
            if found is not None:
                self._offers[here] = found
        if name == AUTOSAVE:
            self._spare = cast("npt.NDArray[np.integer] | None", value)
        if name == SAVE_SESSION:
            self._tell_saved(*cast("tuple[str, bool]", value))
        if name == OPEN_SESSION:
            opened = cast("tuple[SessionSnapshot, FoundSession]", value)
            self._slots.guard(partial(self._take_opened, *opened))
        if name == UNPACK:
            unpacked = cast("tuple[Here, FoundSession, RestoredWork]", value)
            self._slots.guard(partial(self._take_unpacked, *unpacked))

    def _find(
        self, here: Here, snapshot: SessionSnapshot
    ) -> tuple[Here, FoundSession | None]:
        """Run on another thread."""
        identity = self._identity(snapshot.image, snapshot.files, snapshot.time)
        return here, self._autosaves.find(identity)

    def _identity(
        self,
        image: PromptImage,
        files: tuple[str, ...],
        time: int | None,
        *,
        anew: bool = False,
    ) -> ImageIdentity:
        """Run on another thread, one for all; lazy voxels are read once.

        Those in memory can be looked at ``anew``: napari does not tell if a script
        changes them.
        """
        here, is_lazy = here_of(image), not isinstance(image.volume.array, np.ndarray)
        known = self._identities.get(here)
        if known is None or (anew and not is_lazy):
            known = ImageIdentity.of(image.volume, files, time)
            self._identities[here] = known
        return replace(known, name=printable(image.volume.name))

    def _write(self, snapshot: SessionSnapshot) -> npt.NDArray[np.integer] | None:
        """Run on another thread; gives the copy of the labels back."""
        own = self._identity(snapshot.image, snapshot.files, snapshot.time)
        self._autosaves.write(snapshot, own)
        return None if snapshot.labels is None else snapshot.labels[1]

    def _save_session(
        self,
        path: Path,
        shown: SessionSnapshot,
        times: list[SessionSnapshot],
        unkept: str,
    ) -> tuple[str, bool]:
        """Run on another thread; other time points are kept where they hold work.

        Gives what to tell, and whether all work is in the file.
        """
        taken = (with_work(each) for each in times)
        snapshots = [shown, *(each for each in taken if each is not None)]
        saved = [
            saved_from(
                each, self._identity(each.image, each.files, each.time, anew=True)
            )
            for each in snapshots
        ]
        records = [list(each.state.records) for each in snapshots]
        others = [SavedTime(*each) for each in zip(saved[1:], records[1:], strict=True)]
        save_records(path, records[0], saved[0], others)
        told = path.name
        if others:
            kept = sorted(each.time for each in snapshots if each.time is not None)
            told += f" with the time points {', '.join(map(str, kept))}"
        return (f"{told}; {unkept}", False) if unkept else (told, True)

    def _load_session(
        self,
        path: Path,
        snapshot: SessionSnapshot,
        images: dict[int | None, PromptImage],
    ) -> tuple[SessionSnapshot, FoundSession]:
        """Run on another thread; each time point is compared with that of the image."""
        times = load_times(path)
        for saved in (each.session.image for each in times):
            image = images.get(saved.time)
            if image is None or not saved.is_same(
                self._identity(image, snapshot.files, saved.time, anew=True)
            ):
                files = f" ({saved.files[0]})" if saved.files else ""
                name = (
                    snapshot.image.volume.name if image is None else image.volume.name
                )
                msg = (
                    f"{path.name} is a session of {saved.name}{files}, whose voxels "
                    f"are not those of {name}; open that image first"
                )
                raise FileReadError(msg)
        first = times[0]
        found = FoundSession(path, first.session, tuple(first.records), times[1:])
        return snapshot, found

    @property
    def _here(self) -> Here | None:
        """The image of which a slice is shown."""
        image, plane = self._parts.session.image, self._parts.session.plane
        return None if image is None or plane is None else here_of(image)

    def _work(self) -> SessionWork:
        return SessionWork.of(self._parts, self._started)

    def _autosave(self) -> None:
        self._post_autosave(AUTOSAVE)

    def write_now(self) -> None:
        """Write what is not drawn yet too, whatever comes after it."""
        if self._here is not None:
            self._note_changes(self._here)
        self._post_last()

    def _post_last(self) -> None:
        """Write what a person is about to leave."""
        self._timer.stop()
        self._post_autosave(LAST_AUTOSAVE)

    def _post_autosave(self, name: str) -> None:
        work, self._unwritten = self._unwritten, None
        if work is None:
            return
        self._tell_unkept(work)
        spare, self._spare = self._spare, None  # until it is written
        write = partial(self._write, work.taken(spare))
        self._slots.post(Task(name, write, must_finish=name == LAST_AUTOSAVE))

    def _tell_unkept(self, work: SessionWork) -> None:
        """Tell once of each layer that its labels, or those beside it, are not kept."""
        unkept = work.unkept
        for place in map(place_of, work.layers):
            why = unkept.get(place, "")
            if not why:
                self._told.discard(place)
            elif place not in self._told:
                self._told.add(place)
                tell_in_viewer(Status(Phase.ERROR, f"{why[0].upper()}{why[1:]}"))
        beside = work.left_out(self._parts, self._parts.lists.written_to())
        if beside and beside not in self._told:
            self._told.add(beside)
            text = f"Work is kept as it goes, but {beside}"
            tell_in_viewer(Status(Phase.ERROR, text))

    def _tell_saved(self, told: str, is_whole: bool) -> None:  # noqa: FBT001 - a value
        text = f"Saved the session as {told}"
        self._parts.session.hear(Status(Phase.READY, text))
        if not is_whole:  # what comes by itself may clear the line
            tell_in_viewer(Status(Phase.ERROR, text))

    def _save(self) -> None:
        work = self._work()
        snapshot = work.taken()
        notes = (*work.unkept.values(), work.left_out(self._parts))
        unkept = "; ".join(each for each in notes if each)
        others = work.others(self._parts)
        suggested = f"{safe_name(snapshot.image.volume.name)}_session.json"
        path = ask_where_to_save(
            self._parts.view, "Save session", SESSION, suggested, SESSION_FILES
        )
        if path is not None:
            save = partial(self._save_session, path, snapshot, others, unkept)
            self._slots.post(Task(SAVE_SESSION, save, must_finish=True))

    def _open(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self._parts.view, "Open session", begin_in(SESSION), "Sessions (*.json)"
        )
        keep_folder(SESSION, name)
        if name:
            work = self._work()
            load = partial(
                self._load_session, Path(name), work.snapshot, work.at_times()
            )
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
        self._check_here(here_of(asked.image), found)
        self._take_up(found)

    def _check_here(self, here: Here, found: FoundSession) -> None:
        if here != self._here:
            msg = (
                f"{found.path.name} is a session of {found.session.image.name}, which "
                "was left or changed while the file was read; go back to that image "
                "and open the session again"
            )
            raise PromptError(msg)

    def _take_up(self, found: FoundSession) -> None:
        """Unpack labels on another thread, and go on in ``_take_unpacked``."""
        here, plan = self._here, RestorePlan.of(self._parts, found.times)
        self._parts.session.status = Status(Phase.BUSY, "Unpacking the labels ...")
        unpack = partial(RestoredWork.of, plan)
        task = Task(UNPACK, lambda: (here, found, unpack()), must_finish=True)
        self._slots.post(task)

    def _take_unpacked(
        self, here: Here, found: FoundSession, work: RestoredWork
    ) -> None:
        """Bring it into the viewer if the image is shown that it was asked for on."""
        begun = [each for each in work.new if each in self._parts.viewer.layers]
        if here != self._here:
            remove_layers(self._parts.viewer, begun)
            if found.path.parent == self._autosaves.folder:
                self._offers[here] = found  # to be taken up there
                return
        self._check_here(here, found)
        if not begun and not work.plan.holds(self._parts):
            self._take_up(found)
            return
        if add_one(self._parts, work):
            go_on = partial(self._take_unpacked, here, found, work)
            timer = later(self._parts.view, 0, partial(self._slots.guard, go_on))
            timer.timeout.connect(timer.deleteLater)
            timer.start()
            return
        left_out = put_back(self._parts, work, self._slots.show_objects)
        plane = self._parts.session.plane
        if plane is not None and plane.axis == found.session.axis:
            self._slots.go_to(found.session.index)
        text = f"The session of {shown_time(found.session.saved)} goes on"
        saved = [each.session.image.time for each in found.times]
        times = sorted(each for each in saved if each is not None)
        if times and times != [self._work().snapshot.time]:
            text += f" at the time points {', '.join(map(str, times))}"
        text += made_otherwise(found.session, self._parts.session.model)
        if left_out:
            text += f"; {left_out}"
            tell_in_viewer(Status(Phase.ERROR, text))  # an answer may clear the line
        self._parts.session.status = Status(Phase.READY, text)
