"""Files of ours with names that anyone can guess, in folders that others may share."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path


def is_own_file(path: Path) -> bool:
    """Whether a file is plain and has one name: no link that someone has planted.

    Parameters
    ----------
    path : Path
        Need not exist.
    """
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def open_own(path: Path, *, resumed: bool) -> BinaryIO:
    """Open a file to go on or to begin anew; a link is never written through.

    Parameters
    ----------
    path : Path
        Our own, as `is_own_file` says.
    resumed : bool
        Whether to go on at its end.

    Raises
    ------
    OSError
        If it cannot be opened, or has become a link.
    """
    flags = os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    if resumed:
        flags |= os.O_APPEND
    else:
        path.unlink(missing_ok=True)
        flags |= os.O_CREAT | os.O_EXCL
    return os.fdopen(os.open(path, flags, 0o644), "ab" if resumed else "wb")
