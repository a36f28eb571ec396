"""File names as the package reads them."""

from pathlib import Path

import pytest

from napari_sam_med.io.formats import (
    REPLACEMENT,
    is_image_file,
    name_from_path,
    shown,
    suffix_from_path,
)


@pytest.mark.parametrize(
    ("name", "suffix", "stem"),
    [
        ("a.b.nii.gz", ".nii.gz", "a.b"),
        ("A.PNG", ".png", "A"),
        ("liver.seg.nrrd", ".seg.nrrd", "liver"),
        ("series7", "", "series7"),
    ],
)
def test_names_are_split_at_the_known_suffix(name, suffix, stem):
    assert suffix_from_path(Path(name)) == suffix
    assert name_from_path(Path("folder") / name) == stem


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("a.mha", True), ("a.dcm", True), ("._a.png", False), ("labels.json", False)],
)
def test_images_are_known_by_their_names(name, is_one):
    assert is_image_file(Path(name)) is is_one


def test_what_cannot_be_printed_in_a_name_is_replaced():
    assert shown("a\r\nb.nii") == f"a{REPLACEMENT}{REPLACEMENT}b.nii"
