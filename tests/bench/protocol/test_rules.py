"""Each rule of the published procedure by its number, on small arrays.

Rules 3 to 5 and 7 are also held by the stored cases of ``tests/simulate`` and by the
comparison with a plain script in ``test_as_released``.
"""

import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.analysis.statistics import mean_over_tasks, summarise
from napari_sam_med.bench.data.label_classes import class_labels
from napari_sam_med.bench.data.labelled_volumes import InMemory, LabelledVolume
from napari_sam_med.bench.protocol.cases import slices_of
from napari_sam_med.bench.protocol.profiles import Profile, default_selection
from napari_sam_med.bench.protocol.random_streams import RandomStreams
from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.evaluation import SeenSlice, embed_slice, rows_of_slice
from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.metrics import iou
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.selection import Selection, oracle_index, pick
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import released_uint8
from napari_sam_med.models.click.click_predictor import ClickAnswer
from napari_sam_med.models.click.click_segmenter import ClickSegmenter
from napari_sam_med.models.registry import card_of
from napari_sam_med.simulate.components import components_of
from napari_sam_med.simulate.distance_maps import centre_of, released_distance
from napari_sam_med.simulate.modes import Mode, simulate_modes
from napari_sam_med.simulate.rng import SequentialDraws

RELEASED = Profile.AS_RELEASED


def labelled(image, labels, **names):
    return LabelledVolume(Volume(image[None], name="a"), labels[None], "a", **names)


def rows_of(profile, volume=None, model=None, clicks=3):
    model = model or FakeSegmenter()
    source = InMemory([volume or made_volume("p1", slices=2)])
    settings = RunSettings(profile, clicks=clicks)
    choice = ModelSpec("fake", lambda: model)
    return [r for one in run_benchmark(source, [choice], settings) for r in one.rows]


def test_rule_1_images_are_divided_by_their_maximum_and_truncated():
    image = np.array([[10, 20], [30, 50]], dtype=np.int16)
    assert released_uint8(image).tolist() == [[51, 102], [153, 255]]
    (one,) = slices_of(
        labelled(image, np.eye(2, dtype=np.uint8)), profile=RELEASED, axis=0
    )
    assert np.array_equal(one.view.model_image(), released_uint8(image))


def test_rule_1_slices_without_the_class_are_no_cases():
    volume = made_volume("p1", slices=3)
    volume.labels[1][volume.labels[1] == 2] = 0
    found = [
        (case.plane.index, case.label)
        for one in slices_of(volume, profile=RELEASED, axis=0)
        for case in one.cases
    ]
    assert found == [(0, 1), (0, 2), (1, 1), (2, 1), (2, 2)]


def test_rule_2_a_mask_with_maximum_255_keeps_only_its_255():
    labels = np.array([[[0, 1, 128, 255]]])
    assert class_labels(labels, {}, published=True).tolist() == [[[0, 0, 0, 1]]]


def test_rule_2_one_class_is_all_that_is_not_zero():
    labels = np.array([[[0, 1, 3]]])
    assert class_labels(labels, {1: "liver"}, published=True).tolist() == [[[0, 1, 1]]]


def test_rule_2_several_labels_are_classes_of_their_own():
    labels = np.array([[[0, 1, 3]]])
    found = class_labels(labels, {1: "liver", 3: "spleen"}, published=True)
    assert found.tolist() == labels.tolist()


def boxes_of(simulated):
    return [each.box_rc.tolist() for each in simulated.prompts]


def test_rule_3_diagonal_neighbours_are_one_part_and_single_pixels_are_parts():
    mask = np.zeros((8, 8), dtype=bool)
    mask[[0, 1, 2, 6], [0, 1, 2, 6]] = True
    assert [int(part.sum()) for part in components_of(mask)] == [3, 1]


def test_rule_3_of_equal_areas_the_higher_id_comes_first_and_three_are_prompted():
    truth = np.zeros((40, 8), dtype=np.uint8)
    for start, height in ((0, 2), (6, 3), (12, 2), (18, 3), (24, 4)):
        truth[start : start + height, 2:5] = 1
    row = next(
        r
        for r in rows_of(RELEASED, labelled(truth * 50, truth))
        if r.setting == "mode4"
    )
    boxes = [each["box_rc"] for each in json.loads(row.prompts)]
    assert boxes == [[24, 2, 27, 4], [18, 2, 20, 4], [6, 2, 8, 4]]


def test_rule_3_the_truth_keeps_parts_that_are_not_prompted():
    truth = np.zeros((30, 30), dtype=np.uint8)
    for start in range(0, 30, 6):
        truth[start : start + 2, 3:6] = 1
    rows = rows_of(RELEASED, labelled(truth * 50, truth))
    assert {row.n_parts for row in rows} == {5}
    assert {row.area_px for row in rows} == {int(truth.sum())}


def test_rule_4_the_centre_is_drawn_row_by_row_among_the_farthest_pixels():
    region = np.zeros((6, 7), dtype=bool)
    region[0:4, 1:6] = True
    distance = released_distance(region)
    drawn = [centre_of(distance, lambda n, k=k: k) for k in range(4)]
    assert [one.point_rc for one in drawn[:2]] == [(1, 2), (1, 3)]
    assert {one.tied for one in drawn} == {6}
    assert drawn[3].point_rc == (2, 2)


def test_rule_4_distances_are_those_of_the_5_by_5_chamfer_with_a_zero_border():
    whole = np.ones((5, 5), dtype=bool)
    whole[0, 0] = False
    distance = released_distance(whole)
    assert distance[4, 4] == 1.0
    assert distance[1, 1] == pytest.approx(1.4)  # exact: 1.414; a knight's move: 2.1969
    assert distance[2, 1] == 2.0


def test_rule_4_one_stream_with_seed_1_runs_through_all_cases_in_order():
    truth = np.zeros((9, 30), dtype=np.uint8)
    truth[2:5, 2:29] = 1
    pairs = [
        LabelledVolume(Volume(truth[None] * 50, name=name), truth[None], name)
        for name in ("a", "b")
    ]
    settings = RunSettings(RELEASED, ("modes",))
    choice = ModelSpec("fake", FakeSegmenter)
    run = run_benchmark(InMemory(pairs), [choice], settings)
    found = [
        json.loads(row.prompts)[0]["points_rc"][0]
        for one in run
        for row in one.rows
        if (row.setting, row.selection) in (("mode1", "first"), ("mode2", "first"))
    ]
    stream = np.random.RandomState(1)
    assert found == [[3.0, 3.0 + stream.randint(0, 25)] for _ in range(4)]


def test_rule_4_a_choice_of_one_consumes_nothing():
    stream, fresh = SequentialDraws(), SequentialDraws()
    assert stream(1) == 0
    assert [stream(1000) for _ in range(3)] == [fresh(1000) for _ in range(3)]


def test_rule_4_modes_and_each_chain_of_clicks_draw_from_fresh_streams():
    both = rows_of(RELEASED)
    source = InMemory([made_volume("p1", slices=2)])
    alone = RunSettings(RELEASED, ("clicks",), clicks=3)
    choice = ModelSpec("fake", FakeSegmenter)
    clicks = [r for one in run_benchmark(source, [choice], alone) for r in one.rows]
    with_modes = [r.prompts for r in both if r.setting == "clicks"]
    assert with_modes == [r.prompts for r in clicks]


def test_rule_5_the_five_modes_prompt_with_points_and_inclusive_boxes():
    mask = np.zeros((20, 30), dtype=bool)
    mask[1:6, 2:7] = mask[10:13, 20:23] = True
    made = simulate_modes(mask, released_distance, lambda n: 0)
    points = [made[mode].prompts[0].points_rc.tolist() for mode in list(Mode)[:2]]
    assert points == [[[3.0, 4.0]], [[3.0, 4.0], [11.0, 21.0]]]
    assert len(made[Mode.POINTS].prompts) == 1
    assert boxes_of(made[Mode.ONE_BOX]) == [[1, 2, 5, 6]]
    assert boxes_of(made[Mode.BOXES]) == [[1, 2, 5, 6], [10, 20, 12, 22]]
    assert boxes_of(made[Mode.WHOLE_BOX]) == [[1, 2, 12, 22]]


def test_rule_5_mode_2_draws_the_point_of_the_largest_part_anew():
    mask = np.zeros((9, 30), dtype=bool)
    mask[2:5, 2:29] = True
    numbers = iter((4, 9))
    made = simulate_modes(mask, released_distance, lambda _: next(numbers))
    columns = [made[mode].prompts[0].points_rc[0, 1] for mode in list(Mode)[:2]]
    assert columns == [3 + 4, 3 + 9]


def test_rule_5_mode_4_joins_one_call_for_each_box_slot_by_slot():
    masks = np.zeros((2, 3, 4, 4), dtype=bool)
    masks[0, 0, 0], masks[1, 0, 3], masks[1, 1, 2] = True, True, True
    answers = [
        Candidates(m, np.array([0.1, 0.5, 0.3], np.float32), np.zeros((3, 2, 2)))
        for m in masks
    ]
    truth = np.zeros((4, 4), dtype=bool)
    truth[[0, 3]] = True
    first = pick(answers, Selection.FIRST, truth)
    assert iou(first.mask, truth) == 1.0
    assert np.array_equal(pick(answers, Selection.ORACLE, truth).mask, first.mask)
    assert pick(answers, Selection.BEST_SCORE, truth).mask[2].all()


def test_rule_6_the_default_is_slot_0_whatever_its_score():
    rows = [r for r in rows_of(RELEASED) if r.selection == "first"]
    assert {round(r.score, 3) for r in rows} == {0.8}


def test_rule_6_the_oracle_takes_the_first_of_the_best_and_the_last_of_all_zeros():
    assert oracle_index([0.3, 0.6, 0.6]) == 1
    assert oracle_index([0.0, 0.0, 0.0]) == 2


def test_rule_7_the_first_click_is_in_the_middle_of_the_whole_class():
    truth = np.zeros((20, 40), dtype=np.uint8)
    truth[2:18, 2:4] = 1
    truth[8:13, 20:25] = 1
    long_thin_is_larger = labelled(truth * 50, truth)
    mode_1, click = (
        next(r.prompts for r in rows_of(RELEASED, long_thin_is_larger) if wanted(r))
        for wanted in (
            lambda r: r.setting == "mode1",
            lambda r: r.setting == "clicks" and r.step == 1,
        )
    )
    assert "[10.0, 22.0]" in click
    assert "[10.0, 22.0]" not in mode_1


def test_rule_7_no_mask_is_fed_back_and_all_points_are_sent_again():
    model = FakeSegmenter()
    rows_of(RELEASED, model=model)
    assert all(prompts.mask_logits is None for prompts in model.seen_prompts)
    assert max(len(prompts.points_rc) for prompts in model.seen_prompts) == 3


@pytest.mark.parametrize(
    ("profile", "expected"), [(RELEASED, {1}), (Profile.AS_WRITTEN, {0, 1})]
)
def test_rule_7_a_click_on_another_class_is_positive_as_released_only(
    profile, expected
):
    labels = np.ones((30, 40), dtype=np.uint8)
    labels[:, 4:] = 2
    rows = rows_of(profile, labelled(labels * 50, labels), clicks=4)
    found = {
        label
        for row in rows
        if row.setting == "clicks"
        for label in (1, 0)
        if f'"labels": [1, {label}' in row.prompts
    }
    assert found == expected


def test_rule_7_clicking_goes_on_after_a_perfect_mask_and_repeats_pixels():
    truth = np.zeros((3, 3), dtype=np.uint8)
    truth[1, 1] = 1

    class Exact(FakeSegmenter):
        def predict(self, embedding, prompts):
            answer = super().predict(embedding, prompts)
            answer.masks[:] = truth > 0
            return answer

    rows = rows_of(RELEASED, labelled(truth * 50, truth), Exact(), clicks=20)
    last = next(r for r in rows if r.setting == "clicks" and r.step == 20)
    (prompts,) = json.loads(last.prompts)
    assert last.iou == 1.0
    assert len(prompts["points_rc"]) == 20
    assert len({tuple(point) for point in prompts["points_rc"]}) < 20


def test_rule_8_means_are_over_slices_and_then_over_tasks():
    values = {"a": [0.2, 0.4, 0.9], "b": [0.6]}
    frame = pd.DataFrame(
        [
            Row(f"{task}{k}", patient=f"p{k // 2}", task=task, model="m",
                profile=str(RELEASED), setting="mode1", step=1, selection="first",
                iou=value).to_dict()
            for task, ious in values.items()
            for k, value in enumerate(ious)
        ]
    )  # fmt: skip
    summary = summarise(frame)
    assert summary["mean"].tolist() == pytest.approx([0.5, 0.6])
    assert mean_over_tasks(summary)["mean"].tolist() == pytest.approx([0.55])


class OnePass:
    """A click network's predictor: 0.492 round the clicks, 0.488 elsewhere."""

    zoom = None
    refine = False

    def __init__(self):
        self.network = torch.nn.Identity()
        self.asked = []

    def predict(self, image, clicks, previous=None):
        self.asked.append((len(clicks), previous))
        probability = torch.full((1, 1, *image.shape[-2:]), 0.488)
        for one in clicks:
            row, col = int(one.row), int(one.col)
            probability[..., max(row - 3, 0) : row + 4, max(col - 3, 0) : col + 4] = (
                0.492
            )
        return ClickAnswer(probability)


def test_rule_9_click_methods_see_all_clicks_in_one_pass_without_their_last_mask():
    predictor = OnePass()
    model = ClickSegmenter(predictor, name="clicker", device="cpu")
    rows = [r for r in rows_of(RELEASED, model=model) if r.setting == "clicks"]
    assert not [row.error for row in rows if row.error]
    assert {previous for _, previous in predictor.asked} == {None}
    assert {count for count, _ in predictor.asked} == {1, 2, 3}


def test_rule_9_a_pixel_belongs_to_the_object_above_a_probability_of_049():
    model = ClickSegmenter(OnePass(), name="clicker", device="cpu")
    embedding = model.embed(np.zeros((20, 20), dtype=np.uint8))
    mask = model.predict(embedding, Prompts([(10, 10)], [1])).masks[0]
    assert int(mask.sum()) == 7 * 7


def test_rule_9_the_next_click_corrects_the_click_methods_own_error():
    truth = np.zeros((24, 40), dtype=np.uint8)
    truth[4:20, 3:31] = 1
    model = ClickSegmenter(OnePass(), name="clicker", device="cpu")
    rows = rows_of(RELEASED, labelled(truth * 50, truth), model)
    chain = [r for r in rows if r.setting == "clicks" and r.selection == "first"]
    second = json.loads(chain[1].prompts)[0]["points_rc"]
    predicted = np.zeros_like(truth, dtype=bool)
    row, col = (int(value) for value in second[0])
    predicted[row - 3 : row + 4, col - 3 : col + 4] = True
    distance = released_distance((truth > 0) ^ predicted)
    row, col = (int(value) for value in second[1])
    assert distance[row, col] == distance.max()


@pytest.mark.parametrize("name", ["ritm_h32", "cfr_icl_vit_h", "focalclick_b3_s2"])
def test_rule_9_the_studys_click_methods_are_among_the_models(name):
    assert card_of(name).prompts == ("points", "masks")


@pytest.mark.parametrize(
    ("profile", "one_point", "several"),
    [
        (RELEASED, Selection.FIRST, Selection.FIRST),
        (Profile.AS_WRITTEN, Selection.BEST_SCORE, Selection.BEST_SCORE),
        (Profile.STRICT, Selection.BEST_SCORE, Selection.SINGLE),
    ],
)
def test_each_profile_has_its_default_mask(profile, one_point, several):
    assert default_selection(profile, one_point=True) is one_point
    assert default_selection(profile, one_point=False) is several


def test_rule_8_iou_is_the_intersection_over_the_union():
    mask = np.array([1, 1, 1, 0], dtype=bool)
    assert iou(mask, np.array([0, 1, 1, 1], dtype=bool)) == 0.5


def test_strict_feeds_the_logits_back_unless_told_not_to():
    for feed_back in (True, False):
        model = FakeSegmenter()
        settings = RunSettings(clicks=3, feed_back=feed_back)
        source = InMemory([made_volume("p1", slices=1)])
        list(run_benchmark(source, [ModelSpec("f", lambda m=model: m)], settings))
        several = [p for p in model.seen_prompts if len(p.points_rc) > 1]
        clicks = [p for p in several if p.mask_logits is not None]
        assert bool(clicks) == feed_back


def test_strict_rows_do_not_depend_on_the_order_or_company_of_cases():
    pairs = [made_volume(f"p{k}", seed=k, slices=1) for k in range(3)]
    choice = ModelSpec("fake", FakeSegmenter)

    def rows_by_case(*volumes):
        data = InMemory(volumes, "set")
        run = run_benchmark(data, [choice], RunSettings(clicks=3))
        return {one.case_id: [(r.prompts, r.iou) for r in one.rows] for one in run}

    together = rows_by_case(*pairs)
    apart = {}
    for pair in reversed(pairs):
        apart |= rows_by_case(pair)
    assert apart == together


def test_strict_rows_do_not_depend_on_the_number_of_workers():
    volume, settings = made_volume("p1", slices=3), RunSettings(clicks=3)

    def rows_on(shipped):
        one_slice, model = pickle.loads(shipped), FakeSegmenter()
        shown = SeenSlice(model, embed_slice(model, one_slice, settings))
        streams = RandomStreams(sequential=False)
        found = rows_of_slice(lambda _: shown, one_slice, settings, streams, {})
        return [
            (r.case_id, r.prompts, r.selection, r.iou) for _, rs in found for r in rs
        ]

    slices = slices_of(volume, profile=Profile.STRICT, axis=0)
    shipped = [pickle.dumps(one) for one in slices]
    with ThreadPoolExecutor(3) as workers:
        together = list(workers.map(rows_on, reversed(shipped)))
    assert together[::-1] == [rows_on(one) for one in shipped]
