"""The state of prompting, and the rules by which it changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam_med.session.asking.accepting import chosen_of, records_of
from napari_sam_med.session.asking.slice_answers import (
    SliceAnswers,
    answers_of,
    noted_choices,
)
from napari_sam_med.session.asking.slice_requests import (
    note_on,
    prediction_of,
    requests_on,
    starts_after,
)
from napari_sam_med.session.background.messages import (
    Failed,
    Load,
    Loaded,
    PrecomputeStep,
    Predicted,
    Started,
)
from napari_sam_med.session.feedback import Feedback, PromptRequest
from napari_sam_med.session.histories.object_notes import NotedHistories, ObjectNotes
from napari_sam_med.session.kinds.slice_objects import SecondBox
from napari_sam_med.session.object_steps import accepted
from napari_sam_med.session.objects import UndoStep
from napari_sam_med.session.prompt_image import same_image, same_place
from napari_sam_med.session.runs.generations import Generations
from napari_sam_med.session.runs.precompute_run import PrecomputeRun
from napari_sam_med.session.status import Phase, Status, StatusTeller, told_of, wrote
from napari_sam_med.session.volume_prompts import ObjectPrompts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.session.background.messages import Answer, Request
    from napari_sam_med.session.background.model_service import ModelSource
    from napari_sam_med.session.histories.history import History
    from napari_sam_med.session.labelling.label_edits import LabelEdit
    from napari_sam_med.session.objects import SessionState
    from napari_sam_med.session.prompt_image import PromptImage
    from napari_sam_med.session.status import Chosen


class PromptSession(StatusTeller):
    """Which slice, which prompts, which candidates; asks the model when they change.

    Every change of slice, window, model or prompts starts a new generation. An answer
    of an older one is dropped in ``receive``. A click that comes after an answer takes
    the logits of the chosen candidate with it. Use it from one thread.

    Parameters
    ----------
    post : callable
        Takes each request for the model thread.
    notes : ObjectNotes, optional
        What is said of objects, which the docks of several viewers share.

    Attributes
    ----------
    second_box : SecondBox
        What a further box on a slice will be.
    own_mask : callable
        Gives what the object has on the slice that is shown, (H, W) bool, if its first
        prompt there shall start from that; else None.
    """

    def __init__(
        self, post: Callable[[Request], None], notes: ObjectNotes | None = None
    ) -> None:
        super().__init__()
        self._post = post
        self._generations = Generations()
        self._ahead = PrecomputeRun(post, self._generations)
        self.histories = NotedHistories(notes or ObjectNotes())
        self._feedback = Feedback()
        self.image: PromptImage | None = None
        self.plane: SlicePlane | None = None
        self.model: Loaded | None = None
        self.answers: SliceAnswers | None = None
        self.is_fresh = False
        self.second_box = SecondBox.OBJECT
        self.own_mask: Callable[[], npt.NDArray[np.bool_] | None] = lambda: None

    # What stands

    @property
    def state(self) -> SessionState:
        """Prompts, label and accepted masks on the image that is shown."""
        return self._history.present

    @property
    def candidates(self) -> Candidates | None:
        """Those to choose from; of several objects, of the one that is looked at."""
        return None if self.answers is None else self.answers.shown

    @property
    def chosen(self) -> int:
        """Slot of the candidate that would be accepted."""
        return 0 if self.answers is None else self.answers.slot

    @property
    def history_mark(self) -> object:
        """Something that is equal to itself until a step is made, undone or redone."""
        return (id(self._history), self._history.n_changes)

    @property
    def can_undo(self) -> bool:
        """Whether ``undo`` would change something."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether ``redo`` would change something."""
        return self._history.can_redo

    @property
    def undone(self) -> tuple[LabelEdit, ...]:
        """What ``redo`` would make again."""
        return () if self._history.next is None else self._history.next.made

    @property
    def precompute(self) -> PrecomputeStep | None:
        """How far embedding ahead is; None while it rests."""
        return self._ahead.step

    @property
    def pending(self) -> tuple[int, ...]:
        """Slices of the orientation shown that hold prompts not accepted yet."""
        axis = 0 if self.plane is None else self.plane.axis
        return self.state.prompts.slices(axis)

    def choose_model(self, source: ModelSource) -> None:
        """Load another model; until it is ready nothing is predicted."""
        self.model = None
        self._forget_candidates()
        self.status = Status(Phase.BUSY, f"Loading {source.name} ...")
        self.stop_precompute()
        self._post(Load(self._generations.next("load"), source))

    def leave_model(self, why: str) -> None:
        """Be without a model until another one is chosen, and say why."""
        self._generations.next("load")
        self.model = None
        self._forget_candidates()
        self.stop_precompute()
        self.status = Status(Phase.IDLE, why)

    def show(self, image: PromptImage | None, plane: SlicePlane | None) -> None:
        """Say which slice of which image is seen, and through which window.

        Without an image that can be prompted both are None.
        """
        before = self._slice_key()
        window_only = self.plane == plane and same_place(self.image, image)
        if not same_image(self.image, image):
            self.stop_precompute()
        self.image, self.plane = image, plane
        if self._slice_key() == before:
            return
        if not window_only:
            self._forget_candidates()
            self.turn_away()
        self._ask()

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
            self.status = Status()
            self.replace_prompts(self.state.prompts.without(self.plane))

    def undo(self) -> UndoStep:
        """Go back one step; what comes back says which label edits to take back."""
        step = UndoStep(tuple(reversed(self.state.made)), said=self.state.said)
        return step if self._travel(self._history.undo) else UndoStep()

    def redo(self) -> UndoStep:
        """Go forward one step; the reverse of ``undo``."""
        is_done = self._travel(self._history.redo)
        step = UndoStep(apply=self.state.made, said=self.state.said)
        return step if is_done else UndoStep()

    def choose(self, index: int) -> None:
        """Choose a candidate by its slot, if it exists, for as long as prompts stay."""
        if self.answers is None or not 0 <= index < len(self.answers.shown):
            return
        self.answers = self.answers.with_slot(index)
        asked = self._requests()
        if asked and self.is_fresh:
            noted = noted_choices(self.state.choices, asked, self.answers)
            self._history.amend(replace(self.state, choices=noted))

    def look_at(self, at: int) -> None:
        """Show the candidates of another of the objects on this slice."""
        if self.answers is not None and 0 <= at < len(self.answers):
            self.answers = self.answers.turned_to(at)

    def set_label(self, label: int) -> None:
        """Write later masks under another number; not a step of the history."""
        started = bool(self.state.starts) and label != self.state.label
        starts = {} if started else self.state.starts
        self.go_on()
        self._history.amend(replace(self.state, label=label, starts=starts))
        if started:
            self._ask()  # what it started from was another object's

    def next_object(self, label: int) -> None:
        """Drop all prompts and go on under another number."""
        prompts = ObjectPrompts()
        fresh = replace(self.state, prompts=prompts, label=label, feedback={})
        self.push(replace(fresh, starts={}))
        self.status = Status(Phase.IDLE, f"Label {label} is the next object")

    def push(self, state: SessionState, made: tuple[LabelEdit, ...] = ()) -> None:
        """Make another state the present one, as one step that can be undone.

        ``made`` is what was changed in label arrays with it.
        """
        self.go_on()
        self._history.push(replace(state, made=made))
        self._ask()

    def to_accept(self) -> tuple[Chosen, ...]:
        """Give what was chosen, to be written by whoever holds the labels.

        Returns
        -------
        tuple of Chosen
            One for each object; all but the first still need a label of their own.

        Raises
        ------
        PromptError
            If there is no candidate, it is being computed anew, or one is empty.
        """
        asked = self._requests()
        return chosen_of(self.state, asked, self.answers, is_fresh=self.is_fresh)

    def record(
        self, chosen: Sequence[Chosen], edit: LabelEdit, written: int, *others: str
    ) -> None:
        """Note that masks were written; their prompts have served.

        Parameters
        ----------
        chosen : sequence of Chosen
            The masks, with the labels they were written under.
        edit : LabelEdit
            What was changed.
        written : int
            Pixels that the objects have on the slice now.
        *others : str
            What other objects lost and what they keep of the masks, in words.
        """
        asked = self._requests()
        records = records_of(self.state, chosen, asked, self.answers)
        self.push(accepted(self.state, records, edit.place, asked[0].key), (edit,))
        self.status = Status(Phase.READY, wrote(chosen, written, *others))

    def start_precompute(self, slices: range | None = None) -> None:
        """Embed slices of this orientation, by default all, nearest ones first."""
        if self.image is None or self.plane is None or self.model is None:
            self.status = Status(Phase.ERROR, "Choose an image and a model first")
            return
        refused = self._ahead.start(self.image, self.plane, slices)
        self.status = refused or self.status

    def stop_precompute(self) -> None:
        """Stop embedding ahead; what is embedded stays."""
        self._ahead.stop()

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
        if not self._generations.is_wanted_at_all(answer.generation):
            return False
        self.hear(Status(Phase.BUSY, answer.what))
        return True

    def _on_loaded(self, answer: Loaded) -> bool:
        if not self._generations.is_wanted("load", answer.generation):
            return False
        self.model = answer
        self.hear(Status(Phase.READY, f"{answer.name} is ready"))
        self._ask()
        return True

    def _on_predicted(self, answer: Predicted) -> bool:
        if not self._generations.is_wanted("predict", answer.generation):
            return False
        asked = self._requests()
        self.answers = answers_of(answer, asked, self.state.choices, self.answers)
        self.is_fresh = True
        self.hear(Status(Phase.READY, told_of(answer, note_on(self.state, asked))))
        return True

    def _on_precomputed(self, answer: PrecomputeStep) -> bool:
        if not self._generations.is_wanted("precompute", answer.generation):
            return False
        self.hear(self._ahead.take(answer))
        return True

    def _on_failed(self, answer: Failed) -> bool:
        if not self._generations.is_wanted(answer.what, answer.generation):
            return False
        if answer.what == "precompute":
            self._ahead.step = None
        if answer.what == "predict":
            self._forget_candidates()
        self.hear(Status(Phase.ERROR, answer.message))
        return True

    # Inside

    @property
    def _history(self) -> History[SessionState]:
        return self.histories.of("" if self.image is None else self.image.place)

    def _push(self, prompts: ObjectPrompts) -> None:
        fed, asked = self.state.feedback, self._requests()
        if len(asked) == 1 and self.answers is not None and self.is_fresh:
            shown = self.answers.shown
            fed = self._feedback.noted(fed, asked[0], shown, self.chosen)
        state = replace(self.state, prompts=prompts, feedback=fed)
        starts = starts_after(self.state, state, self.plane, self.own_mask)
        self.push(replace(state, starts=starts))

    def _requests(self) -> tuple[PromptRequest, ...]:
        """Give what is asked about each object of the slice that is shown."""
        if self.image is None or self.plane is None or self.model is None:
            return ()
        return requests_on(self.state, self.image, self.plane, self.model)

    def _travel(self, step: Callable[[], SessionState | None]) -> bool:
        if step() is None:
            return False
        self.status = Status()
        self._ask()
        return True

    def _ask(self) -> None:
        """Ask for candidates if there is something to ask, else forget the old ones."""
        generation = self._generations.next("predict")
        self.is_fresh = False
        asked = self._requests()
        if not asked:
            is_old = self.candidates is not None or self.is_busy
            self._forget_candidates()
            if is_old and self.model is not None:
                self.hear(Status())  # what was said of masks holds no longer
            return
        self._post(prediction_of(generation, self.state, asked))

    def _forget_candidates(self) -> None:
        self._generations.next("predict")
        self.answers, self.is_fresh = None, False

    def _slice_key(self) -> object:
        image, plane = self.image, self.plane
        return None if image is None or plane is None else image.key(plane)
