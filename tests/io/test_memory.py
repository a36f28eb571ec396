"""How much memory reading takes, and what is refused before it is taken."""

import tracemalloc

import numpy as np
import pytest

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import ImageError
from napari_sam_med.io import memory
from napari_sam_med.io.memory import check_memory
from napari_sam_med.io.volume_files import read_volume
from napari_sam_med.io.writing.export import write_volume


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_the_voxels_are_never_held_twice(tmp_path, suffix):
    array = np.random.default_rng(0).integers(0, 9, (80, 400, 250)).astype(np.int16)
    path = tmp_path / f"a{suffix}"
    write_volume(path, Volume(array, Geometry()))
    tracemalloc.start()
    volume = read_volume(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(volume.array, array)
    assert peak < 1.3 * array.nbytes + 3_000_000  # pieces of unpacked bytes


def test_an_image_that_memory_cannot_hold_is_refused(tmp_path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemAvailable:       1000 kB\n")
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    check_memory(1_000_000, tmp_path / "a.nii")
    with pytest.raises(ImageError, match=r"needs 0\.002 GB .* 0\.00102 GB are free"):
        check_memory(2_000_000, tmp_path / "a.nii")
