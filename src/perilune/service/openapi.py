"""What the document of the API says beyond its routes: where a token is needed, and methods."""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi import FastAPI

_SCHEME: Final = "token"
_NEEDS_ONE: Final = ("/v1/token",)


def install(app: FastAPI, *, anonymous: bool) -> None:
    """Have the document say that reading needs no token, where it needs none."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if anonymous and method == "get" and path not in _NEEDS_ONE:
                    operation["security"] = [{}, {_SCHEME: []}]
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """The methods that the document has for an address; none where there is nothing."""
    found: set[str] = set()
    for template, methods in app.openapi()["paths"].items():
        # A name may hold a slash; nothing else that stands in an address does.
        pattern = re.escape(template).replace(r"\{name\}", ".+")
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", pattern), path):
            found |= {method.upper() for method in methods}
    return sorted(found)
