"""Small data sets and a way to call the command line."""

import pytest

from fakes.small_files import write_pair
from napari_sam_med.cli.main import main


@pytest.fixture
def call(capsys):
    """Run the command line; returns status, standard output and standard error."""

    def run(*arguments):
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def dataset(tmp_path):
    """Folders ``images`` and ``labels`` with one pair, and a name for its class."""
    write_pair(tmp_path)
    (tmp_path / "labels" / "labels.json").write_text('{"1": "block"}')
    return tmp_path
