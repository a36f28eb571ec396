"""Images and truths of the CVPR 2025 challenge: both in one npz file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.data.hashing import hash_of_path
from napari_sam_med.bench.data.labelled_volumes import BadPair, LabelledVolume
from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATTERN = "*.npz"


@dataclass(frozen=True, slots=True)
class ChallengeFiles:
    """Npz files of the challenge; a ``VolumeSource``.

    Parameters
    ----------
    files : tuple of Path
        In order of file name.
    name : str
        Name of the data set; may be empty.
    """

    files: tuple[Path, ...]
    name: str = ""

    @classmethod
    def of(cls, path: Path, name: str = "") -> ChallengeFiles:
        """Find the files of a folder, or take one.

        Parameters
        ----------
        path : Path
            A file, or a folder of files.
        name : str
            Name of the data set.

        Raises
        ------
        DatasetError
            If there is none.
        """
        files = (path,) if path.is_file() else tuple(sorted(path.glob(PATTERN)))
        if not files:
            msg = (
                f"{path} holds no {PATTERN} as the challenge has them; give their "
                "folder, or IMAGES and LABELS"
            )
            raise DatasetError(msg)
        return cls(files, name)

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[LabelledVolume | BadPair]:
        return map(self._load, self.files)

    def fingerprint(self) -> list[dict[str, str]]:
        """Hash all files."""
        return [
            {"name": printable(path.name), "sha256": hash_of_path(path)}
            for path in self.files
        ]

    def options(self) -> dict[str, Any]:
        """Say that each image is a patient, and that the labels have no names."""
        return {"patients": "", "labels": {}}

    def _load(self, path: Path) -> LabelledVolume | BadPair:
        from napari_sam_med.io.volume_formats.challenge_npz import read_challenge

        try:
            volume, labels = read_challenge(path)
            return LabelledVolume(volume, labels, path.stem)
        except Exception as error:  # noqa: BLE001 - one bad file is one row
            return BadPair.from_error(path.stem, error, path)
