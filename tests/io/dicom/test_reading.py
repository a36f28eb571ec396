"""DICOM files and series, chosen, checked and stacked."""

import gzip
import os

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    BasicTextSRStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from fakes.geometries import lie_alike
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import (
    FileReadError,
    FileWriteError,
    GeometryError,
    ImageError,
)
from napari_sam_med.io.dicom import list_dicom_series, write_ct_series
from napari_sam_med.io.dicom.series import choose_series, stack_series
from napari_sam_med.io.volume_files import read_volume

TILTED = (
    (0.9659258263, -0.25, 0.0669872981),
    (0.2588190451, 0.9330127019, -0.25),
    (0.0, 0.2588190451, 0.9659258263),
)


def ct(name="patient1"):
    array = np.arange(4 * 3 * 5, dtype=np.int16).reshape(4, 3, 5) * 20 - 1000
    geometry = Geometry((0.8, 0.7, 5.0), (-10.0, 20.0, 30.0), TILTED)
    return Volume(array, geometry, name, "CT")


@pytest.fixture
def folder(tmp_path):
    write_ct_series(tmp_path / "ct", ct(), description="Abdomen 5 mm")
    return tmp_path / "ct"


def change(file, **attributes):
    header = pydicom.dcmread(file)
    for name, value in attributes.items():
        setattr(header, name, value)
    header.save_as(file)


def test_an_oblique_series_comes_back_in_hounsfield_units(folder):
    volume = read_volume(folder)
    assert volume.array.tolist() == ct().array.tolist()
    assert lie_alike(volume.geometry, ct().geometry, tolerance=1e-4)
    assert (volume.name, volume.modality) == ("ct", "CT")


def test_slices_are_ordered_by_position_not_by_name(folder):
    (folder / "0001.dcm").rename(folder / "zz.dcm")
    assert read_volume(folder).array.tolist() == ct().array.tolist()


def test_other_files_in_the_folder_are_passed_over(folder):
    (folder / "notes.txt").write_text("not an image")
    assert read_volume(folder).array.shape == (4, 3, 5)


def test_one_file_is_one_slice_even_without_suffix(folder):
    (folder / "0002.dcm").rename(folder.parent / "IM2")
    volume = read_volume(folder.parent / "IM2")
    assert volume.array.tolist() == ct().array[1:2].tolist()


def test_the_same_volume_gives_the_same_bytes(folder, tmp_path):
    write_ct_series(tmp_path / "again", ct(), description="Abdomen 5 mm")
    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_several_series_are_named_and_one_can_be_chosen(folder, tmp_path):
    write_ct_series(tmp_path / "b", ct("patient2"), description="Thorax")
    for file in (tmp_path / "b").iterdir():
        file.rename(folder / f"b{file.name}")
    with pytest.raises(FileReadError, match=r"'Abdomen 5 mm' of 4 files.*'Thorax'"):
        read_volume(folder)
    uid = pydicom.dcmread(folder / "b0001.dcm").SeriesInstanceUID
    assert len(read_volume(folder, series=uid).files) == 4
    assert read_volume(folder, series=uid).array.shape == (4, 3, 5)


def test_a_series_that_is_not_there_is_refused(folder):
    with pytest.raises(FileReadError, match=r"no series 1\.2\.3"):
        read_volume(folder, series="1.2.3")


def test_a_missing_slice_is_refused(folder):
    (folder / "0003.dcm").unlink()
    with pytest.raises(GeometryError, match="5 to 10 mm apart"):
        read_volume(folder)


def test_two_slices_at_one_position_are_refused(folder):
    first = pydicom.dcmread(folder / "0001.dcm").ImagePositionPatient
    change(folder / "0002.dcm", ImagePositionPatient=first)
    with pytest.raises(GeometryError, match="at one position"):
        read_volume(folder)


def test_slices_that_do_not_belong_together_list_every_fault(folder):
    change(folder / "0002.dcm", PixelSpacing=["2", "2"])
    change(folder / "0003.dcm", ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    with pytest.raises(
        GeometryError,
        match=r"ImageOrientationPatient .*0003.* and slices of .*Spacing .*0002",
    ):
        read_volume(folder)


def test_hounsfield_units_shown_inverted_stay_what_they_are(folder):
    file = folder / "0001.dcm"
    change(file, PhotometricInterpretation="MONOCHROME1")
    volume = read_volume(file)
    assert volume.array[0].tolist() == ct().array[0].tolist()
    assert any("as stored" in note for note in volume.notes)


def test_a_folder_without_dicom_is_refused(tmp_path):
    with pytest.raises(FileReadError, match="holds no DICOM image"):
        read_volume(tmp_path)


def test_values_beyond_twelve_bits_are_not_written(tmp_path):
    with pytest.raises(ImageError, match="-1024 to 3071"):
        write_ct_series(
            tmp_path / "x", Volume(np.full((1, 2, 2), 4000)), description="x"
        )


def test_a_folder_with_files_is_not_written_into(folder):
    with pytest.raises(FileWriteError, match="holds files already"):
        write_ct_series(folder, ct(), description="x")


def test_a_damaged_slice_is_named_and_not_left_out(folder):
    file = folder / "0004.dcm"
    file.write_bytes(file.read_bytes()[:600])
    with pytest.raises(FileReadError, match=r"0004\.dcm cannot be read"):
        read_volume(folder)


def test_a_slice_with_cut_pixels_is_named(folder):
    file = folder / "0004.dcm"
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(FileReadError, match=r"0004\.dcm ends too early"):
        read_volume(folder)


def test_a_damaged_file_of_another_series_does_not_bar_the_chosen_one(folder):
    uid = pydicom.dcmread(folder / "0001.dcm").SeriesInstanceUID
    other = folder / "0000.dcm"
    change_to = pydicom.dcmread(folder / "0001.dcm")
    change_to.SeriesInstanceUID = "1.2.3.4"
    change_to.save_as(other)
    other.write_bytes(other.read_bytes()[:-40])
    assert read_volume(folder, series=uid).array.shape == (4, 3, 5)


def test_files_without_suffix_make_a_series(folder):
    for file in list(folder.iterdir()):
        file.rename(folder / f"IM{file.stem}")
    assert read_volume(folder).array.tolist() == ct().array.tolist()


def test_a_dicomdir_is_passed_over(folder):
    (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM damaged")
    assert read_volume(folder).array.shape == (4, 3, 5)


def test_subfolders_are_not_entered(folder):
    with pytest.raises(FileReadError, match="subfolders are not entered"):
        read_volume(folder.parent)


def test_a_volume_knows_its_files_in_the_order_of_the_slices(folder):
    (folder / "0001.dcm").rename(folder / "zz.dcm")
    names = [file.name for file in read_volume(folder).files]
    assert names == ["zz.dcm", "0002.dcm", "0003.dcm", "0004.dcm"]


def test_the_series_of_a_folder_are_listed(folder, tmp_path):
    write_ct_series(tmp_path / "b", ct("patient2"), description="Thorax")
    for file in (tmp_path / "b").iterdir():
        file.rename(folder / f"b{file.name}")
    listed = {info.description: info for info in list_dicom_series(folder)}
    assert set(listed) == {"Abdomen 5 mm", "Thorax"}
    assert {(i.modality, i.n_files, i.n_times) for i in listed.values()} == {
        ("CT", 4, 1)
    }


def test_a_folder_without_dicom_lists_no_series(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    assert list_dicom_series(tmp_path) == []


def broken_link(file):
    file.unlink()
    file.symlink_to("nowhere")


def pipe(file):
    file.unlink()
    os.mkfifo(file)


def packed(file):
    file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    file.unlink()


@pytest.mark.parametrize("name", ["0001.dcm", "0004.dcm"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:131]),
        lambda file: file.write_bytes(bytes(file.stat().st_size)),
        lambda file: file.write_bytes(bytes(512) + file.read_bytes()[512:]),
        lambda file: file.write_text("<html>Not found</html>"),
        broken_link,
        pipe,
        packed,
    ],
    ids=["empty", "cut", "zeros", "zeroed", "HTML", "link", "pipe", "packed"],
)
def test_what_is_named_like_a_slice_and_is_none_is_named(folder, name, damage):
    damage(folder / name)
    with pytest.raises(FileReadError, match=name):
        read_volume(folder)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_a_slice_cut_at_any_length_is_named(folder, syntax):
    file = folder / "0004.dcm"
    made = pydicom.dcmread(file)
    made.file_meta.TransferSyntaxUID = syntax
    made["PixelData"].VR = "OW"
    made.save_as(file, implicit_vr=syntax.is_implicit_VR, little_endian=True)
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(FileReadError, match=r"0004\.dcm"):
            stack_series(choose_series(folder, None).headers, folder)


@pytest.mark.parametrize("damage", [b"", bytes(100), bytes(2000)])
def test_an_empty_file_without_suffix_among_slices_without_is_named(folder, damage):
    for file in list(folder.iterdir()):
        file.rename(folder / f"IM{file.stem}")
    (folder / "IM0004").write_bytes(damage)
    with pytest.raises(FileReadError, match="IM0004 cannot be read"):
        read_volume(folder)


def test_objects_without_pixels_are_passed_over(folder):
    report = pydicom.dcmread(folder / "0001.dcm", stop_before_pixels=True)
    for keyword in (
        "Rows", "Columns", "BitsAllocated", "ImagePositionPatient", "PixelSpacing",
    ):  # fmt: skip
        delattr(report, keyword)
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = BasicTextSRStorage
    report.save_as(folder / "sr.dcm")
    assert read_volume(folder).array.shape == (4, 3, 5)


def test_hidden_files_of_macos_are_passed_over(folder):
    (folder / "._0001.dcm").write_bytes(b"\0\5\x16\7Mac OS X")
    assert read_volume(folder).array.shape == (4, 3, 5)
