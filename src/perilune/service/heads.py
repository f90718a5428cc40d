"""HEAD is answered wherever GET is (RFC 9110, section 9.3.2): the same headers, and no body."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DATA = ("/v1/", "/compat/")


class Heads:
    """Has HEAD answered as GET, and keeps the body back.

    Whoever asked is gone when the answer's start is out: a stream of events ends there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        if not is_head or not scope["path"].startswith(_DATA):
            await self.app(scope, receive, send)
            return
        is_ended = False

        async def without_body(message: Message) -> None:
            nonlocal is_ended
            if message["type"] == "http.response.start":
                await send(message)
            elif not is_ended:
                is_ended = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self.app({**scope, "method": "GET"}, receive, without_body)
