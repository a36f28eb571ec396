"""The one folder that holds downloaded and imported weights.

Beside each file lies a small JSON record with its hash. Where the card states none,
the record pins the file: what is loaded later must be what was loaded first.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from napari_sam_med.core.storage.atomic_files import replacing, write_text
from napari_sam_med.core.storage.documents import STRICT, Document
from napari_sam_med.errors import CheckpointError, FileWriteError
from napari_sam_med.models.cache_folder import cache_folder
from napari_sam_med.models.loading import check_loads
from napari_sam_med.models.registry import Card, card_of, cards
from napari_sam_med.models.weight_files import (
    SAFE,
    SOURCE_NOTE,
    check_weight_file,
    make_room,
    notes_of,
    sha256_of,
)
from napari_sam_med.models.weights.admission import (
    address_of,
    refuse_no_file,
    refuse_stand_in,
)
from napari_sam_med.models.weights.downloads import Wanted, download
from napari_sam_med.models.weights.network import Network

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from pathlib import Path

CONVERSION_WARNING = (
    "This reads a file that was refused because it holds more than tensors. Only its "
    "tensors are kept, and what else it asks for is neither imported nor run; still, "
    "do it only with a file whose origin you trust."
)
PICKLED = ".pth"


@dataclass(frozen=True, slots=True)
class CheckpointRecord:
    """What is remembered of a file in the store.

    Parameters
    ----------
    sha256 : str
        Of the file, when it came.
    size : int
        Its bytes.
    modified_ns : int
        Its time of modification; a file of this size and time is not hashed again.
    source : str
        Address or path that it came from.
    source_sha256 : str
        For a converted file, the hash of the original, as the file notes it.
    """

    __pydantic_config__ = STRICT

    sha256: str
    size: int
    modified_ns: int
    source: str = ""
    source_sha256: str = ""


RECORD = Document(
    "the record of a checkpoint",
    CheckpointRecord,
    "delete it, and the file beside it if in doubt",
    error=CheckpointError,
)


@dataclass(frozen=True, slots=True)
class CheckpointStore:
    """Weights by model, in one folder.

    Parameters
    ----------
    folder : Path
        Where the files lie; it is made when the first file comes.
    loads : callable
        Raises unless a file that no published hash vouches for loads as the card's
        model: only then is its own hash worth holding to.
    """

    folder: Path = field(default_factory=lambda: cache_folder() / "checkpoints")
    loads: Callable[[Card, Path], None] = check_loads

    def find(self, card: Card) -> Path | None:
        """File of a model, if it was downloaded, imported or converted.

        Parameters
        ----------
        card : Card
            The model's.

        Raises
        ------
        CheckpointError
            If the folder may not be looked into.
        """
        paths = [self._path(card, suffix) for suffix in (SAFE, PICKLED)]
        try:
            return next((path for path in paths if path.is_file()), None)
        except OSError as error:
            msg = (
                f"{self.folder} cannot be used for checkpoints ({error.strerror}); set "
                "NAPARI_SAM_MED_CACHE to a folder that can be read"
            )
            raise CheckpointError(msg) from error

    def checked(self, card: Card) -> Path | None:
        """File of a model after a check that it is still the one that came.

        Parameters
        ----------
        card : Card
            The model's.

        Returns
        -------
        Path or None
            None if there is no file.

        Raises
        ------
        CheckpointError
            If the file is another than published, or than the one first recorded.

        Notes
        -----
        An unchanged size and time of modification are believed; ``verify`` is thorough.
        """
        path = self.find(card)
        if path is None:
            return None
        record, now = self._read_record(path), path.stat()
        if record is None or (record.size, record.modified_ns) != _stamp(now):
            self.verify(card)
        return path

    def verify(self, card: Card) -> str:
        """Hash a model's file and compare it with what is published or recorded.

        Parameters
        ----------
        card : Card
            The model's.

        Returns
        -------
        str
            The SHA-256 of the file, which is recorded if nothing was.

        Raises
        ------
        CheckpointError
            If there is no file, or it is not the right one.
        """
        refuse_no_file(card)
        path = self.find(card)
        if path is None:
            msg = f"{card.name} has no file in {self.folder}; {card.how_to_get()}"
            raise CheckpointError(msg)
        record, digest = self._read_record(path), sha256_of(path)
        published = "" if path.suffix == SAFE else card.sha256
        expected = published or (record.sha256 if record else "")
        if expected not in ("", digest):
            msg = (
                f"{path} has SHA-256 {digest} where {expected} is "
                f"{'published' if published else 'on record'}: it was damaged or "
                "replaced; delete it and get it again"
            )
            raise CheckpointError(msg)
        source = record.source if record else str(path)
        original = record.source_sha256 if record else ""
        with suppress(FileWriteError):  # of a store that is only read: hashed each time
            self._write_record(path, digest, source, original)
        return digest

    def download(
        self,
        card: Card,
        *,
        network: Network | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Path:
        """Fetch a model's file from its official address, or from a mirror.

        Parameters
        ----------
        card : Card
            The model's.
        network, progress, cancelled
            As ``downloads.download`` takes them. A mirror is asked for a file
            that has no official address as ``NAME.pth``.

        Returns
        -------
        Path
            The verified file; at once, if it was already here.

        Raises
        ------
        CheckpointError
            If it cannot be had so, or is not what is published.
        DownloadCancelledError
            If ``cancelled`` said so.
        """
        path = self.checked(card)
        if path is not None:
            return path
        refuse_no_file(card)
        network = network or Network.from_environment()
        url = address_of(card, network)
        path = self._path(card, PICKLED)
        # without an address the size was stated for some copy, not for this one
        size = card.size if card.url else 0
        wanted = Wanted(url, size, card.sha256 or self._pinned(card))
        digest = download(
            wanted,
            path,
            network=network,
            progress=progress,
            cancelled=cancelled,
            accept=lambda part: self._vouch(card, part),
        )
        self._write_record(path, digest, url)
        return path

    def import_file(self, file: Path, name: str = "") -> Card:
        """Copy a file that was got by hand into the store.

        Parameters
        ----------
        file : Path
            The checkpoint.
        name : str
            The model's name; not needed for a file whose hash is published, nor for
            one that was converted from such a file.

        Returns
        -------
        Card
            Of the model that the file belongs to.

        Raises
        ------
        CheckpointError
            If it is no weights file, holds stand-ins, is not known and no name was
            given, or is neither the file that is published (or on record) for that
            name nor converted from it, or does not load as that model, or the model
            takes no file.
        FileWriteError
            If the disk does not take it.
        ModelError
            If there is no model of that name.
        """
        check_weight_file(file)
        digest, notes = sha256_of(file), notes_of(file)
        refuse_stand_in(file, notes)
        original = notes.get(SOURCE_NOTE, "")
        card = self._owner(file, original or digest, name)
        path = self._path(card, SAFE if file.suffix == SAFE else PICKLED)
        make_room(path.parent, file.stat().st_size)
        self._take_copy(card, file, path)
        digest = sha256_of(path)
        self._write_record(path, digest, str(file), original)
        self._path(card, PICKLED if path.suffix == SAFE else SAFE).unlink(
            missing_ok=True
        )
        return card

    def convert(self, file: Path, name: str) -> Path:
        """Import the tensors of a file that is refused for what else it holds.

        Parameters
        ----------
        file : Path
            A checkpoint whose origin the user trusts.
        name : str
            The model that it belongs to.

        Returns
        -------
        Path
            A safetensors file in the store.

        Raises
        ------
        CheckpointError
            If the file cannot be read so, holds stand-ins, does not hold this model's
            tensors, is not the one that is published or on record, or the model takes
            no file.
        FileWriteError
            If the disk does not take it.
        ModelError
            If there is no model of that name.
        """
        from napari_sam_med.models.weights.conversion import convert

        check_weight_file(file)
        refuse_stand_in(file, notes_of(file))
        card = self._owner(file, sha256_of(file), name)
        path = self._path(card, SAFE)
        make_room(path.parent, file.stat().st_size)
        with replacing(path, follow_links=False) as part:
            convert(file, part)
            self.loads(card, part)
        original = notes_of(path)[SOURCE_NOTE]
        self._write_record(path, sha256_of(path), str(file), original)
        return path

    def _take_copy(self, card: Card, file: Path, path: Path) -> None:
        """Copy a file into the store; what is checked is the copy."""
        with replacing(path, follow_links=False) as part:
            shutil.copyfile(file, part)
            self._vouch(card, part)

    def _vouch(self, card: Card, part: Path) -> None:
        if not card.sha256 or sha256_of(part) != card.sha256:
            self.loads(card, part)

    def _owner(self, file: Path, digest: str, name: str) -> Card:
        """Whose file it is: by the published file's hash, else by the name given."""
        known = next((c for c in cards().values() if c.sha256 == digest), None)
        if not name and known is None:
            msg = (
                f"{file} is none of the files with a published hash; say which model "
                "it belongs to with --model NAME"
            )
            raise CheckpointError(msg)
        card = known if known is not None and not name else card_of(name)
        refuse_no_file(card)
        expected = card.sha256 or self._pinned(card)
        if expected not in ("", digest):
            other = f"it is {known.name}'s" if known else "it is damaged or another's"
            has = "was converted from" if SOURCE_NOTE in notes_of(file) else "has"
            msg = (
                f"{file} {has} SHA-256 {digest}, but {card.name}'s file has {expected} "
                f"({'published' if card.sha256 else 'recorded when it first came'}): "
                f"{other}; give the right file, or load this one by its path"
            )
            raise CheckpointError(msg)
        return card

    def _pinned(self, card: Card) -> str:
        """Hash of the published file, once it or what it was converted to has come."""
        record = self._read_record(self._path(card, PICKLED))
        if record is not None:
            return record.sha256
        converted = self._read_record(self._path(card, SAFE))
        return converted.source_sha256 if converted else ""

    def _path(self, card: Card, suffix: str) -> Path:
        return self.folder / f"{card.file_stem}{suffix}"

    @staticmethod
    def _record_file(path: Path) -> Path:
        return path.with_name(f"{path.name}.json")

    def _read_record(self, path: Path) -> CheckpointRecord | None:
        file = self._record_file(path)
        if not file.is_file():
            return None
        return RECORD.read(file)

    def _write_record(
        self, path: Path, digest: str, source: str, original: str = ""
    ) -> None:
        record = CheckpointRecord(digest, *_stamp(path.stat()), source, original)
        text = json.dumps(asdict(record), indent=2)
        write_text(self._record_file(path), text, follow_links=False)


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns
