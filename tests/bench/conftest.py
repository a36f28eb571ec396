"""A source of two patients."""

import pytest

from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.data.labelled_volumes import InMemory


@pytest.fixture
def source():
    return InMemory(
        [made_volume("p2_a", seed=1, slices=2), made_volume("p1_a", slices=1)]
    )
