"""From what is typed to values: models, prompts, windows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from napari_sam_med.bench.protocol.run_settings import ModelSpec
from napari_sam_med.cli.inputs import as_typed
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import CheckpointError, ImageError, PromptError
from napari_sam_med.models import listed_model, load_model
from napari_sam_med.models.load_options import check_device_name
from napari_sam_med.models.loading import bundled_weights
from napari_sam_med.models.weight_files import sha256_of

BASELINES = ("ellipse", "random_walker")
LARGEST_LABEL = 65535
"""What label files of 16 bits hold."""
LONGEST_LABEL = 9
"""Digits that a label may have; int() refuses thousands with another error."""


def model_choice(
    text: str,
    *,
    device: str = "auto",
    precision: str = "fp32",
    zoom: str = "default",
) -> ModelSpec:
    """Check a model's name and that its weights are here, without loading it.

    Parameters
    ----------
    text : str
        A name such as ``nano``, or ``NAME=FILE`` with a checkpoint of your own.
    device, precision, zoom : str
        As ``load_model`` takes them.

    Returns
    -------
    ModelSpec

    Raises
    ------
    ModelError
        If there is no such model or device.
    CheckpointError
        If its weights or a package are not here, or the weights are not what their
        name says.
    """
    check_device_name(device)
    name, _, file = text.partition("=")
    listed = listed_model(name)
    if file and not Path(file).is_file():
        msg = f"{file} is no file; give the checkpoint of {name}"
        raise CheckpointError(msg)
    if listed.state == "needs package" or (not file and not listed.ready):
        msg = f"{name} cannot be used yet; {listed.remedy}"
        raise CheckpointError(msg)
    load = partial(
        load_model,
        name,
        file or None,
        device=device,
        precision=precision,  # type: ignore[arg-type]  # checked by load_model
        zoom=zoom,  # type: ignore[arg-type]
    )
    path = Path(file) if file else listed.path
    entry = listed.card.manifest_entry(path, zoom)  # type: ignore[arg-type]
    shipped = bundled_weights(name)
    if shipped is not None:
        entry["published_sha256"] = sha256_of(shipped)
    return ModelSpec(name, load, entry, path)


def points_from_texts(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Read clicks.

    Parameters
    ----------
    texts : sequence of str
        ``ROW,COLUMN`` or ``ROW,COLUMN,0`` for a click on the background.

    Returns
    -------
    (N, 2) float64, (N,) int64
        Points in pixels of the slice, and labels.

    Raises
    ------
    PromptError
        If a text is something else.
    """
    rows = [
        _numbers(text, (2, 3), "point", "ROW,COLUMN or ROW,COLUMN,0") for text in texts
    ]
    for text, row in zip(texts, rows, strict=True):
        if row[2:] not in ((), (0.0,), (1.0,)):
            msg = f"point '{text}' has another label than 1 (object) or 0 (background)"
            raise PromptError(msg)
    points = np.array([row[:2] for row in rows], dtype=float).reshape(-1, 2)
    kinds = [row[2] if len(row) == 3 else 1 for row in rows]
    strange = next((kind for kind in kinds if kind not in (0, 1)), None)
    if strange is not None:
        msg = f"a point is marked {strange:g}; give 1 (on the object) or 0 (background)"
        raise PromptError(msg)
    labels = np.array(kinds, dtype=int)
    return points, labels


def box_from_text(text: str) -> tuple[float, ...]:
    """Read ``ROW0,COL0,ROW1,COL1``.

    Parameters
    ----------
    text : str
        Inclusive pixels.

    Returns
    -------
    four float

    Raises
    ------
    PromptError
        If the text is something else.
    """
    return _numbers(text, (4,), "box", "ROW0,COL0,ROW1,COL1")


def window_from_text(text: str) -> Window:
    """Read ``LOW,HIGH``.

    Parameters
    ----------
    text : str
        Intensities shown as black and white.

    Returns
    -------
    Window

    Raises
    ------
    ImageError
        If the text is something else.
    """
    try:
        low, high = _numbers(text, (2,), "window", "LOW,HIGH")
    except PromptError as error:
        raise ImageError(str(error)) from error
    return Window(low, high)


def names_from_texts(texts: Sequence[str]) -> dict[int, str]:
    """Read ``LABEL=NAME``.

    Parameters
    ----------
    texts : sequence of str
        Such as ``1=liver``.

    Returns
    -------
    dict of int to str
        Name of each label.

    Raises
    ------
    ImageError
        If a text is something else, the label is none, or one is named twice.
    """
    names: dict[int, str] = {}
    for text in texts:
        number, _, name = text.partition("=")
        if not (number.isascii() and number.isdecimal() and name.strip()):
            msg = f"name '{text}' is not understood; give LABEL=NAME, such as 1=liver"
            raise ImageError(msg)
        label = int(number) if len(number) <= LONGEST_LABEL else 0
        if not 1 <= label <= LARGEST_LABEL:
            msg = f"label {number}; give 1 to {LARGEST_LABEL} (0 is the background)"
            raise ImageError(msg)
        if label in names:
            msg = f"label {label} is named twice; give it one name"
            raise ImageError(msg)
        names[label] = as_typed(name.strip())
    return names


def _numbers(
    text: str, counts: tuple[int, ...], what: str, form: str
) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) not in counts or not np.isfinite(numbers).all():
        msg = f"{what} '{text}' is not understood; give {form}, numbers in pixels"
        raise PromptError(msg)
    return numbers
