"""Click on one object, correct the answers, and score them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.profiles import Profile, chain_rule
from napari_sam_med.bench.protocol.prompted_slices import Answer
from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.protocol.scoring import MaskMeasures, scored
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.selection import Picked, pick
from napari_sam_med.simulate.modes import Simulated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from napari_sam_med.bench.protocol.cases import Case
    from napari_sam_med.bench.protocol.profile_rules import ProfileRules
    from napari_sam_med.bench.protocol.prompted_slices import PromptedSlice
    from napari_sam_med.simulate.clicks import Click
    from napari_sam_med.simulate.rng import Draw

Clicker = Callable[
    ["npt.NDArray[np.bool_] | None", "npt.NDArray[np.float64]"], "Click | None"
]
"""From the mask to correct (None at first) and (N, 2) earlier clicks to the next."""

Chain = Generator[Prompts, Answer, list[Row]]
"""Clicks on one object: yields prompts, is sent the answer, returns the rows."""


@dataclass(frozen=True, slots=True)
class ClickPlan:
    """How a chain of clicks goes.

    Parameters
    ----------
    clicks : int
        Number of clicks.
    feed_back : bool
        Whether the picked mask's logits go back with the next click.
    tolerance_mm : float or None
        Of the normalised surface Dice; None leaves outlines unmeasured.
    given : bool
        Whether the clicks are those of another run: a chain that ends there is no sign
        that nothing is left to correct here.
    known : dict
        What was measured of masks of this object; ``scored`` fills it.
    """

    clicks: int
    feed_back: bool
    tolerance_mm: float | None = None
    given: bool = False
    known: dict[bytes, MaskMeasures] = field(default_factory=dict, compare=False)


def simulated_clicker(
    case: Case, rules: ProfileRules, draw_at: Callable[[int], Draw]
) -> Clicker:
    """Click by a profile's rules.

    Parameters
    ----------
    case : Case
        The object.
    rules : ProfileRules
        The profile's.
    draw_at : callable
        From step to draws.

    Returns
    -------
    callable
    """

    def click(
        mask: npt.NDArray[np.bool_] | None, clicked_rc: npt.NDArray[np.float64]
    ) -> Click | None:
        draw = draw_at(len(clicked_rc) + 1)
        if mask is None:
            return rules.first_click(case, draw)
        return rules.next_click(case, mask, clicked_rc, draw)

    return click


def click_chain(
    case: Case, base: Row, chain: str, clicker: Clicker, plan: ClickPlan
) -> Chain:
    """Click on an object until all clicks are made or nothing is left to correct.

    Parameters
    ----------
    case : Case
        The object.
    base : Row
        What its rows share, with the setting.
    chain : str
        A selection, or ``default``: what picks the mask that the next click corrects.
    clicker : callable
        Makes the clicks.
    plan : ClickPlan
        How to go on.

    Yields
    ------
    Prompts
        All clicks so far; is to be sent the model's answer.

    Returns
    -------
    list of Row
        One for each click. Once nothing is left to correct the last row is repeated;
        where clicks were given and there is no further one, the chain ends. Empty if
        the model has no such selection.
    """
    base = replace(base, selection=chain)
    selection_at = chain_rule(chain, Profile(base.profile))
    points, polarity = np.zeros((0, 2)), np.zeros(0, dtype=np.int64)
    rows: list[Row] = []
    picked: Picked | None = None
    for step in range(1, plan.clicks + 1):
        click = clicker(picked.mask if picked else None, points)
        if click is None:
            break
        points = np.vstack([points, click.point_rc])
        polarity = np.append(polarity, click.polarity)
        logits = picked.logits if picked and plan.feed_back else None
        prompts = Prompts(points, polarity, mask_logits=logits)
        answers, seconds = yield prompts
        picked = pick(answers, selection_at(step), case.truth)
        if picked is None:
            return []
        simulated = Simulated((prompts,), (click.tied,) if click.tied else ())
        named = replace(base, step=step, seconds_predict=seconds)
        rows.append(
            scored(named, case, simulated, picked, plan.tolerance_mm, plan.known)
        )
    if plan.given and (picked is None or not np.array_equal(picked.mask, case.truth)):
        return rows
    return rows + _repeated(rows[-1], plan.clicks)


def drive(prompted: PromptedSlice, chains: Sequence[Chain]) -> list[Row]:
    """Answer several chains of clicks in step until all have ended.

    Parameters
    ----------
    prompted : PromptedSlice
        Model and slice.
    chains : sequence of Chain
        Not yet started.

    Returns
    -------
    list of Row
        The chains' rows, chain after chain.
    """
    rows: dict[int, list[Row]] = {}
    waiting = {number: next(chain) for number, chain in enumerate(chains)}
    while waiting:
        # chains agree at least in their first click, of a model with one mask in most
        different = {_key(prompts): prompts for prompts in waiting.values()}
        answers, seconds = prompted.answer(list(different.values()))
        found = dict(zip(different, answers, strict=True))
        asked, waiting = waiting, {}
        for number, prompts in asked.items():
            try:
                answer = [found[_key(prompts)]], seconds
                waiting[number] = chains[number].send(answer)
            except StopIteration as stop:
                rows[number] = stop.value
    return [row for number in sorted(rows) for row in rows[number]]


def run_clicks(
    prompted: PromptedSlice,
    case: Case,
    base: Row,
    plan: ClickPlan,
    clickers: Mapping[str, Clicker],
) -> list[Row]:
    """Click on an object, with one chain of clicks for each way to pick a mask.

    Parameters
    ----------
    prompted : PromptedSlice
        Model and slice.
    case : Case
        The object.
    base : Row
        What its rows share.
    plan : ClickPlan
        How the chains go; logits are fed back to models that take them.
    clickers : mapping of str to callable
        Who clicks for each selection, and for ``default``.

    Returns
    -------
    list of Row
        One for each chain and click; none if the model takes no points.
    """
    able = prompted.model.capabilities
    if not able.points:
        return []
    plan = replace(plan, feed_back=plan.feed_back and able.masks)
    base = replace(base, setting="clicks")
    chains = [
        click_chain(case, base, chain, clicker, plan)
        for chain, clicker in clickers.items()
    ]
    return drive(prompted, chains)


def _key(prompts: Prompts) -> tuple[object, ...]:
    """Tell prompts apart; those with logits always are, which saves comparing these."""
    if prompts.mask_logits is not None:
        return (id(prompts),)
    return (prompts.points_rc.tobytes(), prompts.labels.tobytes())


def _repeated(row: Row, clicks: int) -> list[Row]:
    """Carry a finished chain's last row forward; nothing is predicted any more."""
    return [
        replace(row, step=step, seconds_predict=0.0, tied="[]")
        for step in range(row.step + 1, clicks + 1)
    ]
