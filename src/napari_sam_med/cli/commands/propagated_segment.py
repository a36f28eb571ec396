"""``segment --propagate``: one object followed through the volume."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

import numpy as np
from rich.table import Table

from napari_sam_med.cli.choices import window_from_text
from napari_sam_med.cli.progress import counting
from napari_sam_med.cli.segment_options import (
    Asked,
    Segmented,
    Where,
    index_range,
    prompts_by_slice,
    slot_of,
)
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.slice_view import EmbeddedSlice
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import ImageError
from napari_sam_med.propagation import (
    Origin,
    Propagation,
    PropagationSettings,
    SliceMask,
    VolumeViews,
    gathered,
    iterate_propagation,
)
from napari_sam_med.propagation.propagation_settings import SliceGiven
from napari_sam_med.session.status import counted


def segment_volume(
    where: Where, asked: Asked
) -> Callable[[Volume, Segmenter], Segmented]:
    """Check what was typed, and return what follows the object.

    Parameters
    ----------
    where, asked : Where, Asked
        What was typed.

    Returns
    -------
    callable (volume, model) -> Segmented

    Raises
    ------
    PromptError
        As ``prompts_by_slice``.
    ImageError
        If the range is none.
    """
    prompts = prompts_by_slice(asked, where)
    settings = PropagationSettings(
        axis=where.axis,
        method=where.method or "projection",
        index_range=index_range(where.range),
        window=window_from_text(where.window) if where.window else None,
    )

    def find(volume: Volume, model: Segmenter) -> Segmented:
        _check_slices(prompts, volume, where)
        given = _given(prompts, asked, VolumeViews.of(volume, settings), model)
        run = iterate_propagation(model, volume, given, settings)
        low, high = settings.reach(volume.shape_zyx[where.axis])
        with closing(run):
            found = gathered(_counted(run, high - low + 1), volume, where.axis)
        return _segmented(found, volume, settings)

    return find


def _check_slices(
    prompts: Mapping[int, list[Prompts]], volume: Volume, where: Where
) -> None:
    count = volume.shape_zyx[where.axis]
    if count == 1:
        msg = (
            f"the image has a single slice across axis {where.axis}, and propagation "
            "needs a volume; leave --propagate out"
        )
        raise ImageError(msg)
    outside = next((index for index in prompts if index >= count), None)
    if outside is not None:
        msg = f"there is no slice {outside}; axis {where.axis} has 0 to {count - 1}"
        raise ImageError(msg)


def _given(
    prompts: Mapping[int, list[Prompts]],
    asked: Asked,
    views: VolumeViews,
    model: Segmenter,
) -> dict[int, SliceGiven]:
    """Hand prompts on; answer those that only the person's choice makes a mask of."""
    given: dict[int, SliceGiven] = {}
    for index, some in prompts.items():
        for one in some:
            one.check_inside(views[index].shape_hw)
        if len(some) == 1 and asked.candidate == "best":
            given[index] = some[0]
            continue
        answers = EmbeddedSlice.of(model, views[index]).predict_many(some)
        slot = slot_of(answers, asked.candidate)
        given[index] = np.any([answer.masks[slot] for answer in answers], axis=0)
    return given


def _counted(run: Iterator[SliceMask], total: int) -> list[SliceMask]:
    """Show how many slices are done, and how long the rest may take at most."""
    found: list[SliceMask] = []
    start = time.perf_counter()
    with counting("Propagating") as step:
        step(0, total, None)
        for each in run:
            found.append(each)
            seconds = (time.perf_counter() - start) / len(found)
            step(len(found), total, seconds * (total - len(found)))
    return found


def _segmented(
    found: Propagation, volume: Volume, settings: PropagationSettings
) -> Segmented:
    largest = max(found, key=lambda each: each.area_px)
    plane = SlicePlane.of(volume.geometry, settings.axis, largest.index)
    mask = found.volume_mask()
    return Segmented(mask, plane, _table(found, int(mask.sum()), volume))


def _table(found: Propagation, n_voxels: int, volume: Volume) -> Table:
    first, last = found.slices[0].index, found.slices[-1].index
    table = Table(title=f"Slices {first} to {last} across axis {found.axis}")
    for heading in ("", "slices", "lowest score", "on slice"):
        table.add_column(heading, justify="right")
    for origin in Origin:
        some = [each for each in found if each.origin is origin]
        if some:
            worst = min(some, key=lambda each: each.score)
            table.add_row(
                origin.value, str(len(some)), f"{worst.score:.3f}", str(worst.index)
            )
    millilitres = n_voxels * float(np.prod(volume.geometry.spacing_zyx)) / 1000
    table.caption = f"{counted(n_voxels, 'voxel')}, {millilitres:.1f} mL"
    return table
