"""Answers in the command line's envelope, each with an ETag; lists as CSV and Parquet too."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel

from perilune import __version__
from perilune.catalogue import StoredAssessment
from perilune.contract.envelope import envelope, plain
from perilune.service.formats import MEDIA, Form, Row, csv_text, parquet_bytes, wanted_form
from perilune.service.problems import MEDIA_TYPE, Problem

T = TypeVar("T")

_DESCRIPTIONS: Final = {
    400: "The request is damaged.",
    401: "A token is needed, or the one given is unknown, revoked or expired.",
    403: "The token lacks the role.",
    404: "There is no such thing; near names are offered.",
    406: "There is no such form of the answer.",
    409: "What is there already stands against it.",
    413: "More was sent than is taken.",
    414: "The address is too long.",
    422: "A parameter or a body does not hold what it should.",
    429: "Too much was asked in a short time; Retry-After says when to come again.",
    503: "The catalogue is locked, or data are missing; Retry-After says when to come again.",
    507: "There is no room to write; nothing was changed.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These errors for the document of the API."""
    return {
        status: {
            "model": Problem,
            "content": {MEDIA_TYPE: {}},
            "description": _DESCRIPTIONS[status],
        }
        for status in statuses
    }


ERRORS: Final = refusals(400, 401, 403, 404, 406, 414, 422, 429, 503)
WRITE_ERRORS: Final = ERRORS | refusals(409, 413, 507)


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
    request: Request,
    data: object,
    *,
    inputs: object,
    units: Mapping[str, str] | None = None,
    table: Callable[[], Sequence[Row]] | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The envelope, or the rows alone; 304 without a body where the client holds the same already.

    The ETag is weak: it is of the data and their form, not of the moment at which the answer was
    made.

    Args:
        request: with what the client takes.
        data: what was found.
        inputs: everything that it depends on.
        units: of its fields.
        table: gives its rows for CSV and Parquet, where `data` is no list of them.
        status: 200, 201, 202.
        headers: further ones.

    Raises:
        NotAcceptableError: the client takes no form that there is.
    """
    whole = envelope(data, units=units or {}, inputs=inputs)
    is_list = isinstance(whole["data"], list)
    form = wanted_form(request, tabular=table is not None or is_list)
    text = _text(whole["data"])
    digest = hashlib.sha256(f"{__version__}\n{form}\n{text}".encode()).hexdigest()[:32]
    sent = {
        "ETag": f'W/"{digest}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Authorization",
        **(headers or {}),
    }
    held = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
    if request.method == "GET" and (sent["ETag"] in held or "*" in held):
        return Response(status_code=304, headers=sent)
    body = _json(whole, text) if form == "json" else _rows(form, whole, table)
    return Response(body, status, media_type=MEDIA[form], headers=sent)


def _text(data: Any) -> str:
    """JSON without blanks; a table row by row, so that other threads come in between."""
    if isinstance(data, list) and all(isinstance(row, dict) for row in data):
        return f"[{','.join(_text(row) for row in data)}]"
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _json(whole: dict[str, Any], text: str) -> bytes:
    head = json.dumps({name: whole[name] for name in ("signature", "units")}, ensure_ascii=False)
    return f'{head[:-1]}, "data":{text}}}'.encode()


def _rows(form: Form, whole: dict[str, Any], table: Callable[[], Sequence[Row]] | None) -> bytes:
    rows = whole["data"] if table is None else plain(table())
    if form == "csv":
        return csv_text(rows)
    return parquet_bytes(rows, {name: whole[name] for name in ("signature", "units")})


def risk_row(stored: StoredAssessment) -> dict[str, Any]:
    """An assessment, with when and by what it was made."""
    row = {item.name: getattr(stored.risk, item.name) for item in dataclasses.fields(stored.risk)}
    return row | {
        "assessed_utc": stored.assessed_utc,
        "software_version": stored.software_version,
        "ephemeris": stored.ephemeris,
        "inputs_sha256": stored.inputs_sha256,
    }
