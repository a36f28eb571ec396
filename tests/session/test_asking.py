"""What is asked about a slice, and what is accepted of the answers."""

from dataclasses import replace

import numpy as np
import pytest

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.ports import Capabilities
from napari_sam_med.core.strokes.corrections import corrected
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import PromptError
from napari_sam_med.session.asking.accepting import apart, chosen_of
from napari_sam_med.session.asking.slice_answers import SliceAnswers
from napari_sam_med.session.asking.slice_requests import (
    note_on,
    requests_on,
    restarted,
    starts_after,
)
from napari_sam_med.session.background.messages import Loaded
from napari_sam_med.session.kinds.placed_strokes import PlacedStroke
from napari_sam_med.session.kinds.slice_objects import SecondBox
from napari_sam_med.session.kinds.start_masks import StartMask
from napari_sam_med.session.objects import SessionState
from napari_sam_med.session.prompt_image import PromptImage
from napari_sam_med.session.volume_prompts import ObjectPrompts, PlacedBox

SHAPE = (4, 20, 24)
PLANE = SlicePlane(0, 2)
IMAGE = PromptImage(
    Volume(np.zeros(SHAPE), Geometry((1.0, 1.0, 3.0)), "ct"), Window(0.0, 1.0), "a"
)
MODEL = Loaded(1, "fake", "", Capabilities(), 0.1)
OWN = np.zeros(SHAPE[1:], dtype=bool)
OWN[2:8, 2:8] = True
CLICKED = ObjectPrompts().with_point((2.0, 3.0, 4.0), 1)
STARTED = {(0, 2): StartMask.of(OWN)}
LASSO = PlacedStroke.lasso([(10, 10), (10, 15), (15, 15)], 1, PLANE, SHAPE[1:])


def box(col: float) -> PlacedBox:
    return PlacedBox(0, 2, (1.0, col, 5.0, col + 4))


def asked(prompts, starts=STARTED, model=MODEL):
    return requests_on(SessionState(prompts, starts=starts), IMAGE, PLANE, model)


def test_clicks_correct_the_mask_they_start_from():
    (one,) = asked(CLICKED)
    assert one.corrects
    np.testing.assert_array_equal(one.start.mask(), OWN)


def test_a_box_on_the_mask_starts_from_it_and_one_elsewhere_does_not():
    (on,) = asked(ObjectPrompts().with_box(box(4.0)))
    (off,) = asked(ObjectPrompts().with_box(box(18.0)))
    assert (on.start is not None, on.corrects) == (True, False)
    assert off.start is None


def test_a_lasso_takes_the_place_of_the_objects_own_mask():
    (one,) = asked(CLICKED.with_stroke(LASSO))
    assert not one.corrects
    assert not (one.start.mask() & OWN).any()


def test_several_objects_start_from_nothing():
    prompts = ObjectPrompts().with_box(box(2.0)).with_box(box(12.0), SecondBox.OBJECT)
    assert [each.start for each in asked(prompts)] == [None, None]


def test_a_model_without_masks_starts_from_none():
    able = replace(MODEL, capabilities=Capabilities(masks=False))
    (one,) = asked(CLICKED, model=able)
    assert (one.start, one.corrects) == (None, False)


@pytest.mark.parametrize(
    ("able", "words"),
    [
        (Capabilities(masks=False), "asked as box and a point"),
        (Capabilities(masks=False, points=False), "asked as box"),
        (Capabilities(), ""),
    ],
)
def test_what_a_lasso_is_asked_as_is_told_where_it_is_no_mask(able, words):
    state = SessionState(ObjectPrompts().with_stroke(LASSO))
    model = replace(MODEL, capabilities=able)
    told = note_on(state, requests_on(state, IMAGE, PLANE, model))
    assert told.endswith(words)
    assert bool(told) is bool(words)


def test_only_the_first_prompt_of_a_slice_takes_the_objects_mask():
    before, after = SessionState(), SessionState(CLICKED)
    assert starts_after(before, after, PLANE, lambda: OWN) == STARTED
    more = SessionState(CLICKED.with_point((2.0, 5.0, 5.0), 0))
    assert starts_after(after, more, PLANE, lambda: OWN) == {}


def test_a_slice_without_prompts_forgets_what_they_started_from():
    before = SessionState(CLICKED, starts=STARTED)
    assert starts_after(before, SessionState(), PLANE, lambda: OWN) == {}


def test_starting_anew_changes_the_slice_alone():
    state = SessionState(CLICKED, starts={(1, 3): STARTED[0, 2]})
    assert restarted(state, PLANE, OWN).starts == {**state.starts, **STARTED}
    assert restarted(state, PLANE, None) is state


def test_only_changes_at_the_clicks_are_taken_over():
    new = OWN.copy()
    new[2:4, 2:8] = False
    new[12:15, 12:15] = True
    (one,) = corrected(new[None], OWN, np.array([[13.0, 13.0]]))
    expected = OWN.copy()
    expected[12:15, 12:15] = True
    np.testing.assert_array_equal(one, expected)


def test_a_mask_that_changes_nothing_at_the_clicks_is_left_as_it_is():
    new = np.roll(OWN, 1, axis=0)
    (one,) = corrected(new[None], OWN, np.array([[18.0, 20.0]]))
    np.testing.assert_array_equal(one, new)


def answers(*masks) -> SliceAnswers:
    each = tuple(
        Candidates(m[None], np.ones(1, np.float32), np.zeros((1, 4, 4), np.float32))
        for m in masks
    )
    return SliceAnswers(each, (0,) * len(each))


def test_pixels_of_two_objects_go_to_the_smaller_one():
    small = np.zeros_like(OWN)
    small[3:5, 3:5] = True
    first, second = apart([OWN, small])
    np.testing.assert_array_equal(second, small)
    np.testing.assert_array_equal(first, OWN & ~small)


def test_an_object_of_which_others_leave_nothing_is_refused():
    two = ObjectPrompts().with_box(box(2.0)).with_box(box(3.0), SecondBox.OBJECT)
    state = SessionState(two)
    requests = requests_on(state, IMAGE, PLANE, MODEL)
    with pytest.raises(PromptError, match="mask of box 2 is empty"):
        chosen_of(state, requests, answers(OWN, OWN), is_fresh=True)


def test_parts_are_one_mask_of_all_answers():
    two = ObjectPrompts().with_box(box(2.0)).with_box(box(12.0), SecondBox.PART)
    state = SessionState(two)
    requests = requests_on(state, IMAGE, PLANE, MODEL)
    other = np.roll(OWN, 10, axis=1)
    (one,) = chosen_of(state, requests, answers(OWN, other), is_fresh=True)
    np.testing.assert_array_equal(one.mask, OWN | other)
    assert one.parts == (0, 1)
