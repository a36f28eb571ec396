"""What else is written of labels: a table of their objects, a picture of a slice."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Labels

from napari_sam_med.core.measures.label_statistics import statistics_of
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import ImageError
from napari_sam_med.gui.labels.label_layers import check_same_grid
from napari_sam_med.gui.napari_io import LayerFrame, shape_zyx, voxels_now
from napari_sam_med.io.writing.slice_pictures import picture_of_slice
from napari_sam_med.session.prompt_image import PromptImage


@dataclass(frozen=True, slots=True, eq=False)
class LabelledView:
    """An image and its labels as they are seen, to be written on another thread.

    Parameters
    ----------
    image : Volume
        In the layer's axes, with its place in the patient.
    labels : (Z, Y, X) integer
        On the same grid; may be lazy.
    window : Window or None
        Intensities shown as black and white; None for colour.
    plane : SlicePlane or None
        The slice that is shown.
    names : dict of int to str
        Names of the labels.
    """

    image: Volume
    labels: Any
    window: Window | None
    plane: SlicePlane | None
    names: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        labels: Labels,
        image: Image,
        prompt_image: PromptImage,
        plane: SlicePlane | None,
        time: int | None,
    ) -> LabelledView:
        """Take two layers as they are now.

        Parameters
        ----------
        labels, image : layers
            On the same grid.
        prompt_image : PromptImage
            The image as it is prompted: one time point.
        plane : SlicePlane or None
            The slice that is shown.
        time : int or None
            The time point, of an image that has several.

        Raises
        ------
        ImageError
            If the labels lie on another grid.
        GeometryError
            If the layers are sheared.
        """
        check_same_grid(image, labels)
        geometry = LayerFrame.of(image).geometry
        volume = Volume(prompt_image.volume.array, geometry, prompt_image.volume.name)
        array = voxels_now(labels, time)
        names = dict(labels.metadata.get("label_names", {}))
        return cls(
            volume, array.reshape(shape_zyx(labels)), prompt_image.window, plane, names
        )


def write_outputs(path: Path, view: LabelledView, *, overwrite: bool) -> Path:
    """Write a table of the objects (.csv), or a picture of the slice (.png).

    Parameters
    ----------
    path : Path
        Ends in .csv or .png.
    view : LabelledView
        What is written about.
    overwrite : bool
        Replace an existing file.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    ImageError
        If a picture is asked for and no slice is shown.
    FileWriteError
        If the file exists already or cannot be written.
    """
    from napari_sam_med.io.writing.export_pictures import write_picture
    from napari_sam_med.io.writing.tables import write_statistics

    labels = np.asarray(view.labels)
    if path.suffix.lower() == ".csv":
        rows = statistics_of(labels, view.image, view.names)
        write_statistics(path, rows, overwrite=overwrite)
        return path
    if view.plane is None:
        msg = "no slice of the image is shown; move the slider to one for a picture"
        raise ImageError(msg)
    picture = picture_of_slice(view.image, labels, view.plane, window=view.window)
    write_picture(path, picture[None], overwrite=overwrite)
    return path
