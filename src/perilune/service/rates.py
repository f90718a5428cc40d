"""A limit on how often a client may ask: a bucket that fills at the rate and holds two seconds.

A client is an address; so whoever tries one token after another is held up as well. Behind a proxy
on this machine it is the address that the proxy names (X-Forwarded-For).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from perilune.service.problems import problem

_HOLDS_S: Final = 2.0
_MOST_CLIENTS: Final = 10_000


class Rates:
    """Refuses what comes too often: 429 with Retry-After."""

    def __init__(self, app: ASGIApp, requests_per_s: float) -> None:
        self.app = app
        self._rate = requests_per_s
        self._most = max(1.0, _HOLDS_S * requests_per_s)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._rate > 0.0:
            wait_s = self._wait_s(_client(scope), time.monotonic())
            if wait_s > 0.0:
                seconds = max(1, round(wait_s + 0.5))
                refusal = problem(
                    429,
                    f"More than {self._rate:g} requests a second; come again in {seconds} s.",
                    headers={"Retry-After": str(seconds)},
                )
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _wait_s(self, client: str, now_s: float) -> float:
        """Take one from the client's bucket; how long until there is one, if there is none."""
        held, since_s = self._buckets.pop(client, (self._most, now_s))
        held = min(self._most, held + (now_s - since_s) * self._rate)
        wait_s = 0.0 if held >= 1.0 else (1.0 - held) / self._rate
        self._buckets[client] = (held - 1.0 if wait_s == 0.0 else held, now_s)
        if len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)  # who has been silent the longest
        return wait_s


def _client(scope: Scope) -> str:
    address = scope.get("client")
    return "nobody" if address is None else str(address[0])
