"""What a model answers to saved prompts, and the labels that come of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.slice_view import EmbeddedSlice, SliceView
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import ImageError, PromptError
from napari_sam_med.session.asking.accepting import apart
from napari_sam_med.session.histories.saved_layers import extreme_labels
from napari_sam_med.session.kinds.questions import ObjectQuestion, answers_to
from napari_sam_med.session.labelling.write_rules import WriteRules, with_mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.core.volumes import Volume
    from napari_sam_med.session.kinds.start_masks import StartMask
    from napari_sam_med.session.replay import Record

JOINING = WriteRules(keep_others=False, adds=True)
"""How masks are written of which a file before version 6 does not say it: over what is
there, so that none is lost."""


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """What a model answers to a record.

    ``chosen`` is the slot that a person chose, of other weights that of the best score.
    """

    record: Record
    candidates: Candidates
    chosen: int

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """The chosen (H, W) mask."""
        mask: npt.NDArray[np.bool_] = self.candidates.masks[self.chosen]
        return mask


def has_same_weights(record: Record, model: Segmenter) -> bool:
    """Whether a model is the one that answered then; without weights its name says."""
    if model.sha256 != record.sha256:
        return False
    return bool(model.sha256) or model.name == record.model


def replay(
    records: Sequence[Record], volume: Volume, model: Segmenter
) -> Iterator[Replayed]:
    """Ask a model what a person once asked, on the same image.

    Parameters
    ----------
    records : sequence of Record
        Saved prompts.
    volume : Volume
        The image that they were made on.
    model : Segmenter
        Any model.

    Yields
    ------
    Replayed
        One for each record, in order. An embedding is used again for records that
        follow each other on one slice, and those that were accepted together are asked
        together. Answers are fed back as they were then: of the same weights the
        candidate that was chosen, of others the one of best score. A mask that was
        started from is so again, by models that take masks.

    Raises
    ------
    ImageError
        If the image lacks a slice that a record names.
    PromptError
        If a prompt lies outside its slice.
    """
    seen, key = None, ""
    for group in accepted_together(records):
        first = group[0]
        window = None if first.window is None else Window(*first.window)
        if window is None and volume.array.ndim == 3:
            msg = f"{first.image} was in colour, {volume.name} is grey; give it"
            raise ImageError(msg)
        view = SliceView.of(volume, first.plane, window)
        if seen is None or key != view.key:
            seen, key = EmbeddedSlice.of(model, view), view.key
        questions = [_question_of(record, seen) for record in group]
        for record, answer in zip(group, answers_to(questions, seen), strict=True):
            yield Replayed(
                record, answer, _slot_of(record, model, record.chosen, answer)
            )


def accepted_together(records: Sequence[Record]) -> list[list[Record]]:
    """Part records into those of one step.

    Parameters
    ----------
    records : sequence of Record
        In the order in which they were accepted.

    Returns
    -------
    list of list of Record
        Each of one slice, whatever a damaged file says.
    """
    groups: list[list[Record]] = []
    for record in records:
        if record.is_part and groups and _place_of(groups[-1][0]) == _place_of(record):
            groups[-1].append(record)
        else:
            groups.append([record])
    return groups


def _place_of(record: Record) -> tuple[object, ...]:
    return (record.image, record.plane, record.window, record.rules)


def _slot_of(record: Record, model: Segmenter, slot: int, answer: Candidates) -> int:
    """Give the candidate that was chosen, of other weights the best one."""
    as_then = has_same_weights(record, model) and slot < len(answer)
    return slot if as_then else answer.best_index


def _question_of(record: Record, seen: EmbeddedSlice) -> ObjectQuestion:
    prompts = Prompts.from_json(record.prompts)
    start = _start_of(record, seen)
    logits = _fed_back(record, seen, prompts, start)
    return ObjectQuestion(replace(prompts, mask_logits=logits), start, record.corrects)


def _fed_back(
    record: Record, seen: EmbeddedSlice, prompts: Prompts, start: StartMask | None
) -> npt.NDArray[np.float32] | None:
    """Answer the earlier prompts of a record again, for the last answer's logits."""
    model = seen.model
    if not model.capabilities.masks:
        return None
    logits = None
    for count, chosen in record.fed:
        asked = Prompts(
            prompts.points_rc[:count], prompts.labels[:count], prompts.box_rc, logits
        )
        (answer,) = answers_to([ObjectQuestion(asked, start)], seen)
        logits = answer.logits[_slot_of(record, model, chosen, answer)]
    return logits


def _start_of(record: Record, seen: EmbeddedSlice) -> StartMask | None:
    """Give the mask that a record starts from to a model that takes one."""
    if record.start is None or not seen.takes_masks:
        return None
    start = record.start.start()
    if start.shape_hw != seen.grid.shape_hw:
        msg = (
            f"the prompts start from a mask of {start.shape_hw} pixels, the slice has "
            f"{seen.grid.shape_hw}; give the image that was prompted"
        )
        raise PromptError(msg)
    return start


def labels_from(replayed: Sequence[Replayed], volume: Volume) -> np.ndarray:
    """Write the chosen candidates into one label array, as the dock has written them.

    Parameters
    ----------
    replayed : sequence of Replayed
        Of one Labels layer, in the order in which they were accepted. An object of
        which nothing would be written stays as it is, for the dock refuses such a mask;
        what was merged or deleted then is so here.
    volume : Volume
        Gives the shape.

    Returns
    -------
    (Z, Y, X) uint16, or int32 if a label is beyond that or negative
    """
    smallest, largest = extreme_labels([each.record for each in replayed])
    is_wide = smallest < 0 or largest > np.iinfo(np.uint16).max
    labels = np.zeros(volume.shape_zyx, dtype=np.int32 if is_wide else np.uint16)
    rest = iter(replayed)
    for records in accepted_together([each.record for each in replayed]):
        group = [next(rest) for _ in records]
        saved = records[0].rules
        rules = JOINING if saved is None else saved.rules()
        present = cast("npt.NDArray[np.integer]", records[0].plane.take(labels))
        for label, mask in _masks_of(group).items():
            new = with_mask(present, mask, label, rules)
            if (new == label).any():
                present[...] = new
        for label, into in (step for record in records for step in record.then):
            labels[labels == label] = into
    return labels


def _masks_of(group: Sequence[Replayed]) -> dict[int, npt.NDArray[np.bool_]]:
    """Give each object of one step its mask; parts of an object have one label."""
    if len({each.record.label for each in group}) == 1:
        return {group[0].record.label: np.any([each.mask for each in group], axis=0)}
    masks = apart([each.mask for each in group])
    pairs = zip(group, masks, strict=True)
    return {each.record.label: mask for each, mask in pairs}
