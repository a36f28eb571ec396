"""Who the patients are, as far as the images' names tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PATTERNS = (
    r"(?i)^(.*?(?:patient|pat|case|subject|sub|id)[_-]?[0-9]+)",
    r"(?i)^(.+?)[_-](?:slice|slc|sl|frame|img|image|z|s|f|t)?[_-]?[0-9]+$",
    r"^([A-Za-z]*[0-9]+)[_-]",
)
"""From the most to the least telling: a word for a person and a number, what stands
before a number at the end, the first number."""


def suggested_pattern(names: Iterable[str]) -> str:
    """Find a regular expression that joins several images to one patient.

    Parameters
    ----------
    names : iterable of str
        Of the images.

    Returns
    -------
    str
        To be given as ``--patients``; empty if none fits every name and leaves more
        than one patient, but fewer than there are images.

    Examples
    --------
    >>> suggested_pattern(["p1_001", "p1_002", "p2_001"])
    '(?i)^(.+?)[_-](?:slice|slc|sl|frame|img|image|z|s|f|t)?[_-]?[0-9]+$'
    >>> suggested_pattern(["a", "b"])
    ''
    """
    names = sorted(set(names))
    for pattern in PATTERNS:
        found = [re.search(pattern, name) for name in names]
        patients = {match.group(1) for match in found if match}
        if all(found) and 1 < len(patients) < len(names):
            return pattern
    return ""
