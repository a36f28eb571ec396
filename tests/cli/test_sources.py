"""Folders of files, and the samples, as sources of a run."""

import cv2
import numpy as np
import pytest

from napari_sam_med.bench.data.given_data import (
    SAMPLE_DATA,
    paired_files,
    sample_source,
)
from napari_sam_med.bench.data.subsets import FewerObjects
from napari_sam_med.bench.protocol.cases import slices_of
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.errors import FileReadError


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
    assert fewer.options() != source.options()


def test_names_of_another_form_are_refused(cells):
    (cells / "labels.json").write_text("[1, 2]")
    with pytest.raises(FileReadError, match="liver"):
        paired_files(cells / "images", cells / "masks")
