"""Numbers as they are typed: a count is a whole number, a measure a finite one."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

from cyclopts import Token, convert

WHOLE = re.compile(r"[+-]?[0-9]+")
LARGEST = 2**31 - 1
"""More than there are slices, steps or processes of anything."""


def value_from_tokens(kind: Any, tokens: Sequence[Token]) -> Any:
    """Convert what was typed, without rounding.

    Parameters
    ----------
    kind : type
        Of the parameter.
    tokens : sequence of Token
        What was typed for it.

    Returns
    -------
    object of ``kind``

    Raises
    ------
    ValueError
        If a number is not whole where it has to be, or too large, or not finite.

    Notes
    -----
    Cyclopts itself takes 1.5 as 2 for a whole number, and nan for any other.
    """
    kinds = _kinds_in(kind)
    for token in tokens:
        if int in kinds and not _is_whole(token.value):
            msg = f"give a whole number up to {LARGEST}"
            raise ValueError(msg)
        if float in kinds and not _is_finite(token.value):
            msg = "give a number that is finite"
            raise ValueError(msg)
    return convert(kind, tokens)


def _kinds_in(kind: Any) -> set[Any]:
    """List the plain types that a type is made of; of literals those of the values."""
    if get_origin(kind) is Literal:
        return {type(value) for value in get_args(kind)}
    inner = get_args(kind)
    if not inner:
        return {kind}
    return {found for each in inner for found in _kinds_in(each)}


def _is_whole(text: str) -> bool:
    return WHOLE.fullmatch(text) is not None and abs(_number(text)) <= LARGEST


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return True  # cyclopts says better what is wrong


def _number(text: str) -> float:
    return float(text)  # int() refuses thousands of digits with another error
