"""Names of labels, in the two forms and the two places where they may stand."""

import json

import pytest

from napari_sam_med.errors import FileReadError
from napari_sam_med.io.label_names import LabelNames, find_label_names


def named(tmp_path, text, encoding="utf-8"):
    (tmp_path / "labels.json").write_bytes(text.encode(encoding))
    return find_label_names(tmp_path / "a.nii.gz")


def test_without_a_file_nothing_is_named(tmp_path):
    (tmp_path / "deeper" / "labels").mkdir(parents=True)
    assert find_label_names(tmp_path / "deeper" / "labels") == LabelNames()


def test_values_have_names_and_the_background_needs_none(tmp_path):
    found = named(tmp_path, '{"0": "background", "1": "liver", "12": "milt é"}')
    assert found == LabelNames({1: "liver", 12: "milt é"})


def test_one_word_makes_every_value_an_object_of_it(tmp_path):
    assert named(tmp_path, '"nucleus"') == LabelNames(objects_of="nucleus")


@pytest.mark.parametrize("text", ['{"1": "liver"}', '"nucleus"'])
def test_a_byte_order_mark_is_no_fault(tmp_path, text):
    assert named(tmp_path, text, "utf-8-sig") == named(tmp_path, text)


def test_the_file_may_lie_one_folder_above(tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels.json").write_text('{"7": "nucleus"}')
    assert find_label_names(tmp_path / "labels").names == {7: "nucleus"}
    assert find_label_names(tmp_path / "labels" / "a.png").names == {7: "nucleus"}


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2]",
        "3",
        '""',
        '{"liver": 1}',
        '{"-1": "liver"}',
        '{"1.0": "liver"}',
        '{"1": null}',
        '{"1": ["liver"]}',
        '{"1": ',
        "[" * 200_000,
        json.dumps({"1": "x" * 5_000_000}),
    ],
    ids=lambda text: text[:12],
)
def test_anything_else_is_refused_in_one_sentence(tmp_path, text):
    with pytest.raises(FileReadError, match=r"labels\.json cannot be used") as refused:
        named(tmp_path, text)
    assert "\n" not in str(refused.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "labels.json").write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(FileReadError, match="cannot be used"):
        find_label_names(tmp_path)
