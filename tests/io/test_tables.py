"""Tables of what was measured."""

import csv

import numpy as np
import pytest

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.measures.label_statistics import statistics_of
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileWriteError
from napari_sam_med.io.writing.tables import text_cell, write_statistics


def rows(names=None):
    image = Volume(np.array([[[1, 4, 6, 0.1]]]), Geometry((2.0, 5.0, 1.0)), "DOE^JANE")
    return statistics_of(np.array([[[0, 1, 1, 2]]]), image, names)


def test_each_object_is_a_line_with_named_columns(tmp_path):
    write_statistics(tmp_path / "a.csv", rows({1: 'left, "upper"'}))
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert first["name"] == 'left, "upper"'
    assert (first["voxels"], first["volume_ml"], first["mean"]) == ("2", "0.02", "5")
    assert (first["centroid_l_mm"], second["minimum"]) == ("3", "0.1")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@a"])
def test_a_name_is_no_formula_to_a_spreadsheet(tmp_path, name):
    write_statistics(tmp_path / "a.csv", rows({1: name}))
    assert f",'{name}," in (tmp_path / "a.csv").read_text()


def test_the_name_of_the_image_is_not_in_the_table(tmp_path):
    write_statistics(tmp_path / "a.csv", rows())
    assert "DOE" not in (tmp_path / "a.csv").read_text()


def test_an_existing_table_is_kept(tmp_path):
    (tmp_path / "a.csv").write_text("precious")
    with pytest.raises(FileWriteError, match="exists already"):
        write_statistics(tmp_path / "a.csv", rows())


def test_a_name_cannot_give_a_terminal_orders():
    assert text_cell("liver\x1b[2J") == "liver\\x1b[2J"
    assert text_cell("\r=1") == "'\\r=1"
