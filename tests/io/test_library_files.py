"""The test files of other libraries: read with their values, or one sentence."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
import skimage
from PIL import Image

from napari_sam_med.errors import SamMedError
from napari_sam_med.io.volume_files import read_time_series, read_volume

NIBABEL = Path(nibabel.__file__).parent / "tests" / "data"
SKIMAGE = Path(skimage.__file__).parent / "data"
LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def files_of(folder, *patterns):
    found = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    absent = pytest.param(None, marks=pytest.mark.skip("the library has no test files"))
    return [pytest.param(path, id=path.name) for path in found] or [absent]


def sentence_of(read, path):
    """What reading was refused with; nothing if it succeeded."""
    try:
        read(path)
    except SamMedError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("path", files_of(NIBABEL, "*.nii", "*.nii.gz"))
def test_nibabels_files_have_its_values_and_positions(path):
    image = nibabel.load(path)
    values = image.get_fdata()
    sentence = sentence_of(read_time_series, path)
    if sentence:
        is_matrix = isinstance(image, nibabel.Cifti2Image)
        assert is_matrix or not np.isfinite(values).all(), sentence
        return
    times = read_time_series(path)
    assert np.allclose(times.geometry.matrix, LPS_FROM_RAS @ image.affine, atol=1e-5)
    values = values[..., None] if values.ndim == 3 else values
    assert np.allclose(times.array, values.T, rtol=1e-6)


@pytest.mark.parametrize("path", files_of(NIBABEL, "*"))
def test_each_of_nibabels_files_is_read_or_one_sentence(path):
    sentence = sentence_of(read_volume, path)
    assert not sentence or (path.name in sentence and sentence.isprintable())


@pytest.mark.parametrize("path", files_of(SKIMAGE, "*.png", "*.jpg"))
def test_skimages_pictures_have_its_pixels(path):
    pixels = np.asarray(Image.open(path).convert("RGB"))
    array = read_volume(path).array[0]
    if array.dtype == np.uint16:
        array = (array >> 8).astype(np.uint8)
    if array.dtype == bool:
        array = array.astype(np.uint8) * 255
    assert np.array_equal(np.broadcast_to(array.T, pixels.T.shape).T, pixels)
