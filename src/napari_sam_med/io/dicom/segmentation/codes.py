"""Which SNOMED CT codes stand for a segment's name."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

SCHEME = "SCT"


@dataclass(frozen=True, slots=True)
class SegmentCodes:
    """Category and type of a segment, each a SNOMED CT code with its meaning."""

    category: tuple[str, str]
    type: tuple[str, str]


def codes_for(name: str) -> SegmentCodes:
    """Look a segment's name up in the table that comes with the package.

    Parameters
    ----------
    name : str
        Such as ``kidney (left)``; case, order of words and signs do not matter.

    Returns
    -------
    SegmentCodes
        Tissue / Anatomical structure if the name is not in the table.

    Examples
    --------
    >>> codes_for("kidney_left").type
    ('18639004', 'Left kidney')
    """
    table, fallback = _table()
    return table.get(_words(name), fallback)


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", name.lower()))


@cache
def _table() -> tuple[dict[frozenset[str], SegmentCodes], SegmentCodes]:
    file = resources.files("napari_sam_med.io.dicom.segmentation")
    text = (file / "segment_codes.toml").read_text(encoding="utf-8")
    held = tomllib.loads(text)
    categories = {
        key: (entry["code"], entry["meaning"])
        for key, entry in held["categories"].items()
    }

    def codes(entry: dict[str, str]) -> SegmentCodes:
        category = categories[entry["category"]]
        return SegmentCodes(category, (entry["code"], entry["meaning"]))

    table = {
        _words(name): codes(entry)
        for entry in held["segment"]
        for name in entry["names"]
    }
    return table, codes(held["fallback"])
