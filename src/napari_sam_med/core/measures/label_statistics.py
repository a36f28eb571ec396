"""What a label image says of each object: its size, its intensities, its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from napari_sam_med.core.geometry import Geometry
    from napari_sam_med.core.volumes import Volume

MM3_PER_ML = 1000.0


@dataclass(frozen=True, slots=True)
class LabelStatistics:
    """One object.

    Parameters
    ----------
    label : int
        Its number.
    name : str
        Its name; empty if it has none.
    voxels : int
        Its size.
    volume_ml : float
        Its size in millilitres.
    mean, sd, minimum, maximum : float or None
        Of the image within it; ``sd`` is that of a sample (divided by n - 1) and 0 for
        one voxel. None for a colour image.
    centroid_xyz : (3,) float
        Mean position of its voxels' centres, in LPS millimetres.
    """

    label: int
    name: str
    voxels: int
    volume_ml: float
    mean: float | None
    sd: float | None
    minimum: float | None
    maximum: float | None
    centroid_xyz: tuple[float, float, float]


def statistics_of(
    labels: npt.NDArray[np.integer],
    image: Volume,
    names: Mapping[int, str] | None = None,
) -> list[LabelStatistics]:
    """Measure each object of a label image.

    Parameters
    ----------
    labels : (Z, Y, X) integer
        On the image's grid; 0 is the background.
    image : Volume
        What the objects were drawn on, with its geometry.
    names : mapping of int to str, optional
        Names of labels.

    Returns
    -------
    list of LabelStatistics
        In the order of the labels; none for an empty label image.

    Raises
    ------
    ImageError
        If image and labels are of different shapes.

    Notes
    -----
    Sums are taken a slice at a time, in float64; squares about the mean in a second
    pass, so that large intensities with a small spread lose no digits.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_sam_med.core.volumes import Volume
    >>> image = Volume(np.array([[[1.0, 5.0, 7.0]]]))
    >>> one = statistics_of(np.array([[[0, 2, 2]]]), image)[0]
    >>> one.label, one.voxels, one.mean, one.centroid_xyz
    (2, 2, 6.0, (1.5, 0.0, 0.0))
    """
    if labels.shape != image.shape_zyx:
        msg = f"labels of shape {labels.shape} for an image of shape {image.shape_zyx}"
        raise ImageError(msg)
    grey = image.array if image.array.ndim == 3 else None
    sums: dict[int, _Sums] = {}
    for label, index_zyx, values in _pieces(labels, grey):
        sums.setdefault(label, _Sums()).add(index_zyx, values)
    for label, _, values in _pieces(labels, grey):
        sums[label].add_squares(values)
    known = names or {}
    return [
        sums[label].finished(label, known.get(label, ""), image.geometry)
        for label in sorted(sums)
    ]


def _pieces(
    labels: npt.NDArray[np.integer], grey: npt.NDArray[np.generic] | None
) -> Iterator[tuple[int, npt.NDArray[np.intp], npt.NDArray[np.float64] | None]]:
    """Each label on each slice: (n, 3) indices and (n,) intensities."""
    for z, plane in enumerate(labels):
        rows, cols = np.nonzero(plane)
        if len(rows) == 0:
            continue
        found = plane[rows, cols].astype(np.int64)
        order = np.argsort(found, kind="stable")
        rows, cols, found = rows[order], cols[order], found[order]
        starts = np.flatnonzero(np.diff(found, prepend=0))
        # once a slice: lazy arrays read no single voxels
        seen = None if grey is None else np.asarray(grey[z])
        for start, end in zip(starts, [*starts[1:], len(found)], strict=True):
            row, col = rows[start:end], cols[start:end]
            index = np.stack([np.full(len(row), z), row, col], axis=1)
            values = None if seen is None else seen[row, col].astype(np.float64)
            yield int(found[start]), index, values


class _Sums:
    """What is added up of one label."""

    def __init__(self) -> None:
        self.voxels, self.total, self.squares = 0, 0.0, 0.0
        self.least, self.most, self.grey = np.inf, -np.inf, False
        self.index_zyx = np.zeros(3)

    def add(
        self,
        index_zyx: npt.NDArray[np.intp],
        values: npt.NDArray[np.float64] | None,
    ) -> None:
        self.voxels += len(index_zyx)
        self.index_zyx += index_zyx.sum(axis=0)
        if values is not None:
            self.grey = True
            self.total += float(values.sum())
            self.least = min(self.least, float(values.min()))
            self.most = max(self.most, float(values.max()))

    def add_squares(self, values: npt.NDArray[np.float64] | None) -> None:
        if values is not None:
            mean = self.total / self.voxels
            self.squares += float(((values - mean) ** 2).sum())

    def finished(self, label: int, name: str, geometry: Geometry) -> LabelStatistics:
        x, y, z = geometry.world_xyz_from_zyx(self.index_zyx / self.voxels).tolist()
        sd = float(np.sqrt(self.squares / max(1, self.voxels - 1)))
        voxel_ml = float(np.prod(geometry.spacing_xyz)) / MM3_PER_ML
        return LabelStatistics(
            label,
            name,
            self.voxels,
            self.voxels * voxel_ml,
            self.total / self.voxels if self.grey else None,
            sd if self.grey else None,
            self.least if self.grey else None,
            self.most if self.grey else None,
            (x, y, z),
        )
