"""How the files of weights are reached: official addresses, a mirror, a proxy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from napari_sam_med.core.storage.plain_text import shown
from napari_sam_med.errors import CheckpointError

MIRROR_VARIABLE = "NAPARI_SAM_MED_MIRROR"
PROXY_VARIABLE = "NAPARI_SAM_MED_PROXY"
VARIABLES = {"mirror": MIRROR_VARIABLE, "proxy": PROXY_VARIABLE}


@dataclass(frozen=True, slots=True)
class Network:
    """How to reach the files.

    Parameters
    ----------
    mirror : str
        Address of a folder that holds copies under the official file names, and under
        ``NAME.pth`` those of models that have no official address; hashes are checked
        all the same. Empty: the official addresses.
    proxy : str
        Address of a proxy. Empty: that of the environment (``HTTPS_PROXY``), if any.
    attempts : int
        How often to go on after a break that brought nothing new.
    pause_s : float
        Seconds before the first new attempt; each further one waits twice as long.
    timeout_s : float
        Seconds of silence after which a connection counts as broken.

    Raises
    ------
    CheckpointError
        If mirror or proxy is no address of http or https.
    """

    mirror: str = ""
    proxy: str = ""
    attempts: int = 4
    pause_s: float = 1.0
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        for name, address in (("mirror", self.mirror), ("proxy", self.proxy)):
            # a proxy is often named as HOST:PORT alone
            whole = "://" in address or not address or name == "mirror"
            if address and not _is_address(address if whole else f"http://{address}"):
                msg = (
                    f"the {name} {_without_password(address)} is no address; give "
                    f"http://HOST[:PORT][/FOLDER] or https, or unset {VARIABLES[name]}"
                )
                raise CheckpointError(msg)

    @classmethod
    def from_environment(cls) -> Network:
        """Take mirror and proxy from ``NAPARI_SAM_MED_MIRROR`` and ``..._PROXY``.

        Raises
        ------
        CheckpointError
            If one is no address of http or https.
        """
        return cls(
            mirror=os.environ.get(MIRROR_VARIABLE, ""),
            proxy=os.environ.get(PROXY_VARIABLE, ""),
        )

    def address(self, url: str) -> str:
        """Where to ask for a file: at its official address, or at the mirror."""
        if not self.mirror:
            return url
        return f"{self.mirror.rstrip('/')}/{Path(urlsplit(url).path).name}"


def _without_password(address: str) -> str:
    """Show an address, but not one that may hold a password."""
    return "given" if "@" in address else shown(address)


def _is_address(text: str) -> bool:
    """Whether a text names a host over http, with a port that there can be."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:  # a port beyond 65535, or brackets left open
        return False
