"""The rules by which the profiles differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.simulate.clicks import first_click, released_click, ritm_click
from napari_sam_med.simulate.components import components_of
from napari_sam_med.simulate.distance_maps import (
    centre_of,
    exact_distance,
    released_distance,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.bench.protocol.cases import Case
    from napari_sam_med.simulate.clicks import Click
    from napari_sam_med.simulate.distance_maps import DistanceMap, Placement
    from napari_sam_med.simulate.rng import Draw

NextClick = Callable[
    ["Case", "npt.NDArray[np.bool_]", "npt.NDArray[np.float64]", "Draw"],
    "Click | None",
]
"""From case, mask to correct, (N, 2) earlier clicks and choice to the next click."""


@dataclass(frozen=True, slots=True)
class ProfileRules:
    """One profile, as far as it concerns one case.

    Parameters
    ----------
    distance : callable
        From case to the map that points are placed by.
    first_on_whole : bool
        Whether the first of several clicks looks at the whole object, not at its
        largest component.
    next_click : callable
        The rule of the clicks that correct; None stops them.
    sequential : bool
        Whether one random stream runs through all cases and prompts are
        answered one call at a time.
    takes_feedback : bool
        Whether the previous logits may be given back with a click.
    place : callable
        Where in its region the first click goes; ``next_click`` has its own.
    """

    distance: Callable[[Case], DistanceMap]
    first_on_whole: bool
    next_click: NextClick
    sequential: bool
    takes_feedback: bool
    place: Placement = centre_of

    def first_click(self, case: Case, draw: Draw) -> Click:
        """Place the first of several clicks."""
        truth = case.truth
        region = truth if self.first_on_whole else components_of(truth)[0]
        return first_click(region, self.distance(case), draw, place=self.place)


def rules_of(profile: Profile, place: Placement = centre_of) -> ProfileRules:
    """Look up a profile's rules.

    Parameters
    ----------
    profile : Profile
        The profile.
    place : callable
        Where in a region clicks go; all profiles say its centre.

    Returns
    -------
    ProfileRules

    Notes
    -----
    ``as-released`` follows mazurowski-lab/segment-anything-medical-evaluation,
    ``as-written`` Mazurowski et al. 2023, section 2.3; ``strict`` takes the clicks of
    SamsungLabs/ritm_interactive_segmentation.
    """
    if profile is Profile.STRICT:
        return ProfileRules(
            distance=_spaced_distance,
            first_on_whole=False,
            next_click=partial(_strict_click, place=place),
            sequential=False,
            takes_feedback=True,
            place=place,
        )
    released = profile is Profile.AS_RELEASED
    return ProfileRules(
        distance=lambda _: released_distance,
        first_on_whole=released,
        next_click=partial(
            _released_click if released else _written_click, place=place
        ),
        sequential=True,
        takes_feedback=False,
        place=place,
    )


def _spaced_distance(case: Case) -> DistanceMap:
    return partial(exact_distance, spacing_rc=case.plane.spacing_rc)


def _released_click(
    case: Case,
    mask: npt.NDArray[np.bool_],
    _clicked_rc: npt.NDArray[np.float64],
    draw: Draw,
    *,
    place: Placement,
) -> Click:
    return released_click(
        case.truth, mask, case.labels, released_distance, draw, place=place
    )


def _written_click(
    case: Case,
    mask: npt.NDArray[np.bool_],
    _clicked_rc: npt.NDArray[np.float64],
    draw: Draw,
    *,
    place: Placement,
) -> Click:
    truth = case.truth
    return released_click(truth, mask, truth, released_distance, draw, place=place)


def _strict_click(
    case: Case,
    mask: npt.NDArray[np.bool_],
    clicked_rc: npt.NDArray[np.float64],
    draw: Draw,
    *,
    place: Placement,
) -> Click | None:
    return ritm_click(
        case.truth,
        mask,
        clicked_rc,
        draw,
        spacing_rc=case.plane.spacing_rc,
        place=place,
    )
