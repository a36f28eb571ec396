"""What tells one set of files from another."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def hash_of_path(path: Path) -> str:
    """Hash a file, or the files of a folder.

    Parameters
    ----------
    path : Path
        A file, or a folder such as a DICOM series.

    Returns
    -------
    str
        SHA-256 in hexadecimal; of a folder that of its files' hashes in order of name.
        Empty if it cannot be read; loading it says why.
    """
    try:
        if path.is_file():
            return _hash_of_file(path).hex()
        digest = hashlib.sha256()
        for file in sorted(each for each in path.iterdir() if each.is_file()):
            digest.update(_hash_of_file(file))
        return digest.hexdigest()
    except OSError:
        return ""


def _hash_of_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
