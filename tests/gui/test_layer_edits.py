"""Masks into Labels layers, and back out of them."""

import numpy as np
import pytest
from napari.layers import Labels

from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.errors import ImageError, PromptError
from napari_sam_med.gui.labels.layer_edits import make_edit, mask_change, revert_edit
from napari_sam_med.session.labelling.label_edits import LabelEdit, PackedLabels
from napari_sam_med.session.labelling.write_rules import WriteRules

SHAPE = (6, 8, 10)


def labels_of(shape=SHAPE, dtype=np.uint8) -> Labels:
    return Labels(np.zeros(shape, dtype=dtype), name="organs")


def mask_of(*columns: int) -> np.ndarray:
    mask = np.zeros((8, 10), dtype=bool)
    mask[0, list(columns)] = True
    return mask


def write(labels, mask, label=7, plane=None, **rules) -> LabelEdit:
    plane = plane or SlicePlane(0, 2)
    change = mask_change(labels, plane, {label: mask}, WriteRules(**rules))
    assert make_edit(labels, change.edit)
    return change.edit


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_only_the_slice_is_written_in_each_orientation(axis):
    labels = labels_of()
    mask = np.zeros(np.delete(SHAPE, axis), dtype=bool)
    mask[1, 2] = mask[4, 5] = True
    write(labels, mask, plane=SlicePlane(axis, 3))
    expected = np.zeros(SHAPE, dtype=np.uint8)
    np.moveaxis(expected, axis, 0)[3][mask] = 7
    np.testing.assert_array_equal(labels.data, expected)


def test_other_labels_are_kept_if_asked():
    labels = labels_of()
    labels.data[2, 0, 0] = 5
    edit = write(labels, mask_of(0, 1))
    assert labels.data[2, 0, :2].tolist() == [5, 7]
    assert edit.count == 1


def test_other_labels_are_replaced_if_asked_and_their_loss_is_counted():
    labels = labels_of()
    labels.data[2, 0, 0] = 5
    rules = WriteRules(keep_others=False)
    change = mask_change(labels, SlicePlane(0, 2), {7: mask_of(0, 1)}, rules)
    assert (change.lost, change.written) == ({5: 1}, 2)
    make_edit(labels, change.edit)
    assert labels.data[2, 0, :2].tolist() == [7, 7]


def test_a_locked_label_loses_nothing_and_gains_nothing():
    labels = labels_of()
    labels.data[2, 0, 0] = 5
    write(labels, mask_of(0, 1), keep_others=False, locked=frozenset({5}))
    assert labels.data[2, 0, :2].tolist() == [5, 7]
    with pytest.raises(PromptError, match="label 5 is locked"):
        write(labels, mask_of(4), 5, keep_others=False, locked=frozenset({5}))


def test_a_smaller_mask_replaces_a_larger_one_of_the_same_object():
    labels = labels_of()
    write(labels, mask_of(0, 1, 2))
    write(labels, mask_of(1))
    assert np.argwhere(labels.data).tolist() == [[2, 0, 1]]


def test_a_mask_can_be_added_to_what_the_object_has():
    labels = labels_of()
    write(labels, mask_of(0))
    write(labels, mask_of(5), adds=True)
    assert np.argwhere(labels.data).tolist() == [[2, 0, 0], [2, 0, 5]]


def test_reverting_leaves_what_was_painted_since():
    labels = labels_of()
    edit = write(labels, mask_of(0, 1))
    labels.data[2, 0, 0] = 3
    revert_edit(labels, edit)
    assert labels.data[2, 0, :2].tolist() == [3, 0]


def test_making_it_again_gives_the_same_labels():
    labels = labels_of()
    labels.data[2, :4, :3] = np.arange(12).reshape(4, 3)
    before = labels.data.copy()
    edit = write(labels, np.eye(8, 10, dtype=bool), keep_others=False)
    written = labels.data.copy()
    assert revert_edit(labels, edit)
    np.testing.assert_array_equal(labels.data, before)
    assert make_edit(labels, edit)
    np.testing.assert_array_equal(labels.data, written)


def test_2d_labels_are_written():
    labels = labels_of((8, 10))
    edit = write(labels, np.eye(8, 10, dtype=bool), 2, SlicePlane(0, 0))
    assert (labels.data == 2).sum() == 8
    assert len(edit.start) == 2


@pytest.mark.parametrize("shape", [(3, 8, 10), (6, 8, 4), (8, 10)])
def test_an_edit_of_labels_cropped_since_changes_nothing(shape):
    labels = labels_of()
    edit = write(labels, mask_of(0, 9))
    cropped = labels.data[tuple(slice(n) for n in shape)] if len(shape) == 3 else None
    labels = Labels(np.zeros(shape, np.uint8) if cropped is None else cropped.copy())
    before = labels.data.copy()
    assert not revert_edit(labels, edit)
    assert not make_edit(labels, edit)
    np.testing.assert_array_equal(labels.data, before)


def test_an_accepted_mask_costs_a_step_of_few_kilobytes():
    labels = labels_of((4, 512, 512), np.uint16)
    rows, cols = np.indices((512, 512))
    disc = np.hypot(rows - 256, cols - 256) < 170
    assert disc.sum() > 300 * 300
    assert write(labels, disc).n_bytes < 4_000


def test_napari_keeps_no_second_history_of_what_the_session_writes():
    labels = labels_of()
    write(labels, mask_of(0))
    labels.undo()
    assert labels.data[2, 0, 0] == 7


@pytest.mark.parametrize(
    ("labels", "label", "words"),
    [
        (labels_of((6, 8, 9)), 1, "which is not the image's"),
        (labels_of((2, 8, 10)), 1, "which is not the image's"),
        (labels_of(), 0, "give a number from 1"),
        (labels_of(), 2**31, "give a number from 1"),
    ],
)
def test_labels_that_do_not_fit_are_refused_unchanged(labels, label, words):
    with pytest.raises(ImageError, match=words):
        write(labels, np.ones((8, 10), dtype=bool), label, SlicePlane(0, 4))
    assert not labels.data.any()


def test_an_edit_names_all_objects_that_it_changes():
    labels = labels_of()
    labels.data[2, 0, :3] = (5, 0, 9)
    edit = write(labels, mask_of(0, 1), keep_others=False)
    assert edit.labels() == {0, 5, 7}


@pytest.mark.parametrize(
    ("dtype", "numbers"),
    [
        (np.uint32, (3_000_000_000, 7)),
        (np.int64, (-3_000_000_000, 3_000_000_000)),
        (np.int64, (-(2**63), 2**63 - 1)),
        (np.uint64, (2**63 + 1, 2**64 - 1)),
        (np.int8, (-3, 100)),
        (np.uint16, (65_535, 65_535)),
    ],
)
def test_numbers_of_any_size_come_back_exactly(dtype, numbers):
    labels = labels_of(dtype=dtype)
    labels.data[2, 0, :2] = numbers
    before = labels.data.copy()
    edit = write(labels, mask_of(0, 1, 2), keep_others=False)
    assert edit.labels() == {0, 7, *numbers}
    assert revert_edit(labels, edit)
    np.testing.assert_array_equal(labels.data, before)
    assert make_edit(labels, edit)
    assert labels.data[2, 0, :3].tolist() == [7, 7, 7]


def test_small_numbers_of_a_wide_layer_are_packed_as_small_ones():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 200, 100_000)
    packed = PackedLabels.of(values)
    assert len(packed.data) < 1.05 * values.size
    np.testing.assert_array_equal(packed.unpacked(values.size), values)
