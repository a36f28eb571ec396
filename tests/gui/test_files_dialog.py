"""Opening from the palette, and label files whose names say nothing of labels."""

import numpy as np
import pytest
from npe2 import PluginManifest
from qtpy.QtWidgets import QFileDialog

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.gui.opening.files_dialog import reader_or_dialog
from napari_sam_med.gui.opening.readers import read_layers
from napari_sam_med.gui.shared import notes
from napari_sam_med.gui.start import PLUGIN
from napari_sam_med.io.writing.export import write_volume


@pytest.fixture
def told(monkeypatch):
    sentences = []
    monkeypatch.setattr(notes, "show_warning", sentences.append)
    return sentences


def write(path, array):
    write_volume(path, Volume(array, Geometry((0.8, 0.8, 5.0))))
    return str(path)


def test_the_palettes_command_asks_for_files_and_opens_them(
    make_napari_viewer, npe2pm, tmp_path, monkeypatch
):
    if PLUGIN not in npe2pm:
        npe2pm.register(PluginManifest.from_distribution(PLUGIN))
    viewer = make_napari_viewer()
    path = write(tmp_path / "scan.nii.gz", np.arange(24.0).reshape(2, 3, 4))
    answer = staticmethod(lambda *_: ([path], ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", answer)
    assert reader_or_dialog() is None
    assert [layer.name for layer in viewer.layers] == ["scan"]


def test_a_label_image_by_another_name_is_opened_with_a_word_how_to_turn_it(
    tmp_path, told
):
    array = np.zeros((4, 20, 20), dtype=np.uint8)
    array[1:3, 5:9, 5:9] = 3
    ((_, _, kind),) = read_layers(write(tmp_path / "out" / "result.nii.gz", array))
    assert kind == "image"
    assert "Turn into labels" in told[0]


def test_an_image_of_many_values_is_opened_without_a_word(tmp_path, told):
    array = np.arange(1600, dtype=np.int16).reshape(4, 20, 20)
    read_layers(write(tmp_path / "out" / "scan.nii.gz", array))
    assert told == []
