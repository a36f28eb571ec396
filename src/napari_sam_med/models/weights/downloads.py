"""Large files over HTTP that arrive whole or not at all.

Pooch would be the natural choice, but its ``HTTPDownloader`` starts anew after every
break, which 2.5 GB on a hospital's network do not survive. This module continues with
range requests and needs nothing but the standard library.
"""

from __future__ import annotations

import http.client
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, ProxyHandler, Request, build_opener

from filelock import FileLock, Timeout

from napari_sam_med.core.storage.atomic_files import write_text
from napari_sam_med.errors import CheckpointError, DownloadCancelledError
from napari_sam_med.models.own_files import is_own_file, open_own
from napari_sam_med.models.weight_files import (
    check_weight_file,
    make_room,
    sha256_of,
    size_in_words,
)
from napari_sam_med.models.weights.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


CHUNK_BYTES = 1 << 18
PARTIAL, TOO_FAR = 206, 416
LONGEST_TAG = 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file and what is known of it.

    Parameters
    ----------
    url : str
        Its official address, http or https.
    size : int
        Bytes; 0 if unknown.
    sha256 : str
        In hexadecimal; empty if unknown.
    """

    url: str
    size: int = 0
    sha256: str = ""


def download(
    wanted: Wanted,
    target: Path,
    *,
    network: Network | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    accept: Callable[[Path], None] | None = None,
) -> str:
    """Fetch a file, going on where an earlier attempt stopped.

    Parameters
    ----------
    wanted : Wanted
        What to fetch.
    target : Path
        The file gets this name only when its size and hash are right. Until then it
        grows beside it, with ``.part`` added.
    network : Network, optional
        How to reach it; by default as the environment says.
    progress : callable, optional
        Called with the bytes that are here and the bytes in all (0 if unknown).
    cancelled : callable, optional
        Asked after each piece; what came so far is kept for the next time.
    accept : callable, optional
        Raises CheckpointError if the finished file is not to be taken; it is then
        discarded.

    Returns
    -------
    str
        SHA-256 of the file.

    Raises
    ------
    CheckpointError
        If the disk is too small, another process fetches the same file, the server
        cannot be reached or refuses, answers with a web page, or sends a file of
        another size or content.
    DownloadCancelledError
        If ``cancelled`` said so.
    """
    transfer = _Transfer(
        wanted,
        target.with_name(f"{target.name}.part"),
        network or Network.from_environment(),
        progress or _silent,
        cancelled or _never,
    )
    with _alone(target):
        transfer.run()
        digest = transfer.checked_hash()
        try:
            check_weight_file(transfer.part)
            if accept is not None:
                accept(transfer.part)
        except CheckpointError as error:
            transfer.forget()
            raise CheckpointError(transfer.about_address(str(error))) from error
        transfer.part.replace(target)
        transfer.tag_file.unlink(missing_ok=True)
    return digest


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keep others from the part meanwhile; the lock of a killed process is free."""
    make_room(target.parent, 0)
    file = target.with_name(f"{target.name}.lock")
    if not is_own_file(file):
        file.unlink(missing_ok=True)
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        msg = (
            f"another process is fetching {target.name} into {target.parent}; wait "
            "until it has ended"
        )
        raise CheckpointError(msg) from error
    except (OSError, NotImplementedError) as error:
        why = getattr(error, "strerror", None) or error
        msg = (
            f"{target.parent} cannot be locked ({why}); set NAPARI_SAM_MED_CACHE to "
            "another folder"
        )
        raise CheckpointError(msg) from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes it by itself, once it is free
            file.unlink()
        lock.release()


def _silent(done: int, total: int) -> None:
    """Show nothing."""


def _never() -> bool:
    return False


def _starts_at(response: http.client.HTTPResponse, position: int) -> bool:
    """Whether a partial answer begins where it was asked to."""
    said = response.headers.get("Content-Range", "")
    return said.replace("=", " ").startswith(f"bytes {position}-")


@dataclass(slots=True)
class _Transfer:
    """One file on its way."""

    wanted: Wanted
    part: Path
    network: Network
    progress: Callable[[int, int], None]
    cancelled: Callable[[], bool]
    total: int = 0

    @property
    def tag_file(self) -> Path:
        """Remembers which version of the file the part belongs to."""
        return self.part.with_name(f"{self.part.name}.tag")

    @property
    def done(self) -> int:
        return self.part.stat().st_size if is_own_file(self.part) else 0

    def run(self) -> None:
        """Ask until all is here, or until nothing new comes any more."""
        self.total = self.wanted.size
        make_room(self.part.parent, self.total - self.done)
        for file in (self.part, self.tag_file):
            if not is_own_file(file):
                file.unlink(missing_ok=True)
        failures, furthest = 0, 0
        while not (self.total and self.done == self.total):
            fault = self._attempt()
            if fault is None:
                return
            failures = 0 if self.done > furthest else failures + 1
            furthest = max(furthest, self.done)
            if failures >= self.network.attempts:
                raise CheckpointError(self._broken(fault, furthest))
            self._pause(self.network.pause_s * 2**failures)

    def _broken(self, fault: str, furthest: int) -> str:
        """Say that nothing more comes after so many bytes, and what to do."""
        if not furthest:
            return (
                f"nothing came from {self._address} ({fault}); try again where there "
                "is a network, or fetch the file on another machine and run "
                "`napari-sam-med models import FILE` here"
            )
        return (
            f"the connection for {self._address} broke after "
            f"{size_in_words(self.done)} ({fault}); what came is kept, run the "
            "download again to go on"
        )

    def checked_hash(self) -> str:
        """Hash of the finished part; a wrong one is deleted, it cannot be mended."""
        size, digest = self.done, sha256_of(self.part)
        right = self.wanted.sha256 in ("", digest)
        if right and self.wanted.size in (0, size):
            return digest
        self.forget()
        expected = f"{self.wanted.size or 'any number of'} bytes"
        if self.wanted.sha256:
            expected += f" with SHA-256 {self.wanted.sha256}"
        msg = (
            f"{self._address} sent {size} bytes with SHA-256 {digest} where {expected} "
            "are expected; the file was discarded: try again, or another source"
        )
        raise CheckpointError(msg)

    @property
    def _address(self) -> str:
        return self.network.address(self.wanted.url)

    def about_address(self, fault: str) -> str:
        """Say of the address what was said of the part, which is no more."""
        return fault.replace(str(self.part), f"what {self._address} sent")

    def _attempt(self) -> str | None:
        """Fetch what is missing; the fault if the connection broke, else None."""
        try:
            with self._open() as response:
                self._take(response)
        except HTTPError as error:
            return self._refused(error)
        except CheckpointError:  # It is an OSError too.
            raise
        except (URLError, OSError, http.client.HTTPException) as error:
            return str(getattr(error, "reason", "") or error) or type(error).__name__
        except ValueError as error:  # of a redirect too, or a host that has no IDNA
            msg = f"{self._address} leads to no address ({error}); try another source"
            raise CheckpointError(msg) from error
        if self.total and self.done < self.total:
            return f"{self.total - self.done} bytes are missing"
        return None

    def _refused(self, error: HTTPError) -> str | None:
        if error.code == TOO_FAR and self.done:
            self.forget()
            return "the server has fewer bytes than came before"
        if error.code in (408, 429) or error.code >= 500:
            return f"status {error.code}"
        msg = (
            f"{self._address} answered with status {error.code} ({error.reason}); try "
            "later, or get the file by hand and import it"
        )
        raise CheckpointError(msg) from error

    def _open(self) -> http.client.HTTPResponse:
        address = self._address
        if urlsplit(address).scheme not in ("http", "https"):
            msg = f"address '{address}'; give one that starts with http:// or https://"
            raise CheckpointError(msg)
        headers = {"User-Agent": "napari-sam-med", "Accept-Encoding": "identity"}
        tag = self._tag()
        # Without a tag only the hash can tell whether both halves are of one file.
        if self.done and (tag or self.wanted.sha256):
            headers["Range"] = f"bytes={self.done}-"
            headers |= {"If-Range": tag} if tag else {}
        proxy = self.network.proxy
        proxies = ProxyHandler({"http": proxy, "https": proxy} if proxy else None)
        opener = build_opener(HTTPHandler, proxies)
        response: http.client.HTTPResponse = opener.open(
            Request(address, headers=headers),
            timeout=self.network.timeout_s,
        )
        return response

    def _take(self, response: http.client.HTTPResponse) -> None:
        """Append the answer's body, or begin anew if it is the whole file."""
        self._check_headers(response)
        resumed = response.status == PARTIAL
        if resumed and not _starts_at(response, self.done):
            self.forget()
            return
        if not resumed:
            self._remember_version(response)
        with open_own(self.part, resumed=resumed) as file:
            # read would wait for a whole piece, and nobody could stop it meanwhile
            while piece := response.read1(CHUNK_BYTES):
                file.write(piece)
                self.progress(file.tell(), self.total)
                self._check_piece(file.tell())

    def _tag(self) -> str:
        """What the server called this version of the file; a damaged note is none."""
        if not self.tag_file.is_file():
            return ""
        tag = self.tag_file.read_bytes()[:LONGEST_TAG].decode("ascii", "replace")
        return tag if tag.isascii() and tag.isprintable() else ""

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._check_cancelled(self.done)
            time.sleep(min(left, 0.1))

    def _check_cancelled(self, done: int) -> None:
        if self.cancelled():
            msg = (
                f"the download was stopped at {size_in_words(done)}; what came is "
                "kept, start it again to go on"
            )
            raise DownloadCancelledError(msg)

    def _check_piece(self, done: int) -> None:
        self._check_cancelled(done)
        if self.total and done > self.total:
            self.forget()
            msg = (
                f"{self._address} sends more than the {self.total} bytes that are "
                "published; it is another file, so try another source"
            )
            raise CheckpointError(msg)

    def _check_headers(self, response: http.client.HTTPResponse) -> None:
        if response.headers.get_content_type() == "text/html":
            msg = (
                f"{self._address} answers with a web page instead of the file; open it "
                "in a browser, save the file and import it"
            )
            raise CheckpointError(msg)
        said = response.headers.get("Content-Length") or ""
        length = int(said) if said.isascii() and said.isdecimal() else 0
        start = self.done if response.status == PARTIAL else 0
        if self.wanted.size and length and start + length != self.wanted.size:
            self.forget()
            msg = (
                f"{self._address} offers {start + length} bytes where "
                f"{self.wanted.size} are published; it is another file, so try another "
                "source"
            )
            raise CheckpointError(msg)
        if length and not self.total:
            self.total = start + length
            make_room(self.part.parent, self.total - self.done)

    def _remember_version(self, response: http.client.HTTPResponse) -> None:
        # Only a strong validator allows to continue: see RFC 9110, section 13.1.5.
        tag = response.headers.get("ETag") or response.headers.get("Last-Modified")
        if tag and not tag.startswith("W/"):
            write_text(self.tag_file, tag, follow_links=False)
        else:
            self.tag_file.unlink(missing_ok=True)

    def forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.tag_file.unlink(missing_ok=True)
