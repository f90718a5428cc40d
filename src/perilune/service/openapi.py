"""What the document of the API says beyond its routes, and what is held against it.

Where a token is needed, which methods there are, and which parameters: one that a route does not
know is refused, since an answer that left it out would look as if it had been heeded.
"""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError

_SCHEME: Final = "token"
_NEEDS_ONE: Final = ("/v1/token",)
UNKNOWN_PARAMETER: Final = "unknown_parameter"


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
    return sorted(found | {"HEAD"} if "GET" in found else found)


def only_known(request: Request) -> None:
    """A dependency of every route: refuses parameters that its document does not have.

    Raises:
        RequestValidationError: the first that is not known, with those that are.
    """
    given = request.query_params.keys()
    if not given:
        return
    # Of an address by another name the document has only the first: /compat/cad.api.
    template = re.sub(r":\w+\}", "}", request.scope["route"].path).removesuffix(".api")
    operation = request.app.openapi()["paths"][template][request.method.lower()]
    known = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
    for name in given:
        if name not in known:
            raise RequestValidationError(
                [
                    {
                        "type": UNKNOWN_PARAMETER,
                        "loc": ("query", name),
                        "msg": f"there are {', '.join(known) or 'none'}",
                        "input": name,
                        "ctx": {"known": known},
                    }
                ]
            )
