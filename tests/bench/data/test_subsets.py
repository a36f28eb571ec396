"""Subsets of labelled volumes."""

import numpy as np
import pytest

from napari_sam_med.bench.data.labelled_volumes import BadPair, InMemory, LabelledVolume
from napari_sam_med.bench.data.subsets import (
    FewerObjects,
    FewerSlices,
    Joined,
    evenly_spaced,
)
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import DatasetError


def labelled(name, n_slices=6):
    labels = np.zeros((n_slices, 3, 4), np.uint8)
    labels[1:, 1, 1] = 1
    return LabelledVolume(Volume(np.zeros(labels.shape, np.uint8)), labels, name)


@pytest.mark.parametrize(
    ("count", "most", "chosen"),
    [(18, 3, [3, 9, 15]), (5, 1, [2]), (2, 5, [0, 1]), (4, 4, [0, 1, 2, 3])],
)
def test_positions_are_the_middles_of_equal_stretches(count, most, chosen):
    assert evenly_spaced(count, most) == chosen


def test_only_labelled_slices_count():
    (pair,) = FewerSlices(InMemory([labelled("a")]), most=1, axis=0)
    assert np.flatnonzero(pair.labels.any(axis=(1, 2))).tolist() == [3]


def test_each_class_keeps_slices_of_its_own():
    pair = labelled("a")
    pair.labels[5, 0, 0] = 2
    (thin,) = FewerSlices(InMemory([pair]), most=1, axis=0)
    assert np.argwhere(thin.labels == 1).tolist() == [[3, 1, 1]]
    assert np.argwhere(thin.labels == 2).tolist() == [[5, 0, 0]]


def test_slices_may_lie_across_another_axis():
    (pair,) = FewerSlices(InMemory([labelled("a")]), most=1, axis=2)
    assert pair.labels.sum() == 5


def test_bad_pairs_pass_through():
    bad = BadPair("b", "no labels")
    assert list(FewerSlices(InMemory([bad]), most=1, axis=0)) == [bad]


def test_fewer_slices_are_another_run():
    source = InMemory([labelled("a")])
    options = [FewerSlices(source, most=n, axis=0).options() for n in (1, 2)]
    assert options[0] != options[1] != source.options()


def test_at_least_one_slice_must_be_left():
    with pytest.raises(DatasetError, match="1 or more"):
        FewerSlices(InMemory([]), most=0, axis=0)


def test_sources_are_joined_in_order():
    joined = Joined([InMemory([labelled("b")]), InMemory([labelled("a")])])
    assert [pair.name for pair in joined] == ["b", "a"]
    assert len(joined) == len(joined.fingerprint()) == 2


def test_fewer_objects_are_evenly_spaced():
    pair = labelled("a")
    pair.labels[0, 2] = (7, 8, 9, 0)
    (fewer,) = FewerObjects(InMemory([pair]), 2)
    assert np.unique(fewer.labels).tolist() == [0, 7, 9]


def test_fewer_objects_are_another_run():
    source = InMemory([labelled("a")])
    assert FewerObjects(source, 2).options() != source.options()


def test_at_least_one_object_must_be_left():
    with pytest.raises(DatasetError, match="1 or more"):
        FewerObjects(InMemory([]), most=0)
