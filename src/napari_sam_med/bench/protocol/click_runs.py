"""Prompt one object in every way asked for, and score the answers.

Everything here depends on the slice, the object, the model and the random choices that
are passed, and on nothing else: any worker may compute any case.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.bench.protocol.scoring import scored, scored_selections
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.selection import Picked, Selection, pick
from napari_sam_med.simulate.components import components_of
from napari_sam_med.simulate.modes import Simulated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from napari_sam_med.bench.protocol.cases import Case
    from napari_sam_med.bench.protocol.profiles import Rules
    from napari_sam_med.bench.protocol.run_settings import RunSettings
    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.core.slice_view import EmbeddedSlice
    from napari_sam_med.simulate.clicks import Click
    from napari_sam_med.simulate.modes import Mode
    from napari_sam_med.simulate.rng import Draw

Clicker = Callable[
    ["npt.NDArray[np.bool_] | None", "npt.NDArray[np.float64]"], "Click | None"
]
"""From the mask to correct (None at first) and (N, 2) earlier clicks to the next."""

Answer = tuple[list["Candidates"], float]
"""One answer for each prompt, in the slice's own pixels, and the seconds it took."""

Chain = Generator[Prompts, Answer, list[Row]]
"""Clicks on one object: yields prompts, is sent the answer, returns the rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A model that has seen a slice, and how it is asked.

    Parameters
    ----------
    seen : EmbeddedSlice
        Model and slice.
    one_by_one : bool
        Whether each prompt is a call of its own: a batch may differ in the last bits.
    tolerance_mm : float or None
        Of the normalised surface Dice; None leaves outlines unmeasured.
    """

    seen: EmbeddedSlice
    one_by_one: bool
    tolerance_mm: float | None = None

    @property
    def model(self) -> Segmenter:
        """Who answers."""
        return self.seen.model

    def answer(self, prompts: Sequence[Prompts]) -> Answer:
        """Predict one mask set for each of several prompts."""
        start = time.perf_counter()
        if self.one_by_one:
            found = [self.seen.predict(each) for each in prompts]
        else:
            found = self.seen.predict_many(prompts)
        return found, (time.perf_counter() - start) / len(prompts)


def row_of_case(case: Case, model: Segmenter, settings: RunSettings) -> Row:
    """Fill in what all rows of a case and a model share.

    Parameters
    ----------
    case : Case
        The object.
    model : Segmenter
        The model.
    settings : RunSettings
        The run's.

    Returns
    -------
    Row
        Without a setting and without a result.
    """
    truth = case.truth
    area = int(np.count_nonzero(truth))
    return Row(
        case_id=case.case_id,
        image=case.image,
        patient=case.patient,
        axis=case.plane.axis,
        slice=case.plane.index,
        label=case.label,
        label_name=case.label_name,
        model=model.name,
        model_sha256=model.sha256,
        profile=str(settings.profile),
        area_px=area,
        area_fraction=area / truth.size,
        n_parts=len(components_of(truth)),
        height=truth.shape[0],
        width=truth.shape[1],
        task=case.task,
        zoom=model.info.crop_refinement,
    )


def run_modes(
    scene: Scene, case: Case, base: Row, made: Mapping[Mode, Simulated]
) -> list[Row]:
    """Prompt an object in the modes that the model can be asked, and score.

    Parameters
    ----------
    scene : Scene
        Model and slice.
    case : Case
        The object.
    base : Row
        What its rows share.
    made : mapping of Mode to Simulated
        The prompts.

    Returns
    -------
    list of Row
        One for each mode and selection. A mode that needs a kind of prompt which the
        model does not take has none.
    """
    able = scene.model.capabilities
    asked = {
        mode: simulated
        for mode, simulated in made.items()
        if (able.boxes if mode.uses_box else able.points)
    }
    prompts = [one for simulated in asked.values() for one in simulated.prompts]
    if not prompts:
        return []
    answers, seconds = scene.answer(prompts)
    rows = []
    for mode, simulated in asked.items():
        mine = answers[: len(simulated.prompts)]
        answers = answers[len(simulated.prompts) :]
        named = replace(base, setting=str(mode), step=1)
        named = replace(named, seconds_predict=seconds * len(mine))
        rows += scored_selections(named, case, simulated, mine, scene.tolerance_mm)
    return rows


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
    """

    clicks: int
    feed_back: bool
    tolerance_mm: float | None = None


def simulated_clicker(
    case: Case, rules: Rules, draw_at: Callable[[int], Draw]
) -> Clicker:
    """Click by a profile's rules.

    Parameters
    ----------
    case : Case
        The object.
    rules : Rules
        The profile's.
    draw_at : callable
        From step to random choices.

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
    case: Case, base: Row, selection: Selection, clicker: Clicker, plan: ClickPlan
) -> Chain:
    """Click on an object until all clicks are made or nothing is left to correct.

    Parameters
    ----------
    case : Case
        The object.
    base : Row
        What its rows share.
    selection : Selection
        The rule that picks the mask which the next click corrects.
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
        One for each click. Once nothing is left to correct the last row is repeated.
        Empty if the model has no such selection.
    """
    base = replace(base, setting="clicks", selection=str(selection))
    points, labels = np.zeros((0, 2)), np.zeros(0, dtype=np.int64)
    rows: list[Row] = []
    picked: Picked | None = None
    for step in range(1, plan.clicks + 1):
        click = clicker(picked.mask if picked else None, points)
        if click is None:
            break
        points = np.vstack([points, click.point_rc])
        labels = np.append(labels, click.polarity)
        logits = picked.logits if picked and plan.feed_back else None
        prompts = Prompts(points, labels, mask_logits=logits)
        answers, seconds = yield prompts
        picked = pick(answers, selection, case.truth)
        if picked is None:
            return []
        simulated = Simulated((prompts,), (click.tied,) if click.tied else ())
        named = replace(base, step=step, seconds_predict=seconds)
        rows.append(scored(named, case, simulated, picked, plan.tolerance_mm))
    return rows + _repeated(rows[-1], plan.clicks)


def drive(scene: Scene, chains: Sequence[Chain]) -> list[Row]:
    """Answer several chains of clicks in step until all have ended.

    Parameters
    ----------
    scene : Scene
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
        answers, seconds = scene.answer(list(waiting.values()))
        asked, waiting = waiting, {}
        for number, candidates in zip(asked, answers, strict=True):
            try:
                waiting[number] = chains[number].send(([candidates], seconds))
            except StopIteration as stop:
                rows[number] = stop.value
    return [row for number in sorted(rows) for row in rows[number]]


def run_clicks(
    scene: Scene,
    case: Case,
    base: Row,
    plan: ClickPlan,
    clickers: Mapping[Selection, Clicker],
) -> list[Row]:
    """Click on an object, with one chain of clicks for each selection.

    Parameters
    ----------
    scene : Scene
        Model and slice.
    case : Case
        The object.
    base : Row
        What its rows share.
    plan : ClickPlan
        How the chains go; logits are fed back to models that take them.
    clickers : mapping of Selection to callable
        Who clicks for each selection.

    Returns
    -------
    list of Row
        One for each selection and click; none if the model takes no points.
    """
    able = scene.model.capabilities
    if not able.points:
        return []
    plan = replace(plan, feed_back=plan.feed_back and able.masks)
    chains = [
        click_chain(case, base, selection, clicker, plan)
        for selection, clicker in clickers.items()
    ]
    return drive(scene, chains)


def _repeated(row: Row, clicks: int) -> list[Row]:
    """Carry a finished chain's last row forward; nothing is predicted any more."""
    return [
        replace(row, step=step, seconds_predict=0.0, tied="[]")
        for step in range(row.step + 1, clicks + 1)
    ]
