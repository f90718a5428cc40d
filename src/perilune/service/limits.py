"""Limits on what a request may bring, checked before it is read into memory."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perilune.service.problems import problem

LARGEST_BODY_BYTES: Final = 65_536  # no request has a body yet
LONGEST_QUERY_BYTES: Final = 4_096


class Limits:
    """Refuses bodies and queries over the limits: 413 and 414."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if len(scope["query_string"]) > LONGEST_QUERY_BYTES:
            refusal = problem(
                414, f"The query is longer than {LONGEST_QUERY_BYTES} bytes; shorten it."
            )
            await refusal(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > LARGEST_BODY_BYTES:
            await _too_large(scope, receive, send)
            return
        read_bytes = 0
        answered = False

        async def counted() -> Message:
            nonlocal read_bytes
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > LARGEST_BODY_BYTES:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, counted, watched)
        except _TooLarge:
            if not answered:
                await _too_large(scope, receive, send)


class _TooLarge(Exception):
    """More was sent than was declared, or may be."""


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    refusal = problem(
        413, f"The body is larger than {LARGEST_BODY_BYTES} bytes, the most that is read."
    )
    await refusal(scope, receive, send)
