"""Errors as RFC 9457 problem documents: what is wrong, what stood there, what would do."""

from __future__ import annotations

from collections.abc import Mapping
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
from perilune.service.openapi import allowed_methods

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
        field = str(first["loc"][min(1, len(first["loc"]) - 1)])
        found = str(first.get("input"))[:80]
        if request.url.path.startswith("/compat/"):
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
    return problem(status, str(error), headers={"Retry-After": "5"} if waits else None, **more)


def problem(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: object
) -> JSONResponse:
    """A problem document; members that are None are left out."""
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    body |= {name: value for name, value in more.items() if value is not None}
    return JSONResponse(body, status, media_type=MEDIA_TYPE, headers=headers)
