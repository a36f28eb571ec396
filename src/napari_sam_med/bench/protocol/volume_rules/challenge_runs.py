"""``cvpr25-3d``: a box on the middle slice, then five clicks into the errors."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.volume_rules.challenge_prompts import (
    challenge_box,
    challenge_click,
)
from napari_sam_med.bench.protocol.volume_rules.prompts_from_truth import (
    text_from_given,
)
from napari_sam_med.bench.protocol.volume_rules.volume_scores import (
    area_under_clicks,
    scored_volume,
)
from napari_sam_med.bench.protocol.volume_rules.volume_settings import CHALLENGE_CLICKS
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.simulate.components import tight_box

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.protocol.volume_rules.challenge_prompts import VolumeClick
    from napari_sam_med.bench.protocol.volume_rules.volume_cases import VolumeCase
    from napari_sam_med.bench.protocol.volume_rules.volume_floors import Floor
    from napari_sam_med.bench.protocol.volume_rules.volume_models import (
        FollowedObject,
        VolumeModel,
    )
    from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
        VolumeSettings,
    )

BOX_SETTING, CLICKS_SETTING = "box", "clicks"


@dataclass(slots=True)
class _Interactions:
    """All that was prompted so far, by slice."""

    boxes: dict[int, npt.NDArray[np.float64]]
    clicks: dict[int, list[VolumeClick]] = field(default_factory=dict)

    def add(self, click: VolumeClick, mask: npt.NDArray[np.bool_]) -> None:
        """Note a click; on a slice without a box the mask's own tells what is meant.

        A click on the background alone would tell a slice's model nothing.
        """
        index = click.point_zyx[0]
        self.clicks.setdefault(index, []).append(click)
        if index not in self.boxes and mask[index].any():
            self.boxes[index] = tight_box(mask[index])

    @property
    def given(self) -> dict[int, Prompts]:
        """Prompts by slice."""
        found = {}
        for index in sorted({*self.boxes, *self.clicks}):
            clicks = self.clicks.get(index, [])
            points = np.array([click.point_zyx[1:] for click in clicks], dtype=float)
            labels = np.array([click.polarity for click in clicks], dtype=int)
            box = self.boxes.get(index)
            found[index] = Prompts(points.reshape(-1, 2), labels, box)
        return found


def challenge_rows(
    asked: VolumeModel, case: VolumeCase, base: Row, settings: VolumeSettings
) -> list[Row]:
    """Prompt an object as the challenge does.

    Parameters
    ----------
    asked : VolumeModel
        The model and the volume.
    case : VolumeCase
        The object.
    base : Row
        What its rows share.
    settings : VolumeSettings
        The run's.

    Returns
    -------
    list of Row
        One for the box (step 0) and one for each click; the last has the areas under
        the curves. None if the model takes no box; no clicks if it takes no points.
    """
    able = asked.model.capabilities
    if not able.boxes:
        return []
    index, box = challenge_box(case.truth)
    said = _Interactions({index: np.array(box, dtype=np.float64)})
    base = replace(base, slice=index, selection="best_score")
    followed = asked.follow(said.given)
    first = replace(base, setting=BOX_SETTING, step=0)
    rows = [_scored(first, case, followed, said, settings)]
    steps = range(1, CHALLENGE_CLICKS + 1) if able.points else ()
    for step in steps:
        named = replace(base, setting=CLICKS_SETTING, step=step)
        click = challenge_click(case.truth, followed.mask)
        if click is not None:  # else nothing is left to correct, nor to be asked
            said.add(click, followed.mask)
            followed = asked.follow(said.given)
        rows.append(_scored(named, case, followed, said, settings))
    if steps:
        rows[-1] = replace(
            rows[-1],
            dsc_auc=area_under_clicks([row.dice for row in rows[1:]]),
            nsd_auc=area_under_clicks([row.nsd for row in rows[1:]]),
        )
    return rows


def challenge_floor_rows(
    floor: Floor, case: VolumeCase, base: Row, settings: VolumeSettings
) -> list[Row]:
    """Score a floor beside the answer to the box.

    Parameters
    ----------
    floor : callable
        One of ``FLOORS``; it is told the middle slice, and to have something to
        interpolate the first and the last one too.
    case, base, settings
        As ``challenge_rows`` takes them.

    Returns
    -------
    list of Row
    """
    indices = case.indices
    middle = int(indices[len(indices) // 2])
    mask, places = floor(case, [middle]), [middle]
    if mask is None:
        places = sorted({int(indices[0]), middle, int(indices[-1])})
        mask = floor(case, places)
    if mask is None:
        return []
    given = {index: case.slice_at(index) for index in places}
    named = replace(base, setting=BOX_SETTING, step=0, slice=middle)
    named = replace(named, selection="best_score", prompts=text_from_given(given))
    return [scored_volume(named, case, mask, places, settings)]


def _scored(
    named: Row,
    case: VolumeCase,
    followed: FollowedObject,
    said: _Interactions,
    settings: VolumeSettings,
) -> Row:
    given = said.given
    answered = replace(
        named,
        prompts=text_from_given(given),
        score=followed.score,
        seconds_predict=followed.seconds,
    )
    return scored_volume(answered, case, followed.mask, list(given), settings)
