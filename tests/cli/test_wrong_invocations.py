"""Hundreds of command lines that ask for what cannot be done: none may do anything."""

import os

import pytest

from fakes.wrong_invocations import invocations, prepare
from napari_sam_med.cli.main import main

LONGEST_SENTENCE = 700
GROUPS = ("segment", "benchmark", "report", "replay", "train", "models")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Sound and broken inputs, in the working folder of all command lines."""
    place = tmp_path_factory.mktemp("place")
    prepare(place)
    before = os.getcwd()  # noqa: PTH109  # to go back to
    os.chdir(place)
    yield place
    os.chdir(before)


def files_in(place):
    found = {}
    for path in place.rglob("*"):
        status = path.stat()
        found[path] = (status.st_size, status.st_mtime_ns)
    return found


def faults_of(arguments, capsys):
    """Say what a command line did other than to refuse in one sentence."""
    status = main(arguments)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    # what convert says before it reads anything is a line of its own
    allowed = 2 if arguments[:2] == ["models", "convert"] else 1
    return [
        *([f"status {status}"] if status not in (1, 2) else []),
        *([f"{len(lines)} lines"] if not 1 <= len(lines) <= allowed else []),
        *(["a traceback"] if "Traceback" in out + err else []),
        *(["a long sentence"] if _is_long(lines, arguments) else []),
    ]


def _is_long(lines, arguments):
    typed = sum(map(len, arguments))
    return any(len(line) > LONGEST_SENTENCE + 2 * typed for line in lines)


def group_of(arguments):
    return arguments[0] if arguments and arguments[0] in GROUPS else ""


@pytest.mark.parametrize("group", [*GROUPS, ""])
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(place, group, capsys):
    asked = [each for each in invocations(place) if group_of(each) == group]
    before = files_in(place)
    wrong = {}
    for arguments in asked:
        faults = faults_of(arguments, capsys)
        if faults:
            wrong[" ".join(arguments)] = faults
    assert wrong == {}
    assert files_in(place) == before


def test_the_corpus_is_large(place):
    assert len({tuple(each) for each in invocations(place)}) > 600
