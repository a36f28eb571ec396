"""What several boxes on a slice are, and whether prompts start from a mask."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from napari_sam_med.errors import SamMedError
from napari_sam_med.gui.labels.label_layers import check_same_grid
from napari_sam_med.gui.labels.layer_edits import labels_zyx
from napari_sam_med.gui.prompting.control.dock_parts import DockParts
from napari_sam_med.session.asking.slice_requests import restarted
from napari_sam_med.session.kinds.slice_objects import SecondBox


class KindActions:
    """Slots of the choices below the tools.

    Parameters
    ----------
    parts : DockParts
        What the dock's parts share.
    guard : callable
        Does something, tells of an error of ours, and draws what may have changed.
    """

    def __init__(
        self, parts: DockParts, guard: Callable[[Callable[[], None]], None]
    ) -> None:
        self._parts, self._guard = parts, guard
        self._session = parts.session
        self._session.own_mask = self._own_mask
        self._session.second_box = SecondBox(parts.view.kinds.choices.second_box)
        bar, line = parts.view.kinds, parts.view.boxes
        bar.second_box_chosen.connect(self._on_second_box)
        bar.start_changed.connect(lambda: self._guard(self._restart))
        line.box_chosen.connect(self._on_box)

    def draw(self) -> None:
        """Bring the choices and the line of boxes up to date."""
        session, view = self._session, self._parts.view
        prompts = session.state.prompts
        if prompts.boxes and prompts.joins:
            session.second_box = SecondBox.PART
        elif prompts.boxes and session.second_box is SecondBox.PART:
            session.second_box = SecondBox.OBJECT
        view.kinds.set_second_box(session.second_box.value)
        model = session.model
        takes_masks = model is None or model.capabilities.masks
        view.kinds.set_start_refused(
            "" if takes_masks else f"{model.name if model else ''} takes no masks"
        )
        answers = session.answers
        count, at = (0, 0) if answers is None else (len(answers), answers.at)
        view.boxes.set_boxes(count, at, joins=prompts.joins)

    def _on_second_box(self, key: str) -> None:
        self._guard(partial(self._set_second_box, SecondBox(key)))

    def _set_second_box(self, rule: SecondBox) -> None:
        self._session.second_box = rule
        prompts = self._session.state.prompts
        if prompts.boxes:
            self._session.replace_prompts(prompts.ruled(rule))

    def _on_box(self, at: int) -> None:
        self._guard(partial(self._session.look_at, at))

    def _restart(self) -> None:
        """Ask the prompts of the slice again, from the object's mask or without it."""
        session = self._session
        if session.plane is not None:
            state = restarted(session.state, session.plane, self._own_mask())
            if state is not session.state:
                session.push(state)

    def _own_mask(self) -> npt.NDArray[np.bool_] | None:
        """What the present object has on the slice that is shown, if it is wanted."""
        parts, plane = self._parts, self._session.plane
        image, shown = parts.image, parts.seen.shown
        labels = parts.lists.labels_for(image)
        wanted = parts.view.kinds.start.isChecked()
        if not wanted or labels is None or plane is None or image is None:
            return None
        try:
            check_same_grid(image, labels)
            array = labels_zyx(labels, None if shown is None else shown.time)
        except SamMedError:
            return None  # writing says what is wrong with the layer
        return np.asarray(plane.take(array) == self._session.state.label)
