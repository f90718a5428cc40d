"""Local servers that take what is sent and answer as they are told."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Post:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebServer:
    """A web server: `answers` are given in turn, the last one again and again."""

    url: str = ""
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    by_path: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    came: list[Post] = field(default_factory=list)


@contextmanager
def web_server() -> Iterator[WebServer]:
    """Run a web server on a free port of this machine."""
    state = WebServer()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            post = Post(self.command, self.path, dict(self.headers), self.rfile.read(length))
            state.came.append(post)
            given = state.by_path.get(self.path.partition("?")[0])
            if given is None:
                given = (200, {}, b"") if not state.answers else state.answers[0]
                if len(state.answers) > 1:
                    state.answers.pop(0)
            code, headers, body = given
            self.send_response(code)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET = _take

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield state
        server.shutdown()
        thread.join()


@dataclass
class MailServer:
    """An SMTP server: `refusals` are what it says to DATA in turn before it takes letters."""

    port: int = 0
    refusals: list[str] = field(default_factory=list)
    letters: list[tuple[list[str], bytes]] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run an SMTP server (RFC 5321, as much of it as a client needs) on a free port."""
    state = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def handle(self) -> None:
            self._say("220 test")
            recipients: list[str] = []
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"QUIT":
                    self._say("221 bye")
                    return
                if verb == b"RCPT":
                    recipients.append(line.partition(b"<")[2].partition(b">")[0].decode())
                if verb != b"DATA":
                    self._say("250 ok")
                elif state.refusals:
                    self._say(state.refusals.pop(0))
                else:
                    self._say("354 go on")
                    lines = []
                    while (text := self.rfile.readline()) != b".\r\n":
                        lines.append(text)
                    state.letters.append((recipients, b"".join(lines)))
                    recipients = []
                    self._say("250 taken")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        state.port = int(server.server_address[1])
        yield state
        server.shutdown()
        thread.join()
