"""Asking publishers politely: one request at a time, answers kept for an hour, patient retries."""

from __future__ import annotations

import hashlib
import json
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import httpx

from perilune import __version__
from perilune.errors import DataMissingError
from perilune.jit import cache_root

FRESH_S: Final = 3600.0
_TIMEOUT_S: Final = 30.0
_TRIES: Final = 4
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 60.0
_APART_S: Final = 1.0  # between two requests to one publisher
_LARGEST_BYTES: Final = 256 * 1024**2
_PASSING: Final = (408, 425, 429, 500, 502, 503, 504)

Talk = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a publisher answered.

    Attributes:
        body: the bytes.
        fetched_unix_s: when they came from the publisher.
        from_cache: whether they were kept from then, rather than asked for now.
    """

    body: bytes
    fetched_unix_s: float
    from_cache: bool


class Client:
    """Asks by HTTP and keeps what came.

    Args:
        again: ask also for what is kept and fresh.
        talk: told of waiting, and of answers that are older than they should be.
    """

    def __init__(self, *, again: bool = False, talk: Talk = lambda _: None) -> None:
        self._again = again
        self._talk = talk
        self._folder = cache_root() / "fetched"
        self._asked_s: dict[str, float] = {}

    def get(self, url: str, parameters: Mapping[str, str], *, body: object = None) -> Answer:
        """Ask for something.

        Args:
            url: the address.
            parameters: of the query.
            body: a JSON value to be sent along, where a publisher wants one.

        Raises:
            DataMissingError: the publisher cannot be reached, has no such thing, or sends too much.
        """
        asked = json.dumps([url, sorted(parameters.items()), body], sort_keys=True)
        place = self._folder / hashlib.sha256(asked.encode()).hexdigest()
        kept, known = _kept(place)
        if kept is not None and not self._again and time.time() - kept.fetched_unix_s < FRESH_S:
            return kept
        headers = {"User-Agent": f"perilune/{__version__}"}
        if kept is not None and known.get("etag"):
            headers["If-None-Match"] = known["etag"]
        elif kept is not None and known.get("last_modified"):
            headers["If-Modified-Since"] = known["last_modified"]
        try:
            response = self._ask(url, parameters, headers, body)
        except DataMissingError as error:
            if kept is None:
                raise
            day = time.strftime("%Y-%m-%d %H:%M", time.gmtime(kept.fetched_unix_s))
            self._talk(f"{error} What is used was fetched on {day} UTC.")
            return kept
        now = time.time()
        if response.status_code == httpx.codes.NOT_MODIFIED and kept is not None:
            _keep(place, kept.body, {**known, "fetched_unix_s": now})
            return Answer(kept.body, now, from_cache=False)
        told = {
            "url": str(response.url),
            "etag": response.headers.get("etag"),
            "last_modified": response.headers.get("last-modified"),
            "fetched_unix_s": now,
        }
        _keep(place, response.content, told)
        return Answer(response.content, now, from_cache=False)

    def _ask(
        self, url: str, parameters: Mapping[str, str], headers: Mapping[str, str], body: object
    ) -> httpx.Response:
        host = httpx.URL(url).host
        reason = ""
        for number in range(_TRIES):
            self._wait_for_turn(host)
            wait_s = _FIRST_WAIT_S * 2.0**number * random.uniform(0.8, 1.2)
            try:
                response = _request(url, parameters, headers, body)
            except httpx.HTTPError as error:
                reason = str(error) or type(error).__name__
            else:
                if response.is_success or response.status_code == httpx.codes.NOT_MODIFIED:
                    return response
                reason = f"HTTP {response.status_code} {response.reason_phrase}"
                if response.status_code not in _PASSING:
                    break
                wait_s = max(wait_s, _asked_to_wait_s(response))
            if number < _TRIES - 1:
                wait_s = min(wait_s, _LONGEST_WAIT_S)
                self._talk(f"{host}: {reason}; trying again in {wait_s:.0f} s.")
                time.sleep(wait_s)
        raise DataMissingError(f"{url} cannot be fetched ({reason}).")

    def _wait_for_turn(self, host: str) -> None:
        since_s = time.monotonic() - self._asked_s.get(host, -_APART_S)
        if since_s < _APART_S:
            time.sleep(_APART_S - since_s)
        self._asked_s[host] = time.monotonic()


def _request(
    url: str, parameters: Mapping[str, str], headers: Mapping[str, str], body: object
) -> httpx.Response:
    """One request; the answer is read as far as is allowed, and no farther."""
    with (
        httpx.Client(timeout=_TIMEOUT_S, follow_redirects=True) as client,
        client.stream(
            "GET", url, params=dict(parameters), headers=dict(headers), json=body
        ) as response,
    ):
        pieces, size = [], 0
        for piece in response.iter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > _LARGEST_BYTES:
                raise DataMissingError(f"{url} sends more than {_LARGEST_BYTES // 1024**2} MiB.")
        told = {
            name: value
            for name, value in response.headers.items()
            if name not in ("content-encoding", "content-length", "transfer-encoding")
        }
        return httpx.Response(
            response.status_code, headers=told, content=b"".join(pieces), request=response.request
        )


def _asked_to_wait_s(response: httpx.Response) -> float:
    """What the publisher asks for by Retry-After: seconds, or a date."""
    given = response.headers.get("retry-after", "")
    if given.isdigit():
        return float(given)
    try:
        return max(parsedate_to_datetime(given).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError):
        return 0.0


def _kept(place: Path) -> tuple[Answer | None, dict[str, Any]]:
    """What is kept of an earlier answer; nothing if it is incomplete."""
    try:
        told = json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
        body = place.with_suffix(".body").read_bytes()
        if hashlib.sha256(body).hexdigest() != told["sha256"]:
            return None, {}
        return Answer(body, float(told["fetched_unix_s"]), from_cache=True), told
    except (OSError, ValueError, KeyError, TypeError):
        return None, {}


def _keep(place: Path, body: bytes, told: Mapping[str, Any]) -> None:
    """Keep an answer; a disk that is full is no reason to lose it now."""
    document = {**told, "sha256": hashlib.sha256(body).hexdigest()}
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        for suffix, data in ((".body", body), (".json", json.dumps(document).encode())):
            part = place.with_suffix(f"{suffix}.{os.getpid()}.part")
            part.write_bytes(data)
            part.replace(place.with_suffix(suffix))
    except OSError:
        return
