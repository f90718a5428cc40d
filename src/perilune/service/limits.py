"""Limits on what a request may bring, checked before it is read into memory.

What is refused for its size is still read to its end, and dropped, for a while: a client that is
sending would not hear the answer otherwise, but only that the connection is gone.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perilune.service.problems import problem

LARGEST_BODY_BYTES: Final = 65_536
LONGEST_QUERY_BYTES: Final = 4_096
UPLOAD_PATH: Final = "/v1/observations"
_DROPPED_BYTES: Final = 1_000_000_000
_DROPPING_S: Final = 30.0
_SILENCE_S: Final = 2.0


class Limits:
    """Refuses bodies and queries over the limits: 413 and 414; and addresses with a NUL: 400."""

    def __init__(self, app: ASGIApp, upload_bytes: int) -> None:
        self.app = app
        self._upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        query = scope["query_string"]
        if "\x00" in scope["path"] or b"%00" in query or b"\x00" in query:
            await problem(400, "The address holds a NUL, which no name does.")(scope, receive, send)
            return
        if len(query) > LONGEST_QUERY_BYTES:
            refusal = problem(
                414, f"The query is longer than {LONGEST_QUERY_BYTES} bytes; shorten it."
            )
            await refusal(scope, receive, send)
            return
        most = self._upload_bytes if scope["path"] == UPLOAD_PATH else LARGEST_BODY_BYTES
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > most:
            await _too_large(most, scope, receive, send)
            return
        counted = _Counted(receive, send, most)
        with suppress(_TooLarge):
            await self.app(scope, counted.receive, counted.send)
        if counted.is_over and not counted.has_answered:
            await _too_large(most, scope, receive, send)


class _Counted:
    """A request's channels with the body counted; over the limit, nothing else is answered."""

    def __init__(self, receive: Receive, send: Send, most: int) -> None:
        self._receive, self._send, self._most = receive, send, most
        self._read = 0
        self.is_over = False
        self.has_answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > self._most:
            self.is_over = True
            raise _TooLarge
        return message

    async def send(self, message: Message) -> None:
        if self.is_over and not self.has_answered:
            return  # a frame's own words for "the body could not be read"
        self.has_answered = True
        await self._send(message)


class _TooLarge(Exception):
    """More was sent than was declared, or may be."""


async def _too_large(most: int, scope: Scope, receive: Receive, send: Send) -> None:
    """Say so at once, and end the answer when the body has ended, or for long enough."""
    refusal = problem(
        413,
        f"The body is larger than {most} bytes, the most that is taken here.",
        headers={"Connection": "close"},
    )
    await send({"type": "http.response.start", "status": 413, "headers": refusal.raw_headers})
    await send({"type": "http.response.body", "body": bytes(refusal.body), "more_body": True})
    expects = dict(scope["headers"]).get(b"expect", b"").lower()
    if expects != b"100-continue":  # such a client waits for our word before it sends
        await _drop(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drop(receive: Receive) -> None:
    """Read what is still being sent, and keep none of it."""
    dropped = 0
    until_s = asyncio.get_running_loop().time() + _DROPPING_S
    while dropped < _DROPPED_BYTES and asyncio.get_running_loop().time() < until_s:
        try:
            message = await asyncio.wait_for(receive(), _SILENCE_S)
        except TimeoutError:
            return
        dropped += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
