"""``models``: what there is, and the store of checkpoints."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from napari_sam_med.cli.progress import downloading
from napari_sam_med.errors import SamMedError
from napari_sam_med.models import list_models
from napari_sam_med.models.checkpoints import CheckpointStore
from napari_sam_med.models.registry import card_of
from napari_sam_med.models.weight_files import size_in_words


def list_models_table() -> Table:
    """Build the table of all known models.

    Returns
    -------
    rich.table.Table
    """
    table = Table(title="Models")
    table.add_column("name", no_wrap=True)  # to be typed as it stands
    for heading in ("weights", "prompts", "parameters", "file", "licence"):
        table.add_column(heading)
    for listed in list_models():
        card = listed.card
        count = f"{card.parameters / 1e6:.1f} M" if card.parameters else "-"
        size = size_in_words(card.size) if card.size else "-"
        prompts = ", ".join(card.prompts)
        table.add_row(card.name, listed.state, prompts, count, size, card.licence)
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
            if listed.state == "missing":
                text = f"{listed.card.name}: {listed.card.how_to_get()}"
                console.print(text, soft_wrap=True, highlight=False)
    return 0


def download_command(*names: str) -> int:
    """Fetch checkpoints from their official addresses, and check their hashes.

    Parameters
    ----------
    names
        Names of `models list`.
    """
    chosen = [card_of(name) for name in _some(names)]
    for card in chosen:
        with downloading(card.name) as step:
            path = CheckpointStore().download(card, progress=step)
        _say(f"{card.name}: {path} (licence {card.licence})")
    return 0


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
    _say(f"{file} is now the checkpoint of {card.name}")
    return 0


def verify_command(*names: str) -> int:
    """Hash checkpoints again and compare with what is published or on record.

    Parameters
    ----------
    names
        Names of `models list`; by default all whose files are here.
    """
    here = [m.card.name for m in list_models() if m.card.needs_file and m.path]
    failed = 0
    for name in names or here:
        try:
            _say(f"{name}: {CheckpointStore().verify(card_of(name))} is right")
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
    _say(f"{CheckpointStore().convert(file, model)} now holds the tensors of {model}")
    return 0


def _some(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        card_of("")
    return names


def _say(text: str) -> None:
    Console().print(text, soft_wrap=True, highlight=False)
