"""Text that came with data, made fit to be shown: it may hold anything."""

from __future__ import annotations

import unicodedata

MOST_SHOWN = 60
"""Characters of a found value in a message: enough to find it again in a file."""

ELLIPSIS = "..."


def printable(text: str) -> str:
    r"""Replace what a terminal or a text field would obey by its escape.

    Parameters
    ----------
    text : str
        May hold control characters, terminal sequences, marks that reverse the order
        of writing, or bytes of a file name that are no UTF-8 (lone surrogates).

    Returns
    -------
    str
        Line ends and tabs are kept.

    Examples
    --------
    >>> print(printable("liver\x1b[2J"))
    liver\x1b[2J
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown_character(each) for each in text)


def on_one_line(text: str) -> str:
    r"""Make a text printable, with every run of white space as one space.

    Examples
    --------
    >>> on_one_line("left\nkidney\x07")
    'left kidney\\x07'
    """
    return printable(" ".join(text.split()))


def unicode_text(text: str) -> str:
    r"""Give a text that UTF-8 holds, whatever Python made of a file's name.

    Parameters
    ----------
    text : str
        ``LANG=C`` leaves lone surrogates for the bytes of a name.

    Returns
    -------
    str
        The bytes joined again where they are UTF-8, else escapes.

    Examples
    --------
    >>> print(unicode_text("caf\udcc3\udca9"), unicode_text("caf\udce9"))
    café caf\udce9
    """
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def shown(value: object, *, quoted: bool = True) -> str:
    """Write a found value for a message: printable, on one line, and cut if long.

    Parameters
    ----------
    value : object
        Anything.
    quoted : bool
        Whether texts are put in quotation marks.

    Examples
    --------
    >>> shown("5"), shown(5), shown(None)
    ("'5'", '5', 'null')
    >>> shown("abc" * 50)
    "'abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc...'"
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = on_one_line(value if isinstance(value, str) else str(value))
    if len(text) > MOST_SHOWN:
        text = text[:MOST_SHOWN] + ELLIPSIS
    return f"'{text}'" if quoted and isinstance(value, str) else text


def _shown_character(character: str) -> str:
    if character in "\n\t":
        return character
    # Cc: control, Cf: invisible marks such as those of direction, Cs: surrogates,
    # Zl and Zp: line ends that only some programs know
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character
