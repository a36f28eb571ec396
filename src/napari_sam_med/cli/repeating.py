"""The command line that another person repeats a run with."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROGRAM, MODEL = "napari-sam-med", "--model"


def command_of(
    name: str, places: Sequence[Path], out: Path, options: Sequence[Any]
) -> list[str]:
    """Write a command down, with all that was not left as it is by default.

    Parameters
    ----------
    name : str
        Of the command.
    places : sequence of Path
        Its arguments.
    out : Path
        Its ``--out``.
    options : sequence of dataclass
        Its groups of options, whose fields are named as these are.

    Returns
    -------
    list of str
        What was given as a path from the working folder stays so. Of any other place
        only the last name is told: folders above it may hold that of a person.

    Examples
    --------
    >>> command_of("benchmark", [Path("images")], Path("/data/run"), [])
    ['napari-sam-med', 'benchmark', 'images', '--out', 'run']
    """
    told = [PROGRAM, name, *map(_told, places), "--out", _told(out)]
    for group in options:
        for one in fields(group):
            value = getattr(group, one.name)
            if value != _default(one):
                told += _option("--" + one.name.replace("_", "-"), value)
    return told


def _option(name: str, value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield name if value else name.replace("--", "--no-", 1)
    elif isinstance(value, tuple):
        for each in value:
            yield from _option(name, each)
    elif isinstance(value, Path):
        yield from (name, _told(value))
    else:
        text = str(value)
        key, equals, file = text.partition("=")
        if name == MODEL and equals:
            text = f"{key}={_told(Path(file))}"
        yield from ([f"{name}={text}"] if text.startswith("-") else [name, text])


def _told(path: Path) -> str:
    if not path.is_absolute():
        return path.as_posix()
    here = Path.cwd()
    return path.relative_to(here).as_posix() if here in path.parents else path.name


def _default(one: Field[Any]) -> object:
    return one.default if one.default is not MISSING else None
