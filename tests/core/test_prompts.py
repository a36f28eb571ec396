import numpy as np
import pytest

from napari_sam_med import Prompts
from napari_sam_med.errors import PromptError, SamMedError


def test_lists_become_arrays_of_fixed_types() -> None:
    prompts = Prompts(points_rc=[(1, 2), (3, 4)], labels=[1, 0], box_rc=[0, 0, 5, 6])
    assert prompts.points_rc.dtype == np.float64
    assert prompts.labels.dtype == np.int64
    assert prompts.box_rc is not None
    assert prompts.box_rc.tolist() == [0, 0, 5, 6]


def test_a_later_change_of_the_caller_s_array_does_not_reach_the_prompts() -> None:
    points = np.array([[1.0, 2.0]])
    prompts = Prompts(points, np.array([1]))
    points[:] = 99
    assert prompts.points_rc.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "no prompt was given"),
        ({"points_rc": [(1, 2, 3)], "labels": [1]}, r"give \(N, 2\)"),
        ({"points_rc": [(1, 2)], "labels": []}, "0 labels for 1 points"),
        ({"points_rc": [(1, 2)], "labels": [2]}, "give 1"),
        ({"points_rc": [(1, np.nan)], "labels": [1]}, "not all finite"),
        ({"box_rc": (0, 0, 4)}, "give four numbers"),
        ({"box_rc": (0, 9, 4, 3)}, "ends before it starts"),
        ({"box_rc": (0, 0, 4, np.inf)}, "give four numbers"),
        (
            {"box_rc": (0, 0, 4, 4), "mask_logits": np.zeros((1, 4, 4))},
            r"give \(h, w\)",
        ),
        ({"points_rc": [(1, 2), (3,)], "labels": [1, 1]}, "points .* than numbers"),
        ({"points_rc": [("1", "2")], "labels": [1]}, "points .* than numbers"),
        ({"points_rc": "here", "labels": [1]}, "points 'here' hold other"),
        ({"points_rc": [(1, 2)], "labels": [[1], 1]}, "labels .* than numbers"),
        ({"box_rc": "0,0,4,4"}, "box '0,0,4,4' hold other things than numbers"),
        ({"box_rc": (0, 0, 4, 4), "mask_logits": np.zeros((0, 4))}, "give"),
        ({"box_rc": (0, 0, 4, 4), "mask_logits": [[np.nan]]}, "logits .* finite"),
        (
            {"box_rc": (0, 0, 4, 4), "mask_logits": np.ones((256, 256), dtype=bool)},
            "are a mask",
        ),
        ({"box_rc": (0, 0, 4, 4), "mask_logits": [[-np.inf]]}, "logits .* finite"),
        ({"box_rc": (0, 0, 4, 4), "mask_logits": [[1e300]]}, "logits .* finite"),
    ],
)
def test_bad_prompts_are_refused_in_one_sentence(given: dict, sentence: str) -> None:
    with pytest.raises(PromptError, match=sentence) as caught:
        Prompts(**given)
    assert isinstance(caught.value, (SamMedError, ValueError))
    assert "\n" not in str(caught.value)


def test_prompts_survive_a_round_trip_through_json() -> None:
    prompts = Prompts([(1.5, 2.25)], [0], (1, 2, 3, 4))
    again = Prompts.from_json(prompts.to_json())
    assert again.to_json() == prompts.to_json()


def test_stored_prompts_without_a_key_are_refused() -> None:
    with pytest.raises(PromptError, match="lack 'box_rc'"):
        Prompts.from_json({"points_rc": [], "labels": []})


@pytest.mark.parametrize("inside", [(0, 0), (-0.5, 0), (9.5, 19.5)])
def test_points_within_the_pixels_edges_are_inside(inside: tuple) -> None:
    Prompts([inside], [1]).check_inside((10, 20))


@pytest.mark.parametrize("outside", [(-0.6, 0), (0, 19.6), (10, 0)])
def test_points_beyond_the_pixels_edges_are_refused(outside: tuple) -> None:
    with pytest.raises(PromptError, match="outside the 10 x 20 slice"):
        Prompts([outside], [1]).check_inside((10, 20))


def test_a_box_that_leaves_the_slice_is_refused() -> None:
    with pytest.raises(PromptError, match="outside"):
        Prompts(box_rc=(0, 0, 5, 25)).check_inside((10, 20))


def test_only_one_lone_point_is_ambiguous() -> None:
    assert Prompts([(1, 1)], [1]).is_single_point
    assert not Prompts([(1, 1), (2, 2)], [1, 0]).is_single_point
    assert not Prompts([(1, 1)], [1], (0, 0, 3, 3)).is_single_point
