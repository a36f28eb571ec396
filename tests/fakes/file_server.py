"""A real HTTP server on this machine that can be told to misbehave."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """What the server does; ``requests`` are the Range headers that it has seen.

    ``break_after``: bytes of each answer after which the connection is cut, one entry
    an answer. ``length_lie`` is added to the true Content-Length. ``redirects`` maps
    paths to other addresses. Without ``ranges`` it always sends the whole file. After
    ``stall_after`` bytes it says nothing for ``stall_s`` seconds. It answers while
    ``go_on`` is set.
    """

    body: bytes
    break_after: list[int] = field(default_factory=list)
    length_lie: int = 0
    ranges: bool = True
    tag: str = '"one"'
    content_type: str = "application/octet-stream"
    redirects: dict[str, str] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    without_length: bool = False
    stall_after: int = 0
    stall_s: float = 0.0
    requests: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self):
        self.go_on.set()


@contextmanager
def serving(behaviour: Behaviour):
    """Yield the server's address, such as ``http://127.0.0.1:40000``."""

    class Handler(_Handler):
        pass

    Handler.behaviour = behaviour
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        behaviour.gone.set()
        behaviour.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    behaviour: Behaviour

    def do_GET(self):
        how = self.behaviour
        how.requests.append(self.headers.get("Range", ""))
        how.paths.append(self.path)
        how.go_on.wait()
        if self.path in how.redirects:
            self.send_response(302)
            self.send_header("Location", how.redirects[self.path])
            self.end_headers()
            return
        if how.statuses:
            self.send_error(how.statuses.pop(0))
            return
        start = self._start()
        if start > len(how.body) or (start and start == len(how.body)):
            self.send_error(416)
            return
        self._answer(start)

    def _start(self) -> int:
        wanted = self.headers.get("Range", "")
        version = self.headers.get("If-Range", self.behaviour.tag)
        if not (self.behaviour.ranges and wanted and version == self.behaviour.tag):
            return 0
        return int(wanted.removeprefix("bytes=").rstrip("-"))

    def _answer(self, start: int) -> None:
        how = self.behaviour
        rest = how.body[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", how.content_type)
        if not how.without_length:
            self.send_header("Content-Length", str(len(rest) + how.length_lie))
        if how.tag:
            self.send_header("ETag", how.tag)
        if start:
            end = len(how.body) - 1
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(how.body)}")
        self.end_headers()
        cut = how.break_after.pop(0) if how.break_after else len(rest)
        if how.stall_s:
            self.wfile.write(rest[: how.stall_after])
            self.wfile.flush()
            how.gone.wait(how.stall_s)
            return
        self.wfile.write(rest[:cut])

    def log_message(self, *_):
        pass
