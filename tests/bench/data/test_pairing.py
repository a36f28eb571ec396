"""Pairs of files by name, and every way in which a pair can be unusable."""

import html

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.bench.data.labelled_volumes import BadPair, LabelledVolume
from napari_sam_med.bench.data.pairing import PairedFiles
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.report.report_page import finish
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.errors import DatasetError

SIZE = (12, 16)


@pytest.fixture
def folders(tmp_path):
    images, labels = tmp_path / "images", tmp_path / "labels"
    images.mkdir()
    labels.mkdir()
    return images, labels


def png(folder, name, array, mode=None):
    picture = Image.fromarray(array)
    if mode:
        picture = picture.convert(mode)
    picture.save(folder / name)


def grey(value=90):
    return np.full(SIZE, value, dtype=np.uint8)


def mask(value=1, dtype=np.uint8):
    array = np.zeros(SIZE, dtype=dtype)
    array[3:7, 4:9] = value
    return array


def nifti(path, array, spacing=(1.0, 1.0, 2.0), origin=(0.0, 0.0, 0.0)):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    sitk.WriteImage(image, str(path))


def only(folders, **options):
    (pair,) = PairedFiles.of(*folders, **options)
    return pair


@pytest.fixture
def scan(tmp_path):
    """An image that lies askew in the patient, and its truth with one labelled part."""
    image = sitk.GetImageFromArray(
        np.arange(5 * 12 * 16, dtype=np.int16).reshape(5, 12, 16)
    )
    image.SetSpacing((0.7, 0.9, 4.0))
    image.SetOrigin((-40.0, 12.0, 310.0))
    turn = np.deg2rad(20)
    image.SetDirection(
        (np.cos(turn), 0, np.sin(turn), 0, 1, 0, -np.sin(turn), 0, np.cos(turn))
    )
    labels = np.zeros((5, 12, 16), np.uint8)
    labels[1:4, 3:7, 4:9] = 2
    truth = sitk.GetImageFromArray(labels)
    truth.CopyInformation(image)
    sitk.WriteImage(image, str(tmp_path / "scan.nii.gz"))
    return tmp_path, truth, labels


@pytest.mark.parametrize(
    "stored",
    [
        lambda truth: truth[::-1, :, :],
        lambda truth: truth[::-1, ::-1, ::-1],
        lambda truth: sitk.PermuteAxes(truth, (2, 0, 1)),
        lambda truth: sitk.ConstantPad(truth, (2, 0, 1), (0, 3, 1)),
        lambda truth: sitk.PermuteAxes(
            sitk.ConstantPad(truth, (2, 0, 1), (0, 3, 1)), (1, 2, 0)
        )[::-1, :, :],
    ],
    ids=["flipped", "turned", "axes swapped", "padded", "all at once"],
)
def test_labels_with_the_image_s_voxels_pair_by_position(scan, stored):
    folder, truth, labels = scan
    sitk.WriteImage(stored(truth), str(folder / "truth.nii.gz"))
    (pair,) = PairedFiles.of(folder / "scan.nii.gz", folder / "truth.nii.gz")
    assert isinstance(pair, LabelledVolume)
    assert np.array_equal(pair.labels, labels)


def moved(truth):
    truth.SetOrigin((-40.0, 12.0, 330.0))
    return truth


def halved_with_the_spacing_lost(truth):
    small = sitk.Shrink(truth, (2, 2, 1))
    small.CopyInformation(truth[: small.GetWidth(), : small.GetHeight(), :])
    return small


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (moved, "origin"),
        (lambda truth: truth[3:12, 2:9, 1:4], "cover voxels 1 x 2 x 3 to 4 x 9 x 12"),
        (lambda truth: sitk.Shrink(truth, (2, 2, 1)), "resample"),
        (halved_with_the_spacing_lost, "cover voxels"),
    ],
    ids=["of the same shape elsewhere", "cropped", "halved", "spacing lost"],
)
def test_labels_with_other_voxels_are_refused_whatever_their_shape(
    scan, stored, reason
):
    folder, truth, _ = scan
    sitk.WriteImage(stored(truth), str(folder / "truth.nii.gz"))
    (pair,) = PairedFiles.of(folder / "scan.nii.gz", folder / "truth.nii.gz")
    assert isinstance(pair, BadPair)
    assert reason in pair.reason


def test_pictures_pair_by_name_in_order_of_file_name(folders):
    for name in ("b.png", "a.png", "B.png"):
        png(folders[0], name, grey())
        png(folders[1], name, mask())
    assert [pair.name for pair in PairedFiles.of(*folders)] == ["B", "a", "b"]


def test_labels_may_stand_beside_images_with_an_ending(tmp_path):
    nifti(tmp_path / "x.nii.gz", np.zeros((2, *SIZE), np.int16))
    nifti(tmp_path / "x_label.nii.gz", np.stack([mask(2)] * 2))
    (pair,) = PairedFiles.of(tmp_path, tmp_path)
    assert isinstance(pair, LabelledVolume)
    assert pair.volume.geometry.spacing_zyx == (2.0, 1.0, 1.0)


def test_two_files_are_a_pair_whatever_their_names(tmp_path):
    png(tmp_path, "scan.png", grey())
    png(tmp_path, "truth.png", mask())
    (pair,) = PairedFiles.of(tmp_path / "scan.png", tmp_path / "truth.png")
    assert pair.name == "scan"


def test_missing_partners_on_either_side_are_bad_pairs(folders):
    png(folders[0], "a.png", grey())
    png(folders[1], "a.png", mask())
    png(folders[0], "lonely.png", grey())
    png(folders[1], "orphan.png", mask())
    bad = [pair for pair in PairedFiles.of(*folders) if isinstance(pair, BadPair)]
    assert [pair.name for pair in bad] == ["lonely", "orphan (labels)"]
    assert "no labels" in bad[0].reason
    assert "no image" in bad[1].reason


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (np.ones((4, 4), np.uint8), "shape"),
        (np.zeros(SIZE, np.uint8), "all background"),
        (np.stack([mask()] * 2 + [mask(9)], axis=-1), "colour"),
    ],
    ids=["other shape", "empty", "RGB with colours"],
)
def test_masks_that_cannot_be_used_are_bad_pairs(folders, labels, reason):
    png(folders[0], "a.png", grey())
    png(folders[1], "a.png", labels)
    pair = only(folders)
    assert isinstance(pair, BadPair)
    assert reason in pair.reason


def test_an_unreadable_file_is_a_bad_pair(folders):
    (folders[0] / "a.png").write_bytes(b"no picture")
    png(folders[1], "a.png", mask())
    pair = only(folders)
    assert isinstance(pair, BadPair)
    assert "a.png" in pair.reason


def test_16_bit_and_palette_masks_keep_their_label_values(folders):
    for name, labels in (("deep", mask(700, np.uint16)), ("palette", mask(3))):
        png(folders[0], f"{name}.png", grey())
        picture = Image.fromarray(labels)
        if name == "palette":
            picture = picture.convert("P")
            picture.putpalette([9, 99, 199] * 256)
            picture.putdata([int(v) for v in labels.ravel()])
        picture.save(folders[1] / f"{name}.png")
    found = {pair.name: np.unique(pair.labels) for pair in PairedFiles.of(*folders)}
    assert found["deep"].tolist() == [0, 700]
    assert found["palette"].tolist() == [0, 3]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((128, 128), [1, 1]),
        ((200, 255), [200, 255]),
        ((2, 2), [2, 2]),
        ((1, 128), [1, 128]),
    ],
    ids=["one grey", "two greys", "a dark value", "a dark and a bright value"],
)
def test_one_bright_grey_in_all_masks_is_black_and_white(folders, values, expected):
    for name, value in zip("ab", values, strict=True):
        png(folders[0], f"{name}.png", grey())
        png(folders[1], f"{name}.png", mask(value))
    assert [int(pair.labels.max()) for pair in PairedFiles.of(*folders)] == expected


def test_a_named_grey_keeps_its_value(folders):
    png(folders[0], "a.png", grey())
    png(folders[1], "a.png", mask(128))
    assert only(folders, label_names={128: "disc"}).labels.max() == 128


def test_grey_masks_saved_as_rgb_are_read_as_grey(folders):
    png(folders[0], "a.png", grey())
    png(folders[1], "a.png", mask(3), mode="RGB")
    assert np.unique(only(folders).labels).tolist() == [0, 3]


def test_every_kind_of_bad_pair_is_a_row_and_stands_in_the_report(folders, tmp_path):
    flat, half = np.zeros((2, *SIZE), np.int16), mask(0.5, np.float32)
    coloured = np.stack([mask()] * 2 + [mask(9)], axis=-1)
    for name, labels in (("good", mask()), ("strange", mask(7)), ("empty", mask(0)),
                         ("other_shape", mask()[:4]), ("colour", coloured),
                         ("unreadable", mask()), ("lonely", mask())):  # fmt: skip
        png(folders[0], f"{name}.png", grey())
        png(folders[1], f"{name}.png", labels)
    (folders[1] / "lonely.png").rename(folders[1] / "orphan.png")
    (folders[0] / "unreadable.png").write_bytes(b"no picture")
    wide = {"spacing": (2, 2, 2)}
    for name, labels, options in (("fraction", half, {}), ("far", mask(), {}),
                                  ("spaced", mask(), wide)):  # fmt: skip
        nifti(folders[0] / f"{name}.nii", flat)
        nifti(folders[1] / f"{name}.nii", np.stack([labels] * 2), **options)
    broken = flat.astype(np.float32)
    broken[0, 0, 0] = np.inf
    nifti(folders[0] / "far.nii", broken)
    source = PairedFiles.of(*folders, label_names={1: "block"})
    store, choice = RunStore(tmp_path / "run"), ModelSpec("fake", FakeSegmenter)
    list(run_benchmark(source, [choice], RunSettings(groups=("modes",)), store))
    finish(store)
    rows = store.rows()
    bad = rows[rows["error"].ne("")].set_index("case_id")["error"]
    failed = {name.partition("/")[2]: error for name, error in bad.items()}
    expected = {
        "strange/label 7": "has no name",
        "other_shape": "shape", "colour": "colour image", "unreadable": "unreadable",
        "lonely": "no labels", "orphan (labels)": "no image",
        "fraction": "not whole numbers", "far": "infinite", "spaced": "spacing",
    }  # fmt: skip
    assert failed.keys() == expected.keys()
    assert store.manifest()["without_object"] == ["empty"]
    page = html.unescape((store.folder / "report.html").read_text())
    for name, reason in expected.items():
        assert reason in failed[name]
        assert failed[name] in page
    assert set(rows.loc[rows["error"].eq(""), "image"]) == {"good"}


@pytest.mark.parametrize(
    ("options", "what"),
    [({"spacing": (1.5, 1.0, 2.0)}, "spacing"), ({"origin": (9.0, 0, 0)}, "origin")],
)
def test_labels_in_another_place_are_a_bad_pair(folders, options, what):
    nifti(folders[0] / "a.nii", np.zeros((2, *SIZE), np.int16))
    nifti(folders[1] / "a.nii", np.stack([mask()] * 2), **options)
    pair = only(folders)
    assert isinstance(pair, BadPair)
    assert what in pair.reason


def test_fractional_labels_are_a_bad_pair_and_whole_floats_are_labels(folders):
    for name, value in (("half", 0.5), ("whole", 2.0)):
        nifti(folders[0] / f"{name}.nii", np.zeros((2, *SIZE), np.int16))
        nifti(folders[1] / f"{name}.nii", np.stack([mask(value, np.float32)] * 2))
    half, whole = PairedFiles.of(*folders)
    assert isinstance(half, BadPair)
    assert np.unique(whole.labels).tolist() == [0, 2]


def test_nan_voxels_are_a_bad_pair(folders):
    array = np.zeros((2, *SIZE), np.float32)
    array[0, 0, 0] = np.nan
    nifti(folders[0] / "a.mha", array)
    nifti(folders[1] / "a.mha", np.stack([mask()] * 2))
    assert "NaN" in only(folders).reason


def test_folders_that_share_no_name_are_refused(folders):
    png(folders[0], "a.png", grey())
    png(folders[1], "b.png", mask())
    with pytest.raises(DatasetError, match="same name"):
        PairedFiles.of(*folders)


def test_names_that_do_not_match_are_shown(folders):
    images, labels = folders
    png(images, "p1_ct.png", grey())
    png(labels, "p1_organs.png", grey(1))
    with pytest.raises(DatasetError, match=r"p1_ct.png .*p1_organs.png"):
        PairedFiles.of(images, labels)


def test_absent_folders_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="nowhere"):
        PairedFiles.of(tmp_path / "nowhere", tmp_path)


def test_the_patient_is_the_patterns_group(folders):
    png(folders[0], "p07_s1.png", grey())
    png(folders[1], "p07_s1.png", mask())
    assert only(folders, patient_pattern=r"^(p\d+)_").patient == "p07"


@pytest.mark.parametrize("pattern", [r"x(\d)", "p07", "("])
def test_a_pattern_that_fits_no_name_is_refused(folders, pattern):
    png(folders[0], "p07_s1.png", grey())
    png(folders[1], "p07_s1.png", mask())
    with pytest.raises(DatasetError, match="pattern"):
        PairedFiles.of(*folders, patient_pattern=pattern)


def test_a_file_that_fails_with_an_error_not_of_ours_is_a_bad_pair(
    folders, monkeypatch
):
    for name in ("a.png", "b.png"):
        png(folders[0], name, grey())
        png(folders[1], name, mask())
    from napari_sam_med.io import volume_files

    read = volume_files.read_volume

    def reader_with_a_fault(path, **options):
        if path.name == "a.png":
            msg = "index 7 is out of range"
            raise IndexError(msg)
        return read(path, **options)

    monkeypatch.setattr(volume_files, "read_volume", reader_with_a_fault)
    bad, good = PairedFiles.of(*folders)
    assert bad.reason == "IndexError: index 7 is out of range"
    assert good.name == "b"


def test_a_file_that_is_gone_since_it_was_listed_is_a_bad_pair(folders):
    for name in ("a.png", "b.png"):
        png(folders[0], name, grey())
        png(folders[1], name, mask())
    source = PairedFiles.of(*folders)
    (folders[0] / "a.png").unlink()
    assert [bool(file["sha256"]) for file in source.fingerprint()] == [
        False,
        *[True] * 3,
    ]
    bad, good = source
    assert isinstance(bad, BadPair)
    assert good.name == "b"
