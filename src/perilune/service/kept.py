"""Answers kept while the catalogue stays as it is: what many ask is computed once.

An answer is as good as new until the database changes. When another process has changed it a
moment ago, those who ask are still told the old answer while the new one is computed, so that
nobody waits; but after the service itself has written, whoever asks sees what was done. Some
answers depend on the clock as well ("from now on"): they are renewed every few seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perilune.catalogue.changes import Changes
from perilune.service.access import Caller

KEPT_S: Final = 5.0
RENEWED_S: Final = 0.7  # at most so often, however often the database changes
MOMENT_S: Final = 2.0
_MOST_BYTES: Final = 64_000_000
_LARGEST_BYTES: Final = 4_000_000
_MOST_ANSWERS: Final = 1_000
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_MATTERS: Final = (b"accept", b"accept-encoding", b"if-none-match")
_READ: Final = ("/v1/", "/compat/")
_FLEETING: Final = ("/v1/jobs", "/v1/token", "/v1/health")  # of the moment, or of who asks

Key = tuple[str, bytes, bool, tuple[tuple[bytes, bytes], ...]]


@dataclass(slots=True)
class Answer:
    """The messages of a whole response.

    Attributes:
        messages: as they are sent.
        size: of the bodies, bytes.
        state: of the catalogue, from which it was made.
        writes: of this service, before it was made.
        made_s: when that was.
        held_s: when it was last known to hold.
    """

    messages: tuple[Message, ...]
    size: int
    state: str
    writes: int
    made_s: float
    held_s: float


class KeptAnswers:
    """For reading; whoever asks has been let in already. What fails, or is large, is not kept."""

    def __init__(self, app: ASGIApp, changes: Changes) -> None:
        self.app = app
        self._changes = changes
        self._writes = 0
        self._kept: OrderedDict[Key, Answer] = OrderedDict()
        self._bytes = 0
        self._asked: dict[tuple[Key, str, int], asyncio.Future[Answer]] = {}
        self._renewals: dict[Key, asyncio.Task[None]] = {}
        self._one = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self._key(scope)
        if key is None:
            try:
                await self.app(scope, receive, send)
            finally:
                if scope["type"] == "http" and scope["method"] not in _SAFE:
                    self._writes += 1
            return
        # Microseconds, and less than to hand it on to another thread; else it is handed on.
        quick = self._changes.is_quick
        state = self._changes.state() if quick else await run_sync(self._changes.state)
        kept = self._kept.get(key)
        if kept is None or not self._may_be_told(kept, state):
            kept = await self._once(key, state, scope)
        elif self._is_to_be_renewed(kept, key, state):
            self._renewals[key] = asyncio.create_task(self._renew(key, state, scope))
        if key in self._kept:
            self._kept.move_to_end(key)
        for message in kept.messages:
            await send(message)

    def _is_fresh(self, kept: Answer, state: str) -> bool:
        now_s = time.monotonic()
        if kept.state != state or state == "":
            return False
        kept.held_s = now_s
        return now_s - kept.made_s < KEPT_S

    def _may_be_told(self, kept: Answer, state: str) -> bool:
        """Whether it holds, or did a moment ago."""
        if self._is_fresh(kept, state):
            return True
        now_s = time.monotonic()
        if kept.state == state:
            return now_s - kept.made_s < 2.0 * KEPT_S
        return kept.writes == self._writes and now_s - kept.held_s < MOMENT_S

    def _is_to_be_renewed(self, kept: Answer, key: Key, state: str) -> bool:
        if self._is_fresh(kept, state) or key in self._renewals:
            return False
        return time.monotonic() - kept.made_s > RENEWED_S

    async def _renew(self, key: Key, state: str, scope: Scope) -> None:
        """Make an answer anew while the old one is told: one at a time, not to slow others down."""
        try:
            async with self._one:
                await self._once(key, state, scope)
        except Exception:
            self._drop(key)  # whoever asks next meets what went wrong
        finally:
            del self._renewals[key]

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

    async def _once(self, key: Key, state: str, scope: Scope) -> Answer:
        """The answer, computed by the first who asks; the others wait for it."""
        what = (key, state, self._writes)
        asked = self._asked.get(what)
        if asked is not None:
            return await asyncio.shield(asked)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[what] = future
        try:
            answer = await self._compute(state, scope)
        except BaseException as error:
            future.set_exception(error)
            future.exception()  # there may be nobody else who waits for it
            raise
        finally:
            del self._asked[what]
        future.set_result(answer)
        self._keep(key, answer)
        return answer

    async def _compute(self, state: str, scope: Scope) -> Answer:
        messages: list[Message] = []
        writes, began_s = self._writes, time.monotonic()

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def take(message: Message) -> None:
            messages.append(message)

        # A copy: the client may be gone, and its scope with it, before this is done.
        await self.app({**scope, "state": dict(scope.get("state", {}))}, nothing, take)
        size = sum(len(message.get("body", b"")) for message in messages)
        return Answer(tuple(messages), size, state, writes, began_s, began_s)

    def _keep(self, key: Key, answer: Answer) -> None:
        """Put an answer by, in the place of those that nobody has asked for the longest."""
        self._drop(key)
        is_good = answer.messages[0]["status"] in (200, 304) and answer.size <= _LARGEST_BYTES
        if not is_good or answer.state == "":
            return
        self._kept[key] = answer
        self._bytes += answer.size
        while self._bytes > _MOST_BYTES or len(self._kept) > _MOST_ANSWERS:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.size

    def _drop(self, key: Key) -> None:
        before = self._kept.pop(key, None)
        self._bytes -= 0 if before is None else before.size
