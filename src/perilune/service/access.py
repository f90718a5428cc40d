"""Who asks: `Authorization: Bearer …`, checked before anything is looked up or read.

A token that is wrong, revoked or expired is 401 everywhere, also where nobody need have one. What
may be read without a token is the settings' choice; what writes asks for its own role. Tokens
stand in headers only, never in addresses, which proxies write into their logs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from anyio.to_thread import run_sync
from fastapi import Depends, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import ASGIApp, Receive, Scope, Send

from perilune.catalogue import Database, Role, Token, check_token
from perilune.errors import PeriluneError
from perilune.service.problems import problem, problem_of

REALM: Final = "perilune"
_DATA: Final = ("/v1/", "/compat/")
_OPEN: Final = ("/v1/openapi.json",)  # says what may be asked, nothing of what is known
_LONGEST: Final = 200

# For the document of the API; what a token allows is found out below.
bearer: Final = HTTPBearer(
    scheme_name="token",
    description="A partner's token, as `perilune token make` prints it.",
    auto_error=False,
)
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, by a token.

    Attributes:
        token: what is kept of it.
    """

    token: Token

    @property
    def actor(self) -> str:
        """Its name in the audit log."""
        return f"partner:{self.token.partner.slug}"

    def may(self, role: Role) -> bool:
        """Whether the token allows this."""
        return role in self.token.roles


class AccessRefused(Exception):
    """The caller may not do this."""

    def __init__(self, response: JSONResponse) -> None:
        self.response = response
        super().__init__(response.status_code)


class Access:
    """Finds out who asks; refuses wrong tokens, and reading where it needs one."""

    def __init__(self, app: ASGIApp, database: Database, anonymous: bool) -> None:
        self.app = app
        self._database = database
        self._anonymous = anonymous

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_DATA):
            await self.app(scope, receive, send)
            return
        refusal: JSONResponse | None = None
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if given:
            caller = await self._caller(given)
            if isinstance(caller, Caller):
                scope.setdefault("state", {})["caller"] = caller
                if scope["method"] in ("GET", "HEAD") and not self._may_read(caller, scope):
                    refusal = _forbidden("read")
            else:
                refusal = caller
        elif not self._anonymous and scope["path"] not in _OPEN:
            refusal = _unknown("This service is not read without a token.", "")
        await (self.app if refusal is None else refusal)(scope, receive, send)

    def _may_read(self, caller: Caller, scope: Scope) -> bool:
        return self._anonymous or caller.may("read") or scope["path"] in (*_OPEN, "/v1/token")

    async def _caller(self, given: list[bytes]) -> Caller | JSONResponse:
        """Whose token it is, or why it is nobody's."""
        scheme, _, text = given[0].decode("latin-1").partition(" ")
        if len(given) > 1 or scheme.lower() != "bearer" or not 0 < len(text.strip()) <= _LONGEST:
            return _unknown("Authorization is to be Bearer and a token.", "invalid_request")
        try:
            token = await run_sync(self._check, text.strip())
        except PeriluneError as error:
            return problem_of(error)
        if token is None:
            return _unknown("The token is unknown, revoked or expired.", "invalid_token")
        return Caller(token)

    def _check(self, text: str) -> Token | None:
        with self._database.read() as connection:
            return check_token(connection, text)


def caller_of(request: Request) -> Caller | None:
    """Who asks; None for nobody in particular."""
    found: Caller | None = getattr(request.state, "caller", None)
    return found


def needs(role: Role) -> Any:
    """A dependency: the caller, who must hold this role."""

    def check(request: Request, _: Bearer) -> Caller:
        caller = caller_of(request)
        if caller is None:
            raise refused_unknown(f"This needs a token with the role {role}.")
        if not caller.may(role):
            raise AccessRefused(_forbidden(role))
        return caller

    return Depends(check)


def refused_unknown(detail: str) -> AccessRefused:
    """What to raise where somebody must be known."""
    return AccessRefused(_unknown(detail, ""))


def documented(_: Bearer) -> None:
    """A dependency of routes that are read: the document says that a token may be needed."""


READING: Final[list[Any]] = [Depends(documented)]


def _unknown(detail: str, error: str) -> JSONResponse:
    """401, as RFC 6750 section 3 has it."""
    challenge = f'Bearer realm="{REALM}"' + (f', error="{error}"' if error else "")
    remedy = "Ask whoever runs the service for one: perilune token make."
    return problem(401, detail, headers={"WWW-Authenticate": challenge}, remedy=remedy)


def _forbidden(role: str) -> JSONResponse:
    challenge = f'Bearer realm="{REALM}", error="insufficient_scope", scope="{role}"'
    return problem(
        403, f"The token lacks the role {role}.", headers={"WWW-Authenticate": challenge}
    )
