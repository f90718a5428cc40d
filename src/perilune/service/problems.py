"""Errors as RFC 9457 problem documents: what is wrong, what stood there, what would do."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import Scope

from perilune.catalogue import DatabaseError, DatabaseFullError, DatabaseLockedError
from perilune.contract.envelope import plain
from perilune.errors import (
    DataMissingError,
    InputError,
    NotConvergedError,
    PeriluneError,
    UnknownNameError,
)
from perilune.service.formats import NotAcceptableError
from perilune.service.openapi import UNKNOWN_PARAMETER, allowed_methods

MEDIA_TYPE: Final = "application/problem+json"
_STATUS: Final[tuple[tuple[type[PeriluneError], int], ...]] = (
    (UnknownNameError, 404),
    (NotAcceptableError, 406),
    (DataMissingError, 503),
    (DatabaseFullError, 507),
    (DatabaseError, 503),
    (NotConvergedError, 422),
)


class Problem(BaseModel):
    """An error (RFC 9457). Beyond its members: the parameter, what it held and what it may hold."""

    title: str
    status: int
    detail: str
    field: str | None = None
    line: int | None = None
    found: str | None = None
    expected: str | None = None
    remedy: str | None = None
    near: list[str] | None = None

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "title": "Not Found",
                    "status": 404,
                    "detail": "There is no object in the catalogue named 'Apofis'. "
                    "Did you mean '99942 Apophis'?",
                    "near": ["99942 Apophis"],
                }
            ]
        }
    }


def install(app: FastAPI) -> None:
    """Make every error of the app a problem document."""

    @app.exception_handler(PeriluneError)
    async def _ours(_: Request, error: PeriluneError) -> JSONResponse:
        return problem_of(error)

    @app.exception_handler(RequestValidationError)
    async def _wrong(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        is_compat = request.url.path.startswith("/compat/")
        if first["type"] == UNKNOWN_PARAMETER:
            return _unknown_parameter(first, is_compat)
        # Of ("query", "body", 0) and ("body", "assess", "until") the last name is the field's; a
        # number is a place: in a list, or in a text that is no JSON.
        field = [part for part in first["loc"] if isinstance(part, str)][-1]
        held = first.get("input")
        if first["type"] == "json_invalid":
            held = None
        elif isinstance(held, bytes):
            held = held.decode("utf-8", "backslashreplace")
        found = None if held is None else str(held)[:80]
        if is_compat:
            return compat_refusal(
                f"invalid value specified for query parameter '{field}': {found!r}; {first['msg']}"
            )
        return problem(422, f"{field}: {first['msg']}.", field=field, found=found)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 405:
            return wrong_method(app, request.scope)
        return problem(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(Exception)
    async def _defect(_: Request, __: Exception) -> JSONResponse:
        # The traceback goes to the server's log; what it holds is nobody else's business.
        return problem(500, "The server met a defect; its log says more.")


def _unknown_parameter(fault: Mapping[str, Any], is_compat: bool) -> JSONResponse:
    """Of a parameter that a route does not have; CNEOS' words for its clients."""
    name, known = str(fault["input"])[:80], fault["ctx"]["known"]
    if is_compat:
        return compat_refusal(
            f"one or more query parameter was not recognized: '{name}'; {fault['msg']}"
        )
    return problem(
        422,
        f"There is no parameter named {name!r} here; {fault['msg']}.",
        field=name,
        expected=" or ".join(known) or None,
        near=get_close_matches(name, known) or None,
    )


def wrong_method(app: FastAPI, scope: Scope) -> JSONResponse:
    """405 with the methods that there are, or 404 where there is nothing."""
    methods = allowed_methods(app, scope["path"])
    if not methods:
        return problem(404, f"There is nothing at {scope['path']}.")
    return problem(
        405,
        f"{scope['method']} is not answered at {scope['path']}.",
        headers={"Allow": ", ".join(methods)},
        expected=" or ".join(methods),
    )


def compat_refusal(message: str) -> JSONResponse:
    """400 as CNEOS words it, for clients of its APIs."""
    return JSONResponse({"code": "400", "message": message, "moreInfo": "docs/api.md"}, 400)


def problem_of(error: PeriluneError) -> JSONResponse:
    """One of our errors as a problem document."""
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 422)
    more: dict[str, Any] = {}
    if isinstance(error, InputError):
        more = {
            "field": (error.field or "").removeprefix("--") or None,
            "line": error.line,
            "found": None if error.found is None else str(plain(error.found)),
            "expected": error.expected,
            "remedy": error.remedy,
        }
    if isinstance(error, UnknownNameError):
        more = {"near": list(error.near) or None}
    waits = isinstance(error, DatabaseLockedError)
    # Options of the command line are parameters here.
    detail = str(error).removeprefix("--")
    return problem(status, detail, headers={"Retry-After": "5"} if waits else None, **more)


def problem(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: object
) -> JSONResponse:
    """A problem document; members that are None are left out."""
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    body |= {name: value for name, value in more.items() if value is not None}
    return JSONResponse(body, status, media_type=MEDIA_TYPE, headers=headers)
