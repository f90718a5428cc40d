"""The app: routes, errors, limits, headers, and the page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from starlette.middleware.gzip import GZipMiddleware

from perilune import __version__
from perilune.catalogue import Database
from perilune.service import object_routes, problems, routes, station_routes
from perilune.service.limits import Limits

PAGE: Final = Path(__file__).parent / "static"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def make_app(database: Database) -> FastAPI:
    """The service over a catalogue; the page at / where it has been built."""
    app = FastAPI(
        title="Perilune",
        version=__version__,
        description="Impact monitoring for the Earth and the Moon. Answers come in the envelope "
        "of `perilune … --json`; errors are RFC 9457 problem documents.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its page would fetch scripts from elsewhere
        redoc_url=None,
    )
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(Limits)
    problems.install(app)

    @app.middleware("http")
    async def _headers(
        request: Request, follow: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await follow(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    app.include_router(routes.router(database))
    app.include_router(object_routes.router(database))
    app.include_router(station_routes.router(database))
    if (PAGE / "index.html").is_file():

        @app.get("/{path:path}", include_in_schema=False)
        def _page(path: str) -> Response:
            return _file(path)

    return app


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
    if path.startswith("v1/") or "." in path.rpartition("/")[2]:
        return problems.problem(404, f"There is nothing at /{path}.")
    return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})
