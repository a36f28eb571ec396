"""The profiles: whose rules a run follows, and which mask they report on."""

from __future__ import annotations

from enum import StrEnum

from napari_sam_med.core.selection import Selection


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
