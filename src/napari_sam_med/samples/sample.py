"""What a phantom generator returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.core.volumes import Volume


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A phantom with its truth.

    Parameters
    ----------
    volume : Volume
        The image.
    labels : (Z, Y, X) uint8
        0 is background.
    names : mapping of int to str
        What each label is.
    """

    volume: Volume
    labels: npt.NDArray[np.uint8]
    names: Mapping[int, str]
