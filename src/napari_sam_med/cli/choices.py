"""From what is typed to values: models, prompts, windows."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.bench.protocol.run_settings import ModelSpec
from napari_sam_med.cli.inputs import as_typed
from napari_sam_med.core.storage.plain_text import shown
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import CheckpointError, ImageError, ModelError, PromptError
from napari_sam_med.models import listed_model, load_model
from napari_sam_med.models.load_options import check_device_name
from napari_sam_med.models.loading import bundled_weights
from napari_sam_med.models.readiness import device_used
from napari_sam_med.models.weight_files import sha256_of

if TYPE_CHECKING:
    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.models import Card

SMALL_PARAMETERS = 5_000_000
"""Of a network that one thread answers in half a second (nano has 4.8 million)
and that is not worth a whole workstation; the next larger ones take seconds."""
PIXELS = ", numbers in pixels"
OWN_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
BASELINES = ("ellipse", "random_walker")
LARGEST_LABEL = 2**31 - 1
"""What label files hold at most; those that hold less say so when they are written."""
LONGEST_LABEL = 10
"""Digits that a label may have; int() refuses thousands with another error."""


def model_choice(
    text: str,
    *,
    device: str = "auto",
    precision: str = "fp32",
    zoom: str = "default",
    same_on_any_threads: bool = False,
) -> ModelSpec:
    """Check a model's name and that its weights are here, without loading it.

    Parameters
    ----------
    text : str
        A name such as ``nano``, or ``NAME=FILE`` with a checkpoint of your own, or
        ``NAME@OWN=FILE``, whose results stand under ``NAME@OWN``.
    device, precision, zoom : str
        As ``load_model`` takes them.
    same_on_any_threads : bool
        Whether a small model is to compute on one thread, so that its rows are the same
        on any machine's number; OMP_NUM_THREADS, where it is set, goes before.

    Returns
    -------
    ModelSpec

    Raises
    ------
    ModelError
        If there is no such model or device, or nothing stands behind the =.
    CheckpointError
        If its weights or a package are not here, or the weights are not what their
        name says.
    """
    check_device_name(device)
    full_name, named, file = text.partition("=")
    if named and not file:
        msg = (
            f"{shown(text)} names no file; give {full_name}=FILE, or {full_name} alone"
        )
        raise ModelError(msg)
    name = _card_name(full_name, file)
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
    threads = os.environ.get("OMP_NUM_THREADS") or "all"
    if not listed.card.parameters:
        threads = "1"  # no network: what computes has one thread anyway
    elif same_on_any_threads and threads == "all" and _is_small(listed.card):
        load, threads = partial(_load_on_one_thread, load), "1"
    computed = {
        "device": device_used(entry, device),
        "precision": precision,
        "threads": threads,
    }
    return ModelSpec(full_name, load, entry, path, computed)


def _is_small(card: Card) -> bool:
    return card.parameters <= SMALL_PARAMETERS


def _load_on_one_thread(load: Callable[[], Segmenter]) -> Segmenter:
    from napari_sam_med.models.wrappers.thread_limit import load_on_one_thread

    return load_on_one_thread(load)


def check_names(names: Sequence[str]) -> None:
    """Refuse two models that would share their rows.

    Parameters
    ----------
    names : sequence of str
        As they are typed.

    Raises
    ------
    ModelError
        If two checkpoints have one name.
    """
    typed = dict.fromkeys(names)
    found = [text.partition("=")[0] for text in typed]
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        name = twice[0]
        msg = (
            f"{name} is asked for with several files; give each a name of its own, as "
            f"{name}@mine=FILE"
        )
        raise ModelError(msg)


def _card_name(full_name: str, file: str) -> str:
    """Take the own name off a model's."""
    name, at, own = full_name.partition("@")
    if at and not file:
        msg = f"{full_name} has no file; give {full_name}=FILE"
        raise ModelError(msg)
    if at and OWN_NAME.fullmatch(own) is None:
        msg = (
            f"the name {shown(own)} of a checkpoint; give letters, digits, dots, "
            "hyphens and underscores"
        )
        raise ModelError(msg)
    return name


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
        _numbers(text, (2, 3), "point", f"ROW,COLUMN or ROW,COLUMN,0{PIXELS}")
        for text in texts
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
    return _numbers(text, (4,), "box", f"ROW0,COL0,ROW1,COL1{PIXELS}")


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
        form = "LOW,HIGH, intensities as the image holds them"
        low, high = _numbers(text, (2,), "window", form)
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
        msg = f"{what} '{text}' is not understood; give {form}"
        raise PromptError(msg)
    return numbers
