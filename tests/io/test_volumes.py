"""Images and label images read from files."""

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from fakes.geometries import lie_alike
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import (
    FileReadError,
    GeometryError,
    ImageError,
    SamMedError,
)
from napari_sam_med.io.volume_files import read_labels, read_volume
from napari_sam_med.io.writing.export import write_volume

TILTED = (
    (0.9659258263, -0.25, 0.0669872981),
    (0.2588190451, 0.9330127019, -0.25),
    (0.0, 0.2588190451, 0.9659258263),
)


@pytest.fixture
def oblique():
    array = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    return Volume(array, Geometry((0.8, 0.9, 5.0), (-10.0, 20.0, 31.5), TILTED))


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_an_oblique_volume_comes_back_as_it_was_written(tmp_path, oblique, suffix):
    path = tmp_path / f"scan{suffix}"
    write_volume(path, oblique)
    back = read_volume(path)
    assert lie_alike(back.geometry, oblique.geometry, tolerance=1e-5)
    assert back.array.dtype == np.int16
    assert back.array.tolist() == oblique.array.tolist()
    assert back.name == "scan"


def test_mhd_with_its_raw_file_is_read(tmp_path, oblique):
    sitk.WriteImage(sitk.GetImageFromArray(oblique.array), str(tmp_path / "a.mhd"))
    assert read_volume(tmp_path / "a.mhd").array.tolist() == oblique.array.tolist()


def test_a_two_dimensional_file_becomes_one_slice(tmp_path):
    image = sitk.GetImageFromArray(np.ones((4, 6), np.float32))
    image.SetSpacing((0.5, 0.25))
    sitk.WriteImage(image, str(tmp_path / "flat.mha"))
    volume = read_volume(tmp_path / "flat.mha")
    assert volume.array.shape == (1, 4, 6)
    assert volume.geometry.spacing_xyz[:2] == (0.5, 0.25)


@pytest.mark.parametrize(
    ("pixels", "mode"),
    [
        (np.arange(12, dtype=np.uint8).reshape(3, 4), "L"),
        (np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000, "I;16"),
        (np.arange(36, dtype=np.uint8).reshape(3, 4, 3), "RGB"),
    ],
)
def test_png_keeps_its_pixels(tmp_path, pixels, mode):
    image = Image.fromarray(pixels)
    assert image.mode == mode
    image.save(tmp_path / "a.png")
    volume = read_volume(tmp_path / "a.png")
    assert volume.array.dtype == pixels.dtype
    assert volume.array.tolist() == [pixels.tolist()]


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".tif"])
def test_other_pictures_are_read(tmp_path, suffix):
    Image.fromarray(np.full((8, 8), 90, np.uint8)).save(tmp_path / f"a{suffix}")
    assert (read_volume(tmp_path / f"a{suffix}").array == 90).all()


def test_pages_of_a_tiff_become_slices(tmp_path):
    pages = [Image.fromarray(np.full((3, 4), v, np.float32)) for v in (0.5, 1.5)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert read_volume(tmp_path / "a.tif").array[:, 0, 0].tolist() == [0.5, 1.5]


def test_a_grey_picture_saved_as_colour_becomes_grey(tmp_path):
    Image.fromarray(np.full((3, 4, 3), 7, np.uint8)).save(tmp_path / "a.png")
    assert read_volume(tmp_path / "a.png").array.shape == (1, 3, 4)


def test_a_palette_is_colours_in_an_image_and_numbers_in_labels(tmp_path):
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8), mode="L").convert("P")
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    image.save(tmp_path / "a.png")
    assert read_volume(tmp_path / "a.png").array[0, 0, 1].tolist() == [255, 0, 0]
    assert read_labels(tmp_path / "a.png").array.tolist() == [[[0, 1], [2, 1]]]


def test_whole_numbers_stored_as_float_are_labels(tmp_path):
    write_volume(tmp_path / "a.nii.gz", Volume(np.array([[[0.0, 3.0]]])))
    labels = read_labels(tmp_path / "a.nii.gz").array
    assert labels.dtype == np.int32
    assert labels.tolist() == [[[0, 3]]]


def test_a_mask_of_255_stays_255(tmp_path):
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(tmp_path / "a.png")
    assert read_labels(tmp_path / "a.png").array.tolist() == [[[0, 255]]]


def test_a_one_bit_mask_becomes_zero_and_one(tmp_path):
    Image.fromarray(np.array([[False, True]])).save(tmp_path / "a.png")
    labels = read_labels(tmp_path / "a.png").array
    assert labels.dtype == np.uint8
    assert labels.tolist() == [[[0, 1]]]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.0, 0.5], "not whole numbers"),
        ([-1.0, 1.0], "from -1.0 to 1.0"),
        ([0.0, np.nan], "NaN"),
    ],
)
def test_values_that_are_no_labels_are_refused(tmp_path, values, said):
    sitk.WriteImage(sitk.GetImageFromArray([[values]]), str(tmp_path / "a.mha"))
    with pytest.raises(ImageError, match=said):
        read_labels(tmp_path / "a.mha")


def test_colour_labels_are_refused(tmp_path):
    pixels = np.zeros((3, 4, 3), np.uint8)
    pixels[0, 0] = (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    with pytest.raises(ImageError, match="colour image"):
        read_labels(tmp_path / "a.png")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["a.nrrd", "a.mha", "a.nii", "a.nii.gz"])
def test_voxels_that_are_not_finite_are_refused(tmp_path, name, bad):
    sitk.WriteImage(sitk.GetImageFromArray([[[0.0, bad]]]), str(tmp_path / name))
    with pytest.raises(ImageError, match="1 NaN or infinite"):
        read_volume(tmp_path / name)


def test_a_time_series_asks_for_the_time(tmp_path):
    image = sitk.JoinSeries([sitk.GetImageFromArray(np.zeros((2, 3, 4)))] * 5)
    sitk.WriteImage(image, str(tmp_path / "a.nii"))
    with pytest.raises(ImageError, match=r"5 time points; give one, 0 to 4 \(--time\)"):
        read_volume(tmp_path / "a.nii")


def test_a_fourth_dimension_of_one_is_dropped(tmp_path):
    image = sitk.JoinSeries([sitk.GetImageFromArray(np.zeros((2, 3, 4)))])
    sitk.WriteImage(image, str(tmp_path / "a.mha"))
    assert read_volume(tmp_path / "a.mha").array.shape == (2, 3, 4)


def test_vectors_are_refused(tmp_path):
    image = sitk.GetImageFromArray(np.zeros((2, 3, 4, 2)), isVector=True)
    sitk.WriteImage(image, str(tmp_path / "a.nrrd"))
    with pytest.raises(ImageError, match="2 channels"):
        read_volume(tmp_path / "a.nrrd")


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nrrd", "a.mha", "a.png", "a.dcm"])
def test_a_damaged_file_is_one_sentence_that_names_it(tmp_path, name):
    (tmp_path / name).write_bytes(b"this is no image at all" * 20)
    with pytest.raises(FileReadError) as caught:
        read_volume(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(FileReadError, match=r"none\.nii does not exist"):
        read_volume(tmp_path / "none.nii")


def test_an_unknown_suffix_names_what_is_accepted(tmp_path):
    (tmp_path / "a.xyz").write_text("x")
    with pytest.raises(FileReadError, match="NIfTI, NRRD"):
        read_volume(tmp_path / "a.xyz")


def test_every_read_error_belongs_to_the_family():
    assert issubclass(FileReadError, SamMedError)
    assert issubclass(GeometryError, SamMedError)


def test_ct_is_recognised_by_its_air(tmp_path):
    hu = np.full((2, 4, 4), 40, np.int16)
    hu[:, 0] = -1000
    write_volume(tmp_path / "ct.nii.gz", Volume(hu))
    write_volume(tmp_path / "mr.nii.gz", Volume(hu + 1000))
    assert read_volume(tmp_path / "ct.nii.gz").modality == "CT"
    assert read_volume(tmp_path / "mr.nii.gz").modality == ""


def test_itk_speaks_again_after_a_read(tmp_path):
    write_volume(tmp_path / "a.mha", Volume(np.zeros((1, 2, 2), np.uint8)))
    before = sitk.ProcessObject.GetGlobalWarningDisplay()
    read_volume(tmp_path / "a.mha")
    assert sitk.ProcessObject.GetGlobalWarningDisplay() == before
