"""Labels into DICOM segmentations and back, read by others too."""

import warnings

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.sr.codedict import codes

from fakes.dicom_files import enhanced, header, ramp, save, sequence, series
from fakes.geometries import lie_alike
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.errors import (
    FileReadError,
    FileWriteError,
    GeometryError,
    ImageError,
)
from napari_sam_med.io.dicom import (
    list_dicom_series,
    read_dicom,
    read_segmentation,
    write_segmentation,
)
from napari_sam_med.io.dicom.segmentation import segmentation_writing
from napari_sam_med.io.dicom.segmentation.codes import codes_for
from napari_sam_med.io.volume_files import (
    read_labels,
    read_stored_names,
    read_time_series,
    read_volume,
)

AXES = {
    "axial": (1, 0, 0, 0, 1, 0),
    "coronal": (1, 0, 0, 0, 0, -1),
    "sagittal": (0, 1, 0, 0, 0, -1),
    "oblique": (0.96592583, 0.25881905, 0, -0.25, 0.9330127, 0.25881905),
    "flipped": (-1, 0, 0, 0, 1, 0),
}
NAMES = {3: "Liver", 40: "kidney [left]"}


def drawn():
    """Two objects on the slices 1 to 3 of 5; label 7 is named and not drawn."""
    labels = np.zeros((5, 6, 5), np.uint16)
    labels[1:3, 2:4, 1:3] = 3
    labels[3, 5, 4] = 40
    return labels


def image(folder, axes="axial"):
    normal = np.cross(AXES[axes][:3], AXES[axes][3:])
    return read_dicom(series(folder, ramp(5), axes=AXES[axes], step=2.5 * normal))


def write(path, volume, labels=None, **options):
    return write_segmentation(
        path,
        drawn() if labels is None else labels,
        volume.geometry,
        source_files=volume.files,
        names=NAMES,
        algorithm=("nano", "1.0"),
        **options,
    )


@pytest.fixture
def volume(tmp_path):
    return image(tmp_path / "ct")


def opened(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return highdicom.seg.segread(path)


@pytest.mark.parametrize("labelmap", [False, True], ids=["BINARY", "LABELMAP"])
@pytest.mark.parametrize("axes", AXES)
def test_labels_come_back_where_they_were_drawn(tmp_path, axes, labelmap):
    volume = image(tmp_path / "ct", axes)
    numbers = write(tmp_path / "seg.dcm", volume, labelmap=labelmap)
    back, names = read_segmentation(tmp_path / "seg.dcm")
    assert numbers == {3: 1, 40: 2}
    assert names == {1: "Liver", 2: "kidney [left]"}
    expected = np.select([drawn() == 3, drawn() == 40], [1, 2])
    assert back.array.tolist() == expected.tolist()
    assert lie_alike(back.geometry, volume.geometry, tolerance=1e-6)


@pytest.mark.parametrize("labelmap", [False, True], ids=["BINARY", "LABELMAP"])
@pytest.mark.parametrize("axes", AXES)
def test_highdicom_sees_the_same_voxels_at_the_same_places(tmp_path, axes, labelmap):
    volume = image(tmp_path / "ct", axes)
    write(tmp_path / "seg.dcm", volume, labelmap=labelmap)
    held = opened(tmp_path / "seg.dcm").get_volume(combine_segments=True)
    for number, label in ((1, 3), (2, 40)):
        index = np.argwhere(held.array == number)
        placed = index @ held.affine[:3, :3].T + held.affine[:3, 3]
        expected = volume.geometry.world_xyz_from_zyx(np.argwhere(drawn() == label))
        order = np.lexsort(placed.round(3).T), np.lexsort(expected.round(3).T)
        assert np.abs(placed[order[0]] - expected[order[1]]).max() < 1e-3


def test_itk_sees_one_segment_at_the_same_places(tmp_path):
    # ITK unpacks bits rightly only where a frame ends with a byte
    labels = np.zeros((5, 8, 6), np.uint8)
    labels[1:3, 2:7, 1:3] = 1
    volume = read_dicom(series(tmp_path / "ct", labels.astype(np.int16)))
    write(tmp_path / "seg.dcm", volume, labels)
    read = sitk.ReadImage(str(tmp_path / "seg.dcm"))
    index = np.argwhere(sitk.GetArrayFromImage(read) > 0)[:, ::-1].tolist()
    placed = [read.TransformIndexToPhysicalPoint(each) for each in index]
    expected = volume.geometry.world_xyz_from_zyx(np.argwhere(labels))
    assert sorted(np.round(placed, 4).tolist()) == sorted(expected.round(4).tolist())


def test_the_file_says_what_it_was_made_from_and_by_what(tmp_path, volume):
    write(tmp_path / "seg.dcm", volume)
    written = pydicom.dcmread(tmp_path / "seg.dcm")
    source = [pydicom.dcmread(file) for file in volume.files]
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID"):
        assert written[keyword].value == source[0][keyword].value
    referred = written.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert {each.ReferencedSOPInstanceUID for each in referred} == {
        each.SOPInstanceUID for each in source
    }
    segment = written.SegmentSequence[0]
    assert (segment.SegmentLabel, segment.SegmentAlgorithmName) == ("Liver", "nano")
    algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
    assert algorithm.AlgorithmVersion == "1.0"
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == "10200004"


def test_an_enhanced_source_is_referred_to_frame_by_frame(tmp_path):
    positions = [(5, -7, z) for z in (11, 19, 15, 23, 27)]
    source = read_dicom(enhanced(tmp_path / "mr.dcm", ramp(5), positions))
    write(tmp_path / "seg.dcm", source)
    back, _ = read_segmentation(tmp_path / "seg.dcm")
    assert np.array_equal(back.array > 0, drawn() > 0)
    assert lie_alike(back.geometry, source.geometry)


def test_one_time_point_of_an_enhanced_source_is_enough(tmp_path):
    def frame(index):
        return {"FrameContentSequence": sequence(TemporalPositionIndex=index // 5 + 1)}

    positions = [(0, 0, 3 * z) for z in range(5)] * 2
    file = enhanced(tmp_path / "mr.dcm", ramp(10), positions, frame=frame)
    source = read_dicom(file, time=1)
    write(tmp_path / "seg.dcm", source, time=source.time)
    back, _ = read_segmentation(tmp_path / "seg.dcm")
    assert np.array_equal(back.array > 0, drawn() > 0)
    written = pydicom.dcmread(tmp_path / "seg.dcm")
    named = {
        source.ReferencedFrameNumber
        for group in written.PerFrameFunctionalGroupsSequence
        for derived in group.DerivationImageSequence
        for source in derived.SourceImageSequence
    }
    assert named == {6, 7, 8, 9, 10}


def test_a_radiograph_keeps_its_pixel_size(tmp_path):
    made = header(np.zeros((6, 5), np.uint16))
    made.ImagerPixelSpacing = [0.2, 0.3]
    source = read_dicom(save(made, tmp_path / "cr.dcm"))
    write(tmp_path / "seg.dcm", source, drawn()[1:2])
    back, _ = read_segmentation(tmp_path / "seg.dcm")
    assert back.geometry.spacing_xyz[:2] == (0.3, 0.2)


@pytest.mark.parametrize("labelmap", [False, True], ids=["BINARY", "LABELMAP"])
def test_a_single_slice_stays_as_thick_as_the_image(tmp_path, labelmap):
    def thick(made, index):
        made.SliceThickness = 2.5

    source = read_dicom(series(tmp_path / "ct", ramp(1), change=thick))
    write(tmp_path / "seg.dcm", source, drawn()[1:2], labelmap=labelmap)
    shared = pydicom.dcmread(tmp_path / "seg.dcm").SharedFunctionalGroupsSequence[0]
    assert shared.PixelMeasuresSequence[0].SpacingBetweenSlices == 2.5
    assert shared.PixelMeasuresSequence[0].SliceThickness == 2.5
    back, _ = read_segmentation(tmp_path / "seg.dcm")
    assert lie_alike(back.geometry, source.geometry, tolerance=1e-6)


def test_a_radiograph_may_have_several_segments(tmp_path):
    made = header(np.zeros((6, 5), np.uint16))
    made.ImagerPixelSpacing = [0.2, 0.3]
    source = read_dicom(save(made, tmp_path / "cr.dcm"))
    labels = drawn()[1:2]
    labels[0, 5, 4] = 40
    write(tmp_path / "seg.dcm", source, labels)
    back, names = read_segmentation(tmp_path / "seg.dcm")
    assert names == {1: "Liver", 2: "kidney [left]"}
    assert (
        back.array.tolist() == np.select([labels == 3, labels == 40], [1, 2]).tolist()
    )
    assert lie_alike(back.geometry, source.geometry, tolerance=1e-6)


def test_thin_slices_with_gaps_lie_where_their_positions_say(tmp_path):
    def thin(made, index):
        made.SliceThickness = 1.0

    source = read_dicom(series(tmp_path / "ct", ramp(5), step=(0, 0, 3), change=thin))
    write(tmp_path / "seg.dcm", source)
    made = pydicom.dcmread(tmp_path / "seg.dcm")
    measures = made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.SliceThickness = 1.0
    del measures.SpacingBetweenSlices
    made.save_as(tmp_path / "seg.dcm")
    back, _ = read_segmentation(tmp_path / "seg.dcm")
    assert back.array.shape == (5, 6, 5)
    assert lie_alike(back.geometry, source.geometry, tolerance=1e-6)


def test_labels_in_another_order_of_voxels_land_where_they_are(tmp_path, volume):
    turned = volume.geometry.matrix @ np.diag([1.0, -1, 1, 1])
    turned[:3, 3] += volume.geometry.matrix[:3, 1] * 5
    write_segmentation(
        tmp_path / "seg.dcm",
        drawn()[:, ::-1],
        Geometry.from_matrix(turned),
        source_files=volume.files,
        names={},
        algorithm=("a", "1"),
    )
    back, names = read_segmentation(tmp_path / "seg.dcm")
    assert np.array_equal(back.array > 0, drawn() > 0)
    assert names == {1: "label 3", 2: "label 40"}


def test_labels_on_another_grid_are_refused(tmp_path, volume):
    other = Geometry((1.0, 1.0, 1.0))
    with pytest.raises(GeometryError, match="voxels are not the same"):
        write_segmentation(
            tmp_path / "seg.dcm",
            drawn(),
            other,
            source_files=volume.files,
            names={},
            algorithm=("a", "1"),
        )
    assert not (tmp_path / "seg.dcm").exists()


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (np.zeros((5, 6, 5), np.uint8), "nothing is labelled"),
        (np.full((5, 6, 5), -1), "labels -1 to -1"),
        (np.full((5, 6, 5), 70000), "takes 0 to 65535"),
        (np.ones((5, 6, 5)), "give .* integers"),
    ],
)
def test_labels_that_make_no_segment_are_refused(tmp_path, volume, labels, reason):
    with pytest.raises(ImageError, match=reason):
        write(tmp_path / "seg.dcm", volume, labels)


def test_sources_with_a_gap_are_refused(tmp_path, volume):
    with pytest.raises(GeometryError, match="evenly spaced"):
        write_segmentation(
            tmp_path / "seg.dcm",
            drawn()[:4],
            volume.geometry,
            source_files=[*volume.files[:2], *volume.files[3:]],
            names={},
            algorithm=("a", "1"),
        )


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "FrameOfReferenceUID"])
def test_a_source_without_what_is_referred_to_is_refused(tmp_path, keyword):
    def change(made, index):
        delattr(made, keyword)

    folder = series(tmp_path / "ct", ramp(5), change=change)
    with pytest.raises(FileReadError, match=f"no {keyword}"):
        write(tmp_path / "seg.dcm", read_dicom(folder))


def test_an_existing_file_is_kept_unless_asked(tmp_path, volume):
    (tmp_path / "seg.dcm").write_text("precious")
    with pytest.raises(FileWriteError, match="exists already"):
        write(tmp_path / "seg.dcm", volume)
    assert (tmp_path / "seg.dcm").read_text() == "precious"
    write(tmp_path / "seg.dcm", volume, overwrite=True)
    assert read_segmentation(tmp_path / "seg.dcm")[1]


def test_a_long_or_odd_name_is_made_to_fit(tmp_path, volume):
    write_segmentation(
        tmp_path / "seg.dcm",
        drawn(),
        volume.geometry,
        source_files=volume.files,
        names={3: "Läsion \\ ß\n" + "x" * 100, 40: ""},
        algorithm=("a", "1"),
    )
    _, names = read_segmentation(tmp_path / "seg.dcm")
    assert names == {1: "Läsion   ß " + "x" * 53, 2: "label 40"}


def described(number, label):
    return highdicom.seg.SegmentDescription(
        number, label, codes.SCT.Tissue, codes.SCT.Tissue, "MANUAL"
    )


def foreign(path, volume, array, kind="BINARY", **options):
    """A segmentation as highdicom writes it without us."""
    sources = [pydicom.dcmread(file) for file in volume.files]
    for each in sources:
        for keyword in ("PatientBirthDate", "PatientSex", "AccessionNumber"):
            setattr(each, keyword, "")
        each.SliceThickness = 2.5
        each.StudyID, each.StudyDate, each.StudyTime = "1", "20260101", "120000"
    n_segments = array.shape[3] if array.ndim == 4 else int(array.max())
    made = highdicom.seg.Segmentation(
        sources, array, kind,
        [described(i + 1, f"s{i + 1}") for i in range(n_segments)],
        highdicom.UID(), 1, highdicom.UID(), 1, "x", "x", "1", "1", **options,
    )  # fmt: skip
    made.save_as(path)
    return path


def test_slices_that_a_file_leaves_out_are_background(tmp_path, volume):
    labels = np.zeros((5, 6, 5), np.uint8)
    labels[0, 1, 1] = labels[3, 2, 2] = 1
    back, _ = read_segmentation(foreign(tmp_path / "seg.dcm", volume, labels))
    assert back.array.tolist() == labels[:4].tolist()
    assert lie_alike(back.geometry, volume.geometry, tolerance=1e-6)


def test_fractional_segments_are_cut_at_a_half_and_said(tmp_path, volume):
    parts = np.zeros((5, 6, 5, 1), np.float32)
    parts[1, 1, :3, 0] = [0.4, 0.5, 1.0]
    file = foreign(tmp_path / "seg.dcm", volume, parts, "FRACTIONAL")
    back, _ = read_segmentation(file)
    assert back.array[0, 1].tolist() == [0, 1, 1, 0, 0]
    assert "cut at 0.5" in back.notes[0]


def test_a_label_map_in_colours_gives_its_labels(tmp_path, volume):
    write(tmp_path / "seg.dcm", volume, labelmap=True)
    written = pydicom.dcmread(tmp_path / "seg.dcm")
    written.PhotometricInterpretation = "PALETTE COLOR"
    for channel in ("Red", "Green", "Blue"):
        start = f"{channel}PaletteColorLookupTable"
        written.add_new(f"{start}Descriptor", "US", [3, 0, 8])
        written.add_new(f"{start}Data", "OW", b"\x09\x63\xff\0")
    written.save_as(tmp_path / "colours.dcm")
    plain, _ = read_segmentation(tmp_path / "seg.dcm")
    coloured, names = read_segmentation(tmp_path / "colours.dcm")
    assert coloured.array.tolist() == plain.array.tolist()
    assert names == {1: "Liver", 2: "kidney [left]"}


def test_overlapping_segments_are_refused(tmp_path, volume):
    both = np.zeros((5, 6, 5, 2), np.uint8)
    both[1, 1, 1] = 1
    with pytest.raises(ImageError, match="segments 1 's1' and 2 's2' overlap"):
        read_segmentation(foreign(tmp_path / "seg.dcm", volume, both))


def test_an_image_is_no_segmentation(volume):
    with pytest.raises(FileReadError, match="no DICOM segmentation"):
        read_segmentation(volume.files[0])


def test_the_names_of_a_segmentation_are_found_in_its_folder(tmp_path, volume):
    (tmp_path / "seg").mkdir()
    write(tmp_path / "seg" / "a.dcm", volume)
    names = read_stored_names(tmp_path / "seg" / "a.dcm")
    assert names
    assert read_stored_names(tmp_path / "seg") == names


def test_the_names_of_a_segmentation_beside_its_image_are_found(tmp_path, volume):
    folder = volume.files[0].parent
    write(folder / "seg.dcm", volume)
    (uid,) = (s.uid for s in list_dicom_series(folder) if s.modality == "SEG")
    names = read_stored_names(folder, series=uid)
    assert names == read_stored_names(folder / "seg.dcm")


def test_a_segmentation_is_read_as_labels_like_other_files(tmp_path, volume):
    write(tmp_path / "seg.dcm", volume)
    assert np.unique(read_labels(tmp_path / "seg.dcm").array).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Left Kidney", "18639004"),
        ("kidney_left", "18639004"),
        ("SPLEEN", "78961009"),
        ("never heard of", "91723000"),
        ("", "91723000"),
    ],
)
def test_names_become_codes(name, code):
    assert codes_for(name).type[0] == code


def test_frames_off_an_even_grid_are_refused(tmp_path, volume):
    write(tmp_path / "seg.dcm", volume)
    written = pydicom.dcmread(tmp_path / "seg.dcm")
    frames = written.PerFrameFunctionalGroupsSequence
    frames[2].PlanePositionSequence[0].ImagePositionPatient[2] += 0.9
    written.save_as(tmp_path / "odd.dcm")
    with pytest.raises(GeometryError, match="off a grid"):
        read_segmentation(tmp_path / "odd.dcm")


@pytest.mark.parametrize("labelmap", [False, True], ids=["BINARY", "LABELMAP"])
def test_a_segmentation_beside_its_images_does_not_disturb_them(
    tmp_path, volume, labelmap
):
    folder = volume.files[0].parent
    write(folder / "000.dcm", volume, labelmap=labelmap)  # before them all
    write(folder / "seg.dcm", volume, labelmap=labelmap)
    again, times = read_volume(folder), read_time_series(folder)
    assert again.array.tolist() == times.array[0].tolist() == volume.array.tolist()
    assert again.files == volume.files
    assert again.geometry == volume.geometry
    assert "(000.dcm, seg.dcm)" in again.notes[0]
    assert "(000.dcm, seg.dcm)" in times.notes[0]
    write(folder / "seg.dcm", again, labelmap=labelmap, overwrite=True)


def test_labels_of_a_folder_are_its_segmentation_and_never_its_images(tmp_path, volume):
    folder = volume.files[0].parent
    write(folder / "seg.dcm", volume)
    labels = read_labels(folder)
    assert np.unique(labels.array).tolist() == [0, 1, 2]
    assert "not the images beside it" in labels.notes[0]
    assert read_stored_names(folder) == {1: "Liver", 2: "kidney [left]"}
    write(folder / "other.dcm", volume)
    with pytest.raises(FileReadError, match="holds several DICOM series"):
        read_labels(folder)


@pytest.mark.parametrize("most", [segmentation_writing.MOST_FRAMES_BITS, 0])
@pytest.mark.parametrize("along", [0, 1, 2])
def test_a_file_that_lies_elsewhere_than_its_image_is_not_kept(
    tmp_path, volume, monkeypatch, most, along
):
    build = segmentation_writing._build

    def shifted(*arguments, **options):
        made = build(*arguments, **options)
        for frame in made.PerFrameFunctionalGroupsSequence:
            at = frame.PlanePositionSequence[0].ImagePositionPatient
            at[along] = float(at[along]) + 0.7
        return made

    monkeypatch.setattr(segmentation_writing, "MOST_FRAMES_BITS", most)
    write(tmp_path / "sound.dcm", volume)
    monkeypatch.setattr(segmentation_writing, "_build", shifted)
    with pytest.raises(FileWriteError, match="does not read back as it was drawn"):
        write(tmp_path / "seg.dcm", volume)
    assert not (tmp_path / "seg.dcm").exists()


def test_slices_that_were_left_out_do_not_move_the_others(
    tmp_path, volume, monkeypatch
):
    monkeypatch.setattr(segmentation_writing, "MOST_FRAMES_BITS", 0)
    write(tmp_path / "seg.dcm", volume)
    back, _ = read_segmentation(tmp_path / "seg.dcm")
    assert (
        back.array.tolist()
        == np.select([drawn()[1:4] == 3, drawn()[1:4] == 40], [1, 2]).tolist()
    )
    assert back.geometry.origin_xyz == pytest.approx(
        volume.geometry.world_xyz_from_zyx((1, 0, 0))
    )
