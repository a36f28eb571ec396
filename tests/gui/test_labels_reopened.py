"""Label files open as labels; an image that is one can be turned into labels."""

import io

import nibabel
import numpy as np
import pytest
from napari.layers import Image, Labels
from napari.utils.notifications import notification_manager
from PIL import Image as PictureFile
from pydicom.uid import JPEGBaseline8Bit
from qtpy.QtCore import Qt

from fakes.dicom_files import compress, header, place, save
from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import SCALE, SHAPE, PromptsDesk
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.gui import palette_commands
from napari_sam_med.io.writing.export import write_labels

PLUGIN = "napari-sam-med"
ARRAY = np.repeat(np.arange(4, dtype=np.uint8)[:, None, None], 5, axis=1).repeat(6, 2)


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(30)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_labels_under_a_name_that_says_nothing_open_as_labels(desk, tmp_path, suffix):
    path = tmp_path / "scans" / f"heart{suffix}"  # pytest's own folder says labels
    write_labels(path, ARRAY, Geometry((0.8, 0.8, 5.0)))
    [layer] = desk.viewer.open(path, plugin=PLUGIN)
    desk.settle()
    assert isinstance(layer, Labels)
    np.testing.assert_array_equal(layer.data, ARRAY)
    assert desk.view.controller.image is desk.image


def test_an_image_of_few_numbers_is_turned_into_labels_by_a_button(desk, tmp_path):
    path = tmp_path / "scans" / "heart.nii.gz"
    path.parent.mkdir()
    nibabel.save(nibabel.Nifti1Image(ARRAY.T, np.diag([-0.8, -0.8, 5.0, 1.0])), path)
    [image] = desk.viewer.open(path, plugin=PLUGIN)
    desk.settle()
    assert isinstance(image, Image)
    assert desk.view.controller.image is image
    desk.press(desk.view.source.to_labels)
    desk.settle()
    labels = desk.viewer.layers["heart"]
    assert isinstance(labels, Labels)
    np.testing.assert_array_equal(labels.data, ARRAY)
    np.testing.assert_allclose(labels.scale, image.scale)
    assert image not in desk.viewer.layers
    assert desk.view.controller.image is desk.image
    assert not desk.shows(desk.view.source.to_labels)


@pytest.mark.parametrize("name", ["scan.jpg", "mask.jpg", "scan.tif", "scan.dcm"])
def test_an_image_that_was_packed_with_loss_is_not_turned_into_labels(
    desk, tmp_path, name
):
    pixels = np.kron([[0, 9], [20, 0]], np.ones((16, 16))).astype(np.uint8)
    path = tmp_path / "scans" / name
    path.parent.mkdir()
    if name == "scan.dcm":
        packed = io.BytesIO()
        PictureFile.fromarray(pixels).save(packed, "JPEG")
        made = place(header(pixels), (0, 0, 0))
        compress(made, [packed.getvalue()])
        save(made, path, syntax=JPEGBaseline8Bit)
    else:
        how = {"compression": "jpeg"} if name == "scan.tif" else {}
        PictureFile.fromarray(pixels).save(path, **how)
    [image] = desk.viewer.open(path, plugin=PLUGIN)
    desk.settle()
    assert isinstance(image, Image)
    assert not desk.shows(desk.view.source.to_labels)
    desk.viewer.layers.selection.active = image
    palette_commands.image_to_labels()
    assert image in desk.viewer.layers
    told = notification_manager.records[-1].message
    assert "which changes the numbers at every edge" in told


def test_a_mask_apart_from_the_one_that_the_object_had_there_says_so(desk, tmp_path):
    labels = np.zeros(SHAPE, np.uint8)
    labels[3, 2:7, 2:12] = 1
    path = tmp_path / "ct_seg.nii.gz"
    write_labels(path, labels, Geometry(SCALE[::-1]))
    [layer] = desk.viewer.open(path, plugin=PLUGIN)
    desk.send(desk.view.write.labels_chosen, str(layer.unique_id))
    desk.viewer.layers.selection.active = None
    desk.go_to(0, 3)
    gone = "label 1 had another mask of 50 pixels there, which is replaced"
    desk.view.kinds.start.click()
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)  # adds to it
    assert "Wrote" in desk.told
    assert "replaced" not in desk.told
    desk.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    assert "Wrote" in desk.told
    assert gone in desk.told
    desk.click(off=(10, 0))
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    assert "Wrote" in desk.told
    assert "replaced" not in desk.told  # a part of it stays
