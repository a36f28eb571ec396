"""Saved prompts in the axes of the file, where napari shows them in other ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from napari.layers import Image

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.gui.napari_io import axes_of, shape_zyx
from napari_sam_med.gui.opening.readers import STORED_AS
from napari_sam_med.session.kinds.start_masks import StartMask
from napari_sam_med.session.replay import Record
from napari_sam_med.session.saved_session import SavedMask


def records_in_file(records: Sequence[Record], image: Image) -> list[Record]:
    """Say of accepted prompts where they lie in the array that the file holds.

    Parameters
    ----------
    records : sequence of Record
        In the layer's axes.
    image : Image
        Whose axes the reader has perhaps put in another order than the file's.

    Returns
    -------
    list of Record
        To be asked again of the file as ``io.volumes.read_volume`` gives it.
    """
    geometry, shape = image.metadata.get("geometry"), image.metadata.get("shape")
    if not isinstance(geometry, Geometry) or shape is None or image.ndim == 2:
        return list(records)
    axes = axes_of(geometry)
    if tuple(shape[axis] for axis in axes) != shape_zyx(image):
        return list(records)
    return [_reordered(record, axes) for record in records]


def name_in_file(image: Image, time: int | None) -> str:
    """Give the name of an image, as who reads its file anew will know it.

    Parameters
    ----------
    image : Image
        Perhaps called otherwise since, by a person or because another layer had that
        name.
    time : int or None
        Time point, of an image that has several.
    """
    name, shape = image.metadata.get(STORED_AS, ("", ()))
    name = name if shape == image.data.shape else image.name
    return name if time is None else f"{name} (time {time})"


def _reordered(record: Record, axes: tuple[int, int, int]) -> Record:
    rows, cols = (axis for own, axis in enumerate(axes) if own != record.axis)
    placed = replace(record, axis=axes[record.axis])
    if rows < cols:
        return placed
    row, col = record.spacing_rc
    start = None if record.start is None else record.start.start().mask().T
    return replace(
        placed,
        spacing_rc=(col, row),
        prompts=_transposed(dict(record.prompts)),
        start=None if start is None else SavedMask.of(StartMask.of(start)),
    )


def _transposed(prompts: dict[str, Any]) -> dict[str, Any]:
    box = prompts["box_rc"]
    if box is not None:
        row0, col0, row1, col1 = box
        box = [col0, row0, col1, row1]
    points = [[col, row] for row, col in prompts["points_rc"]]
    return prompts | {"points_rc": points, "box_rc": box}
