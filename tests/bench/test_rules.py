"""Each rule of the published procedure by its number, on small arrays.

Rules 3 to 5 and 7 are also held by the stored cases of ``tests/simulate`` and by the
comparison with a plain script in ``test_as_released``.
"""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.cases import class_labels, slices_of
from napari_sam_med.bench.datasets import InMemory, LabelledVolume
from napari_sam_med.bench.engine import run_benchmark
from napari_sam_med.bench.evaluation import rows_of_slice
from napari_sam_med.bench.settings import ModelChoice, Profile, RunSettings
from napari_sam_med.bench.streams import Streams
from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.metrics import iou
from napari_sam_med.core.selection import Selection, oracle_index, pick
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import released_uint8

RELEASED = Profile.AS_RELEASED


def labelled(image, labels, **names):
    return LabelledVolume(Volume(image[None], name="a"), labels[None], "a", **names)


def rows_of(profile, volume=None, model=None, clicks=3):
    model = model or FakeSegmenter()
    source = InMemory([volume or made_volume("p1", slices=2)])
    settings = RunSettings(profile, clicks=clicks)
    choice = ModelChoice("fake", lambda: model)
    return [r for one in run_benchmark(source, [choice], settings) for r in one.rows]


def test_rule_1_images_are_divided_by_their_maximum_and_truncated():
    image = np.array([[10, 20], [30, 50]], dtype=np.int16)
    assert released_uint8(image).tolist() == [[51, 102], [153, 255]]
    (one,) = slices_of(
        labelled(image, np.eye(2, dtype=np.uint8)), profile=RELEASED, axis=0
    )
    assert np.array_equal(one.image(), released_uint8(image))


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
    assert class_labels(labels, {}, RELEASED).tolist() == [[[0, 0, 0, 1]]]


def test_rule_2_one_class_is_all_that_is_not_zero():
    labels = np.array([[[0, 1, 3]]])
    assert class_labels(labels, {1: "liver"}, RELEASED).tolist() == [[[0, 1, 1]]]


def test_rule_2_several_labels_are_classes_of_their_own():
    labels = np.array([[[0, 1, 3]]])
    found = class_labels(labels, {1: "liver", 3: "spleen"}, RELEASED)
    assert found.tolist() == labels.tolist()


def test_rule_3_the_truth_keeps_parts_that_are_not_prompted():
    truth = np.zeros((30, 30), dtype=np.uint8)
    for start in range(0, 30, 6):
        truth[start : start + 2, 3:6] = 1
    rows = rows_of(RELEASED, labelled(truth * 50, truth))
    assert {row.n_parts for row in rows} == {5}
    assert {row.area_px for row in rows} == {int(truth.sum())}


def test_rule_4_modes_and_each_chain_of_clicks_draw_from_fresh_streams():
    both = rows_of(RELEASED)
    source = InMemory([made_volume("p1", slices=2)])
    alone = RunSettings(RELEASED, ("clicks",), clicks=3)
    choice = ModelChoice("fake", FakeSegmenter)
    clicks = [r for one in run_benchmark(source, [choice], alone) for r in one.rows]
    with_modes = [r.prompts for r in both if r.setting == "clicks"]
    assert with_modes == [r.prompts for r in clicks]


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


def test_rule_8_iou_is_the_intersection_over_the_union():
    mask = np.array([1, 1, 1, 0], dtype=bool)
    assert iou(mask, np.array([0, 1, 1, 1], dtype=bool)) == 0.5


def test_strict_feeds_the_logits_back_unless_told_not_to():
    for feed_back in (True, False):
        model = FakeSegmenter()
        settings = RunSettings(clicks=3, feed_back=feed_back)
        source = InMemory([made_volume("p1", slices=1)])
        list(run_benchmark(source, [ModelChoice("f", lambda m=model: m)], settings))
        several = [p for p in model.seen_prompts if len(p.points_rc) > 1]
        clicks = [p for p in several if p.mask_logits is not None]
        assert bool(clicks) == feed_back


def test_strict_rows_do_not_depend_on_the_order_or_company_of_cases():
    pairs = [made_volume(f"p{k}", seed=k, slices=1) for k in range(3)]
    choice = ModelChoice("fake", FakeSegmenter)

    def rows_by_case(*volumes):
        run = run_benchmark(InMemory(volumes), [choice], RunSettings(clicks=3))
        return {one.case_id: [(r.prompts, r.iou) for r in one.rows] for one in run}

    together = rows_by_case(*pairs)
    apart = {}
    for pair in reversed(pairs):
        apart |= rows_by_case(pair)
    assert apart == together


def test_strict_rows_do_not_depend_on_the_number_of_workers():
    volume, settings = made_volume("p1", slices=3), RunSettings(clicks=3)

    def rows_on(shipped):
        streams = Streams(sequential=False)
        found = rows_of_slice(
            FakeSegmenter, pickle.loads(shipped), settings, streams, {}
        )
        return [
            (r.case_id, r.prompts, r.selection, r.iou) for _, rs in found for r in rs
        ]

    slices = slices_of(volume, profile=Profile.STRICT, axis=0)
    shipped = [pickle.dumps(one) for one in slices]
    with ThreadPoolExecutor(3) as workers:
        together = list(workers.map(rows_on, reversed(shipped)))
    assert together[::-1] == [rows_on(one) for one in shipped]
