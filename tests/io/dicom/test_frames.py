"""Enhanced and other multi-frame files: each frame by its own place and rescale."""

import numpy as np
import pydicom
import pytest
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from fakes.dicom_files import enhanced, header, item, place, ramp, save, sequence
from napari_sam_med.errors import FileReadError, GeometryError
from napari_sam_med.io.dicom import read_dicom, read_dicom_times

MIXED = [(5, -7, z) for z in (11, 19, 15, 23)]


def test_frames_are_sorted_by_position(tmp_path):
    volume = read_dicom(enhanced(tmp_path / "a.dcm", ramp(), MIXED))
    assert volume.array.tolist() == ramp()[[0, 2, 1, 3]].tolist()
    assert volume.geometry.spacing_xyz == (0.5, 0.7, 4.0)
    assert volume.geometry.origin_xyz == (5, -7, 11)


def test_each_frame_is_rescaled_by_its_own_slope(tmp_path):
    def frame(index):
        groups = {"RescaleSlope": index + 1, "RescaleIntercept": 10 * index}
        return {"PixelValueTransformationSequence": sequence(**groups)}

    volume = read_dicom(enhanced(tmp_path / "a.dcm", ramp(), MIXED, frame=frame))
    expected = [ramp()[i] * (i + 1) + 10 * i for i in (0, 2, 1, 3)]
    assert volume.array.tolist() == np.array(expected).tolist()


def test_a_shared_slope_holds_for_all_frames(tmp_path):
    groups = {"RescaleSlope": 3, "RescaleIntercept": 0}
    shared = {"PixelValueTransformationSequence": sequence(**groups)}
    volume = read_dicom(enhanced(tmp_path / "a.dcm", ramp(), MIXED, shared=shared))
    assert volume.array.max() == 3 * ramp().max()


def test_time_points_are_offered(tmp_path):
    def frame(index):
        return {"FrameContentSequence": sequence(TemporalPositionIndex=2 - index // 2)}

    positions = [(0, 0, 0), (0, 0, 3), (0, 0, 0), (0, 0, 3)]
    file = enhanced(tmp_path / "a.dcm", ramp(), positions, frame=frame)
    with pytest.raises(ValueError, match="2 time points; give one, 0 to 1"):
        read_dicom(file)
    times = read_dicom_times(file).array
    assert times.tolist() == ramp()[[[2, 3], [0, 1]]].tolist()
    assert read_dicom(file, time=1).array.tolist() == times[1].tolist()


def test_frames_at_one_position_that_nothing_tells_apart_are_refused(tmp_path):
    file = enhanced(tmp_path / "a.dcm", ramp(), [(0, 0, 0)] * 4)
    with pytest.raises(GeometryError, match=r"frame 1\) and .*frame 2\)"):
        read_dicom(file)


def test_frames_of_another_orientation_are_named(tmp_path):
    def frame(index):
        axes = [1, 0, 0, 0, 1, 0] if index < 3 else [0, 1, 0, 0, 0, -1]
        return {"PlaneOrientationSequence": sequence(ImageOrientationPatient=axes)}

    file = enhanced(tmp_path / "a.dcm", ramp(), MIXED, frame=frame)
    with pytest.raises(GeometryError, match=r"ImageOrientationPatient .*frame 4"):
        read_dicom(file)


def test_a_frame_without_position_among_others_is_named(tmp_path):
    file = enhanced(tmp_path / "a.dcm", ramp(), [*MIXED[:3], ()])
    with pytest.raises(GeometryError, match=r"ImagePositionPatient .*frame 4"):
        read_dicom(file)


def test_groups_of_unknown_representation_are_still_read(tmp_path):
    file = enhanced(tmp_path / "a.dcm", ramp(), MIXED)
    data = file.read_bytes()
    held = pydicom.dcmread(file, stop_before_pixels=True)
    implicit = pydicom.Dataset()
    implicit.PerFrameFunctionalGroupsSequence = held.PerFrameFunctionalGroupsSequence
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, True
    write_dataset(buffer, implicit)
    value = buffer.getvalue()[8:]
    start = data.index(b"\x00\x52\x30\x92SQ")
    unknown = b"\x00\x52\x30\x92UN\0\0" + len(value).to_bytes(4, "little") + value
    file.write_bytes(data[:start] + unknown + data[data.index(b"\xe0\x7f\x10\0") :])
    assert read_dicom(file).array.tolist() == ramp()[[0, 2, 1, 3]].tolist()


def test_frames_and_descriptions_must_be_as_many(tmp_path):
    file = enhanced(tmp_path / "a.dcm", ramp(), MIXED[:3])
    with pytest.raises(FileReadError, match="has 4 frames and describes 3"):
        read_dicom(file)


def test_frames_without_positions_are_slices_and_said(tmp_path):
    made = header(ramp())
    made.NumberOfFrames, made.PixelSpacing = 4, [0.7, 0.6]
    volume = read_dicom(save(made, tmp_path / "a.dcm"))
    assert volume.array.tolist() == ramp().tolist()
    assert volume.geometry.spacing_xyz == (0.6, 0.7, 1.0)
    assert "no positions" in volume.notes[0]


@pytest.mark.parametrize("offsets", [[0, -2, -4, -6], [30, 28, 26, 24]])
def test_a_dose_lies_at_its_grid_frame_offsets(tmp_path, offsets):
    made = place(header(ramp(dtype=np.uint16)), (1, 2, 30))
    made.NumberOfFrames, made.DoseGridScaling = 4, "0.5"
    made.GridFrameOffsetVector = offsets
    volume = read_dicom(save(made, tmp_path / "a.dcm"))
    assert volume.geometry.origin_xyz == (1, 2, 24)
    assert volume.array.tolist() == (ramp()[::-1] * 0.5).tolist()


def test_reconstructed_nuclear_frames_lie_along_their_detector(tmp_path):
    made = header(ramp(dtype=np.uint16))
    made.NumberOfFrames, made.PixelSpacing, made.SpacingBetweenSlices = 4, [2, 2], -3
    made.DetectorInformationSequence = [
        item(
            ImagePositionPatient=[1, 2, 30],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        )
    ]
    volume = read_dicom(save(made, tmp_path / "a.dcm"))
    assert volume.geometry.spacing_xyz == (2, 2, 3)
    assert volume.geometry.origin_xyz == (1, 2, 21)


GATES, PAIRS = [1] * 4 + [2] * 4, [1, 2, 3, 4] * 2
DOWN = list(range(8, 0, -1))


@pytest.mark.parametrize("placed", [True, False], ids=["placed", "not placed"])
@pytest.mark.parametrize(
    ("vectors", "order"),
    [
        ({"SliceVector": PAIRS, "TimeSlotVector": GATES}, [range(4), range(4, 8)]),
        ({"SliceVector": DOWN, "TimeSlotVector": [1] * 8}, [range(7, -1, -1)]),
        ({"TimeSliceVector": DOWN}, [[i] for i in range(7, -1, -1)]),
        ({"SliceVector": PAIRS, "EnergyWindowVector": GATES[::-1]},
         [range(4, 8), range(4)]),
    ],
    ids=["gated", "descending", "dynamic", "windows"],
)  # fmt: skip
def test_nuclear_frames_go_where_their_vectors_say(tmp_path, placed, vectors, order):
    made = nuclear(vectors, placed=placed)
    times = read_dicom_times(save(made, tmp_path / "a.dcm"))
    assert times.array.tolist() == [[ramp(8)[i].tolist() for i in t] for t in order]


@pytest.mark.parametrize("placed", [True, False], ids=["placed", "not placed"])
def test_nuclear_frames_that_share_slice_and_time_are_refused(tmp_path, placed):
    made = nuclear({"SliceVector": PAIRS, "TimeSlotVector": [1] * 8}, placed=placed)
    with pytest.raises(GeometryError, match=r"position|SliceVector"):
        read_dicom(save(made, tmp_path / "a.dcm"))


def test_a_vector_of_another_length_is_refused(tmp_path):
    made = nuclear({"SliceVector": [1, 2, 3]})
    with pytest.raises(FileReadError, match="SliceVector holds 3 numbers for 8"):
        read_dicom(save(made, tmp_path / "a.dcm"))


def nuclear(vectors, *, placed=True):
    made = header(ramp(8, dtype=np.uint16))
    made.NumberOfFrames, made.PixelSpacing, made.SpacingBetweenSlices = 8, [2, 2], 3
    if placed:
        place = {"ImagePositionPatient": [1, 2, 30]}
        place["ImageOrientationPatient"] = [1, 0, 0, 0, 1, 0]
        made.DetectorInformationSequence = [item(**place)]
    for keyword, values in vectors.items():
        setattr(made, keyword, values)
    return made
