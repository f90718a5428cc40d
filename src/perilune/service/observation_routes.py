"""`/v1/observations`: partners hand in what they have seen."""

from __future__ import annotations

import zlib
from typing import Annotated, Any, Final

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from perilune.astrometry import Reading, parse_observations
from perilune.catalogue import Database, Submitted, object_by_id, submit_observations
from perilune.errors import InputError
from perilune.service.access import Caller, needs
from perilune.service.answers import WRITE_ERRORS, Envelope, answer
from perilune.service.problems import problem

_UNPACKED: Final = 20  # times the largest upload
_GZIP: Final = b"\x1f\x8b"
_EXAMPLE: Final = (
    "# version=2022\npermID|provID|trkSub|mode|stn|obsTime|ra|dec|rmsRA|rmsDec|astCat\n"
    " |2024 YR4| |CCD|X05|2026-11-20T04:05:06.7Z|134.250110|17.031020|0.10|0.10|Gaia3\n"
)
_TEXTS: Final = ("text/plain", "application/xml", "application/json", "application/octet-stream")
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "ADES as PSV, CSV, XML or JSON, or MPC 80-column lines; gzip is unpacked. "
        "What it is shows from its content.",
        "content": {
            kind: {"schema": {"type": "string"}, "example": _EXAMPLE}
            if kind == "text/plain"
            else {"schema": {}}
            for kind in _TEXTS
        },
    }
}


class RejectedRow(BaseModel):
    """A line that was not taken, and why."""

    line: int
    reason: str
    field: str | None
    found: str | None
    expected: str | None
    text: str


class SubmittedRow(BaseModel):
    """What came of handing in a file."""

    submission_id: int
    is_new: bool
    format: str
    objects: list[str]
    added: int
    known: int
    rejected: list[RejectedRow]


class _TooLargeUnpacked(Exception):
    """The file is small only while it is packed."""


def router(database: Database, upload_bytes: int) -> APIRouter:
    """The route."""
    routes = APIRouter(prefix="/v1", tags=["observations"], responses=WRITE_ERRORS)

    @routes.post(
        "/observations",
        response_model=Envelope[SubmittedRow],
        status_code=201,
        responses={200: {"model": Envelope[SubmittedRow], "description": "It is there already."}},
        openapi_extra=_BODY,
    )
    async def submit(
        request: Request,
        caller: Annotated[Caller, needs("observe")],
        file: Annotated[
            str,
            Query(
                max_length=120,
                pattern=r"^[^\x00-\x1f\x7f]+$",
                description="What the file is called, for people.",
                examples=["night.psv"],
            ),
        ] = "upload",
    ) -> Response:
        """Hand in a file of observations; it is kept as it is, and its rows are added.

        The same file again changes nothing, and neither do rows that are known. Lines that cannot
        be used are named with their reason.
        """
        content = b"".join([chunk async for chunk in request.stream()])  # bounded by `Limits`
        try:
            return await run_sync(_submit, request, database, content, file, caller, upload_bytes)
        except _TooLargeUnpacked:
            most = _UNPACKED * upload_bytes
            return problem(413, f"Unpacked, the file is larger than {most} bytes.")

    return routes


def _submit(
    request: Request,
    database: Database,
    content: bytes,
    file: str,
    caller: Caller,
    upload_bytes: int,
) -> Response:
    reading = parse_observations(_unpacked(content, file, _UNPACKED * upload_bytes), file)
    with database.write() as connection:
        done = submit_observations(connection, content, reading, caller.actor)
        names = [object_by_id(connection, each).full_name for each in done.object_ids]
    row = _row(done, reading, names)
    inputs = {"question": "submit", "submission": done.submission_id}
    return answer(request, row, inputs=inputs, status=201 if done.is_new else 200)


def _row(done: Submitted, reading: Reading, names: list[str]) -> dict[str, Any]:
    return {
        "submission_id": done.submission_id,
        "is_new": done.is_new,
        "format": reading.format,
        "objects": names,
        "added": done.added,
        "known": done.known,
        "rejected": [
            {
                "line": line.line,
                "reason": line.reason,
                "field": line.field,
                "found": line.found,
                "expected": line.expected,
                "text": line.text,
            }
            for line in reading.rejected
        ],
    }


def _unpacked(content: bytes, file: str, most: int) -> bytes:
    """The bytes of the text; a packed file is unpacked as far as there is room for it."""
    if not content.startswith(_GZIP):
        return content
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        text = unpacker.decompress(content, most + 1)
    except zlib.error as error:
        raise InputError(
            "the compressed file is damaged", file=file, found=str(error), expected="gzip"
        ) from None
    if len(text) > most:
        raise _TooLargeUnpacked
    if not unpacker.eof:
        raise InputError("the compressed file breaks off", file=file, expected="gzip")
    return text
