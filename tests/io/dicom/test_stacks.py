"""Slices in order, with the geometry of the whole, or a refusal that names a file."""

import numpy as np
import pytest

from fakes.dicom_files import header, place, ramp, save, series
from napari_sam_med.errors import GeometryError, ImageError
from napari_sam_med.io.dicom import list_dicom_series, read_dicom, read_dicom_times

OBLIQUE = (0.96592583, 0.25881905, 0, -0.25, 0.9330127, 0.25881905)


def shifted(tag, where, value):
    def change(made, index):
        if index == where:
            setattr(made, tag, value)

    return change


@pytest.mark.parametrize(
    "axes",
    [(1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1), OBLIQUE],
    ids=["axial", "coronal", "sagittal", "oblique"],
)
def test_a_marked_voxel_lies_where_its_file_says(tmp_path, axes):
    normal = np.cross(axes[:3], axes[3:])
    volume = read_dicom(series(tmp_path, step=-2.5 * normal, axes=axes))
    z, y, x = np.argwhere(volume.array == ramp()[1, 4, 3])[0]
    origin = np.array([-10.0, 20.0, 30.0]) - 2.5 * normal
    expected = origin + 3 * 0.6 * np.array(axes[:3]) + 4 * 0.7 * np.array(axes[3:])
    placed = volume.geometry.world_xyz_from_zyx(np.array([z, y, x], float))
    assert np.abs(placed - expected).max() < 1e-5


def test_gantry_tilt_is_refused_with_its_angle(tmp_path):
    tilt = (1, 0, 0, 0, np.cos(0.2618), -np.sin(0.2618))
    with pytest.raises(GeometryError, match="15 degrees off their normal"):
        read_dicom(series(tmp_path, axes=tilt))


@pytest.mark.parametrize("n", [4, 40])
def test_positions_rounded_to_two_decimals_are_no_gaps(tmp_path, n):
    def rounded(made, index):
        made.ImagePositionPatient = [0, 0, round(index * 0.1875, 2)]

    volume = read_dicom(series(tmp_path, ramp(n), change=rounded))
    assert volume.geometry.spacing_xyz[2] == pytest.approx(0.1875, abs=0.01 / (n - 1))


@pytest.mark.parametrize("gone", [2, 5, 38])
def test_a_gap_is_refused_between_the_files_beside_it(tmp_path, gone):
    series(tmp_path, ramp(40), step=(0, 0, 0.1875))
    (tmp_path / f"{gone:03d}.dcm").unlink()
    before, after = f"{gone - 1:03d}", f"{gone + 1:03d}"
    with pytest.raises(GeometryError, match=rf"{before}\.dcm to .*{after}\.dcm"):
        read_dicom(tmp_path)


@pytest.mark.parametrize(
    ("tag", "value", "reason"),
    [
        ("PixelSpacing", [0.7, 0.65], "different PixelSpacing"),
        ("ImageOrientationPatient", [0, 1, 0, 0, 0, -1], "ImageOrientationPatient"),
        ("ImagePositionPatient", [-9.0, 20, 32.5], "shifted in its plane by 1 mm"),
        ("ImagePositionPatient", None, "without ImagePositionPatient"),
        ("ImageOrientationPatient", None, "without ImageOrientationPatient"),
    ],
)
def test_a_slice_of_another_place_is_named(tmp_path, tag, value, reason):
    series(tmp_path, change=shifted(tag, 1, value))
    with pytest.raises(GeometryError, match=reason) as caught:
        read_dicom(tmp_path)
    assert "002.dcm" in str(caught.value)


def off(index, *shift):
    """Five slices 10 mm apart, one of them off its place."""

    def change(made, at):
        place = np.array([-10.0, 20.0, 30.0 + 10 * at])
        made.ImagePositionPatient = (place + np.array(shift) * (at == index)).tolist()

    return change


@pytest.mark.parametrize("index", [0, 2, 4])
def test_a_slice_shifted_in_its_plane_is_refused(tmp_path, index):
    series(tmp_path, ramp(5), change=off(index, 0.19, 0, 0))
    with pytest.raises(GeometryError, match=r"shifted|off their normal"):
        read_dicom(tmp_path)


@pytest.mark.parametrize("shift", [(0, 0, 0.15), (0, 0.04, 0)])
def test_a_slice_a_little_off_its_place_is_told_of(tmp_path, shift):
    volume = read_dicom(series(tmp_path, ramp(5), change=off(2, *shift)))
    assert any("off its place" in note for note in volume.notes)


def test_positions_of_two_decimals_need_no_word(tmp_path):
    def rounded(made, index):
        made.ImagePositionPatient = [0, 0, round(index * 0.1875, 2)]

    assert read_dicom(series(tmp_path, ramp(9), change=rounded)).notes == ()


@pytest.mark.parametrize("index", [0, 2])
def test_a_spacing_that_differs_a_little_is_told_of_and_not_taken(tmp_path, index):
    change = shifted("PixelSpacing", index, [0.7004, 0.6])
    volume = read_dicom(series(tmp_path, change=change))
    assert volume.geometry.spacing_xyz[:2] == (0.6, 0.7)
    assert f"PixelSpacing of {tmp_path / f'{index + 1:03d}.dcm'}" in volume.notes[0]


@pytest.mark.parametrize(
    ("pixels", "what"),
    [
        (np.zeros((6, 4), np.int16), "6 x 4 pixels among"),
        (np.zeros((6, 5, 3), np.uint8), "in colour among"),
        (np.zeros((6, 5), np.uint8), "MONOCHROME2 with 8 bits"),
    ],
)
def test_a_slice_of_another_kind_is_named(tmp_path, pixels, what):
    series(tmp_path)
    save(place(header(pixels, instance=4), (-10, 20, 37.5)), tmp_path / "004.dcm")
    with pytest.raises(GeometryError, match=what) as caught:
        read_dicom(tmp_path)
    assert "004.dcm" in str(caught.value)


def test_a_single_slice_is_as_thick_as_it_says(tmp_path):
    def thick(made, index):
        made.SliceThickness, made.SpacingBetweenSlices = 4, 5

    series(tmp_path, ramp(1), change=thick)
    assert read_dicom(tmp_path).geometry.spacing_xyz == (0.6, 0.7, 4.0)


def test_a_single_slice_of_unknown_thickness_says_what_was_taken(tmp_path):
    volume = read_dicom(series(tmp_path, ramp(1)))
    assert volume.geometry.spacing_xyz[2] == 1
    assert "1 mm was taken" in volume.notes[0]


def repeated(tmp_path, tag, values, n=3):
    """n slices at every value, told apart by ``tag``."""
    for t, value in enumerate(values):
        for z in range(n):
            made = header(np.full((6, 5), 10 * t + z, np.int16), instance=10 * t + z)
            place(made, (0, 0, 2 * z))
            if tag:
                setattr(made, tag, value)
            save(made, tmp_path / f"{z}{9 - t}.dcm")
    return tmp_path


@pytest.mark.parametrize(
    ("tag", "values"),
    [
        ("TemporalPositionIdentifier", [1, 2, 3]),
        ("AcquisitionNumber", [4, 5, 9]),
        ("TriggerTime", ["0", "50", "100"]),
        ("EchoTime", ["9.5", "10.2", "110"]),
        ("DiffusionBValue", [0.0, 50.0, 1000.0]),
        ("AcquisitionTime", ["101010", "101011.5", "101013"]),
    ],
)
def test_repeated_positions_are_time_points(tmp_path, tag, values):
    times = read_dicom_times(repeated(tmp_path, tag, values))
    expected = [[0, 1, 2], [10, 11, 12], [20, 21, 22]]
    assert times.array[:, :, 0, 0].tolist() == expected
    assert times.geometry.spacing_xyz == (0.6, 0.7, 2.0)


def mixed(folder, tags, n=3):
    """Two images at each of n positions, with tags (names to one value a file)."""
    for i in range(2 * n):
        made = header(np.full((6, 5), i, np.int16), instance=i)
        place(made, (0, 0, 2 * (i // 2)))
        for name, values in tags.items():
            setattr(made, name, values[i])
        save(made, folder / f"{i}.dcm")
    return folder


M, P = ["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"]


@pytest.mark.parametrize(
    "tags",
    [
        {"DiffusionBValue": [0.0, 9.0, 9.0, 0.0, 0.0, 9.0]},
        {"EchoTime": [1, 2, 2, 1, 1, 2]},
        {"EchoTime": ["", 2, 2, "", "", 2]},
        {"ImageType": [M, P, P, M, M, P]},
        {"KVP": [80, 140, 140, 80, 80, 140]},
    ],
    ids=["b", "echo", "absent", "phase", "energy"],
)
@pytest.mark.parametrize("clock", ["AcquisitionNumber", "TriggerTime"])
def test_time_points_are_of_one_kind_whatever_counts_on(tmp_path, tags, clock):
    mixed(tmp_path, {**tags, clock: list(range(1, 7))})
    times = read_dicom_times(tmp_path)
    assert times.array[:, :, 0, 0].tolist() == [[0, 3, 4], [1, 2, 5]]


def test_a_counter_of_files_makes_no_time_points(tmp_path):
    mixed(tmp_path, {"AcquisitionNumber": list(range(1, 7))})
    with pytest.raises(GeometryError, match="alike at every position"):
        read_dicom(tmp_path)


def test_kinds_that_differ_between_positions_are_refused(tmp_path):
    kinds = {"EchoTime": [1, 2, 1, 2, 3, 4], "TemporalPositionIdentifier": [1, 2] * 3}
    with pytest.raises(GeometryError, match="alike at every position"):
        read_dicom(mixed(tmp_path, kinds))


def test_echoes_of_magnitude_and_phase_are_four_time_points(tmp_path):
    for i in range(8):
        made = place(header(np.full((6, 5), i, np.int16), instance=i), (0, 0, i // 4))
        made.EchoTime, made.ImageType = 1 + i % 2, [M, P][i // 2 % 2]
        save(made, tmp_path / f"{i}.dcm")
    times = read_dicom_times(tmp_path)
    assert times.array[:, :, 0, 0].tolist() == [[0, 4], [2, 6], [1, 5], [3, 7]]


def test_a_clock_that_runs_on_orders_the_images_of_each_position(tmp_path):
    mixed(tmp_path, {"TriggerTime": [10, 20, 45, 30, 50, 60]})
    times = read_dicom_times(tmp_path)
    assert times.array[:, :, 0, 0].tolist() == [[0, 3, 4], [1, 2, 5]]


def test_time_points_before_and_after_midnight_keep_their_order(tmp_path):
    for time, (day, clock) in enumerate(
        [("20260101", "235959"), ("20260102", "000003")]
    ):
        for index in range(3):
            pixels = np.full((6, 5), 10 * time + index, np.int16)
            made = header(pixels, instance=3 * time + index + 1)
            made.AcquisitionDate, made.AcquisitionTime = day, clock
            place(made, (0, 0, index))
            save(made, tmp_path / f"{time}{index}.dcm")
    array = read_dicom_times(tmp_path).array
    assert array[:, :, 0, 0].tolist() == [[0, 1, 2], [10, 11, 12]]


@pytest.mark.parametrize(
    ("axes", "moved"),
    [
        (OBLIQUE, None),
        ((1, 0, 0, 0.0019, 1, 0), "at most 0.0"),
        ((0.96, 0.30, 0, -0.30, 0.96, 0), "at most 0.0"),
    ],
)
def test_rounded_axes_are_told_of(tmp_path, axes, moved):
    normal = np.cross(axes[:3], axes[3:])
    step = 2.5 * normal / np.linalg.norm(normal)
    notes = " ".join(read_dicom(series(tmp_path, axes=axes, step=step)).notes)
    assert moved in notes if moved else "right angles" not in notes


@pytest.mark.parametrize(
    ("tag", "values", "has_series"),
    [
        ("FrameOfReferenceUID", ("1.2", "1.3"), True),
        ("StudyInstanceUID", ("1.2", "1.3"), False),
        ("PatientID", ("A", "B"), False),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    tmp_path, tag, values, has_series
):
    def change(made, index):
        setattr(made, tag, values[index % 2])
        if not has_series:
            del made.SeriesInstanceUID

    with pytest.raises(GeometryError, match=f"different {tag}"):
        read_dicom(series(tmp_path, change=change))


@pytest.mark.parametrize(
    ("tag", "values"),
    [
        ("EchoTime", (5, 80)),
        ("ImageType", (["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"])),
    ],
)
def test_slices_of_several_kinds_are_told_of(tmp_path, tag, values):
    def change(made, index):
        setattr(made, tag, values[index % 2])

    assert f"differ in {tag}" in read_dicom(series(tmp_path, change=change)).notes[0]


def test_a_stated_distance_that_positions_do_not_bear_out_is_told_of(tmp_path):
    def change(made, index):
        made.SpacingBetweenSlices = 1.25

    notes = read_dicom(series(tmp_path, change=change)).notes
    assert "SpacingBetweenSlices is 1.25 mm" in notes[0]


def test_a_mosaic_is_refused_with_what_to_do(tmp_path):
    def mosaic(made, index):
        made.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]

    with pytest.raises(ImageError, match="dcm2niix"):
        read_dicom(series(tmp_path, ramp(1), change=mosaic))


def test_one_time_point_can_be_taken(tmp_path):
    volume = read_dicom(repeated(tmp_path, "EchoTime", [1, 2]), time=1)
    assert volume.array[:, 0, 0].tolist() == [10, 11, 12]
    assert len(volume.files) == 3


@pytest.mark.parametrize("time", [None, 2, -1])
def test_time_points_are_offered_by_their_range(tmp_path, time):
    repeated(tmp_path, "EchoTime", [1, 2])
    with pytest.raises(ValueError, match=r"2 time points.*0 to 1 \(--time\)"):
        read_dicom(tmp_path, time=time)


def test_time_points_are_counted_in_the_list(tmp_path):
    (info,) = list_dicom_series(repeated(tmp_path, "EchoTime", [1, 2]))
    assert (info.n_files, info.n_times, info.modality) == (6, 2, "CT")


def test_copies_at_one_position_are_refused(tmp_path):
    repeated(tmp_path, "", [1, 2])
    with pytest.raises(GeometryError, match=r"no time, echo or b-value"):
        read_dicom(tmp_path)


def test_time_points_of_different_length_are_refused(tmp_path):
    repeated(tmp_path, "EchoTime", [1, 2])
    (tmp_path / "19.dcm").unlink()
    with pytest.raises(GeometryError, match="1 to 2 images at one position"):
        read_dicom(tmp_path)


def test_time_points_shifted_in_their_plane_are_refused(tmp_path):
    repeated(tmp_path, "EchoTime", [1, 2])
    moved = place(header(np.zeros((6, 5), np.int16), instance=99), (3, 0, 2))
    moved.EchoTime = 2
    save(moved, tmp_path / "18.dcm")
    with pytest.raises(GeometryError, match=r"18\.dcm .*shifted in its plane by 3"):
        read_dicom(tmp_path)
