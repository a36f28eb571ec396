"""Prompt one object in every way asked for, and score the answers.

Everything here depends on the slice, the object, the model and the random choices that
are passed, and on nothing else: any worker may compute any case.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.rows import Row
from napari_sam_med.core.metrics import dice, iou
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.selection import Picked, Selection, pick
from napari_sam_med.simulate.modes import Simulated, simulate_modes
from napari_sam_med.simulate.parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_sam_med.bench.cases import Case
    from napari_sam_med.bench.protocols import Rules
    from napari_sam_med.bench.settings import RunSettings
    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.planes import SquareGrid
    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.simulate.choices import Choose

ChooseAt = Callable[[int], "Choose"]
"""From the step of a chain of clicks to the choices made in it."""

Answer = tuple[list["Candidates"], float]
"""One answer for each prompt, in the slice's own pixels, and the seconds it took."""

Chain = Generator[Prompts, Answer, list[Row]]
"""Clicks on one object: yields prompts, is sent the answer, returns the rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A model that has seen a slice; prompts and masks are in the slice's own pixels.

    Parameters
    ----------
    model : Segmenter
        The model.
    embedding : Embedding
        Of the slice's square-pixel image.
    grid : SquareGrid
        The way between both.
    one_by_one : bool
        Whether each prompt is a call of its own: a batch may differ in the last bits.
    seconds_embed : float
        Time that the embedding took.
    """

    model: Segmenter
    embedding: Embedding
    grid: SquareGrid
    one_by_one: bool
    seconds_embed: float

    def answer(self, prompts: Sequence[Prompts]) -> Answer:
        """Predict one mask set for each of several prompts."""
        start = time.perf_counter()
        moved = [self.grid.prompts_to_square(each) for each in prompts]
        if self.one_by_one:
            found = [self.model.predict(self.embedding, each) for each in moved]
        else:
            found = self.model.predict_many(self.embedding, moved)
        seconds = (time.perf_counter() - start) / len(moved)
        return [self.grid.candidates_to_slice(each) for each in found], seconds


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
        n_parts=len(parts_of(truth)),
        height=truth.shape[0],
        width=truth.shape[1],
        task=case.task,
    )


def run_modes(
    scene: Scene, case: Case, base: Row, rules: Rules, choose: Choose
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
    rules : Rules
        The profile's.
    choose : callable
        Draws one of n equals.

    Returns
    -------
    list of Row
        One for each mode and selection. A mode that needs a kind of prompt which the
        model does not take has none.
    """
    able = scene.model.capabilities
    made = simulate_modes(case.truth, rules.distance(case), choose)
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
        rows += _rows_of(named, case, simulated, mine, seconds * len(mine))
    return rows


@dataclass(frozen=True, slots=True)
class ClickPlan:
    """How a chain of clicks goes.

    Parameters
    ----------
    rules : Rules
        The profile's.
    clicks : int
        Number of clicks.
    feed_back : bool
        Whether the picked mask's logits go back with the next click.
    """

    rules: Rules
    clicks: int
    feed_back: bool


def click_chain(
    case: Case,
    base: Row,
    selection: Selection,
    choose_at: ChooseAt,
    plan: ClickPlan,
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
    choose_at : callable
        From step to choices.
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
    made = [plan.rules.first_click(case, choose_at(1))]
    rows: list[Row] = []
    logits = None
    for step in range(1, plan.clicks + 1):
        points = np.array([click.point_rc for click in made], dtype=np.float64)
        labels = np.array([click.label for click in made])
        prompts = Prompts(points, labels, mask_logits=logits)
        answers, seconds = yield prompts
        picked = pick(answers, selection, case.truth)
        if picked is None:
            return []
        simulated = Simulated((prompts,), (made[-1].tied,))
        named = replace(base, step=step, seconds_predict=seconds)
        rows.append(_scored(named, case, simulated, picked))
        if step == plan.clicks:
            break
        choose = choose_at(step + 1)
        following = plan.rules.next_click(case, picked.mask, points, choose)
        if following is None:
            rows += _repeated(rows[-1], plan.clicks)
            break
        made.append(following)
        logits = picked.logits if plan.feed_back else None
    return rows


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
    choices: Iterable[tuple[Selection, ChooseAt]],
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
    choices : iterable of (Selection, callable)
        The selections, each with its random choices by step.

    Returns
    -------
    list of Row
        One for each selection and click; none if the model takes no points.
    """
    able = scene.model.capabilities
    if not able.points:
        return []
    feed_back = plan.feed_back and plan.rules.takes_feedback and able.masks
    plan = replace(plan, feed_back=feed_back)
    chains = [
        click_chain(case, base, selection, choose_at, plan)
        for selection, choose_at in choices
    ]
    return drive(scene, chains)


def _rows_of(
    base: Row,
    case: Case,
    simulated: Simulated,
    answers: Sequence[Candidates],
    seconds: float,
) -> list[Row]:
    rows = []
    for selection in Selection:
        picked = pick(answers, selection, case.truth)
        if picked is not None:
            named = replace(base, selection=str(selection), seconds_predict=seconds)
            rows.append(_scored(named, case, simulated, picked))
    return rows


def _scored(base: Row, case: Case, simulated: Simulated, picked: Picked) -> Row:
    truth = case.truth
    return replace(
        base,
        iou=iou(picked.mask, truth),
        dice=dice(picked.mask, truth),
        score=picked.score,
        prompts=json.dumps([each.to_json() for each in simulated.prompts]),
        tied=json.dumps(simulated.tied),
    )


def _repeated(row: Row, clicks: int) -> list[Row]:
    """Carry a finished chain's last row forward; nothing is predicted any more."""
    return [
        replace(row, step=step, seconds_predict=0.0, tied="[]")
        for step in range(row.step + 1, clicks + 1)
    ]
