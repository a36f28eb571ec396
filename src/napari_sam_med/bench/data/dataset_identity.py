"""Which data set a case, a patient and a task belong to.

Files of other data may have the same names: without the data set's name two runs over
different data would pass for two models on the same cases.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DIGITS = 8
"""Of the hash: two of 1,000 unnamed data sets share 32 bits once in 8,600 times
(n^2 / 2 / 2^32)."""


def dataset_id(name: str, files: Sequence[Mapping[str, str]]) -> str:
    """Name a data set, by its content if it has no name.

    Parameters
    ----------
    name : str
        As it was given; may be empty.
    files : sequence of mapping
        ``name`` and ``sha256`` of everything that is read.

    Returns
    -------
    str
        The name, or ``data-`` and eight digits of a hash of the files' hashes. The same
        files in other folders or under other names are the same data.

    Examples
    --------
    >>> dataset_id("", [{"name": "a.nii", "sha256": "12"}])
    'data-6b51d431'
    >>> dataset_id("Liver", [])
    'Liver'
    """
    if name:
        return name
    digest = hashlib.sha256()
    for file in files:
        digest.update(file["sha256"].encode())
    return f"data-{digest.hexdigest()[:DIGITS]}"


def case_within(dataset: str, name: str) -> str:
    """Put the data set before the name of a case or a patient.

    Examples
    --------
    >>> case_within("Liver", "p1"), case_within("", "p1")
    ('Liver/p1', 'p1')
    """
    return f"{dataset}/{name}" if dataset else name


def task_within(dataset: str, label_name: str) -> str:
    """Put the data set before the name of a class.

    Examples
    --------
    >>> task_within("CT", "liver")
    'CT: liver'
    """
    return f"{dataset}: {label_name}" if dataset else label_name


def image_of_case(case_id: str) -> str:
    """Give the image of a case with its data set: names of images may recur in others.

    Examples
    --------
    >>> image_of_case("Liver/ct/p1/axis0/0003/1")
    'Liver/ct/p1'
    """
    return case_id.rsplit("/", 3)[0]
