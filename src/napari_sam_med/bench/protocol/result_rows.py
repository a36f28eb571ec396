"""One prediction and how good it was: the row of the result table."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.storage.documents import Document
from napari_sam_med.core.windows import MaximumScaling
from napari_sam_med.errors import FileReadError, PromptError

if TYPE_CHECKING:
    from napari_sam_med.core.windows import Window

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Row:
    """One prediction, or one failure, with everything needed to repeat it.

    Parameters
    ----------
    case_id : str
        Data set, volume, slice and class, unique among all data: ``dataset_id`` of the
        manifest, a slash, and what seeds the draws of ``strict``.
    image, patient : str
        Name of the volume, and of the patient that the statistics group by; before the
        patient's name stands the data set.
    axis, slice : int
        The plane; -1 where a pair could not be read at all.
    label, label_name
        The class, with its value in the label image.
    model, model_sha256, profile : str
        What was run.
    setting : str
        ``mode1`` to ``mode5``, ``clicks``, ``everything``, ``box_shift``,
        ``box_expand``, ``box_corners``, ``point_shift`` or ``clicking_group_01`` (near
        the border) to ``clicking_group_10``; of a person's recorded prompts
        ``recorded_box`` or ``recorded_clicks``; of a failure the group that failed.
    step : int
        Number of the click, 1 for the modes, points a side for ``everything``, number
        of the draw for perturbed prompts, 0 for a failure.
    selection : str
        ``first``, ``best_score``, ``oracle`` or ``single``; of clicks also ``default``,
        the chain in which each click corrects the profile's default mask, where that
        is none of the four throughout.
    iou, dice, score : float
        Agreement with the truth, and the IoU that the model predicted, to 4 decimals:
        its further ones depend on threads and processor.
    prompts : str
        JSON list of prompts in (row, column) of the slice; the masks of several are
        joined.
    area_px, area_fraction, n_parts, height, width
        The object and the slice, in pixels; ``n_parts`` counts connected components.
    seconds_embed, seconds_predict : float
        Time for the slice's embedding, and for this prediction (a batch is shared out).
    error : str
        Empty, or why there is no result.
    task : str
        The data set's name and the class: what means are taken over.
    tied : str
        JSON list: for each point drawn in this step, among how many equals.
    nsd, hd95_mm : float
        Normalised surface Dice, and 95th percentile of the distance between outlines in
        millimetres; NaN if they were not measured.
    n_masks : int
        Of a grid of points: how many different masks were left to choose from.
    zoom : str
        ``off`` if the model saw the whole image only, else ``auto`` or ``on``: whether
        it looked at crops of small objects or of all.
    iou_volume : float
        Of an object in a volume: IoU of all its voxels; NaN on a slice, as the others
        below. ``slice`` is then the first prompted one, ``area_px`` and ``n_parts``
        count voxels and 26-connected parts.
    surplus_slices : float
        Slices with a mask where there is no object.
    lost_mm : float
        From the nearest prompted slice to the nearest one where the object was missed.
    dsc_auc, nsd_auc : float
        After the last click: area under Dice and NSD over the clicks.
    window_low, window_high : float
        What the model saw as black and as white, in the image's own unit; NaN where
        each slice was divided by its maximum, and in runs of earlier releases.
    """

    case_id: str
    image: str = ""
    patient: str = ""
    axis: int = -1
    slice: int = -1
    label: int = 0
    label_name: str = ""
    model: str = ""
    model_sha256: str = ""
    profile: str = ""
    setting: str = ""
    step: int = 0
    selection: str = ""
    iou: float = NAN
    dice: float = NAN
    score: float = NAN
    prompts: str = "[]"
    area_px: int = 0
    area_fraction: float = NAN
    n_parts: int = 0
    height: int = 0
    width: int = 0
    seconds_embed: float = NAN
    seconds_predict: float = NAN
    error: str = ""
    task: str = ""
    tied: str = "[]"
    nsd: float = NAN
    hd95_mm: float = NAN
    n_masks: int = 0
    zoom: str = "off"
    iou_volume: float = NAN
    surplus_slices: float = NAN
    lost_mm: float = NAN
    dsc_auc: float = NAN
    nsd_auc: float = NAN
    window_low: float = NAN
    window_high: float = NAN

    def to_dict(self) -> dict[str, Any]:
        """Return the columns by name."""
        return {name: getattr(self, name) for name in COLUMNS}


COLUMNS = tuple(field.name for field in fields(Row))


def with_window(row: Row, window: Window | MaximumScaling | None) -> Row:
    """Note through what window a model saw the image.

    Parameters
    ----------
    row : Row
        Of the image.
    window : Window, MaximumScaling or None
        As `SliceView` has it: None leaves 8-bit colours as they are.
    """
    if isinstance(window, MaximumScaling):
        return row
    low, high = (window.low, window.high) if window else (0, 255)
    return replace(row, window_low=float(low), window_high=float(high))


class Drawn(NamedTuple):
    """What a stored row says about the draws behind it."""

    setting: str
    step: int
    selection: str
    tied: str


PROMPTS = Document(
    "a row's prompts", list[dict[str, Any]], "run its case again in a new folder"
)
TIED = Document(
    "a row's draws",
    list[Annotated[int, Field(ge=1)]],
    "run it again in a new folder",
)


def prompts_from_text(text: str, case_id: str) -> tuple[Prompts, ...]:
    """Read the prompts of a row.

    Parameters
    ----------
    text : str
        The column ``prompts``: a JSON list.
    case_id : str
        Of the row, for what is said about damaged ones.

    Returns
    -------
    tuple of Prompts

    Raises
    ------
    FileReadError
        If they are damaged.
    """
    where = f"the result of {case_id}"
    try:
        return tuple(Prompts.from_json(each) for each in PROMPTS.parse(text, where))
    except PromptError as error:
        msg = f"{where} has damaged prompts ({error}); {PROMPTS.remedy}"
        raise FileReadError(msg) from error


def tied_from_text(text: str) -> tuple[int, ...]:
    """Read among how many equals each point of a row was drawn.

    Parameters
    ----------
    text : str
        The column ``tied``: a JSON list.

    Raises
    ------
    FileReadError
        If it is damaged.
    """
    return tuple(TIED.parse(text, "a stored result"))
