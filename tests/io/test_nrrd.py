"""NRRD headers, voxels and segments, compared with pynrrd and SimpleITK."""

import nrrd
import numpy as np
import pytest
import SimpleITK as sitk

from napari_sam_med.errors import FileReadError, GeometryError, ImageError
from napari_sam_med.io.volume_files import (
    count_times,
    read_labels,
    read_stored_names,
    read_time_series,
    read_volume,
)

VALUES = np.arange(24, dtype=np.int16).reshape(4, 3, 2)
STEPS = np.array([[0.7, 0.0, 0.0], [0.0, 0.8, 0.0], [0.0, 0.0, 2.5]])
HEADER = """NRRD0004
type: short
dimension: 3
space: left-posterior-superior
sizes: 4 3 2
space directions: (0.7,0,0) (0,0.8,0) (0,0,2.5)
kinds: domain domain domain
endian: little
encoding: raw
space origin: (1,-2,3)

"""


def save(path, array=VALUES, **fields):
    header = {"space": "LPS", "space directions": STEPS, "space origin": [1, -2, 3]}
    nrrd.write(str(path), np.asfortranarray(array), header | fields)
    return path


def write(path, header=HEADER, data=None):
    voxels = VALUES.T.tobytes() if data is None else data
    path.write_bytes(header.encode() + voxels)
    return path


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i8", "f4", "f8"])
@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr"])
def test_what_pynrrd_writes_is_read(tmp_path, encoding, dtype, name):
    path = tmp_path / name
    array = np.asfortranarray(VALUES.astype(dtype))
    header = {"encoding": encoding, "space": "LPS", "space directions": STEPS}
    nrrd.write(str(path), array, header, detached_header=name == "a.nhdr")
    volume = read_volume(path)
    assert volume.array.dtype == np.dtype(dtype)
    assert np.array_equal(volume.array, VALUES.T)
    assert volume.geometry.spacing_xyz == (0.7, 0.8, 2.5)
    assert volume.notes == ()


@pytest.mark.parametrize(
    ("space", "flips"),
    [
        ("left-posterior-superior", (1, 1, 1)),
        ("LPS", (1, 1, 1)),
        ("right-anterior-superior", (-1, -1, 1)),
        ("RAS", (-1, -1, 1)),
        ("left-anterior-superior", (1, -1, 1)),
    ],
)
def test_every_space_becomes_lps_as_in_itk(tmp_path, space, flips):
    header = HEADER.replace("left-posterior-superior", space)
    volume = read_volume(write(tmp_path / "a.nrrd", header))
    image = sitk.ReadImage(str(tmp_path / "a.nrrd"))
    assert np.allclose(volume.geometry.origin_xyz, np.multiply((1, -2, 3), flips))
    assert np.allclose(volume.geometry.origin_xyz, image.GetOrigin())
    assert np.allclose(np.ravel(volume.geometry.direction), image.GetDirection())


def test_a_space_that_is_not_said_is_told(tmp_path):
    header = HEADER.replace("space: left-posterior-superior\n", "space dimension: 3\n")
    assert "LPS is taken" in read_volume(write(tmp_path / "a.nrrd", header)).notes[0]


@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        ("dimension: 3", "dimension: -3", FileReadError, "dimension"),
        ("dimension: 3", "dimension: 99", FileReadError, "dimension"),
        ("sizes: 4 3 2", "sizes: 4 3", FileReadError, "sizes"),
        ("sizes: 4 3 2", "sizes: 4 0 2", FileReadError, "sizes"),
        ("sizes: 4 3 2", "sizes: 9999 9999 99", FileReadError, "ends too early"),
        ("type: short", "type: block", ImageError, "type"),
        ("endian: little\n", "", FileReadError, "little or big"),
        ("encoding: raw", "encoding: hex", ImageError, "encoding"),
        ("(0,0.8,0)", "(0,0,0)", GeometryError, "positive spacings"),
        ("(0,0.8,0)", "(0.5,0.8,0)", GeometryError, "degrees off"),
        ("(0,0.8,0)", "(0,nan,0)", GeometryError, "finite numbers"),
        ("(1,-2,3)", "(1,-2)", GeometryError, "space origin"),
        ("left-posterior-superior", "scanner", GeometryError, "LPS, RAS or LAS"),
        ("endian", "data file: /etc/passwd\nendian", FileReadError, "header's folder"),
        ("endian", "data file: ../x.raw\nendian", FileReadError, "header's folder"),
        ("endian", "data file: x%d.raw 1 2 1\nendian", FileReadError, "without %"),
        ("endian", "byte skip: -7\nendian", FileReadError, "0 or more"),
    ],
)
def test_a_wrong_field_is_one_sentence_that_names_it(tmp_path, old, new, error, said):
    path = write(tmp_path / "a.nrrd", HEADER.replace(old, new))
    with pytest.raises(error, match=said) as caught:
        read_volume(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2"])
def test_a_file_that_ends_too_early_is_refused(tmp_path, encoding):
    path = save(tmp_path / "a.nrrd", encoding=encoding)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(FileReadError, match="ends too early"):
        read_volume(path)


def test_big_endian_voxels_are_read(tmp_path):
    header = HEADER.replace("little", "big")
    path = write(tmp_path / "a.nrrd", header, VALUES.T.astype(">i2").tobytes())
    assert np.array_equal(read_volume(path).array, VALUES.T)


def test_what_precedes_the_voxels_is_passed_over(tmp_path):
    (tmp_path / "a.raw").write_bytes(b"one line\n1234" + VALUES.T.tobytes())
    skips = "data file: a.raw\nline skip: 1\nbyte skip: 4\nendian"
    path = write(tmp_path / "a.nhdr", HEADER.replace("endian", skips), b"")
    assert np.array_equal(read_volume(path).array, VALUES.T)


def test_a_list_of_slices_is_read(tmp_path):
    for number, page in enumerate(VALUES.T):
        (tmp_path / f"{number}.raw").write_bytes(page.tobytes())
    header = HEADER.rstrip("\n") + "\ndata file: LIST\n0.raw\n1.raw\n"
    path = write(tmp_path / "a.nhdr", header, b"")
    assert np.array_equal(read_volume(path).array, VALUES.T)


def test_units_of_space_become_millimetres(tmp_path):
    header = HEADER.replace("endian", 'space units: "cm" "cm" "cm"\nendian')
    spacing = read_volume(write(tmp_path / "a.nrrd", header)).geometry.spacing_xyz
    assert np.allclose(spacing, (7, 8, 25))


@pytest.mark.parametrize(
    ("units", "spacing", "note"),
    [
        ('"um" "um" "um"', (0.5, 0.5, 2.0), ""),
        ('"um" "um" "cm"', (0.5, 0.5, 20000.0), ""),
        ('"ell" "ell" "ell"', (500.0, 500.0, 2000.0), "unknown unit"),
    ],
)
def test_units_of_axes_become_millimetres(tmp_path, units, spacing, note):
    lines = [line for line in HEADER.splitlines() if not line.startswith("space")]
    lines[-1:] = ["spacings: 500 500 2000", f"units: {units}", "", ""]
    volume = read_volume(write(tmp_path / "a.nrrd", "\n".join(lines)))
    assert np.allclose(volume.geometry.spacing_xyz, spacing)
    assert note in volume.notes[-1]


def test_each_direction_of_space_has_its_own_unit(tmp_path):
    header = HEADER.replace("endian", 'space units: "cm" "mm" "m"\nendian')
    geometry = read_volume(write(tmp_path / "a.nrrd", header)).geometry
    assert np.allclose(geometry.spacing_xyz, (7, 0.8, 2500))
    assert np.allclose(geometry.origin_xyz, (10, -2, 3000))


@pytest.mark.parametrize("kind", ["HSV-color", "3-normal", "quaternion"])
def test_bytes_of_a_vector_are_no_colours(tmp_path, kind):
    array = np.zeros((3, *VALUES.shape), np.uint8)
    directions = np.array([[np.nan] * 3, *STEPS])
    path = save(tmp_path / "a.nrrd", array, kinds=[kind, *["domain"] * 3],
                **{"space directions": directions})  # fmt: skip
    with pytest.raises(ImageError, match="which is no RGB"):
        read_volume(path)


@pytest.mark.parametrize("list_axis", [0, 3])
def test_a_list_axis_is_time_wherever_it_stands(tmp_path, list_axis):
    array = np.stack([VALUES, VALUES + 40], axis=list_axis)
    directions, kinds = [*STEPS.tolist()], ["domain"] * 3
    directions.insert(list_axis, [np.nan] * 3)
    kinds.insert(list_axis, "list")
    path = save(tmp_path / "a.nrrd", array, kinds=kinds,
                **{"space directions": np.array(directions)})  # fmt: skip
    assert count_times(path) == 2
    assert np.array_equal(read_volume(path, time=1).array, VALUES.T + 40)
    assert np.array_equal(read_time_series(path).array[0], VALUES.T)


def test_four_dimensions_of_itk_are_time(tmp_path):
    times = [sitk.GetImageFromArray(VALUES.T + i) for i in range(3)]
    sitk.WriteImage(sitk.JoinSeries(times), str(tmp_path / "a.nrrd"))
    assert np.array_equal(read_volume(tmp_path / "a.nrrd", time=2).array, VALUES.T + 2)


def test_colours_are_read(tmp_path):
    pixels = np.arange(72, dtype=np.uint8).reshape(2, 3, 4, 3)
    image = sitk.GetImageFromArray(pixels, isVector=True)
    sitk.WriteImage(image, str(tmp_path / "a.nrrd"))
    assert np.array_equal(read_volume(tmp_path / "a.nrrd").array, pixels)


def segmentation(path, layers, segments):
    fields = {}
    for i, (name, layer, value) in enumerate(segments):
        fields |= {f"Segment{i}_ID": f"Segment_{i + 1}", f"Segment{i}_Name": name}
        fields |= {
            f"Segment{i}_Layer": str(layer),
            f"Segment{i}_LabelValue": str(value),
        }
    if len(layers) == 1:
        return save(path, layers[0], kinds=["domain"] * 3, **fields)
    directions = np.vstack([[np.nan] * 3, STEPS])
    kinds = ["list", "domain", "domain", "domain"]
    fields |= {"kinds": kinds, "space directions": directions}
    return save(path, np.stack(layers), **fields)


LEFT = np.zeros((4, 3, 2), np.uint8)
LEFT[:2] = 1
RIGHT = np.zeros((4, 3, 2), np.uint8)
RIGHT[3:] = 1


def test_a_slicer_segmentation_keeps_values_and_names(tmp_path):
    path = segmentation(
        tmp_path / "a.seg.nrrd", [LEFT + 7 * RIGHT], [("liver", 0, 1), ("spleen", 0, 7)]
    )
    assert np.unique(read_labels(path).array).tolist() == [0, 1, 7]
    assert read_stored_names(path) == {1: "liver", 7: "spleen"}


def test_layers_with_the_same_value_become_labels_of_their_own(tmp_path):
    path = segmentation(
        tmp_path / "a.seg.nrrd", [LEFT, RIGHT], [("liver", 0, 1), ("spleen", 1, 1)]
    )
    labels = read_labels(path).array
    assert np.array_equal(labels, (LEFT + 2 * RIGHT).T)
    assert np.array_equal(read_volume(path).array, labels)
    assert read_stored_names(path) == {1: "liver", 2: "spleen"}


def test_segments_that_overlap_are_refused_and_a_layer_can_be_chosen(tmp_path):
    path = segmentation(
        tmp_path / "a.seg.nrrd", [LEFT, LEFT], [("liver", 0, 1), ("tumour", 1, 1)]
    )
    with pytest.raises(ImageError, match="overlap; give one of its layers, 0 to 1"):
        read_labels(path)
    assert np.array_equal(read_labels(path, time=1).array, 2 * LEFT.T)


def test_a_value_that_no_segment_has_is_refused(tmp_path):
    path = segmentation(tmp_path / "a.seg.nrrd", [LEFT, 5 * RIGHT],
                        [("liver", 0, 1), ("spleen", 1, 1)])  # fmt: skip
    with pytest.raises(ImageError, match="value 5 that none"):
        read_labels(path)


def test_other_files_store_no_names(tmp_path):
    assert read_stored_names(save(tmp_path / "a.nrrd")) == {}


@pytest.mark.parametrize(
    "pair", ["space:=RAS", "space origin:=(0,0,0)", "endian:=big", "data file:=b.raw"]
)
def test_a_pair_named_like_a_field_says_nothing_about_the_image(tmp_path, pair):
    lines = HEADER.removesuffix("\n") + f"{pair}\n\n"
    volume = read_volume(write(tmp_path / "a.nrrd", lines))
    image = sitk.ReadImage(str(tmp_path / "a.nrrd"))
    assert np.array_equal(volume.array, sitk.GetArrayFromImage(image))
    assert volume.geometry.origin_xyz == image.GetOrigin() == (1.0, -2.0, 3.0)


@pytest.mark.parametrize(
    "line", ["space: RAS", "Space Origin: (0,0,0)", "sizes: 4 3 2", "type: short"]
)
def test_a_field_given_twice_is_refused(tmp_path, line):
    lines = HEADER.removesuffix("\n") + f"{line}\n\n"
    with pytest.raises(FileReadError, match="twice; leave the one"):
        read_volume(write(tmp_path / "a.nrrd", lines))


def test_a_field_given_twice_under_both_its_names_is_refused(tmp_path):
    lines = HEADER.removesuffix("\n") + "byteskip: 0\nbyte skip: 2\n\n"
    with pytest.raises(FileReadError, match="'byte skip' twice"):
        read_volume(write(tmp_path / "a.nrrd", lines))


PLAIN = "".join(
    f"{line}\n"
    for line in HEADER.splitlines()
    if line and not line.startswith(("space", "kinds"))
)


@pytest.mark.parametrize(
    "lines",
    [
        "spacings: 1 2 3\naxis mins: 10 20 30\n",
        "spacings: 1 2 3\naxis mins: 10 20 30\ncenters: cell cell cell\n",
        "spacings: 1 2 3\naxis mins: 10 20 30\ncenters: node node node\n",
        "spacings: 1 2 3\naxismins: 10 20 30\ncenterings: cell node ???\n",
        "spacings: 1 2 3\naxis mins: 10 20 30\naxis maxs: 14 26 36\n",
    ],
)
def test_where_axes_begin_gives_the_origin_as_in_itk(tmp_path, lines):
    path = write(tmp_path / "a.nrrd", PLAIN + lines + "\n")
    volume = read_volume(path)
    image = sitk.ReadImage(str(path))
    assert np.allclose(volume.geometry.origin_xyz, image.GetOrigin())
    assert np.allclose(volume.geometry.spacing_xyz, image.GetSpacing())
    assert "which way its axes run" in "".join(volume.notes)


@pytest.mark.parametrize(
    ("centers", "maxs", "origin"),
    [
        ("node node node", "13 24 33", (10, 20, 30)),
        ("cell cell cell", "14 26 36", (10.5, 21, 31.5)),
    ],
)
def test_where_axes_begin_and_end_gives_the_spacing(tmp_path, centers, maxs, origin):
    lines = f"axis mins: 10 20 30\naxis maxs: {maxs}\ncenters: {centers}\n\n"
    geometry = read_volume(write(tmp_path / "a.nrrd", PLAIN + lines)).geometry
    assert geometry.spacing_xyz == (1, 2, 3)
    assert geometry.origin_xyz == origin


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("spacings: 1 2 3\naxis mins: 10 20 30\naxis maxs: 13 24 33", "must be 0.75"),
        ("axis mins: 10 20 30\naxis maxs: 7 24 33", "above those of axis mins"),
        ("spacings: 1 2 3\naxis mins: 10 nan 30", "finite numbers along"),
        ("spacings: 1 2 3\naxis mins: 10 20", "3 numbers"),
        ("spacings: 1 2 3\naxis mins: 1 2 3\nspace origin: (1,2,3)", "left out where"),
    ],
)
def test_axes_that_begin_nowhere_or_twice_are_refused(tmp_path, lines, reason):
    with pytest.raises(GeometryError, match=reason):
        read_volume(write(tmp_path / "a.nrrd", PLAIN + lines + "\n\n"))


def test_axis_mins_beside_directions_are_refused(tmp_path):
    lines = HEADER.removesuffix("\n") + "axis mins: 10 20 30\n\n"
    with pytest.raises(GeometryError, match="left out where space directions"):
        read_volume(write(tmp_path / "a.nrrd", lines))


def test_an_axis_that_begins_nowhere_is_none_of_space(tmp_path):
    lines = (
        PLAIN.replace("dimension: 3", "dimension: 4").replace("4 3 2", "4 3 2 1")
        + "axis mins: NaN -1 -1 -1\naxis maxs: NaN 2 2 2\n\n"
    )
    series = read_time_series(write(tmp_path / "a.nrrd", lines))
    assert series.array.shape == (4, 1, 2, 3)
    assert series.geometry.spacing_xyz == (1, 1.5, 3)


@pytest.mark.parametrize(
    ("lines", "told"), [("", True), ("spacings: 1 nan 3\n", True),
                        ("spacings: 1 2 3\n", False)],
)  # fmt: skip
def test_a_size_of_voxels_that_is_not_said_is_told(tmp_path, lines, told):
    volume = read_volume(write(tmp_path / "a.nrrd", PLAIN + lines + "\n"))
    assert ("does not say how large its voxels are" in str(volume.notes)) == told
