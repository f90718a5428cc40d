"""The app: routes, errors, limits, headers, and the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from anyio.to_thread import run_sync
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import FileResponse
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perilune import __version__
from perilune.catalogue import Database
from perilune.catalogue.changes import Changes
from perilune.service import (
    alert_routes,
    compat_routes,
    evidence_routes,
    job_routes,
    object_routes,
    observation_routes,
    openapi,
    problems,
    routes,
    station_routes,
    token_routes,
)
from perilune.service.access import READING, Access, AccessRefused
from perilune.service.heads import Heads
from perilune.service.kept import KeptAnswers
from perilune.service.limits import Limits
from perilune.service.rates import Rates
from perilune.service.settings import ServiceSettings
from perilune.service.workshop import Workshop

_NO_PAGES: Final = ("v1/", "compat/")
PAGE: Final = Path(__file__).parent / "static"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Headers:
    """Adds what keeps the page to itself to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                message["headers"] = headers.raw
            await send(message)

        await self.app(scope, receive, with_headers)


def make_app(database: Database, settings: ServiceSettings | None = None) -> FastAPI:
    """The service over a catalogue; the page at / where it has been built."""
    chosen = settings or ServiceSettings()
    workshop = Workshop(database)
    changes = Changes(database)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if chosen.works:
            workshop.open()
        await _answer_once(app)
        yield
        await run_sync(workshop.close)
        changes.close()

    app = FastAPI(
        title="Perilune",
        version=__version__,
        description="Impact monitoring for the Earth and the Moon. Answers come in the envelope "
        "of `perilune … --json`; errors are RFC 9457 problem documents.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its page would fetch scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    problems.install(app)
    compat_routes.install(app)

    @app.exception_handler(AccessRefused)
    async def _refused(_: Request, error: AccessRefused) -> Response:
        return error.response

    # The last one added meets a request first.
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(KeptAnswers, changes=changes)
    app.add_middleware(Heads)
    app.add_middleware(Access, database=database, anonymous=chosen.anonymous)
    app.add_middleware(Rates, requests_per_s=chosen.requests_per_s)
    app.add_middleware(Limits, upload_bytes=chosen.upload_bytes)
    app.add_middleware(Headers)
    every = [*READING, Depends(openapi.only_known)]
    app.include_router(token_routes.router(), dependencies=[Depends(openapi.only_known)])
    # What has a tail of its own comes first: an object's name may hold a slash.
    for router in (routes, evidence_routes, object_routes, station_routes, alert_routes):
        app.include_router(router.router(database), dependencies=every)
    app.include_router(compat_routes.router(database), dependencies=every)
    app.include_router(job_routes.router(database, workshop), dependencies=every)
    app.include_router(observation_routes.router(database, chosen.upload_bytes), dependencies=every)
    openapi.install(app, anonymous=chosen.anonymous)
    if (PAGE / "index.html").is_file():

        @app.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
        def _page(request: Request, path: str) -> Response:
            if path.startswith(_NO_PAGES):
                return problems.wrong_method(app, request.scope)
            return _file(path)

    return app


async def _answer_once(app: ASGIApp) -> None:
    """Ask for what every visitor asks for first, so that the first need not wait for imports."""
    for body in (b"earth", b"moon"):
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/v1/risk",
            "raw_path": b"/v1/risk",
            "query_string": b"body=" + body,
            "root_path": "",
            "headers": [(b"host", b"localhost"), (b"accept-encoding", b"gzip")],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 0),
        }

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def drop(_: Message) -> None:
            return None

        with suppress(Exception):  # whoever asks next meets what went wrong
            await app(scope, nothing, drop)


def _file(path: str) -> Response:
    """A file of the page; views have addresses of their own, and all of them are the page's."""
    file = (PAGE / path).resolve()
    if file.is_file() and file.is_relative_to(PAGE):
        # A name with a digest in it never changes its content.
        lasting = "assets" in file.parts
        return FileResponse(
            file,
            headers={"Cache-Control": "max-age=31536000, immutable" if lasting else "no-cache"},
        )
    if "." in path.rpartition("/")[2]:
        return problems.problem(404, f"There is nothing at /{path}.")
    return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})
