"""The profiles: whose rules a run follows, and which mask they report on."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from napari_sam_med.core.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT = "default"
"""The mask that a profile calls its default: in rows the chain of clicks of which each
corrects that mask, in tables all default masks."""


class Profile(StrEnum):
    """Which rules a run follows.

    ``as-released`` is the study's published code, rule by rule; ``as-written`` the
    paper's text; ``strict`` what this package recommends.
    """

    AS_RELEASED = "as-released"
    AS_WRITTEN = "as-written"
    STRICT = "strict"

    @property
    def is_published(self) -> bool:
        """Whether the profile is one of the study's own."""
        return self is not Profile.STRICT


def default_selection(profile: Profile, *, one_point: bool) -> Selection:
    """Say which mask a profile calls its default.

    Parameters
    ----------
    profile : Profile
        The profile.
    one_point : bool
        Whether the prompt is one point and nothing else.

    Returns
    -------
    Selection
    """
    if profile is Profile.AS_RELEASED:
        return Selection.FIRST
    if profile is Profile.AS_WRITTEN or one_point:
        return Selection.BEST_SCORE
    return Selection.SINGLE


def chain_rule(chain: str, profile: Profile) -> Callable[[int], Selection]:
    """Say which mask each click of a chain gives and the next one corrects.

    Parameters
    ----------
    chain : str
        A selection, or ``default``.
    profile : Profile
        The profile.

    Returns
    -------
    callable
        From the number of the click to the selection.

    Examples
    --------
    >>> rule = chain_rule("default", Profile.STRICT)
    >>> str(rule(1)), str(rule(2))
    ('best_score', 'single')
    """
    if chain == DEFAULT:
        return lambda step: default_selection(profile, one_point=step == 1)
    selection = Selection(chain)
    return lambda _: selection


def default_chain(profile: Profile, n_candidates: int) -> str:
    """Name the chain of clicks that gives a profile's default masks, as rows do.

    Parameters
    ----------
    profile : Profile
        The profile.
    n_candidates : int
        Masks that the model offers.

    Examples
    --------
    >>> default_chain(Profile.STRICT, 3), default_chain(Profile.AS_RELEASED, 3)
    ('default', 'first')
    """
    if has_own_default_chain(profile, n_candidates):
        return DEFAULT
    return str(default_selection(profile, one_point=True))


def has_own_default_chain(profile: Profile, n_candidates: int) -> bool:
    """Whether the default masks of a chain of clicks are of no one selection.

    Parameters
    ----------
    profile : Profile
        The profile.
    n_candidates : int
        Masks that the model offers; with one all selections are alike.
    """
    return profile is Profile.STRICT and n_candidates > 1
