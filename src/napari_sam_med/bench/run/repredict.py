"""Predict a row's mask once more from its stored prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.cases import slices_of
from napari_sam_med.bench.protocol.clicking_group_runs import CLICK_CHAINS
from napari_sam_med.bench.protocol.grid_runs import without_refinement
from napari_sam_med.bench.protocol.people.recorded_runs import (
    RECORDED_BOX,
    RECORDED_CLICKS,
    answers_in_order,
)
from napari_sam_med.bench.protocol.profile_rules import rules_of
from napari_sam_med.bench.protocol.profiles import Profile, chain_rule
from napari_sam_med.bench.protocol.result_rows import prompts_from_text
from napari_sam_med.bench.protocol.run_settings import SettingGroup
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.bench.run.evaluation import Failure, embed_slice
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.selection import pick
from napari_sam_med.errors import DatasetError, RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume
    from napari_sam_med.bench.protocol.cases import Case, CaseSlice
    from napari_sam_med.bench.protocol.prompted_slices import PromptedSlice
    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.protocol.run_settings import RunSettings
    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.core.selection import Picked, Selection


def mask_of_row(
    row: Row, labelled: LabelledVolume, model: Segmenter, settings: RunSettings
) -> npt.NDArray[np.bool_]:
    """Predict the mask that a row reports on.

    Parameters
    ----------
    row : Row
        A result, not a failure.
    labelled : LabelledVolume
        The volume that ``row.image`` names.
    model : Segmenter
        The model that ``row.model`` names.
    settings : RunSettings
        Of the run.

    Returns
    -------
    (H, W) bool
        On the slice's own pixels. Where the run answered prompts in batches, single
        pixels at the border may differ.

    Raises
    ------
    RunError
        If the row is a failure or of a whole volume, or the slice cannot be embedded.
    DatasetError
        If the volume does not hold the row's case.
    """
    return RowPredictor(model, settings).mask(row, labelled)


class RowPredictor:
    """Predicts rows of a run again; of rows on one slice the slice is looked at once.

    Parameters
    ----------
    model : Segmenter
        The model that the rows name.
    settings : RunSettings
        Of the run.
    """

    def __init__(self, model: Segmenter, settings: RunSettings) -> None:
        self._model, self._settings = model, settings
        self._slice: tuple[tuple[str, int, int], CaseSlice, PromptedSlice] | None = None

    def mask(self, row: Row, labelled: LabelledVolume) -> npt.NDArray[np.bool_]:
        """Predict the mask that a row reports on: see ``mask_of_row``."""
        prompted, case = self._found(row, labelled)
        settings = self._settings
        selection_at = chain_rule(row.selection, Profile(row.profile))
        prompts = prompts_from_text(row.prompts, row.case_id)
        if row.setting in (RECORDED_BOX, RECORDED_CLICKS):
            picked = _picked_as_recorded(
                prompted, case, prompts, selection_at, settings
            )
        elif row.setting in CLICK_CHAINS:
            picked = _picked_by_clicks(
                prompted, case, prompts[0], selection_at, settings
            )
        else:
            if row.setting == SettingGroup.EVERYTHING:
                prompted = without_refinement(prompted)
            picked = pick(prompted.answer(prompts)[0], selection_at(1), case.truth)
        if picked is None:
            msg = f"{self._model.name} gives no mask of the selection {row.selection}"
            raise RunError(msg)
        return picked.mask

    def candidates(self, row: Row, labelled: LabelledVolume) -> Candidates:
        """Predict all candidates for the first prompt of a row.

        Parameters
        ----------
        row : Row
            A result of a mode.
        labelled : LabelledVolume
            Its volume.

        Raises
        ------
        RunError, DatasetError
            As ``mask_of_row``.
        """
        prompted, _ = self._found(row, labelled)
        prompts = prompts_from_text(row.prompts, row.case_id)
        return prompted.answer(prompts[:1])[0][0]

    def truth(self, row: Row, labelled: LabelledVolume) -> npt.NDArray[np.bool_]:
        """Cut the row's object out of the labels, (H, W)."""
        return self._found(row, labelled)[1].truth

    def _found(self, row: Row, labelled: LabelledVolume) -> tuple[PromptedSlice, Case]:
        _check_predictable(row)
        key = (row.image, row.axis, row.slice)
        if self._slice is None or self._slice[0] != key:
            one_slice, _ = _find(row, labelled, self._settings)
            prompted = embed_slice(self._model, one_slice, self._settings)
            if isinstance(prompted, Failure):
                raise RunError(prompted.reason)
            self._slice = (key, one_slice, prompted)
        _, one_slice, prompted = self._slice
        for case in one_slice.cases:
            if case.label == row.label:
                return prompted, case
        raise _not_held(row, labelled)


def _check_predictable(row: Row) -> None:
    if row.error:
        msg = f"{row.case_id} has no mask, it failed ({row.error}); choose another row"
        raise RunError(msg)
    if row.profile in list(VolumeProfile):
        msg = (
            f"{row.case_id} was found in a whole volume; run napari-sam-med export "
            "--masks for its mask"
        )
        raise RunError(msg)


def _picked_by_clicks(
    prompted: PromptedSlice,
    case: Case,
    prompts: Prompts,
    selection_at: Callable[[int], Selection],
    settings: RunSettings,
) -> Picked | None:
    """Go through the clicks again where each needs the logits of the one before."""
    rules = rules_of(settings.profile)
    masks = prompted.model.capabilities.masks
    feed_back = settings.feed_back and rules.takes_feedback and masks
    count = len(prompts.points_rc)
    picked = None
    for step in range(1 if feed_back else count, count + 1):
        so_far = Prompts(
            prompts.points_rc[:step],
            prompts.labels[:step],
            mask_logits=picked.logits if picked else None,
        )
        picked = pick(prompted.answer([so_far])[0], selection_at(step), case.truth)
    return picked


def _picked_as_recorded(
    prompted: PromptedSlice,
    case: Case,
    prompts: Sequence[Prompts],
    selection_at: Callable[[int], Selection],
    settings: RunSettings,
) -> Picked | None:
    """Ask again what a person asked, of which each answer may need the one before."""
    feed_back = settings.feed_back and rules_of(settings.profile).takes_feedback
    found = answers_in_order(
        prompted, case.truth, prompts, selection_at, feed_back=feed_back
    )
    return next((picked for _, picked, _ in reversed(list(found))), None)


def _find(
    row: Row, labelled: LabelledVolume, settings: RunSettings
) -> tuple[CaseSlice, Case]:
    for one_slice in slices_of(labelled, profile=settings.profile, axis=row.axis):
        for case in one_slice.cases:
            if (case.plane.index, case.label) == (row.slice, row.label):
                return one_slice, case
    raise _not_held(row, labelled)


def _not_held(row: Row, labelled: LabelledVolume) -> DatasetError:
    msg = f"{labelled.name} does not hold {row.case_id}; give the volume of the run"
    return DatasetError(msg)
