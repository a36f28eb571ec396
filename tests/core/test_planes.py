import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam_med import Prompts
from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.planes import SlicePlane, SquareGrid
from napari_sam_med.errors import GeometryError, ImageError

VOLUME = np.arange(2 * 3 * 4).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("axis", "spacing_rc"), [(0, (0.7, 0.6)), (1, (5.0, 0.6)), (2, (5.0, 0.7))]
)
def test_each_orientation_keeps_the_spacing_of_its_two_axes(
    axis: int, spacing_rc: tuple
) -> None:
    plane = SlicePlane.of(Geometry((0.6, 0.7, 5.0)), axis, 1)
    assert plane.spacing_rc == spacing_rc


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_put_addresses_exactly_the_voxels_that_take_reads(axis: int) -> None:
    plane = SlicePlane(axis, 1)
    pixels = plane.take(VOLUME)
    mask = pixels % 2 == 0
    assert sorted(VOLUME[plane.put(VOLUME, mask)]) == sorted(pixels[mask])


def test_colour_slices_keep_their_channels() -> None:
    assert SlicePlane(1, 0).take(np.zeros((2, 3, 4, 3), np.uint8)).shape == (2, 4, 3)


def test_a_slice_outside_the_volume_is_refused() -> None:
    with pytest.raises(ImageError, match="slices 0 to 1"):
        SlicePlane(0, 2).take(VOLUME)


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ImageError, match="mask of shape"):
        SlicePlane(0, 0).put(VOLUME, np.ones((4, 3), bool))


def test_equal_spacing_changes_nothing() -> None:
    grid = SquareGrid.of((5, 9), (0.8, 0.8))
    image = np.arange(45, dtype=np.uint8).reshape(5, 9)
    assert grid.image_to_square(image) is image


def test_thick_slices_are_stretched_to_the_finer_spacing() -> None:
    grid = SquareGrid.of((4, 10), (5.0, 1.0))
    assert grid.square_hw == (20, 10)
    rows = np.repeat(np.array([0, 100, 200, 250], np.uint8)[:, None], 10, axis=1)
    square = grid.image_to_square(rows)
    assert square[2].tolist() == [0] * 10
    assert square[7].tolist() == [100] * 10
    assert square[17].tolist() == [250] * 10


def test_square_images_are_capped_at_2048_pixels_a_side() -> None:
    assert SquareGrid.of((1000, 1000), (10.0, 0.1)).square_hw == (2048, 20)


def test_spacing_of_zero_is_refused() -> None:
    with pytest.raises(GeometryError, match="two positive numbers"):
        SquareGrid.of((4, 4), (0.0, 1.0))


def test_a_box_encloses_the_same_tissue_on_both_grids() -> None:
    grid = SquareGrid.of((4, 10), (5.0, 1.0))
    moved = grid.prompts_to_square(Prompts(box_rc=(1, 2, 2, 6)))
    assert moved.box_rc is not None
    assert moved.box_rc.tolist() == [5, 2, 14, 6]


@settings(deadline=None)
@given(
    rows=st.integers(1, 12),
    cols=st.integers(1, 12),
    spacing=st.tuples(st.floats(0.2, 5), st.floats(0.2, 5)),
)
def test_a_mask_of_a_pixel_comes_back_to_that_pixel(
    rows: int, cols: int, spacing: tuple
) -> None:
    grid = SquareGrid.of((rows, cols), spacing)
    if min(grid.factor_rc) < 1:
        return
    target = np.zeros((rows, cols), bool)
    target[rows // 2, cols // 2] = True
    height, width = grid.square_hw
    back_rows = np.minimum((np.arange(height) + 0.5) / grid.factor_rc[0], rows - 1)
    back_cols = np.minimum((np.arange(width) + 0.5) / grid.factor_rc[1], cols - 1)
    square = target[back_rows.astype(int)[:, None], back_cols.astype(int)[None, :]]
    low = np.zeros((1, 2, 2), np.float32)
    inner = Candidates(square[None], np.ones(1, np.float32), low)
    outer = Candidates(square[None], np.ones(1, np.float32), low, single=inner)
    back = grid.candidates_to_slice(outer)
    assert back.masks.shape == (1, rows, cols)
    assert (back.masks[0] == target).all()
    assert back.single is not None
    assert (back.single.masks[0] == target).all()


def test_a_header_in_single_precision_gives_the_same_square_pixels():
    shape = (11, 13)
    exact, single = (1.2, 0.8), tuple(float(np.float32(v)) for v in (1.2, 0.8))
    assert SquareGrid.of(shape, exact) == SquareGrid.of(shape, single)
