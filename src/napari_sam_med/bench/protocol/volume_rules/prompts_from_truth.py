"""Prompts of ``sam2-medical``: what is given on a prompted slice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.result_rows import PROMPTS, prompts_from_text
from napari_sam_med.bench.protocol.volume_rules.volume_settings import SlicePromptKind
from napari_sam_med.core.prompts import POSITIVE, Prompts
from napari_sam_med.simulate.components import MAX_COMPONENTS, components_of, tight_box
from napari_sam_med.simulate.distance_maps import centre_of, released_distance

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from napari_sam_med.core.ports import Capabilities
    from napari_sam_med.propagation.propagation_settings import SliceGiven
    from napari_sam_med.simulate.rng import Draw


def slice_prompt(
    mask: npt.NDArray[np.bool_], kind: SlicePromptKind, draw: Draw
) -> SliceGiven:
    """Prompt an object on one slice.

    Parameters
    ----------
    mask : (H, W) bool
        The object on the slice; not empty.
    kind : SlicePromptKind
        The centre of the largest part, those of up to three parts, the box of the
        largest part, or the true mask itself.
    draw : callable
        Draws one of n equally central pixels.

    Returns
    -------
    Prompts or (H, W) bool

    Notes
    -----
    Parts, distances and ties are those of the study's 2D rules: 8-connected parts, the
    5 x 5 chamfer, one of the farthest pixels drawn.

    Examples
    --------
    >>> mask = np.zeros((8, 9), dtype=bool)
    >>> mask[1:4, 1:4] = mask[6, 7] = True
    >>> slice_prompt(mask, SlicePromptKind.POINTS, lambda n: 0).points_rc.tolist()
    [[2.0, 2.0], [6.0, 7.0]]
    >>> slice_prompt(mask, SlicePromptKind.BOX, lambda n: 0).box_rc.tolist()
    [1.0, 1.0, 3.0, 3.0]
    """
    if kind is SlicePromptKind.MASK:
        return mask
    parts = components_of(mask)
    if kind is SlicePromptKind.BOX:
        return Prompts(box_rc=tight_box(parts[0]))
    count = 1 if kind is SlicePromptKind.POINT else MAX_COMPONENTS
    centres = [centre_of(released_distance(part), draw) for part in parts[:count]]
    points = np.array([centre.point_rc for centre in centres], dtype=np.float64)
    return Prompts(points, np.full(len(points), POSITIVE))


def can_be_asked(kind: SlicePromptKind, able: Capabilities) -> bool:
    """Whether a model takes such prompts; a mask is given on its slice as it is."""
    if kind is SlicePromptKind.MASK:
        return True
    return able.boxes if kind is SlicePromptKind.BOX else able.points


def prompts_of_volume(text: str, case_id: str) -> dict[int, Prompts]:
    """Read the prompts of a row of a volume, without slices whose mask was given.

    Parameters
    ----------
    text : str
        As ``text_from_given`` writes them.
    case_id : str
        Of the row, for what is said about damaged ones.

    Returns
    -------
    dict of int to Prompts
        By slice.

    Raises
    ------
    FileReadError
        If they are damaged.

    Examples
    --------
    >>> given = {3: Prompts(box_rc=(0, 0, 2, 2)), 5: np.ones((2, 2), dtype=bool)}
    >>> list(prompts_of_volume(text_from_given(given), "a"))
    [3]
    """
    said = PROMPTS.parse(text, f"the result of {case_id}")
    found = {}
    for one in said:
        own = {key: value for key, value in one.items() if key != "slice"}
        if "mask" not in own:
            (found[int(one["slice"])],) = prompts_from_text(json.dumps([own]), case_id)
    return found


def text_from_given(given: Mapping[int, SliceGiven]) -> str:
    """Write down what was given, as JSON for a result row.

    Parameters
    ----------
    given : mapping of int to Prompts or (H, W) bool
        By slice.

    Returns
    -------
    str
        A list in order of slices; ``"mask": "truth"`` stands for the object's own mask.

    Examples
    --------
    >>> text_from_given({3: np.ones((2, 2), dtype=bool)})
    '[{"slice": 3, "mask": "truth"}]'
    """
    said = []
    for index in sorted(given):
        one = given[index]
        rest = one.to_json() if isinstance(one, Prompts) else {"mask": "truth"}
        said.append({"slice": index, **rest})
    return json.dumps(said)
