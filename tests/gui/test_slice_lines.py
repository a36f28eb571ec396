import numpy as np
from napari.components import ViewerModel

from napari_sam_med.gui.prompting.outlines import SliceLines
from napari_sam_med.gui.shared.shown_slice import ShownSlice


def test_lines_on_a_picture_stay_when_a_volume_is_opened_beside_it():
    viewer = ViewerModel()
    picture = viewer.add_image(np.zeros((20, 30)))
    lines = SliceLines(viewer)
    piece = np.array([[[2.0, 3.0], [2.0, 9.0]]])
    lines.show_lines(picture, ShownSlice(0, 0), [piece], [np.ones(4, np.float32)])
    viewer.add_image(np.zeros((5, 20, 30)))
    lines.follow(picture, ShownSlice(0, 0))
    assert lines.layer in viewer.layers
    assert lines.layer.data.shape == (1, 2, 3)
    np.testing.assert_array_equal(lines.layer.data[0, 0, 1:], (2, 3))
