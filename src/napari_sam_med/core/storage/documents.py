"""JSON and TOML documents: read with a bound, checked against a type, told in words.

Whoever owns a kind of document declares it once, beside the type that it is read as::

    @dataclass(frozen=True, slots=True)
    class Names:
        __pydantic_config__ = STRICT
        version: int
        names: dict[str, str]


    NAMES = Document("names of labels", Names, remedy='give {"names": {"1": "liver"}}')
    names = NAMES.read(path)

What comes back is of the declared type throughout; everything else is one sentence
that names the file and the field.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from napari_sam_med.core.storage.plain_text import on_one_line, shown
from napari_sam_med.errors import FileReadError

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

Kind = TypeVar("Kind")

MOST_BYTES = 64 << 20
"""Most that is read: the manifest of 100,000 files has 15 MB, saved prompts less."""

SHOWN_FAULTS = 3
SIMPLE_FAULTS = {
    "missing": "is missing",
    "extra_forbidden": "is not known",
    "unexpected_keyword_argument": "is not known",
}
STRICT = {"strict": True, "extra": "forbid", "allow_inf_nan": False}
"""Pydantic configuration of a type whose fields are all that a document may hold."""

OPEN = {**STRICT, "extra": "ignore"}
"""The same for a type of which newer releases may write further fields."""


class _WrongError(ValueError):
    """What is wrong with a document, in the words that follow its name."""


@dataclass(frozen=True, slots=True)
class Document(Generic[Kind]):
    """A kind of document.

    Parameters
    ----------
    what : str
        What it is, such as ``a run's manifest``.
    kind : type
        What it is read as: a dataclass with ``__pydantic_config__``, a pydantic model,
        or a plain type such as ``dict[str, int]``.
    remedy : str
        What to do about one that cannot be used, as an imperative.
    format : str
        What its field ``format`` must say; empty if it has none.
    versions : range
        What its field ``version`` may say; empty if it has none.
    error : type
        Raised for one that cannot be used.
    """

    what: str
    kind: type[Kind]
    remedy: str
    format: str = ""
    versions: range = range(0)
    error: type[Exception] = FileReadError

    def read(self, path: Path) -> Kind:
        """Read a file: TOML if it is named so, else JSON.

        Parameters
        ----------
        path : Path
            UTF-8, with or without byte order mark.

        Returns
        -------
        object of ``kind``

        Raises
        ------
        FileReadError, or ``error``
            If the file is absent, no regular file, too large, not UTF-8, no JSON or
            TOML, nested too deep, of another format or a newer version, or a field is
            missing, unknown, given twice, or of another type or range.
        """
        try:
            text = _text_of(path)
        except OSError as error:
            raise self._refusal(str(path), error.strerror or str(error)) from error
        except _WrongError as error:
            raise self._refusal(str(path), str(error)) from error
        return self.parse(text, str(path), toml=path.suffix.lower() == ".toml")

    def read_plain(self, path: Path) -> Any:
        """Check a file as `read` does, and return all that it holds as plain values.

        Raises
        ------
        FileReadError, or ``error``
            As `read`.
        """
        self.read(path)
        return _tree_of(_text_of(path), toml=path.suffix.lower() == ".toml")

    def parse(self, text: str, where: str, *, toml: bool = False) -> Kind:
        """Read a text, as `read` does.

        Parameters
        ----------
        text : str
            The document.
        where : str
            Where it stands, for the sentence about one that cannot be used.
        toml : bool
            Whether it is TOML instead of JSON.

        Raises
        ------
        FileReadError, or ``error``
            As `read`.
        """
        try:
            tree = _tree_of(text, toml=toml)
        except _WrongError as error:
            raise self._refusal(where, str(error)) from error
        except RecursionError as error:
            raise self._refusal(where, "it is nested too deep") from error
        return self.check(tree, where)

    def check(self, tree: Any, where: str) -> Kind:
        """Check plain values that were read already, as `read` does.

        Parameters
        ----------
        tree : dict, list or plain value
            What JSON or TOML gave.
        where : str
            Where it stands.

        Raises
        ------
        FileReadError, or ``error``
            As `read`.
        """
        try:
            self._check_head(tree)
            return self._checked(json.dumps(tree, default=str))
        except _WrongError as error:
            raise self._refusal(where, str(error)) from error
        except RecursionError as error:
            raise self._refusal(where, "it is nested too deep") from error

    def _check_head(self, tree: Any) -> None:
        """Look at format and version first: they explain all other faults."""
        if not (self.format or self.versions):
            return
        if not isinstance(tree, dict):
            msg = f"it holds {_name_of(tree)} instead of named fields"
            raise _WrongError(msg)
        if self.format and tree.get("format") != self.format:
            found = shown(tree["format"]) if "format" in tree else "missing"
            msg = f"format is {found} instead of '{self.format}'"
            raise _WrongError(msg)
        if self.versions:
            self._check_version(tree.get("version", "missing"))

    def _check_version(self, found: Any) -> None:
        if type(found) is int and found in self.versions:
            return
        reads = f"this release reads {self.versions[0]} to {self.versions[-1]}"
        if type(found) is int and found > self.versions[-1]:
            reads += " and has to be updated for it"
        msg = f"version is {found if found == 'missing' else shown(found)}; {reads}"
        raise _WrongError(msg)

    def _checked(self, text: str) -> Kind:
        from pydantic import ValidationError

        try:
            checked: Kind = _adapter(cast("Hashable", self.kind)).validate_json(text)
        except ValidationError as error:
            raise _WrongError(_sentence(error.errors(include_url=False))) from error
        return checked

    def _refusal(self, where: str, reason: str) -> Exception:
        sentence = f"{where} cannot be used as {self.what}: {reason}; {self.remedy}"
        return self.error(on_one_line(sentence))


def _text_of(path: Path) -> str:
    """Read at most `MOST_BYTES` of a regular file; never wait for a pipe."""
    if path.exists() and not path.is_file():
        msg = "it is no regular file"
        raise _WrongError(msg)
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        msg = f"it has more than {MOST_BYTES >> 20} MB"
        raise _WrongError(msg)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"byte {error.start} is no UTF-8 text"
        raise _WrongError(msg) from error


def _tree_of(text: str, *, toml: bool) -> Any:
    try:
        if toml:
            return tomllib.loads(text)
        return json.loads(
            text,
            object_pairs_hook=_object_from,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except _WrongError:
        raise
    except ValueError as error:
        msg = f"it is no {'TOML' if toml else 'JSON'} ({error})"
        raise _WrongError(msg) from error


def _object_from(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        msg = f"field {shown(twice)} is given twice"
        raise _WrongError(msg)
    return found


def _refuse_constant(name: str) -> Any:
    msg = f"it holds {name}, which is no number"
    raise _WrongError(msg)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        msg = f"the number {shown(text)} is too large"
        raise _WrongError(msg)
    return number


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    """Build a type's validator, once; pydantic takes a while to import."""
    from pydantic import TypeAdapter

    return TypeAdapter(cast("Any", kind))


def _sentence(faults: list[ErrorDetails]) -> str:
    said = list(dict.fromkeys(_fault(each) for each in faults))
    more = len(said) - SHOWN_FAULTS
    return ", ".join(said[:SHOWN_FAULTS]) + (f" and {more} more" if more > 0 else "")


def _fault(fault: ErrorDetails) -> str:
    """Say of one field what is wrong with it."""
    kind, found = fault["type"], fault["input"]
    place = _place_of(fault["loc"])
    if kind == "json_invalid":
        return "it is nested too deep or holds text that is no Unicode"
    if kind in SIMPLE_FAULTS:
        return f"{place} {SIMPLE_FAULTS[kind]}"
    if kind.startswith("dataclass"):
        return f"{place} is {_name_of(found)} instead of named fields"
    if kind == "value_error":
        return f"{place} is wrong: {fault['msg'].removeprefix('Value error, ')}"
    wanted = fault["msg"].removeprefix("Input should be ")
    return f"{place} is {shown(found)} instead of {wanted}"


def _place_of(steps: tuple[int | str, ...]) -> str:
    """Write the way to a field as one would in a program, such as ``a[0].b``."""
    text = ""
    for step in steps:
        text += (
            f"[{step}]" if isinstance(step, int) else f".{shown(step, quoted=False)}"
        )
    return text.removeprefix(".") or "the document"


def _name_of(value: Any) -> str:
    names = {list: "a list", dict: "named fields", str: "a text", bool: "a truth value"}
    if value is None:
        return "nothing (null)"
    return names.get(type(value), "a number")
