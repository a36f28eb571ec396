"""``models``: what there is, and the store of checkpoints."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.prompt import Confirm
from rich.table import Table

from napari_sam_med.cli.progress import downloading
from napari_sam_med.cli.terminal import Console
from napari_sam_med.errors import CheckpointError, ModelError, SamMedError
from napari_sam_med.models import list_models
from napari_sam_med.models.registry import Card, card_of, cards
from napari_sam_med.models.weights.admission import address_of
from napari_sam_med.models.weights.checkpoints import (
    CONVERSION_WARNING,
    CheckpointStore,
)
from napari_sam_med.models.weights.network import Network

LICENCE_WIDTH = len("CC-BY-SA-4.0;")
"""The longest word that licences of the cards begin with."""


def list_models_table() -> Table:
    """Build the table of all known models.

    Returns
    -------
    rich.table.Table
    """
    table = Table(title="Models", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("name", no_wrap=True)  # to be typed as it stands
    table.add_column("weights", no_wrap=True)
    table.add_column("prompts")
    table.add_column("file", no_wrap=True)
    # what decides is never cut, in a terminal of 80 characters either
    table.add_column("licence", min_width=LICENCE_WIDTH, overflow="fold")
    for listed in list_models():
        card = listed.card
        size = card.size_in_words if card.needs_file else "-"
        prompts = ", ".join(card.prompts)
        table.add_row(card.name, listed.state, prompts, size, card.licence)
    return table


def list_command(*, verbose: bool = False) -> int:
    """List the models, their licences, and whether their weights are here.

    Parameters
    ----------
    verbose
        Add how to get those that are missing.
    """
    console = Console()
    console.print(list_models_table())
    if verbose:
        for listed in list_models():
            if not listed.ready:
                _say(f"{listed.card.name}: {listed.remedy}")
    return 0


def download_command(*names: str, yes: bool = False) -> int:
    """Fetch checkpoints from their official addresses, and check their hashes.

    What would be fetched and under which licence is shown first, and asked about.

    Parameters
    ----------
    names
        Names of `models list`.
    yes
        Do not ask.
    """
    store = CheckpointStore()
    chosen = [card_of(name) for name in _some(names)]
    wanted = [card for card in chosen if store.checked(card) is None]
    network = Network.from_environment()
    # all texts first: what can only be had by hand is refused before any question
    for text in [text_before_download(card, network) for card in wanted]:
        _say(text)
    if wanted and not yes and not _agreed(len(wanted)):
        _say("Nothing was fetched")
        return 1
    for card in chosen:
        with downloading(card.name) as step:
            path = store.download(card, network=network, progress=step)
        _say(f"{card.name}: {path} (licence {card.licence})")
    return 0


def text_before_download(card: Card, network: Network) -> str:
    """Say what a download would bring.

    Parameters
    ----------
    card : Card
        The model's.
    network : Network
        Where files are asked for.

    Returns
    -------
    str
        Name, address, size, licence, prompts, window and remarks, a line each.

    Raises
    ------
    CheckpointError
        If the file can only be had by hand; the message says how.
    """
    lines = {
        "from": address_of(card, network),
        "size": card.size_in_words,
        "SHA-256": card.sha256 or "not published; recorded now and held to later",
        "licence": card.licence,
        "trained on": ", ".join(card.prompts),
        "expects": card.window,
        "note": card.note,
    }
    shown = [f"  {key}: {value}" for key, value in lines.items() if value]
    return "\n".join([f"{card.name} ({card.title})", *shown])


def import_command(file: Path, /, *, model: str = "") -> int:
    """Copy a checkpoint that was fetched by hand into the store.

    Parameters
    ----------
    file
        The checkpoint.
    model
        Whose it is; not needed for a file whose hash is published.
    """
    card = CheckpointStore().import_file(file, model)
    _say(f"{file} is now the checkpoint of {card.name} (licence {card.licence})")
    return 0


def verify_command(*names: str) -> int:
    """Hash checkpoints again and compare with what is published or on record.

    Parameters
    ----------
    names
        Names of `models list`; by default all whose files are here.
    """
    store, failed = CheckpointStore(), 0
    here = [
        card.name for card in cards().values() if card.needs_file and store.find(card)
    ]
    for card in [card_of(name) for name in names or here]:
        try:
            _say(f"{card.name}: {store.verify(card)} is right")
        except SamMedError as error:
            failed = 1
            Console(stderr=True).print(str(error), soft_wrap=True, highlight=False)
    if not names and not here:
        _say("No checkpoint is in the store")
    return failed


def convert_command(file: Path, /, *, model: str) -> int:
    """Take the tensors out of a checkpoint that is refused for what else it holds.

    Parameters
    ----------
    file
        A checkpoint whose origin you trust.
    model
        Whose it is.
    """
    card_of(model)
    Console(stderr=True).print(CONVERSION_WARNING, soft_wrap=True, highlight=False)
    _say(f"{CheckpointStore().convert(file, model)} now holds the tensors of {model}")
    return 0


def stand_in_command(model: str, out: Path, /) -> int:
    """Write untrained placeholder weights, to try a model without its file.

    They prove that an installation or a cluster can run the model, and nothing else: a
    benchmark of them says so. Load them as NAME=FILE.

    Parameters
    ----------
    model
        A name of `models list` whose weights are a file.
    out
        A new .safetensors file.
    """
    from napari_sam_med.models.weights.stand_ins import stand_in_state, write_stand_ins

    write_stand_ins(stand_in_state(card_of(model)), out)
    _say(f"{out} holds placeholder weights for {model}: its answers mean nothing")
    return 0


def _agreed(count: int) -> bool:
    """Ask whether the files are wanted under these licences."""
    what = "this file" if count == 1 else f"these {count} files"
    if sys.stdin is None or not sys.stdin.isatty():  # None: it was closed
        msg = (
            f"nobody can be asked whether to fetch {what}, for this is no terminal; "
            "add --yes to fetch under the licence above"
        )
        raise CheckpointError(msg)
    try:
        return Confirm.ask(f"Fetch {what} under the licence above?")
    except EOFError:
        return False


def _some(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        msg = "no model was named; give one or more names of `models list`"
        raise ModelError(msg)
    return names


def _say(text: str) -> None:
    Console().print(text, soft_wrap=True, highlight=False, markup=False)
