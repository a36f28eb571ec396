import json
from dataclasses import replace

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter, fake_mask
from napari_sam_med.core.ports import Capabilities
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileReadError, FileWriteError, ImageError, PromptError
from napari_sam_med.session.kinds.start_masks import StartMask
from napari_sam_med.session.replay import (
    Record,
    load_records,
    save_records,
)
from napari_sam_med.session.replay_answers import labels_from, replay
from napari_sam_med.session.saved_session import SavedMask, SavedRules

RECORD = Record(
    image="ct",
    axis=1,
    index=3,
    spacing_rc=(1.0, 1.0),
    window=(0.0, 100.0),
    prompts=Prompts([(10, 12)], [1]).to_json(),
    label=4,
    model="other",
    sha256="abc",
    chosen=2,
    score=0.5,
)
ONE = {"points_rc": [[8.0, 8.0]], "labels": [1], "box_rc": None}
VOLUME = Volume(np.zeros((20, 8, 24)), name="ct")


def test_records_survive_the_file(tmp_path):
    records = [RECORD, replace(RECORD, window=None, index=5)]
    save_records(tmp_path / "a.json", records)
    assert load_records(tmp_path / "a.json") == records


@pytest.mark.parametrize("pixel_mm", [1e-10, 1e8])
def test_records_of_images_with_pixels_of_any_size_survive_the_file(tmp_path, pixel_mm):
    records = [replace(RECORD, spacing_rc=(pixel_mm, pixel_mm))]
    save_records(tmp_path / "a.json", records)
    assert load_records(tmp_path / "a.json") == records


def test_replaying_asks_the_model_the_same_and_takes_its_best():
    (answer,) = replay([RECORD], VOLUME, FakeSegmenter())
    assert answer.chosen == 1
    np.testing.assert_array_equal(
        answer.candidates.masks[1], fake_mask((20, 24), Prompts([(10, 12)], [1]), 4.0)
    )


def test_masks_are_painted_on_their_slice_under_their_label():
    answers = list(replay([RECORD], VOLUME, FakeSegmenter()))
    labels = labels_from(answers, VOLUME)
    assert np.unique(labels).tolist() == [0, 4]
    assert np.nonzero(labels)[1].tolist() == [3] * np.count_nonzero(labels)
    np.testing.assert_array_equal(labels[:, 3] == 4, answers[0].candidates.masks[1])


def test_masks_of_labels_beyond_16_bits_are_painted_too():
    answers = list(replay([replace(RECORD, label=70_000)], VOLUME, FakeSegmenter()))
    assert np.unique(labels_from(answers, VOLUME)).tolist() == [0, 70_000]


def test_neighbouring_records_of_a_slice_share_an_embedding():
    model = FakeSegmenter()
    list(replay([RECORD, replace(RECORD, label=5)], VOLUME, model))
    assert (model.n_embed, model.n_predict) == (1, 2)


@pytest.mark.parametrize(
    ("record", "error", "words"),
    [
        (replace(RECORD, index=30), ImageError, "slice 30 of axis 1"),
        (replace(RECORD, window=None), ImageError, "in colour"),
        (
            replace(RECORD, prompts=Prompts([(99, 0)], [1]).to_json()),
            PromptError,
            "outside",
        ),
    ],
)
def test_a_record_that_does_not_fit_the_image_says_so(record, error, words):
    with pytest.raises(error, match=words):
        list(replay([record], VOLUME, FakeSegmenter()))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "it is no JSON"),
        ("[]", "cannot be used as saved prompts: it holds a list"),
        ('{"format": "napari-sam-med prompts", "version": 9}', "reads 1 to 8 and has"),
        (
            '{"format": "napari-sam-med prompts", "version": 1, "records": [{}]}',
            r"records\[0\].image is missing",
        ),
    ],
)
def test_other_files_are_refused(tmp_path, text, words):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(FileReadError, match=words):
        load_records(path)


def test_a_file_without_prompts_in_a_record_is_refused(tmp_path):
    save_records(tmp_path / "a.json", [RECORD])
    stored = json.loads((tmp_path / "a.json").read_text())
    stored["records"][0]["prompts"] = {"points_rc": []}
    (tmp_path / "a.json").write_text(json.dumps(stored))
    with pytest.raises(FileReadError, match=r"records\[0\] is wrong.*lack 'labels'"):
        load_records(tmp_path / "a.json")


def test_a_place_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileWriteError, match="cannot be written"):
        save_records(tmp_path / "file" / "a.json", [RECORD])


def rewritten(path, **changes):
    save_records(path, [RECORD])
    stored = json.loads(path.read_text())
    stored["version"] = changes.pop("version", stored["version"])
    stored["records"][0].update(changes)
    path.write_text(json.dumps(stored))
    return path, stored


def test_a_file_of_version_1_is_read_as_prompts_asked_at_once(tmp_path):
    path, stored = rewritten(tmp_path / "a.json", version=1)
    del stored["records"][0]["fed"]
    path.write_text(json.dumps(stored))
    assert load_records(path) == [RECORD]


@pytest.mark.parametrize("fed", [[[1, 0]], [[0, -1]], [[0]], [["a", 0]], 3])
def test_answers_that_cannot_have_been_fed_back_are_refused(tmp_path, fed):
    path, _ = rewritten(tmp_path / "a.json", fed=fed)
    with pytest.raises(FileReadError, match=r"records\[0\]"):
        load_records(path)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("index", 1.5, "index is 1.5 instead of a valid integer"),
        ("index", -1, "index is -1 instead of greater than or equal to 0"),
        ("axis", 3, "axis is 3 instead of less than or equal to 2"),
        ("spacing_rc", [0, 1], r"spacing_rc\[0\] is 0 instead of greater than 0"),
        ("spacing_rc", [1, -1e-9], r"spacing_rc\[1\] is -1e-09 instead of"),
        ("spacing_rc", [1, "x"], r"spacing_rc\[1\] is 'x' instead of"),
        ("label", -5, "label is -5 instead of greater than or equal to 1"),
        ("label", 2**31, "label is 2147483648 instead of less than or equal to 21474"),
        ("label", "x", "label is 'x' instead of a valid integer"),
        ("label", None, "label is null instead of a valid integer"),
        ("score", None, "score is null instead of a valid number"),
        ("image", 5, "image is 5 instead of a valid string"),
        ("window", [9, 1], r"records\[0\] is wrong"),
        ("prompts", {"points_rc": "x", "labels": [1], "box_rc": None}, "numbers"),
        ("prompts", {**ONE, "labels": [True]}, "true in labels; give whole numbers"),
        ("prompts", {**ONE, "labels": [1.0]}, "1.0 in labels; give whole numbers"),
        ("prompts", {**ONE, "points_rc": [["8", "8"]]}, "'8' in points_rc; give numb"),
        ("prompts", {**ONE, "points_rc": [[True, 8]]}, "true in points_rc"),
        ("prompts", {**ONE, "points_rc": [[[8], 8]]}, "in points_rc"),
        ("prompts", {**ONE, "points_rc": None}, "points of shape"),
        ("prompts", {**ONE, "box_rc": ["1", 2, 3, 4]}, "'1' in box_rc"),
        ("prompts", {**ONE, "mask": 1}, "hold 'mask'; they take points_rc"),
        (
            "prompts",
            {**ONE, "points_rc": [[8, 8]] * 1001, "labels": [1] * 1001},
            "1001 points; give 1000 or fewer",
        ),
    ],
)
def test_a_field_that_no_dock_writes_is_named(tmp_path, field, value, words):
    path, _ = rewritten(tmp_path / "a.json", **{field: value})
    with pytest.raises(FileReadError, match=words):
        load_records(path)


def test_other_weights_go_on_from_their_own_best_candidate():
    prompts = Prompts([(10, 12), (4, 6)], [1, 1]).to_json()
    record = replace(RECORD, prompts=prompts, fed=((1, 0),))
    other, same = FakeSegmenter(), FakeSegmenter()
    list(replay([record], VOLUME, other))
    list(replay([replace(record, model=same.name, sha256="")], VOLUME, same))
    first, second = other.seen_prompts
    assert first.points_rc.tolist() == [[10.0, 12.0]]
    assert len(second.points_rc) == 2
    embedding = other.embed(np.zeros((20, 24), np.uint8))
    logits = other.predict(embedding, first).logits
    np.testing.assert_array_equal(second.mask_logits, logits[1])
    np.testing.assert_array_equal(same.seen_prompts[1].mask_logits, logits[0])


def test_a_model_that_takes_no_masks_is_asked_all_at_once():
    prompts = Prompts([(10, 12), (4, 6)], [1, 1]).to_json()
    record = replace(RECORD, prompts=prompts, fed=((1, 0),))
    model = FakeSegmenter(capabilities=Capabilities(masks=False))
    list(replay([record], VOLUME, model))
    (asked,) = model.seen_prompts
    assert asked.mask_logits is None


def started(**changes) -> Record:
    start = np.zeros((20, 24), dtype=bool)
    start[2:18, 2:6] = True
    return replace(RECORD, start=SavedMask.of(StartMask.of(start)), **changes)


def test_a_mask_that_was_started_from_survives_the_file_and_is_so_again(tmp_path):
    save_records(tmp_path / "a.json", [started(), started(corrects=True)])
    records = load_records(tmp_path / "a.json")
    assert records == [started(), started(corrects=True)]
    model = FakeSegmenter()
    plain, merged = replay(records, VOLUME, model)
    assert all(each.mask_logits is not None for each in model.seen_prompts)
    start = records[0].start.start().mask()
    assert not plain.candidates.masks[1][start].all()
    assert merged.candidates.masks[1][start].all()
    assert merged.candidates.masks[1][10, 12]


def test_a_model_without_masks_is_asked_the_prompts_alone():
    model = FakeSegmenter(capabilities=Capabilities(masks=False))
    list(replay([started()], VOLUME, model))
    assert model.seen_prompts[0].mask_logits is None


def test_a_damaged_starting_mask_is_refused_on_reading(tmp_path):
    save_records(tmp_path / "a.json", [started()])
    text = (tmp_path / "a.json").read_text()
    data = started().start.data
    (tmp_path / "a.json").write_text(text.replace(data, data[:8]))
    with pytest.raises(FileReadError, match="starting mask"):
        load_records(tmp_path / "a.json")


def test_a_starting_mask_of_another_size_than_the_slice_is_refused():
    small = SavedMask.of(StartMask.of(np.ones((3, 4), dtype=bool)))
    with pytest.raises(PromptError, match="give the image that was prompted"):
        list(replay([replace(RECORD, start=small)], VOLUME, FakeSegmenter()))


def test_files_of_version_3_are_still_read(tmp_path):
    save_records(tmp_path / "a.json", [RECORD])
    stored = json.loads((tmp_path / "a.json").read_text())
    stored["version"] = 3
    for name in ("start", "corrects"):
        del stored["records"][0][name]
    (tmp_path / "a.json").write_text(json.dumps(stored))
    assert load_records(tmp_path / "a.json") == [RECORD]


def older(path, records, version=5):
    """Write a file as releases have done before it said how masks are written."""
    save_records(path, records)
    stored = json.loads(path.read_text())
    stored["version"] = version
    for record in stored["records"]:
        del record["rules"], record["is_part"]
    path.write_text(json.dumps(stored))
    return path


def at(row, col, rules=None, **changes):
    prompts = Prompts([(row, col)], [1]).to_json()
    return replace(RECORD, prompts=prompts, rules=rules, **changes)


def labels_of(records):
    return labels_from(list(replay(records, VOLUME, FakeSegmenter())), VOLUME)[:, 3]


def test_masks_of_older_files_are_joined(tmp_path):
    records = [at(4, 4), at(14, 18)]
    path = older(tmp_path / "a.json", records)
    assert load_records(path) == records
    labels = labels_of(load_records(path))
    assert labels[4, 4] == labels[14, 18] == 4


def test_how_a_mask_was_written_survives_the_file(tmp_path):
    rules = SavedRules(keep_others=False, locked=(-1, 2), adds=True)
    records = [at(4, 4, rules), at(14, 18, rules, is_part=True)]
    save_records(tmp_path / "a.json", records)
    assert load_records(tmp_path / "a.json") == records


def test_a_mask_that_was_written_as_a_locked_object_is_refused(tmp_path):
    rules = SavedRules(keep_others=True, locked=(4,), adds=False)
    save_records(tmp_path / "a.json", [at(4, 4, rules)])
    with pytest.raises(FileReadError, match=r"records\[0\] is wrong \(label 4 is lock"):
        load_records(tmp_path / "a.json")


@pytest.mark.parametrize("adds", [False, True])
def test_a_mask_replaces_the_one_before_or_is_added_to_it(adds):
    rules = SavedRules(keep_others=True, locked=(), adds=adds)
    labels = labels_of([at(4, 4, rules), at(14, 18, rules)])
    assert (labels[4, 4], labels[14, 18]) == (4 * adds, 4)


@pytest.mark.parametrize(
    ("keep_others", "locked", "stays"),
    [(True, (), True), (False, (), False), (False, (4,), True)],
)
def test_others_keep_what_they_kept_in_the_dock(keep_others, locked, stays):
    rules = SavedRules(keep_others=keep_others, locked=locked, adds=False)
    first = SavedRules(keep_others=True, locked=(), adds=False)
    labels = labels_of([at(10, 12, first), at(10, 13, rules, label=5)])
    assert (labels[10, 12] == 4) == stays
    assert (labels == 5).any()


def test_a_mask_of_which_others_leave_nothing_takes_nothing_away():
    rules = SavedRules(keep_others=True, locked=(), adds=False)
    records = [at(4, 4, rules), at(14, 18, rules, label=5), at(14, 18, rules)]
    labels = labels_of(records)
    assert (labels[4, 4], labels[14, 18]) == (4, 5)


def test_objects_that_were_accepted_together_are_parted_and_asked_together():
    rules = SavedRules(keep_others=False, locked=(), adds=False)
    model = FakeSegmenter()
    records = [at(10, 12, rules), at(10, 13, rules, label=5, is_part=True)]
    answers = list(replay(records, VOLUME, model))
    labels = labels_from(answers, VOLUME)[:, 3]
    first, second = (each.mask for each in answers)
    assert (first & second).any()
    np.testing.assert_array_equal(labels > 0, first | second)
    assert {4, 5} <= set(labels[first | second].tolist())


def test_parts_of_one_object_are_joined():
    rules = SavedRules(keep_others=False, locked=(), adds=False)
    labels = labels_of([at(4, 4, rules), at(14, 18, rules, is_part=True)])
    assert labels[4, 4] == labels[14, 18] == 4


def test_the_same_weights_give_the_candidate_that_was_chosen():
    model = FakeSegmenter()
    (answer,) = replay([replace(RECORD, model=model.name, sha256="")], VOLUME, model)
    assert answer.chosen == RECORD.chosen != answer.candidates.best_index
