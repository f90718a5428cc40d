"""`/v1/token`: whose token it is that was sent."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from perilune.catalogue import Role
from perilune.service.access import Bearer, caller_of, refused_unknown
from perilune.service.answers import ERRORS, Envelope, answer


class TokenRow(BaseModel):
    """What a token is and allows."""

    partner: str
    name: str
    roles: list[Role]
    label: str
    created_utc: str
    expires_utc: str | None


def router() -> APIRouter:
    """The route."""
    routes = APIRouter(prefix="/v1", tags=["service"], responses=ERRORS)

    @routes.get("/token", response_model=Envelope[TokenRow])
    def show_token(request: Request, _: Bearer) -> Response:
        """The partner and the roles of the token that came with the question."""
        caller = caller_of(request)
        if caller is None:
            raise refused_unknown("No token came with this.")
        token = caller.token
        data = {
            "partner": token.partner.slug,
            "name": token.partner.name,
            "roles": token.roles,
            "label": token.label,
            "created_utc": token.created_utc,
            "expires_utc": token.expires_utc,
        }
        return answer(request, data, inputs={"question": "token", "token": token.id})

    return routes
