"""A slice that a model has seen and is asked about.

What is asked of it depends on the slice, the object, the model and the draws that are
passed, and on nothing else: any worker may compute any case.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.result_rows import Row
from napari_sam_med.simulate.components import components_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam_med.bench.protocol.cases import Case
    from napari_sam_med.bench.protocol.run_settings import RunSettings
    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.core.slice_view import EmbeddedSlice

Answer = tuple[list["Candidates"], float]
"""One answer for each prompt, in the slice's own pixels, and the seconds it took."""


@dataclass(frozen=True, slots=True, eq=False)
class PromptedSlice:
    """A model that has seen a slice, and how it is asked.

    Parameters
    ----------
    embedded : EmbeddedSlice
        Model and slice.
    one_by_one : bool
        Whether each prompt is a call of its own: a batch may differ in the last bits.
    tolerance_mm : float or None
        Of the normalised surface Dice; None leaves outlines unmeasured.
    """

    embedded: EmbeddedSlice
    one_by_one: bool
    tolerance_mm: float | None = None

    @property
    def model(self) -> Segmenter:
        """Who answers."""
        return self.embedded.model

    def answer(self, prompts: Sequence[Prompts]) -> Answer:
        """Predict one mask set for each of several prompts."""
        start = time.perf_counter()
        if self.one_by_one:
            found = [self.embedded.predict(each) for each in prompts]
        else:
            found = self.embedded.predict_many(prompts)
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
