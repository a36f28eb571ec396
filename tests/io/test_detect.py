"""What a file is, by its first bytes, without ever waiting for it."""

import gzip
import os
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import FileReadError
from napari_sam_med.io.detect import (
    Kind,
    is_dicom_folder,
    kind_of,
    open_regular,
)
from napari_sam_med.io.dicom import write_ct_series
from napari_sam_med.io.formats import name_from_path, shown
from napari_sam_med.io.volume_files import read_volume


@pytest.fixture
def nifti(tmp_path):
    path = tmp_path / "a.nii"
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), path)
    return path


@pytest.fixture
def series(tmp_path):
    volume = Volume(np.zeros((2, 3, 4), np.int16), modality="CT")
    write_ct_series(tmp_path / "ct", volume, description="x")
    return tmp_path / "ct"


@pytest.mark.parametrize("name", ["b.nii.gz", "b.mha", "b.png", "b.dcm", "b"])
def test_a_plain_nifti_is_one_under_any_name(nifti, name):
    assert kind_of(nifti.rename(nifti.with_name(name))) is Kind.NIFTI


def test_a_gzip_is_unpacked_though_its_name_does_not_say_so(nifti):
    packed = nifti.with_name("b.nii")
    packed.write_bytes(gzip.compress(nifti.read_bytes()))
    assert read_volume(packed).array.tolist() == read_volume(nifti).array.tolist()


@pytest.mark.parametrize("name", ["pipe.nii.gz", "pipe.dcm", "pipe"])
def test_a_pipe_is_refused_without_waiting(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(FileReadError, match="no regular file"):
        read_volume(tmp_path / name)


def test_a_device_is_refused(tmp_path):
    (tmp_path / "zero.nii").symlink_to("/dev/zero")
    with pytest.raises(FileReadError, match="no regular file"):
        read_volume(tmp_path / "zero.nii")


def test_a_broken_link_says_that_it_is_one(tmp_path):
    (tmp_path / "a.nii").symlink_to(tmp_path / "gone.nii")
    with pytest.raises(FileReadError, match="is a link to a file that does not exist"):
        read_volume(tmp_path / "a.nii")


@pytest.mark.parametrize("name", ["a\0b.nii", "x" * 300 + ".nii"])
def test_a_name_that_no_file_can_have_is_one_sentence(tmp_path, name):
    with pytest.raises(FileReadError, match="cannot be opened"):
        read_volume(tmp_path / name)


def test_postscript_named_png_is_never_given_to_pillow(tmp_path):
    (tmp_path / "a.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    )
    with pytest.raises(FileReadError, match="is PostScript"):
        read_volume(tmp_path / "a.png")


def test_a_gif_is_named_as_what_it_is(tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "a.gif")
    with pytest.raises(FileReadError, match="is GIF"):
        read_volume(tmp_path / "a.gif")


def test_an_empty_file_says_that_it_is_empty(tmp_path):
    (tmp_path / "a.mha").write_bytes(b"")
    with pytest.raises(FileReadError, match="is empty"):
        read_volume(tmp_path / "a.mha")


def test_a_name_that_is_no_text_is_read_and_shown_as_text(nifti):
    path = Path(os.fsdecode(os.fsencode(nifti.parent) + b"/caf\xe9.nii"))
    nifti.rename(path)
    volume = read_volume(path)
    assert volume.name == name_from_path(path) == "caf\N{REPLACEMENT CHARACTER}"
    volume.name.encode("utf-8")


def test_what_is_shown_of_a_common_name_is_the_name():
    assert shown(Path("a/b c.nii")) == os.path.join("a", "b c.nii")  # noqa: PTH118


def test_dicom_without_suffix_or_preamble_is_dicom(series):
    file = series / "0001.dcm"
    bare = series / "IM1"
    bare.write_bytes(file.read_bytes()[132:])
    assert kind_of(bare) is Kind.DICOM


def test_a_folder_is_dicom_by_its_files_and_not_by_their_names(series):
    for file in series.iterdir():
        file.rename(file.with_suffix(""))
    assert is_dicom_folder(series)
    assert kind_of(series) is Kind.DICOM_FOLDER


def test_a_folder_with_pipes_and_texts_only_is_none(tmp_path):
    os.mkfifo(tmp_path / "a.dcm")
    (tmp_path / "b.dcm").write_text("nothing")
    assert not is_dicom_folder(tmp_path)


def test_a_slide_that_is_tiff_and_dicom_is_what_its_name_says(tmp_path):
    Image.new("L", (40, 40), 9).save(tmp_path / "a.tif")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    data[128:132] = b"DICM"
    for name, kind in (("b.tif", Kind.TIFF), ("b.dcm", Kind.DICOM)):
        (tmp_path / name).write_bytes(data)
        assert kind_of(tmp_path / name) is kind


def test_analyze_is_refused_as_it_knows_no_left_and_right(tmp_path):
    data = np.ones((2, 2, 2), np.int16)
    nibabel.save(nibabel.AnalyzeImage(data, np.eye(4)), tmp_path / "a.hdr")
    with pytest.raises(FileReadError, match="left from right"):
        read_volume(tmp_path / "a.hdr")


def test_a_folder_is_not_opened_as_a_file(tmp_path):
    with pytest.raises(FileReadError, match="is a folder"):
        open_regular(tmp_path)


@pytest.mark.parametrize("name", ["0001.dcm.gz", "0001.dcm"])
def test_a_packed_dicom_is_refused_as_a_gzip(series, tmp_path, name):
    packed = tmp_path / name
    packed.write_bytes(gzip.compress((series / "0001.dcm").read_bytes()))
    with pytest.raises(FileReadError, match="is gzip of something else"):
        read_volume(packed)
