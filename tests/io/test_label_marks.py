"""Label files say what they hold, whatever they are called."""

import nibabel
import numpy as np
import pytest
import SimpleITK

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.label_marks import says_labels
from napari_sam_med.io.volume_files import read_labels
from napari_sam_med.io.writing.export import write_labels, write_volume

MARKED = [".nii", ".nii.gz", ".nrrd", ".mha", ".png", ".tif"]
ARRAY = np.tile(np.arange(3, dtype=np.uint8), (1, 300, 200))


@pytest.mark.parametrize("suffix", MARKED)
def test_labels_that_we_wrote_say_so(tmp_path, suffix):
    path = tmp_path / f"heart{suffix}"
    write_labels(path, ARRAY, Geometry())
    assert says_labels(path)
    np.testing.assert_array_equal(read_labels(path).array, ARRAY)


@pytest.mark.parametrize("suffix", [*MARKED, ".bmp"])
def test_an_image_that_we_wrote_does_not_say_so(tmp_path, suffix):
    path = tmp_path / f"heart{suffix}"
    write_volume(path, Volume(ARRAY, Geometry()))
    assert not says_labels(path)


@pytest.mark.parametrize("suffix", MARKED[:4])
def test_other_readers_take_a_marked_file(tmp_path, suffix):
    path = tmp_path / f"heart{suffix}"
    write_labels(path, ARRAY, Geometry((0.5, 0.5, 2.0)))
    image = SimpleITK.ReadImage(str(path))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), ARRAY)
    np.testing.assert_allclose(image.GetSpacing(), (0.5, 0.5, 2.0))


@pytest.mark.parametrize("make", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_a_nifti_file_of_somebody_with_the_intent_of_labels_says_so(tmp_path, make):
    image = make(ARRAY.T, np.eye(4))
    path = tmp_path / "heart.nii.gz"
    nibabel.save(image, path)
    assert not says_labels(path)
    image.header.set_intent("label")
    nibabel.save(image, path)
    assert says_labels(path)
