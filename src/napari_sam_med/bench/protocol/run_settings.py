"""What a run is asked to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Any, Literal

from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.errors import RunError
from napari_sam_med.simulate.rng import RELEASED_SEED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from napari_sam_med.core.ports import Segmenter

MAX_CLICKS = 20
"""The limit of RITM's published evaluation, and of those that followed it."""
MAX_GRID = 256
"""Points a side: 65,536 prompts a slice, 64 times those of SAM's own default of 32."""

MAX_SEED = 2**32 - 1
"""What ``numpy.random.RandomState`` takes."""

MAX_DRAWS = 10_000
"""Random prompts of a kind: their mean is then known to a hundredth of their spread."""


class SettingGroup(StrEnum):
    """Which prompts are simulated.

    ``modes`` prompts once in five ways, ``clicks`` corrects click by click,
    ``everything`` prompts with a grid of points, ``perturbation`` with boxes and points
    near the exact ones, and is stored as ``jitter``, as in earlier runs.
    ``clicking_groups`` clicks as ``clicks`` does, not into the centre but as often
    nearer to the border, in ten groups. ``recorded`` asks what a person asked in the
    viewer.
    """

    MODES = "modes"
    CLICKS = "clicks"
    EVERYTHING = "everything"
    PERTURBATION = "jitter"
    CLICKING_GROUPS = "clicking_groups"
    RECORDED = "recorded"


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
        Number of clicks, 1 to 20, also of each clicking group.
    axis : 0, 1 or 2
        The array axis (z, y, x) across which volumes are sliced.
    feed_back : bool
        Whether ``strict`` gives the previous mask's logits back with each click, to
        models that take masks.
    grids : tuple of int
        For ``everything``: points a side, one grid after the other.
    draws : int
        For perturbation: random prompts of each kind.
    jitter : float
        For perturbation: the most that an edge or a point is moved; a tenth of the side
        is the noise of the boxes that SAM was trained with (Kirillov et al. 2023,
        appendix A).
    jitter_unit : {"fraction", "px"}
        Whether that is a part of the box's side, or pixels.
    seed : int
        Of all draws; with 1 the published profiles draw as the study's code does.
    tolerance_mm : float or None
        Of the normalised surface Dice; None leaves outlines unmeasured. Two observers
        of head and neck CT differ by 1 to 3 mm, organ by organ (Nikolov et al. 2021).

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
    grids: tuple[int, ...] = (32,)
    draws: int = 5
    jitter: float = 0.1
    jitter_unit: Literal["fraction", "px"] = "fraction"
    tolerance_mm: float | None = 2.0
    seed: int = RELEASED_SEED

    def __post_init__(self) -> None:
        checks = {
            f"clicks {self.clicks} (give 1 to {MAX_CLICKS})": (
                1 <= self.clicks <= MAX_CLICKS
            ),
            f"axis {self.axis} (give 0, 1 or 2)": self.axis in (0, 1, 2),
            f"no settings (give some of {', '.join(SettingGroup)})": self.groups,
            f"grids {list(self.grids)} (give numbers from 1 to {MAX_GRID})": (
                self.grids and all(1 <= side <= MAX_GRID for side in self.grids)
            ),
            f"{self.draws} draws (give 1 to {MAX_DRAWS})": 1 <= self.draws <= MAX_DRAWS,
            f"perturbation {self.jitter} (give a number from 0)": 0
            <= self.jitter
            < inf,
            f"seed {self.seed} (give 0 to {MAX_SEED})": 0 <= self.seed <= MAX_SEED,
            f"tolerance {self.tolerance_mm} mm (give a number from 0)": (
                self.tolerance_mm is None or 0 <= self.tolerance_mm < inf
            ),
        }
        faults = [fault for fault, good in checks.items() if not good]
        if faults:
            msg = f"a run cannot have {'; '.join(faults)}"
            raise RunError(msg)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain values, for the manifest."""
        groups = [str(group) for group in self.groups]
        return {**asdict(self), "groups": groups, "grids": list(self.grids)}


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model to be loaded when its turn comes.

    Parameters
    ----------
    name : str
        Name under which its rows are stored.
    load : callable
        Returns the model; picklable if it is to be shipped to workers.
    card : mapping
        What is known of the model, for the manifest: plain values only.
    weights : Path or None
        The file that will be loaded, to notice other weights when a run goes on.
    computed : mapping
        How it is computed: ``device``, ``precision`` and ``threads``, as far as known.
        A run goes on only with the same device and precision.
    """

    name: str
    load: Callable[[], Segmenter]
    card: Mapping[str, object] = field(default_factory=dict)
    weights: Path | None = None
    computed: Mapping[str, str] = field(default_factory=dict)
