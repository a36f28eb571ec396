"""The state of prompting, and the rules by which it changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam_med.errors import PromptError
from napari_sam_med.session.background.messages import (
    Failed,
    Load,
    Loaded,
    Precompute,
    PrecomputeStep,
    Predict,
    Predicted,
    Started,
    StopPrecompute,
)
from napari_sam_med.session.feedback import Feedback, PromptRequest, feedback_for
from napari_sam_med.session.history import History
from napari_sam_med.session.objects import Acceptance, SessionState, UndoStep
from napari_sam_med.session.replay import Record
from napari_sam_med.session.status import Chosen, Phase, Status
from napari_sam_med.session.volume_prompts import ObjectPrompts

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.session.background.messages import Answer, Request
    from napari_sam_med.session.background.model_service import ModelSource
    from napari_sam_med.session.objects import LabelEdit
    from napari_sam_med.session.prompt_image import PromptImage


class PromptSession:
    """Which slice, which prompts, which candidates; asks the model when they change.

    Every change of slice, window, model or prompts starts a new generation. An answer
    of an older one is dropped in ``receive``. A click that comes after an answer takes
    the logits of the chosen candidate with it. Use it from one thread.

    Parameters
    ----------
    post : callable
        Takes each request for the model thread.
    """

    def __init__(self, post: Callable[[Request], None]) -> None:
        self._post = post
        self._generation = 0
        self._wanted: dict[str, int] = {"load": 0, "predict": 0, "precompute": 0}
        self._histories: dict[str, History[SessionState]] = {}
        self._nowhere: History[SessionState] = History(SessionState())
        self._feedback = Feedback()
        self.image: PromptImage | None = None
        self.plane: SlicePlane | None = None
        self.model: Loaded | None = None
        self.candidates: Candidates | None = None
        self.is_fresh = False
        self.chosen = 0
        self.status = Status()
        self.precompute: PrecomputeStep | None = None

    # What stands

    @property
    def state(self) -> SessionState:
        """Prompts, label and accepted masks on the image that is shown."""
        return self._history.present

    @property
    def can_undo(self) -> bool:
        """Whether ``undo`` would change something."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether ``redo`` would change something."""
        return self._history.can_redo

    @property
    def records(self) -> list[Record]:
        """How each mask that stands accepted on this image came about."""
        return [each.record for each in self.state.accepted]

    # What is shown

    def choose_model(self, source: ModelSource) -> None:
        """Load another model; until it is ready nothing is predicted."""
        self.model = None
        self._forget_candidates()
        self.status = Status(Phase.BUSY, f"Loading {source.name} ...")
        self.stop_precompute()
        self._post(Load(self._next_generation("load"), source))

    def leave_model(self, why: str) -> None:
        """Be without a model until another one is chosen, and say why."""
        self._next_generation("load")
        self.model = None
        self._forget_candidates()
        self.stop_precompute()
        self.status = Status(Phase.IDLE, why)

    def show(self, image: PromptImage | None, plane: SlicePlane | None) -> None:
        """Say which slice of which image is seen, and through which window.

        Parameters
        ----------
        image : PromptImage or None
            None if there is no image that can be prompted.
        plane : SlicePlane or None
            None with no image.
        """
        before = self._slice_key()
        window_only = self._is_same_slice(image, plane)
        if self.precompute is not None and not self._is_same_image(image):
            self.stop_precompute()
        self.image, self.plane = image, plane
        if image is not None:
            self._histories.setdefault(image.place, History(SessionState()))
        if self._slice_key() == before:
            return
        if not window_only:
            self._forget_candidates()
            self.status = Status()
        self._ask()

    def forget(self, place: str) -> None:
        """Drop the history of an image that is gone."""
        self._histories.pop(place, None)

    @property
    def places(self) -> tuple[str, ...]:
        """The images that have a history."""
        return tuple(self._histories)

    # What a person does

    def add_point(self, point_zyx: tuple[float, float, float], label: int) -> None:
        """Add a point, 1 on the object or 0 on the background."""
        self._push(self.state.prompts.with_point(point_zyx, label))

    def replace_prompts(self, prompts: ObjectPrompts) -> None:
        """Take over prompts that were edited elsewhere."""
        if not prompts.same_as(self.state.prompts):
            self._push(prompts)

    def clear(self) -> None:
        """Drop the prompts on the slice that is shown."""
        if self.plane is not None:
            self.replace_prompts(self.state.prompts.without(self.plane))

    def undo(self) -> UndoStep:
        """Go back one step; what comes back says which label edits to take back."""
        return self._travel(self._history.undo)

    def redo(self) -> UndoStep:
        """Go forward one step; the reverse of ``undo``."""
        return self._travel(self._history.redo)

    def choose(self, index: int) -> None:
        """Choose a candidate by its slot; a slot that does not exist is ignored."""
        if self.candidates is not None and 0 <= index < len(self.candidates):
            self.chosen = index

    def set_label(self, label: int) -> None:
        """Write later masks under another number; not a step of the history."""
        self._history.amend(replace(self.state, label=label))

    def next_object(self, label: int) -> None:
        """Drop all prompts and go on under another number."""
        state = replace(self.state, prompts=ObjectPrompts(), label=label, feedback={})
        self._history.push(state)
        self._ask()

    def to_accept(self) -> Chosen:
        """Give the chosen candidate, to be written by whoever holds the labels.

        Raises
        ------
        PromptError
            If there is no candidate, it is being computed anew, or it is empty.
        """
        image, plane, candidates = self.image, self.plane, self.candidates
        if image is None or plane is None or candidates is None:
            msg = "there is no mask to accept; click on the image or draw a box first"
            raise PromptError(msg)
        if not self.is_fresh:
            msg = "the model is still answering the last prompt; accept once it is done"
            raise PromptError(msg)
        mask = candidates.masks[self.chosen]
        if not mask.any():
            msg = "the chosen mask is empty; pick another one or add a prompt"
            raise PromptError(msg)
        return Chosen(image, plane, mask, self.state.label)

    def record(self, chosen: Chosen, edit: LabelEdit) -> None:
        """Note that a mask was written; its prompts have served."""
        state = self.state
        acceptance = Acceptance(edit, self._record_of(chosen))
        served = chosen.image.key(chosen.plane)
        self._history.push(
            replace(
                state,
                prompts=state.prompts.without(chosen.plane),
                accepted=(*state.accepted, acceptance),
                feedback={k: v for k, v in state.feedback.items() if k != served},
            )
        )
        self._ask()
        where = f"label {chosen.label} on slice {chosen.plane.index}"
        text = f"Wrote {edit.before.size:,} pixels under {where}"
        self.status = Status(Phase.READY, text)

    def start_precompute(self, slices: range | None = None) -> None:
        """Embed slices of this orientation, by default all, nearest ones first."""
        if self.image is None or self.plane is None or self.model is None:
            self.status = Status(Phase.ERROR, "Choose an image and a model first")
            return
        there = range(self.image.volume.shape_zyx[self.plane.axis])
        wanted = there if slices is None else there[slices.start : slices.stop]
        if not wanted:
            self.status = Status(Phase.ERROR, f"Give slices between 0 and {there[-1]}")
            return
        generation = self._next_generation("precompute")
        self.precompute = PrecomputeStep(generation, 0, len(wanted), 0.0)
        self._post(Precompute(generation, self.image, self.plane, wanted))

    def stop_precompute(self) -> None:
        """Stop embedding ahead; what is embedded stays."""
        if self.precompute is not None:
            self._next_generation("precompute")
            self.precompute = None
            self._post(StopPrecompute())

    # What the model says

    def receive(self, answer: Answer) -> bool:
        """Take an answer over; False if it came too late or is of no concern here."""
        match answer:
            case Started():
                taken = self._on_started(answer)
            case Loaded():
                taken = self._on_loaded(answer)
            case Predicted():
                taken = self._on_predicted(answer)
            case PrecomputeStep():
                taken = self._on_precomputed(answer)
            case Failed():
                taken = self._on_failed(answer)
            case _:
                taken = False
        return taken

    def _on_started(self, answer: Started) -> bool:
        if answer.generation not in self._wanted.values():
            return False
        self.status = Status(Phase.BUSY, answer.what)
        return True

    def _on_loaded(self, answer: Loaded) -> bool:
        if answer.generation != self._wanted["load"]:
            return False
        self.model = answer
        self.status = Status(Phase.READY, f"{answer.name} is ready")
        self._ask()
        return True

    def _on_predicted(self, answer: Predicted) -> bool:
        if answer.generation != self._wanted["predict"]:
            return False
        self.candidates = answer.candidates
        self.chosen = answer.candidates.best_index
        self.is_fresh = True
        self.status = Status(Phase.READY, _told(answer))
        return True

    def _on_precomputed(self, answer: PrecomputeStep) -> bool:
        if answer.generation != self._wanted["precompute"]:
            return False
        self.precompute = answer
        if answer.stopped or answer.done == answer.total:
            self.precompute = None
            why = f": {answer.stopped}" if answer.stopped else ""
            text = f"{answer.done} of {answer.total} slices have embeddings{why}"
            self.status = Status(Phase.READY, text)
        return True

    def _on_failed(self, answer: Failed) -> bool:
        if answer.generation != self._wanted.get(answer.what):
            return False
        if answer.what == "precompute":
            self.precompute = None
        if answer.what == "predict":
            self._forget_candidates()
        self.status = Status(Phase.ERROR, answer.message)
        return True

    # Inside

    @property
    def _history(self) -> History[SessionState]:
        if self.image is None:
            return self._nowhere
        return self._histories[self.image.place]

    def _next_generation(self, what: str) -> int:
        self._generation += 1
        self._wanted[what] = self._generation
        return self._generation

    def _push(self, prompts: ObjectPrompts) -> None:
        fed, asked = self.state.feedback, self._asked()
        if asked is not None and self.candidates is not None and self.is_fresh:
            fed = self._feedback.noted(fed, asked, self.candidates, self.chosen)
        self._history.push(replace(self.state, prompts=prompts, feedback=fed))
        self._ask()

    def _asked(self) -> PromptRequest | None:
        """Give the slice, the model and the prompts that count, if all are there."""
        if self.image is None or self.plane is None or self.model is None:
            return None
        prompts = self.state.prompts.on(self.plane)
        if prompts is None:
            return None
        return PromptRequest(self.image, self.plane, self.model, prompts)

    def _travel(self, step: Callable[[], SessionState | None]) -> UndoStep:
        start = self.state
        end = step()
        if end is None:
            return UndoStep()
        self._ask()
        return UndoStep.between(start, end)

    def _ask(self) -> None:
        """Ask for candidates if there is something to ask, else forget the old ones."""
        generation = self._next_generation("predict")
        self.is_fresh = False
        asked = self._asked()
        if asked is None:
            self._forget_candidates()
            if self.status.phase is Phase.BUSY and self.model is not None:
                self.status = Status()
            return
        fed = feedback_for(self.state.feedback, asked)
        logits = None if fed is None else fed.logits()
        prompts = replace(asked.prompts, mask_logits=logits)
        self._post(Predict(generation, asked.image, asked.plane, prompts))

    def _forget_candidates(self) -> None:
        self._next_generation("predict")
        self.candidates = None
        self.is_fresh = False
        self.chosen = 0

    def _slice_key(self) -> object:
        if self.image is None or self.plane is None:
            return None
        return self.image.key(self.plane)

    def _is_same_image(self, image: PromptImage | None) -> bool:
        old = self.image
        if old is None or image is None:
            return old is image
        return (old.place, old.revision, old.window) == (
            image.place,
            image.revision,
            image.window,
        )

    def _is_same_slice(
        self, image: PromptImage | None, plane: SlicePlane | None
    ) -> bool:
        old = self.image
        same_place = old is not None and image is not None and old.place == image.place
        return same_place and self.plane == plane

    def _record_of(self, chosen: Chosen) -> Record:
        asked = self._asked()
        if asked is None or self.candidates is None:
            msg = "there is no mask to record; click on the image or draw a box first"
            raise PromptError(msg)
        fed = feedback_for(self.state.feedback, asked)
        return Record.of(chosen, asked, self.candidates, self.chosen, fed)


def _told(answer: Predicted) -> str:
    count = len(answer.candidates)
    seconds = answer.seconds_embed + answer.seconds_predict
    if count == 1:
        return f"One mask in {seconds:.2f} s: Enter accepts it"
    return f"{count} masks in {seconds:.2f} s: choose one, Enter accepts it"
