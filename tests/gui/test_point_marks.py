from napari.layers import Points

from napari_sam_med.gui.shared import point_marks


def test_marks_are_as_large_on_a_screen_of_finer_pixels(monkeypatch):
    monkeypatch.setattr(point_marks, "pixels_ratio", lambda: 2.0)
    layer = Points([[1, 1]])
    point_marks.limit_marks(layer, (6, 14))
    assert tuple(layer.canvas_size_limits) == (12, 28)
