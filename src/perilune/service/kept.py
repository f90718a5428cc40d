"""Answers kept while the catalogue stays as it is: what many ask is computed once.

An answer is as good as new until the database changes. Some depend on the clock as well ("from now
on"), so after some seconds one request has it computed anew, while the others are still told the
old one.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import Final, NamedTuple

from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perilune.catalogue.changes import Changes
from perilune.service.access import Caller

KEPT_S: Final = 5.0
_MOST_BYTES: Final = 64_000_000
_LARGEST_BYTES: Final = 4_000_000
_MOST_ANSWERS: Final = 1_000
_MATTERS: Final = (b"accept", b"accept-encoding", b"if-none-match")
_READ: Final = ("/v1/", "/compat/")
_FLEETING: Final = ("/v1/jobs", "/v1/token", "/v1/health")  # of the moment, or of who asks

Key = tuple[str, bytes, bool, tuple[tuple[bytes, bytes], ...]]


class Answer(NamedTuple):
    """The messages of a whole response, of which state of the catalogue, and since when."""

    messages: tuple[Message, ...]
    state: str
    since_s: float
    size: int


class KeptAnswers:
    """For reading; whoever asks has been let in already. What fails, or is large, is not kept."""

    def __init__(self, app: ASGIApp, changes: Changes) -> None:
        self.app = app
        self._changes = changes
        self._kept: OrderedDict[Key, Answer] = OrderedDict()
        self._bytes = 0
        self._asked: dict[tuple[Key, str], asyncio.Future[Answer]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self._key(scope)
        if key is None:
            await self.app(scope, receive, send)
            return
        # Microseconds, and less than to hand it on to another thread; else it is handed on.
        quick = self._changes.is_quick
        state = self._changes.state() if quick else await run_sync(self._changes.state)
        kept = self._kept.get(key)
        if kept is None or self._is_to_be_renewed(kept, key, state):
            kept = await self._once(key, state, scope, receive)
        if key in self._kept:
            self._kept.move_to_end(key)
        for message in kept.messages:
            await send(message)

    def _is_to_be_renewed(self, kept: Answer, key: Key, state: str) -> bool:
        if kept.state != state or state == "":
            return True
        return kept.since_s + KEPT_S < time.monotonic() and (key, state) not in self._asked

    @staticmethod
    def _key(scope: Scope) -> Key | None:
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        path = scope["path"]
        if not path.startswith(_READ) or path.startswith(_FLEETING):
            return None
        headers = scope["headers"]
        if any(name == b"range" for name, _ in headers):
            return None
        matters = tuple((name, value) for name, value in headers if name in _MATTERS)
        caller: Caller | None = scope.get("state", {}).get("caller")
        reads = caller is not None and caller.may("read")  # sees more than somebody unknown
        return path, scope["query_string"], reads, matters

    async def _once(self, key: Key, state: str, scope: Scope, receive: Receive) -> Answer:
        """The answer, computed by the first who asks; the others wait for it."""
        asked = self._asked.get((key, state))
        if asked is not None:
            return await asyncio.shield(asked)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[key, state] = future
        try:
            answer = await self._compute(state, scope, receive)
        except BaseException as error:
            future.set_exception(error)
            future.exception()  # there may be nobody else who waits for it
            raise
        finally:
            del self._asked[key, state]
        future.set_result(answer)
        self._keep(key, answer)
        return answer

    async def _compute(self, state: str, scope: Scope, receive: Receive) -> Answer:
        messages: list[Message] = []

        async def take(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, take)
        size = sum(len(message.get("body", b"")) for message in messages)
        return Answer(tuple(messages), state, time.monotonic(), size)

    def _keep(self, key: Key, answer: Answer) -> None:
        """Put an answer by, in the place of those that nobody has asked for the longest."""
        before = self._kept.pop(key, None)
        self._bytes -= 0 if before is None else before.size
        is_good = answer.messages[0]["status"] in (200, 304) and answer.size <= _LARGEST_BYTES
        if not is_good or answer.state == "":
            return
        self._kept[key] = answer
        self._bytes += answer.size
        while self._bytes > _MOST_BYTES or len(self._kept) > _MOST_ANSWERS:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.size
