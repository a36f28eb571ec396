"""What the cards show of the candidates, and the probabilities behind a single one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import special

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.slice_view import SliceView
from napari_sam_med.core.windows import Window
from napari_sam_med.gui.prompting.display.orientations import PictureTurn
from napari_sam_med.gui.prompting.display.thumbnail import (
    View,
    heat_of,
    picture_of,
    thumbnail,
    view_of,
)
from napari_sam_med.gui.prompting.views.candidate_cards import (
    CANDIDATE_COLOURS,
    MOST,
    PICTURE_PX,
    CardContent,
)
from napari_sam_med.session.prompt_image import PromptImage

AS_STORED = PictureTurn()


def cards_of(
    prompt_image: PromptImage,
    plane: SlicePlane,
    candidates: Candidates,
    *,
    in_mm: bool,
    turn: PictureTurn = AS_STORED,
) -> list[CardContent]:
    """Draw each candidate, all in the same part of the slice.

    Parameters
    ----------
    prompt_image : PromptImage
        The image.
    plane : SlicePlane
        The slice that was prompted.
    candidates : Candidates
        At most the first three are drawn.
    in_mm : bool
        Whether the image's spacing is known to be in millimetres.
    turn : PictureTurn
        How the slice lies on the canvas; the pictures lie so too.

    Returns
    -------
    list of CardContent
    """
    view = view_of(candidates.masks, plane.spacing_rc, PICTURE_PX)
    picture = picture_of(_seen_in(prompt_image.view(plane), view), view)
    contents = []
    for mask, score, colour in zip(
        candidates.masks[:MOST], candidates.scores, CANDIDATE_COLOURS, strict=False
    ):
        drawn = turn.turned(thumbnail(picture, mask, view, colour))
        pixels = int(np.count_nonzero(mask))
        area = area_in_words(pixels, plane.spacing_rc, in_mm=in_mm)
        contents.append(CardContent(drawn, float(score), area, colour))
    return contents


def probability_picture(
    prompt_image: PromptImage,
    plane: SlicePlane,
    candidates: Candidates,
    turn: PictureTurn = AS_STORED,
) -> npt.NDArray[np.uint8] | None:
    """Draw how sure a click model is of each pixel, in the same part of the slice.

    Parameters
    ----------
    prompt_image : PromptImage
        The image.
    plane : SlicePlane
        The slice that was prompted.
    candidates : Candidates
        The model's answer.
    turn : PictureTurn
        How the slice lies on the canvas.

    Returns
    -------
    (PICTURE_PX, PICTURE_PX, 3) uint8 or None
        Dark for 0, bright for 1, with the mask's outline; None unless there is one
        candidate whose logits are of the slice's square pixels.
    """
    grid = prompt_image.view(plane).grid
    if len(candidates) != 1 or candidates.logits.shape[1:] != grid.square_hw:
        return None
    view = view_of(candidates.masks, plane.spacing_rc, PICTURE_PX)
    centre = grid.points_to_square(np.array([[view.row, view.column]]))[0]
    row_mm, col_mm = np.divide(plane.spacing_rc, grid.factor_rc)
    square = replace(
        view,
        row=float(centre[0]),
        column=float(centre[1]),
        spacing_rc=(float(row_mm), float(col_mm)),
    )
    probability = special.expit(candidates.logits[0])
    heat = heat_of(square.sample(probability))
    mask, colour = candidates.masks[0], CANDIDATE_COLOURS[0]
    return turn.turned(thumbnail(heat, mask, view, colour, fill=False))


def _seen_in(shown: SliceView, view: View) -> npt.NDArray[np.uint8]:
    """Give the slice as the user sees it, black where a picture does not need it."""
    if not isinstance(shown.window, Window):  # it may look at the whole slice
        return shown.image()
    part = view.part_of(shown.shape_hw)
    image = np.zeros(shown.shape_hw, dtype=np.uint8)
    image[part] = replace(shown, pixels=shown.pixels[part]).image()
    return image


def area_in_words(pixels: int, spacing_rc: tuple[float, float], *, in_mm: bool) -> str:
    """Say how large a mask is: square centimetres, millimetres, or pixels.

    Examples
    --------
    >>> area_in_words(1000, (0.8, 0.8), in_mm=True)
    '6.4 cm²'
    >>> area_in_words(1000, (0.8, 0.8), in_mm=False)
    '1,000 px'
    """
    if not in_mm:
        return f"{pixels:,} px"
    square_mm = pixels * spacing_rc[0] * spacing_rc[1]
    return f"{square_mm / 100:.1f} cm²" if square_mm >= 100 else f"{square_mm:.0f} mm²"
