"""Cards: what is known of each model before its weights are on this machine.

The cards of this package are the TOML files of ``models/cards``, one a model. Other
packages register theirs as entry points of the group ``napari_sam_med.models``.
"""

from __future__ import annotations

import re
import tomllib
import warnings
from dataclasses import asdict, dataclass
from functools import cache
from importlib import metadata, resources
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from napari_sam_med.core.prompts import is_other
from napari_sam_med.core.storage.documents import STRICT, Document
from napari_sam_med.core.storage.plain_text import on_one_line, shown
from napari_sam_med.errors import ModelError
from napari_sam_med.models.load_options import Zoom  # noqa: TC001  # read by the schema
from napari_sam_med.models.weight_files import (
    SOURCE_NOTE,
    is_stand_in,
    notes_of,
    size_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.models.load_options import LoadOptions

ENTRY_POINTS = "napari_sam_med.models"
PLUGIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What can be typed as NAME@OWN=FILE, and is the name of a file in the store."""
PROMPT_KINDS = frozenset({"points", "boxes", "masks"})


@dataclass(frozen=True, slots=True)
class Card:
    """One model.

    Parameters
    ----------
    name : str
        Name for ``load_model`` and the result rows.
    family : str
        Which code loads it, such as ``sam`` or ``ritm``.
    title : str
        Name for people.
    licence : str
        Of the weights, as its authors state it.
    prompts : tuple of str
        Kinds that the model was trained on: of ``points``, ``boxes``, ``masks``.
    n_candidates : int
        Masks per prediction.
    parameters : int
        Number of trained numbers in the network.
    window : str
        The intensities that the model expects, in words.
    citation : str
        One line.
    note : str
        What a user should know, in one sentence; may be empty.
    zoom : {"off", "on", "auto"}
        What ``load_model(zoom="default")`` means for it: ``off``, ``on`` or ``auto``.
    url : str
        Official address of one file; empty if it can only be had by hand or needs none.
    page : str
        Where people get the file by hand, or read about it.
    size : int
        Bytes of the file; 0 if no public source states them.
    about : int
        Bytes to expect where ``size`` is not known; only shown.
    sha256 : str
        Of the file; empty if no public source states it. Then it is recorded on the
        first use and held to from then on.
    sources : str
        How sure size and hash are.
    manual : str
        How to get the file by hand, where ``url`` is empty.
    packages : tuple of str
        Names under which packages are imported that the model needs beside this one.
    extra : str
        The extra of this package that brings them; empty if none does.
    weights_of : str
        Another model that has the same file; empty if this one's is its own.
    """

    __pydantic_config__ = STRICT

    name: str
    family: str
    title: str
    licence: str
    prompts: tuple[str, ...]
    n_candidates: int = 3
    parameters: int = 0
    window: str = ""
    citation: str = ""
    note: str = ""
    zoom: Zoom = "off"
    url: str = ""
    page: str = ""
    size: int = 0
    about: int = 0
    sha256: str = ""
    sources: str = ""
    manual: str = ""
    packages: tuple[str, ...] = ()
    extra: str = ""
    weights_of: str = ""

    @property
    def missing_packages(self) -> tuple[str, ...]:
        """Those of ``packages`` that cannot be imported here."""
        return tuple(
            each for each in self.packages if find_spec(each.split(".")[0]) is None
        )

    @property
    def how_to_install(self) -> str:
        """What a user does about missing packages, as a clause."""
        if self.extra:
            return f'run `pip install "napari-sam-med[{self.extra}]"`'
        return f"install {' and '.join(self.missing_packages)} in this environment"

    @property
    def needs_file(self) -> bool:
        """Whether the weights are a file that is not in the package."""
        return bool(self.url or self.manual)

    @property
    def file_name(self) -> str:
        """Name of the file in the cache folder, such as ``sam_vit_b.pth``."""
        return f"{self.file_stem}.pth"

    @property
    def file_stem(self) -> str:
        """What names of files begin with; models with the same weights share one."""
        return self.weights_of or self.name

    @property
    def size_in_words(self) -> str:
        """How large the file is, such as ``375 MB`` or ``about 392 MB``."""
        if self.size:
            return size_in_words(self.size)
        return f"about {size_in_words(self.about)}" if self.about else "unknown size"

    def manifest_entry(
        self, path: Path | None = None, zoom: Zoom = "default"
    ) -> dict[str, object]:
        """List what the manifest of a run keeps of the model, as plain values.

        Parameters
        ----------
        path : Path, optional
            The weights that are used, if they are a file.
        zoom : {"default", "off", "on", "auto"}
            Whether the run looks a second time; ``default`` is what the card says.

        Returns
        -------
        dict
            The card's fields, with the hash that is published as ``published_sha256``,
            since a run notes the hash of what it loaded as ``sha256``; whether the
            weights are a ``stand_in``, untrained placeholder weights; and as
            ``source_sha256`` the hash of the file that they were converted from.

        Raises
        ------
        CheckpointError
            If the file is named as a safetensors file and is none.
        """
        known: dict[str, object] = asdict(self)
        known["published_sha256"] = known.pop("sha256")
        # what runs decides the numbers, not what it imports nor where its file lies
        for name in ("packages", "extra", "weights_of"):
            del known[name]
        known["zoom"] = self.zoom if zoom == "default" else zoom
        known["stand_in"] = path is not None and is_stand_in(path)
        known["source_sha256"] = notes_of(path).get(SOURCE_NOTE, "") if path else ""
        return known

    def how_to_get(self) -> str:
        """Say what would be fetched, from where, how large, and under which licence."""
        size = self.size_in_words
        by_hand = (
            f"run `napari-sam-med models import FILE --model {self.name}` on a copy, "
            "or give its path as the checkpoint"
        )
        if not self.url:
            return f"{self.manual} ({size}, licence {self.licence}), then {by_hand}"
        return (
            f"run `napari-sam-med models download {self.name}` to fetch {self.url} "
            f"({size}, licence {self.licence}); without network, {by_hand}"
        )


CARD = Document("a model's card", Card, "compare models/cards", error=ModelError)


def card_from_mapping(values: Mapping[str, Any]) -> Card:
    """Build a card from the values of a TOML file.

    Parameters
    ----------
    values : mapping
        Fields of ``Card``.

    Raises
    ------
    ModelError
        If a field is missing, unknown or of another type, or a kind of prompt is.
    """
    name = values.get("name", "without a name")
    card = CARD.check(dict(values), f"card {shown(name, quoted=False)}")
    strange = set(card.prompts) - PROMPT_KINDS
    if strange:
        kinds = ", ".join(
            f"unknown kind of prompt '{kind}'" for kind in sorted(strange)
        )
        msg = f"card {card.name}: {kinds}"
        raise ModelError(msg)
    return card


@dataclass(frozen=True, slots=True)
class ModelPlugin:
    """A model of another package, as its entry point names it.

    Parameters
    ----------
    card : Card
        What is known of it. Its name is that of the entry point; its family says
        nothing, and it takes no ``zoom``.
    load : callable
        From the card, the file of the weights (None if it needs none) and the options
        to a ``Segmenter`` of the card's name. It imports what is slow to import. What
        the model answers is held to the port: faults are told as ``ModelError``.
    """

    card: Card
    load: Callable[[Card, Path | None, LoadOptions], Segmenter]


@cache
def plugins() -> dict[str, ModelPlugin]:
    """Return the models of other packages by name.

    Returns
    -------
    dict of str to ModelPlugin
        What an entry point of the group ``napari_sam_med.models`` names. One that
        cannot be imported, is no ``ModelPlugin``, has a card that is not valid, or
        bears a name that is taken or strange, is left out with a warning.
    """
    found: dict[str, ModelPlugin] = {}
    for entry in _entries():
        try:
            found[entry.name] = _plugin_of(entry, {*_own_cards(), *found})
        except ModelError as error:
            message = f"model '{entry.name}' of {entry.value} is left out: {error}"
            warnings.warn(on_one_line(message), RuntimeWarning, stacklevel=2)
    return found


def _entries() -> Iterable[metadata.EntryPoint]:
    """Look entry points up, package by package where one's list is damaged."""
    try:
        return metadata.entry_points(group=ENTRY_POINTS)
    except Exception:  # noqa: BLE001 - damaged text fails in many ways
        first: dict[object, metadata.Distribution] = {}
        for package in metadata.distributions():  # of two alike the first is imported
            first.setdefault(_package_name(package), package)
        return [entry for package in first.values() for entry in _entries_of(package)]


def _package_name(package: metadata.Distribution) -> object:
    """Give a package's name in the one form in which names are compared."""
    try:
        return re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower()
    except Exception:  # noqa: BLE001 - damaged text fails in many ways
        return package


def _entries_of(package: metadata.Distribution) -> Iterable[metadata.EntryPoint]:
    """Look one package's entry points up; a damaged list is told and left out."""
    try:
        return package.entry_points.select(group=ENTRY_POINTS)
    except Exception as error:  # noqa: BLE001 - damaged text fails in many ways
        message = (
            f"models of the package {_package_name(package)} are left out, for its "
            f"entry points cannot be read ({type(error).__name__}: {error}); install "
            "it again"
        )
        warnings.warn(on_one_line(message), RuntimeWarning, stacklevel=4)
        return ()


def _plugin_of(entry: metadata.EntryPoint, taken: set[str]) -> ModelPlugin:
    """Import what an entry point names; refuse it if it cannot be used as a model."""
    try:
        plugin: ModelPlugin = entry.load()
    except (Exception, SystemExit) as error:
        # a module of others may raise anything, and our own models go on without it
        msg = f"it cannot be imported ({type(error).__name__}: {error})"
        raise ModelError(msg) from error
    if (
        is_other(plugin, ModelPlugin)
        or is_other(plugin.card, Card)
        or plugin.card.name != entry.name
        or not callable(plugin.load)
    ):
        msg = "it is no ModelPlugin whose card has the entry point's name"
        raise ModelError(msg)
    if entry.name in taken:
        msg = "there is another model of this name"
        raise ModelError(msg)
    if PLUGIN_NAME.fullmatch(entry.name) is None:
        msg = "its name is not of letters, digits, dots, hyphens and underscores"
        raise ModelError(msg)
    card_from_mapping(asdict(plugin.card))
    return plugin


@cache
def cards() -> dict[str, Card]:
    """Return all cards by name, the bundled model and the baselines first.

    Raises
    ------
    ModelError
        If a card of this package is not valid.
    """
    return _own_cards() | {name: each.card for name, each in plugins().items()}


@cache
def _own_cards() -> dict[str, Card]:
    folder = resources.files("napari_sam_med.models") / "cards"
    texts = [f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".toml")]
    read = [card_from_mapping(tomllib.loads(text)) for text in texts]
    read.sort(key=_place)
    return {card.name: card for card in read}


def _place(card: Card) -> tuple[bool, bool, str, int, str]:
    """What needs no file first, of that the baselines last; families by size."""
    baseline = card.family == "baseline"
    size = card.size or card.about
    return card.needs_file, baseline, card.family, size, card.name


def card_of(name: str) -> Card:
    """Look a model up.

    Parameters
    ----------
    name : str
        Such as ``nano`` or ``sam_vit_b``.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    try:
        return cards()[name]
    except KeyError:
        msg = f"there is no model '{name}'; known are {', '.join(cards())}"
        raise ModelError(msg) from None
