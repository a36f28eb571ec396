"""Sources for runs."""

import cv2
import numpy as np
import pytest

from napari_sam_med.bench.cases import slices_of
from napari_sam_med.bench.labelled import BadPair, InMemory, LabelledVolume
from napari_sam_med.bench.settings import Profile
from napari_sam_med.cli.sources import (
    SAMPLE_DATA,
    FewerObjects,
    FewerSlices,
    Joined,
    evenly_spaced,
    paired_files,
    sample_source,
)
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import DatasetError, FileReadError


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
    prints = [FewerSlices(source, most=n, axis=0).fingerprint() for n in (1, 2)]
    assert prints[0] != prints[1] != source.fingerprint()


def test_at_least_one_slice_must_be_left():
    with pytest.raises(DatasetError, match="1 or more"):
        FewerSlices(InMemory([]), most=0, axis=0)


def test_sources_are_joined_in_order():
    joined = Joined([InMemory([labelled("b")]), InMemory([labelled("a")])])
    assert [pair.name for pair in joined] == ["b", "a"]
    assert len(joined) == len(joined.fingerprint()) == 2


def test_the_samples_are_eight_images_of_four_modalities():
    source = sample_source(SAMPLE_DATA)
    assert len(source) == 8
    names = {name for s in source.sources for name in s.label_names.values()}
    assert {"CT liver", "MR lesion", "X-ray heart", "ultrasound lesion"} <= names


@pytest.fixture
def cells(tmp_path):
    """An image with three objects, 7, 8 and 9, in images/ and masks/."""
    labels = np.zeros((20, 20), np.uint8)
    for value, column in ((7, 1), (8, 8), (9, 15)):
        labels[5:9, column : column + 3] = value
    for folder, picture in (("images", labels * 20), ("masks", labels)):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "a.png"), picture)
    return tmp_path


def tasks(source):
    (pair,) = source
    cut = slices_of(pair, profile=Profile.STRICT, axis=0, dataset=source.name)
    return [(case.task, case.label) for each in cut for case in each.cases]


def test_names_may_lie_one_folder_above_the_labels(cells):
    (cells / "labels.json").write_text('{"7": "nucleus"}')
    source = paired_files(cells / "images", cells / "masks", name="cells")
    assert tasks(source) == [("cells: nucleus", 7)]


def test_one_name_for_all_makes_every_value_an_object(cells):
    (cells / "masks" / "labels.json").write_text('"nucleus"')
    source = paired_files(cells / "images", cells / "masks")
    assert tasks(source) == [("nucleus", 7), ("nucleus", 8), ("nucleus", 9)]


def test_fewer_objects_are_evenly_spaced_and_another_run(cells):
    (cells / "labels.json").write_text('"nucleus"')
    source = paired_files(cells / "images", cells / "masks")
    fewer = FewerObjects(source, 2)
    assert tasks(fewer) == [("nucleus", 7), ("nucleus", 9)]
    assert fewer.fingerprint() != source.fingerprint()


def test_at_least_one_object_must_be_left():
    with pytest.raises(DatasetError, match="1 or more"):
        FewerObjects(InMemory([]), most=0)


def test_names_of_another_form_are_refused(cells):
    (cells / "labels.json").write_text("[1, 2]")
    with pytest.raises(FileReadError, match="liver"):
        paired_files(cells / "images", cells / "masks")
