"""What commands say of the images that they read."""

import numpy as np

from napari_sam_med.cli.inputs import tell_notes
from napari_sam_med.core.volumes import Volume


def test_what_reading_put_right_is_told_on_standard_error_as_it_stands(capsys):
    notes = ("axes [0.1 degrees] were put right.", "one slice was left out.")
    tell_notes(Volume(np.zeros((1, 2, 2)), notes=notes))
    said = capsys.readouterr()
    assert said.err.splitlines() == [f"Note: {note}" for note in notes]
    assert said.out == ""
