"""Documents: what is read, and the sentence about what is not."""

import json
import os
from dataclasses import dataclass

import pytest

from napari_sam_med.core.storage import documents
from napari_sam_med.core.storage.documents import OPEN, STRICT, Document
from napari_sam_med.errors import DatasetError, FileReadError


@dataclass(frozen=True, slots=True)
class Mark:
    __pydantic_config__ = STRICT
    row: int
    size: float
    corners: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    __pydantic_config__ = OPEN
    format: str
    version: int
    marks: dict[str, Mark]


MARKS = Document("marks", Marks, "give others", format="m", versions=range(1, 3))
SOUND = {"row": 3, "size": 1, "corners": [1, 2]}


def text(version=2, name="m", **changes):
    marks = {"a": SOUND | changes}
    return json.dumps({"format": name, "version": version, "marks": marks})


def reason(document):
    with pytest.raises(FileReadError) as caught:
        MARKS.parse(document, "here")
    sentence = str(caught.value)
    assert sentence.startswith("here cannot be used as marks: ")
    assert sentence.endswith("; give others")
    assert "\n" not in sentence
    return sentence.removeprefix("here cannot be used as marks: ")


def test_a_sound_document_is_of_its_type_throughout():
    marks = MARKS.parse(text(), "here")
    assert marks.marks == {"a": Mark(3, 1.0, (1.0, 2.0))}


def test_a_newer_release_may_add_fields_to_an_open_type():
    document = json.loads(text()) | {"colour": "red"}
    assert MARKS.parse(json.dumps(document), "here").version == 2


def test_a_byte_order_mark_is_no_fault(tmp_path):
    (tmp_path / "m.json").write_text(text(), encoding="utf-8-sig")
    assert MARKS.read(tmp_path / "m.json").marks["a"].row == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"row": 1.5}, "marks.a.row is 1.5 instead of a valid integer"),
        ({"row": "1"}, "marks.a.row is '1' instead of a valid integer"),
        ({"row": True}, "marks.a.row is true instead of a valid integer"),
        ({"row": None}, "marks.a.row is null instead of a valid integer"),
        ({"corners": [1]}, "marks.a.corners[1] is missing"),
        ({"corners": [1, "x"]}, "marks.a.corners[1] is 'x' instead of a valid number"),
        ({"colour": 1}, "marks.a.colour is not known"),
        ({"\x1b[2J": 1}, r"marks.a.\x1b[2J is not known"),
    ],
)
def test_the_sentence_names_the_field(change, words):
    assert words in reason(text(**change))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("[" * 100_000, "nested too deep"),
        ('{"format": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deep"),
        (text(corners=[[]] * 2).replace("[]", "[" * 300 + "]" * 300), "too deep"),
        (text().replace("3", "NaN"), "holds NaN, which is no number"),
        (text().replace("3", "1e999"), "the number '1e999' is too large"),
        (text().replace('"row"', '"size": 2, "row"'), "field 'size' is given twice"),
        (text()[:-5], "it is no JSON"),
        ("", "it is no JSON"),
        ("[]", "it holds a list instead of named fields"),
        ("null", "it holds nothing (null) instead of named fields"),
        (text(name="x"), "format is 'x' instead of 'm'"),
        ("{}", "format is missing instead of 'm'"),
        (text(version=9), "version is 9; this release reads 1 to 2 and has to be"),
        (text(version=0), "version is 0; this release reads 1 to 2;"),
        (text(version="2"), "version is '2'"),
        (text(version=True), "version is true"),
        ('{"format": "m", "version": 1}', "marks is missing"),
        ('{"format": "m", "version": 1, "marks": {"a": 5}}', "a is a number instead"),
    ],
)
def test_what_is_no_such_document_is_said(document, words):
    assert words in reason(document)


def test_a_few_faults_are_listed_and_the_others_counted():
    found = reason(text(row="x", size="x", corners=4, colour=5, shape=6))
    assert found.count(" instead of ") == 3
    assert "and 2 more" in found


def test_toml_is_checked_as_json_is(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text('format = "m"\nversion = 1\n[marks.a]\nrow = 2020-01-01\nsize=nan')
    with pytest.raises(FileReadError, match=r"marks\.a\.row is '2020-01-01'.*finite"):
        MARKS.read(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe\x00", "byte 0 is no UTF-8 text"),
        (text().encode("utf-16"), "no UTF-8 text"),
        (b"a" * 2000, "more than"),
    ],
)
def test_bytes_that_are_no_text_or_too_many_are_said(
    tmp_path, monkeypatch, data, words
):
    monkeypatch.setattr(documents, "MOST_BYTES", 1000)
    (tmp_path / "m.json").write_bytes(data)
    with pytest.raises(FileReadError, match=words):
        MARKS.read(tmp_path / "m.json")


def test_neither_an_absent_file_nor_a_folder_is_read(tmp_path):
    with pytest.raises(FileReadError, match="No such file"):
        MARKS.read(tmp_path / "absent.json")
    with pytest.raises(FileReadError, match="no regular file"):
        MARKS.read(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "m.json")
    with pytest.raises(FileReadError, match="no regular file"):
        MARKS.read(tmp_path / "m.json")


def test_the_error_may_be_the_room_s_own():
    with pytest.raises(DatasetError, match="is no JSON"):
        Document("marks", Marks, "give others", error=DatasetError).parse("x", "here")
