"""Answers in the command line's envelope, each with an ETag."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel

from perilune import __version__
from perilune.catalogue import StoredAssessment
from perilune.contract.envelope import envelope, plain
from perilune.service.problems import MEDIA_TYPE, Problem

T = TypeVar("T")

ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem, "content": {MEDIA_TYPE: {}}, "description": description}
    for status, description in (
        (404, "There is no such thing; near names are offered."),
        (422, "A parameter does not hold what it should."),
    )
}


class Signature(BaseModel):
    """What made the answer, from what."""

    software: str
    version: str
    ephemeris: str
    created_utc: str
    inputs_sha256: str


class Envelope(BaseModel, Generic[T]):
    """Signature, units and data, as `perilune … --json` prints them."""

    signature: Signature
    units: dict[str, str]
    data: T


def answer(
    request: Request, data: object, *, inputs: object, units: Mapping[str, str] | None = None
) -> Response:
    """The envelope; 304 without a body where the client holds the same data already.

    The ETag is weak: it is of the data, not of the moment at which the answer was made.
    """
    whole = envelope(data, units=units or {}, inputs=inputs)
    text = json.dumps(whole["data"], separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    digest = hashlib.sha256(f"{__version__}\n{text}".encode()).hexdigest()[:32]
    headers = {"ETag": f'W/"{digest}"', "Cache-Control": "no-cache"}
    held = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
    if headers["ETag"] in held or "*" in held:
        return Response(status_code=304, headers=headers)
    head = json.dumps({k: whole[k] for k in ("signature", "units")}, ensure_ascii=False)
    return Response(f'{head[:-1]}, "data":{text}}}', media_type="application/json", headers=headers)


def risk_row(stored: StoredAssessment) -> dict[str, Any]:
    """An assessment, with when and by what it was made."""
    row: dict[str, Any] = plain(stored.risk)
    return row | {
        "assessed_utc": stored.assessed_utc,
        "software_version": stored.software_version,
        "ephemeris": stored.ephemeris,
        "inputs_sha256": stored.inputs_sha256,
    }
