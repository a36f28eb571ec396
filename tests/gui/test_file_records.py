"""Prompts saved in the viewer are asked again of the file, on the same voxels."""

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from napari.layers import Image

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.volumes import Volume
from napari_sam_med.gui.labels.file_records import records_in_file
from napari_sam_med.gui.opening.readers import layer_from_volume
from napari_sam_med.session.kinds.start_masks import StartMask
from napari_sam_med.session.replay import Record
from napari_sam_med.session.saved_session import SavedMask

SHAPE = (4, 6, 8)


def record(axis: int, shape: tuple[int, ...]) -> Record:
    prompts = {"points_rc": [[1.0, 2.0]], "labels": [1], "box_rc": [0.0, 1.0, 2.0, 3.0]}
    one = Record("ct", axis, 3, (2.0, 1.0), None, prompts, 1, "fake", "", 0, 0.5)
    start = np.zeros(np.delete(shape, axis), dtype=bool)
    start[1, 2] = True
    return replace(one, start=SavedMask.of(StartMask.of(start)))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_point_names_the_same_voxel_in_the_file(order, axis):
    rows = np.eye(3)[list(order)]
    geometry = Geometry(direction=tuple(tuple(float(v) for v in row) for row in rows))
    array = np.arange(np.prod(SHAPE), dtype=np.int32).reshape(SHAPE)
    data, arguments, _ = layer_from_volume(Volume(array, geometry), Path("ct.nrrd"))
    image = Image(data, **arguments)
    [placed] = records_in_file([record(axis, image.data.shape)], image)
    shown = SlicePlane(axis, 3).take(image.data)
    stored = SlicePlane(placed.axis, 3).take(array)
    row, col = (int(v) for v in placed.prompts["points_rc"][0])
    assert stored[row, col] == shown[1, 2]
    assert stored.shape == (shown.shape if row == 1 else shown.shape[::-1])
    assert stored[placed.start.start().mask()].tolist() == [shown[1, 2]]
    assert placed.spacing_rc == ((2.0, 1.0) if row == 1 else (1.0, 2.0))
    row0, col0, row1, col1 = (int(v) for v in placed.prompts["box_rc"])
    assert {stored[row0, col0], stored[row1, col1]} == {shown[0, 1], shown[2, 3]}
