"""The five ways of prompting an object once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.core.prompts import POSITIVE, Prompts
from napari_sam_med.simulate.components import MAX_COMPONENTS, components_of, tight_box
from napari_sam_med.simulate.distance_maps import centre_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.simulate.distance_maps import Centre, DistanceMap
    from napari_sam_med.simulate.rng import Draw


class Mode(StrEnum):
    """The study's five modes; the values stand in result rows.

    One point on the largest component; one on each of the three largest; the box of
    the largest component; a box for each of the three largest; one box round the whole
    object.
    """

    ONE_POINT = "mode1"
    POINTS = "mode2"
    ONE_BOX = "mode3"
    BOXES = "mode4"
    WHOLE_BOX = "mode5"

    @property
    def uses_box(self) -> bool:
        """Whether the mode prompts with boxes rather than points."""
        return self in (Mode.ONE_BOX, Mode.BOXES, Mode.WHOLE_BOX)


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """Prompts for one object, and how they came about.

    Parameters
    ----------
    prompts : tuple of Prompts
        One, or for ``Mode.BOXES`` one for each box: the masks are then joined.
    tied : tuple of int
        For each point, among how many pixels it was drawn.
    """

    prompts: tuple[Prompts, ...]
    tied: tuple[int, ...] = ()


def simulate_modes(
    mask: npt.NDArray[np.bool_], distance: DistanceMap, draw: Draw
) -> dict[Mode, Simulated]:
    """Prompt an object in all five modes.

    Parameters
    ----------
    mask : (H, W) bool
        The object; not empty.
    distance : callable
        The distance map by which a point's place is chosen.
    draw : callable
        Draws one of n equals: once for mode 1, then for each point of mode 2.

    Returns
    -------
    dict of Mode to Simulated
        In the order of the modes.

    Raises
    ------
    ImageError
        If the mask is empty.

    Notes
    -----
    Mazurowski et al. 2023, section 2.2, and the order of draws of its published code
    (mazurowski-lab/segment-anything-medical-evaluation).

    Examples
    --------
    >>> from napari_sam_med.simulate.distance_maps import exact_distance
    >>> mask = np.zeros((8, 9), dtype=bool)
    >>> mask[1:4, 1:4] = mask[6, 7] = True
    >>> made = simulate_modes(mask, exact_distance, draw=lambda n: 0)
    >>> made[Mode.POINTS].prompts[0].points_rc.tolist()
    [[2.0, 2.0], [6.0, 7.0]]
    >>> made[Mode.WHOLE_BOX].prompts[0].box_rc.tolist()
    [1.0, 1.0, 6.0, 7.0]
    """
    whole = tight_box(mask)
    components = components_of(mask)[:MAX_COMPONENTS]
    distances = [distance(component) for component in components]
    one = _on_points([centre_of(distances[0], draw)])
    several = _on_points([centre_of(one_map, draw) for one_map in distances])
    boxes = [Prompts(box_rc=tight_box(component)) for component in components]
    return {
        Mode.ONE_POINT: one,
        Mode.POINTS: several,
        Mode.ONE_BOX: Simulated((boxes[0],)),
        Mode.BOXES: Simulated(tuple(boxes)),
        Mode.WHOLE_BOX: Simulated((Prompts(box_rc=whole),)),
    }


def _on_points(centres: Sequence[Centre]) -> Simulated:
    points = np.array([centre.point_rc for centre in centres], dtype=np.float64)
    prompts = Prompts(points, np.full(len(points), POSITIVE))
    return Simulated((prompts,), tuple(centre.tied for centre in centres))
