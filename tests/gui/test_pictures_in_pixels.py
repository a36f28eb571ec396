"""Pictures have pixels and no millimetres, whatever their files are called."""

import shutil

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from PIL import Image as Picture
from qtpy.QtCore import QSettings

from fakes.benchmark_docks import FakeDesktop, offer
from napari_sam_med.cli.main import main
from napari_sam_med.core.volumes import Volume
from napari_sam_med.gui.benchmark import build_benchmark_dock
from napari_sam_med.gui.benchmark.views.benchmark_values import BenchmarkForm
from napari_sam_med.gui.napari_io import is_in_mm
from napari_sam_med.gui.opening.readers import read_layers
from napari_sam_med.io.writing.export import write_volume

WAIT_S = 60
SAID = "its pictures have no spacing, so distances in them are in pixels"
LABELS = np.zeros((24, 32), np.uint8)
LABELS[6:14, 8:20] = 1
GREY = np.where(LABELS > 0, 200, 40).astype(np.uint8)


@pytest.fixture
def files(tmp_path):
    """A picture and its labels, neither with an ending."""
    for name, array in (("chest", GREY), ("chest_labels", LABELS)):
        Picture.fromarray(array).save(tmp_path / f"{name}.png")
        shutil.move(tmp_path / f"{name}.png", tmp_path / name)
    return tmp_path / "chest", tmp_path / "chest_labels"


def layer_of(path):
    array, arguments, _ = read_layers(str(path))[0]
    return Image(array, **arguments)


def test_an_opened_picture_is_not_in_millimetres(files, tmp_path):
    assert not is_in_mm(layer_of(files[0]))
    write_volume(tmp_path / "ct.nrrd", Volume(GREY[None]))
    assert is_in_mm(layer_of(tmp_path / "ct.nrrd"))


def test_a_run_over_picture_layers_is_reported_in_pixels(qtbot, files, tmp_path):
    viewer, run = ViewerModel(), tmp_path / "run"
    viewer.add_layer(layer_of(files[0]))
    viewer.add_labels(LABELS, name="chest_labels")
    view = build_benchmark_dock(
        viewer,
        offers=[offer()],
        settings=QSettings(str(tmp_path / "d.ini"), QSettings.Format.IniFormat),
        desktop=FakeDesktop().as_desktop(),
    )
    qtbot.addWidget(view)
    view.setup.set_form(BenchmarkForm(("fake",), clicks=1, folder=run))
    view.run_bar.run_button.click()
    qtbot.waitUntil(view.run_bar.run_button.isEnabled, timeout=WAIT_S * 1000)
    assert main(["report", str(run)]) == 0
    assert SAID in (run / "report.html").read_text("utf-8")


def test_a_run_over_pictures_without_an_ending_is_reported_in_pixels(files, tmp_path):
    run = tmp_path / "run"
    asked = ["benchmark", *map(str, files), "--model", "ellipse", "--settings", "modes"]
    assert main([*asked, "--no-baselines", "--out", str(run)]) == 0
    assert SAID in (run / "report.html").read_text("utf-8")
