"""Panels of rows whose masks are predicted once more, and why some cannot be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from napari_sam_med.bench.data.subsets import load_named
from napari_sam_med.bench.protocol.result_rows import prompts_from_text
from napari_sam_med.bench.report.figures.picture_panels import PicturePanel
from napari_sam_med.bench.run.evaluation import Failure, attempt
from napari_sam_med.bench.run.repredict import RowPredictor
from napari_sam_med.core.metrics import iou
from napari_sam_med.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from napari_sam_med.bench.data.labelled_volumes import LabelledVolume, VolumeSource
    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.protocol.run_settings import RunSettings
    from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
        VolumeSettings,
    )
    from napari_sam_med.bench.report.cases_to_see import CasePlaces
    from napari_sam_med.core.ports import Segmenter

MOST_UNLIKE = 0.01
"""Of IoU: single pixels at the border may differ between machines."""
UNLIKE = (
    "their masks made again are not those of the rows, so image, labels or weights are "
    "others than in the run"
)


@dataclass(frozen=True, slots=True, eq=False)
class PictureSource:
    """What masks of a run are predicted again from.

    Parameters
    ----------
    source : VolumeSource
        The data of the run.
    load : callable
        Gives a model by the name in the rows.
    settings : RunSettings or VolumeSettings
        Of the run.
    """

    source: VolumeSource
    load: Callable[[str], Segmenter]
    settings: RunSettings | VolumeSettings


@dataclass(frozen=True, slots=True, eq=False)
class WantedPanel:
    """A row that is to be shown.

    Parameters
    ----------
    row : Row
        With its prompts.
    run : str
        Whose it is.
    title : str
        Above the panel.
    of_candidates : bool
        Show all candidates of its first prompt instead of its mask.
    """

    row: Row
    run: str
    title: str
    of_candidates: bool


class PanelsAgain:
    """Predicts the masks of rows again; a model or file that fails costs its own rows.

    Parameters
    ----------
    sources : mapping of str to PictureSource
        By the name of the run.
    places : CasePlaces
        The models' own names.
    """

    def __init__(
        self, sources: Mapping[str, PictureSource], places: CasePlaces
    ) -> None:
        self._sources, self._places = sources, places
        self._volumes: dict[str, dict[str, LabelledVolume] | Failure] = {}
        self.unloadable: dict[str, str] = {}
        """Why models cannot be loaded, by their names in the rows."""

    def panels(
        self, wanted: Sequence[WantedPanel]
    ) -> list[list[PicturePanel] | Failure]:
        """Make the panels of each row; each model is loaded, each slice embedded once.

        Parameters
        ----------
        wanted : sequence of WantedPanel
            The rows.

        Returns
        -------
        list of (list of PicturePanel or Failure)
            In the order of ``wanted``.
        """
        self._read(wanted)
        made: dict[int, list[PicturePanel] | Failure] = {}
        held: tuple[tuple[str, str], RowPredictor | Failure] | None = None
        for number in sorted(range(len(wanted)), key=lambda one: _order(wanted[one])):
            one = wanted[number]
            key = (one.run, one.row.model)
            if held is None or held[0] != key:
                held = (key, self._predictor(*key))
            made[number] = self._made(one, held[1])
        return [made[number] for number in range(len(wanted))]

    def _read(self, wanted: Sequence[WantedPanel]) -> None:
        names: dict[str, set[str]] = {}
        for one in wanted:
            names.setdefault(one.run, set()).add(one.row.image)
        for run, images in names.items():
            source = self._sources[run].source
            found = attempt(partial(_volumes_of, source, images))
            self._volumes[run] = found

    def _predictor(self, run: str, model: str) -> RowPredictor | Failure:
        own = self._places.models.get(model, model)
        loaded = attempt(lambda: loaded_again(self._sources[run], own, model))
        if isinstance(loaded, Failure):
            self.unloadable[model] = loaded.reason
            return loaded
        # runs over slices and over volumes stand in no page together
        settings = cast("RunSettings", self._sources[run].settings)
        return RowPredictor(loaded, settings)

    def _made(
        self, one: WantedPanel, predictor: RowPredictor | Failure
    ) -> list[PicturePanel] | Failure:
        volumes = self._volumes[one.run]
        if isinstance(predictor, Failure):
            return predictor
        if isinstance(volumes, Failure):
            return volumes
        labelled = volumes.get(one.row.image)
        if labelled is None:
            return Failure(f"{one.row.image} of {one.run} cannot be read again")
        make = _of_candidates if one.of_candidates else _of_mask
        return attempt(lambda: make(one, labelled, predictor))


def loaded_again(source: PictureSource, own: str, told: str) -> Segmenter:
    """Load a model.

    Parameters
    ----------
    source : PictureSource
        Of its run.
    own, told : str
        Its own name, and that in the rows.

    Raises
    ------
    RunError
        Whatever goes wrong, with the name in the rows.
    """
    found = attempt(lambda: source.load(own))
    if isinstance(found, Failure):
        msg = f"{told} cannot be loaded again ({found.reason})"
        raise RunError(msg)
    return found


def left_out_note(reasons: Sequence[str], what: str, where: str = "") -> str:
    """Say what is not shown, and why.

    Parameters
    ----------
    reasons : sequence of str
        One for each that is not.
    what, where : str
        What they are, such as ``picture``, and of what they are left out.

    Examples
    --------
    >>> left_out_note(["the disk is gone"] * 2, "picture")
    '2 pictures are left out: the disk is gone.'
    """
    return " ".join(
        f"{count} {what}{'s are' if count > 1 else ' is'} left out{where}: {reason}."
        for reason, count in Counter(reasons).items()
    )


def _order(one: WantedPanel) -> tuple[str, str, str, int]:
    return (one.run, one.row.model, one.row.image, one.row.slice)


def _volumes_of(source: VolumeSource, names: set[str]) -> dict[str, LabelledVolume]:
    return {found.name: found for found in load_named(source, names)}


def _of_mask(
    one: WantedPanel, labelled: LabelledVolume, predictor: RowPredictor
) -> list[PicturePanel] | Failure:
    row = one.row
    mask, truth = predictor.mask(row, labelled), predictor.truth(row, labelled)
    if abs(iou(mask, truth) - row.iou) > MOST_UNLIKE:
        return Failure(UNLIKE)
    prompts = prompts_from_text(row.prompts, row.case_id)
    return [
        PicturePanel(labelled, row.axis, row.slice, truth, mask, prompts, one.title)
    ]


def _of_candidates(
    one: WantedPanel, labelled: LabelledVolume, predictor: RowPredictor
) -> list[PicturePanel]:
    row = one.row
    found = predictor.candidates(row, labelled)
    truth = predictor.truth(row, labelled)
    prompts = prompts_from_text(row.prompts, row.case_id)
    return [
        PicturePanel(
            labelled, row.axis, row.slice, truth, mask, prompts,
            f"candidate {number}\npredicted {score:.2f}, IoU {iou(mask, truth):.2f}",
        )
        for number, (mask, score) in enumerate(
            zip(found.masks, found.scores.tolist(), strict=True), start=1
        )
    ]  # fmt: skip
