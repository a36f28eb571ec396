"""Text from data, fit to be shown."""

import pytest

from napari_sam_med.core.storage.plain_text import on_one_line, printable, shown


@pytest.mark.parametrize("text", ["liver", "Ödem 肝臓", "a\nb\tc", "[/b] $x_1$ <i>"])
def test_what_can_be_shown_stays_as_it_is(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[2Ja", "\\x1b[2Ja"),
        ("a\x9bb", "a\\x9bb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\udcffb", "a\\udcffb"),
        ("a\rb", "a\\rb"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_its_escape(text, expected):
    assert printable(text) == expected


def test_a_sentence_is_one_line():
    assert on_one_line("a\n\n b\r\nc") == "a b c"


def test_long_values_are_cut():
    assert len(shown("x" * 10_000)) < 80
    assert len(shown([1] * 10_000)) < 80
