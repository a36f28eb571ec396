"""What may come into the store of weights, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam_med.errors import CheckpointError
from napari_sam_med.models.weight_files import STAND_IN_NOTE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_sam_med.models.registry import Card
    from napari_sam_med.models.weights.network import Network


def address_of(card: Card, network: Network) -> str:
    """Say where a model's file is asked for.

    Parameters
    ----------
    card : Card
        The model's.
    network : Network
        The mirror, if there is one.

    Returns
    -------
    str
        An address of http or https.

    Raises
    ------
    CheckpointError
        If there is nothing to fetch, or the file has no official address and there is
        no mirror.
    """
    if not card.needs_file:
        why = (
            "needs no weights"
            if card.family == "baseline"
            else "comes with its weights"
        )
        msg = f"{card.name} {why}, so there is nothing to download; use it as it is"
        raise CheckpointError(msg)
    if not (card.url or network.mirror):
        msg = f"{card.name} cannot be downloaded by program: {card.how_to_get()}"
        raise CheckpointError(msg)
    return network.address(card.url or card.file_name)


def refuse_no_file(card: Card) -> None:
    """Refuse a file for a model that takes none.

    Parameters
    ----------
    card : Card
        The model's.

    Raises
    ------
    CheckpointError
        If the model has no weights, or they come with the package.
    """
    if not card.needs_file:
        why = "has no weights"
        if card.family != "baseline":
            why = f"comes with its weights; give others as {card.name}=FILE"
        msg = f"{card.name} takes no file into the store, for it {why}"
        raise CheckpointError(msg)


def refuse_stand_in(file: Path, notes: Mapping[str, str]) -> None:
    """Refuse weights that mean nothing.

    Parameters
    ----------
    file : Path
        A checkpoint.
    notes : mapping of str to str
        What it says of itself, as ``notes_of`` reads it.

    Raises
    ------
    CheckpointError
        If they are stand-ins.
    """
    if notes.get(STAND_IN_NOTE) == "true":
        msg = (
            f"{file} holds stand-in weights, whose answers mean nothing, and the store "
            "takes none; give it by its path, as in `benchmark --model NAME=FILE`"
        )
        raise CheckpointError(msg)
