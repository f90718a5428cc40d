"""Answers kept for a second: many who ask the same at once are told the same, computed once."""

from __future__ import annotations

import asyncio
import time
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT_S: Final = 1.0
_MOST: Final = 256
_LARGEST_BYTES: Final = 1_000_000
_MATTERS: Final = (b"accept", b"accept-encoding", b"if-none-match")

Key = tuple[str, bytes, tuple[tuple[bytes, bytes], ...]]


class Answer(NamedTuple):
    """The messages of a whole response, and until when they may be sent again."""

    messages: tuple[Message, ...]
    until_s: float


class KeptAnswers:
    """For reading under /v1 without a token. What fails, or is large, is not kept."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: dict[Key, Answer] = {}
        self._asked: dict[Key, asyncio.Future[Answer]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self._key(scope)
        if key is None:
            await self.app(scope, receive, send)
            return
        kept = self._kept.get(key)
        if kept is None or kept.until_s < time.monotonic():
            kept = await self._once(key, scope, receive)
        for message in kept.messages:
            await send(message)

    @staticmethod
    def _key(scope: Scope) -> Key | None:
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        if not scope["path"].startswith("/v1/"):
            return None
        headers = scope["headers"]
        if any(name in (b"authorization", b"range") for name, _ in headers):
            return None
        matters = tuple((name, value) for name, value in headers if name in _MATTERS)
        return scope["path"], scope["query_string"], matters

    async def _once(self, key: Key, scope: Scope, receive: Receive) -> Answer:
        """The answer, computed by the first who asks; the others wait for it."""
        asked = self._asked.get(key)
        if asked is not None:
            return await asyncio.shield(asked)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[key] = future
        try:
            answer = await self._compute(scope, receive)
        except BaseException as error:
            future.set_exception(error)
            future.exception()  # there may be nobody else who waits for it
            raise
        finally:
            del self._asked[key]
        future.set_result(answer)
        if answer.until_s > 0.0:
            now_s = time.monotonic()
            if len(self._kept) >= _MOST:
                self._kept = {k: a for k, a in self._kept.items() if a.until_s >= now_s}
            if len(self._kept) < _MOST:
                self._kept[key] = answer
        return answer

    async def _compute(self, scope: Scope, receive: Receive) -> Answer:
        messages: list[Message] = []

        async def take(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, take)
        size = sum(len(message.get("body", b"")) for message in messages)
        is_good = messages[0]["status"] in (200, 304) and size <= _LARGEST_BYTES
        return Answer(tuple(messages), time.monotonic() + KEPT_S if is_good else 0.0)
