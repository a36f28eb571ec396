"""Images that are label images, turned into labels where they lie."""

from __future__ import annotations

from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_sam_med.errors import ImageError
from napari_sam_med.gui.labels.label_layers import DRAWN_ON, labels_like
from napari_sam_med.gui.napari_io import voxels_of
from napari_sam_med.gui.shared.later import remove_layers
from napari_sam_med.gui.shared.own_layers import add_quietly


def turn_into_labels(viewer: ViewerModel, image: Image) -> Labels:
    """Put a Labels layer of the same voxels in the place of an image.

    Parameters
    ----------
    viewer : ViewerModel
        Loses the image and gets the labels.
    image : Image
        Whole numbers from 0, perhaps stored as others.

    Returns
    -------
    Labels
        In the same place, under the same name, with the names of labels that lie
        beside the image's file.

    Raises
    ------
    ImageError
        If it is a colour image, was packed with loss, or a value is negative or not
        whole.
    """
    from napari_sam_med.io.label_values import labels_from_values
    from napari_sam_med.io.lossy_files import check_files_lossless

    voxels = voxels_of(image)
    if image.rgb:
        msg = f"{image.name} is a colour image; labels are one number for each pixel"
        raise ImageError(msg)
    check_files_lossless(_files_of(image))
    flat = voxels.reshape(-1, *voxels.shape[-2:])
    labels = labels_like(image, labels_from_values(flat, Path(image.name)))
    files = labels.metadata.pop(DRAWN_ON, ())  # they are its own, and may be saved over
    if files:
        labels.metadata["label_names"] = _names_beside(Path(files[0]))
    add_quietly(viewer, labels)
    name = image.name
    remove_layers(viewer, [image])
    labels.name = name  # napari would have numbered the second of a name
    return labels


def _files_of(image: Image) -> tuple[Path, ...]:
    """Give what an image was opened from, by this package or by another reader."""
    files = image.metadata.get("files") or (image.source.path,)
    return tuple(Path(each) for each in files if each)


def _names_beside(file: Path) -> dict[int, str]:
    from napari_sam_med.io.label_names import find_label_names

    return dict(find_label_names(file).names)
