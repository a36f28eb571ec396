"""What a run is asked to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from napari_sam_med.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_sam_med.core.ports import Segmenter

MAX_CLICKS = 20


class Profile(StrEnum):
    """Which rules a run follows.

    ``as-released`` is the study's published code, rule by rule; ``as-written`` the
    paper's text; ``strict`` what this package recommends.
    """

    AS_RELEASED = "as-released"
    AS_WRITTEN = "as-written"
    STRICT = "strict"


class SettingGroup(StrEnum):
    """Which prompts are simulated."""

    MODES = "modes"
    CLICKS = "clicks"


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Everything that decides a run's numbers, apart from data and models.

    Parameters
    ----------
    profile : Profile
        The rules.
    groups : tuple of SettingGroup
        The prompts to simulate.
    clicks : int
        Number of clicks, 1 to 20.
    axis : 0, 1 or 2
        The array axis (z, y, x) across which volumes are sliced.
    feed_back : bool
        Whether ``strict`` gives the previous mask's logits back with each click, to
        models that take masks.

    Raises
    ------
    RunError
        If a value is not accepted; all faults are listed.

    Examples
    --------
    >>> RunSettings(clicks=5).profile
    <Profile.STRICT: 'strict'>
    """

    profile: Profile = Profile.STRICT
    groups: tuple[SettingGroup, ...] = (SettingGroup.MODES, SettingGroup.CLICKS)
    clicks: int = 9
    axis: int = 0
    feed_back: bool = True

    def __post_init__(self) -> None:
        faults = []
        if not 1 <= self.clicks <= MAX_CLICKS:
            faults.append(f"clicks {self.clicks} (give 1 to {MAX_CLICKS})")
        if self.axis not in (0, 1, 2):
            faults.append(f"axis {self.axis} (give 0, 1 or 2)")
        if not self.groups:
            faults.append(f"no settings (give some of {', '.join(SettingGroup)})")
        if faults:
            msg = f"a run cannot have {'; '.join(faults)}"
            raise RunError(msg)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain values, for the manifest."""
        return {**asdict(self), "groups": [str(group) for group in self.groups]}


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model to be loaded when its turn comes.

    Parameters
    ----------
    name : str
        Name under which its rows are stored.
    load : callable
        Returns the model; picklable if it is to be shipped to workers.
    card : mapping
        What is known of the model, for the manifest: plain values only.
    """

    name: str
    load: Callable[[], Segmenter]
    card: Mapping[str, object] = field(default_factory=dict)
