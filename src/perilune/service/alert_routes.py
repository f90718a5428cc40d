"""`/v1/alerts`: what was warned of, and the partners' signatures by which a notice goes out.

A notice that waits for signatures is seen only by those who may read by a token: it goes out when
all partners that its rule names have signed, and not before.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from perilune.catalogue import (
    Database,
    StoredAlert,
    deliveries_of,
    find_alert,
    find_object,
    list_alerts,
    sign_alert,
)
from perilune.catalogue.alerts import Release
from perilune.errors import InputError, UnknownNameError
from perilune.service.access import Caller, caller_of, needs
from perilune.service.answers import ERRORS, WRITE_ERRORS, Envelope, answer
from perilune.service.formats import rows_of
from perilune.service.problems import problem

_SEEN_BY_ALL: Final[tuple[Release, ...]] = ("internal", "released")
_LARGEST: Final = 2**63 - 1

AlertId = Annotated[int, Path(ge=1, le=_LARGEST, examples=[1])]


class SignatureRow(BaseModel):
    """A partner's consent."""

    partner: str
    signed_by: str
    signed_utc: str
    note: str | None


class DeliveryRow(BaseModel):
    """Where it was sent, and how that went."""

    channel: str
    state: Literal["waiting", "done", "failed"]
    attempts: int


class AlertRow(BaseModel):
    """One alert."""

    id: int
    object: str
    rule: str
    body: str
    event: Literal["raised", "changed", "withdrawn"]
    severity: str
    title: str
    message: dict[str, Any]
    is_open: bool
    release: Release
    signers: list[str]
    signatures: list[SignatureRow]
    missing: list[str]
    sha256: str
    raised_utc: str
    released_utc: str | None


class AlertDetail(AlertRow):
    """One alert, and where it went."""

    deliveries: list[DeliveryRow]


class Signing(BaseModel):
    """A signature for a partner: of the message as it was read."""

    sha256: str = Field(
        pattern="^[0-9a-f]{64}$",
        description="Of the alert as it was read; another message is not signed by this.",
    )
    signed_by: str = Field(
        min_length=1,
        max_length=80,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="Who signs for the partner.",
    )
    note: str | None = Field(None, max_length=1000, pattern=r"^[^\x00]*$")

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "examples": [{"sha256": "0" * 64, "signed_by": "A. Person", "note": None}]
        },
    }


def alert_row(alert: StoredAlert) -> dict[str, Any]:
    """An alert as the API gives it."""
    signed = {each.partner for each in alert.signatures}
    return {
        "id": alert.id,
        "object": alert.object,
        "rule": alert.rule,
        "body": alert.body,
        "event": alert.event,
        "severity": alert.severity,
        "title": alert.title,
        "message": alert.message,
        "is_open": alert.is_open,
        "release": alert.release,
        "signers": alert.signers,
        "signatures": alert.signatures,
        "missing": [each for each in alert.signers if each not in signed],
        "sha256": alert.sha256,
        "raised_utc": alert.raised_utc,
        "released_utc": alert.released_utc,
    }


def router(database: Database) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1/alerts", tags=["alerts"], responses=ERRORS)

    @routes.get("", **rows_of(Envelope[list[AlertRow]]))
    def show_alerts(
        request: Request,
        state: Annotated[
            Literal["open", "all"], Query(description="Those that hold still, or all.")
        ] = "open",
        release: Annotated[Release | None, Query(description="Only of this state.")] = None,
        object: Annotated[str | None, Query(max_length=80)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=_LARGEST)] = 0,
    ) -> Response:
        """Alerts, the latest first; those that wait for signatures only with a token that reads."""
        seen = None if _reads(request) else _SEEN_BY_ALL
        with database.read() as connection:
            object_id = None if object is None else find_object(connection, object).id
            held = list_alerts(
                connection, only_open=state == "open", release=release, among=seen,
                object_id=object_id, limit=limit, offset=offset,
            )  # fmt: skip
        inputs = {"question": "alerts", "alerts": [each.sha256 for each in held]}
        return answer(request, [alert_row(each) for each in held], inputs=inputs)

    @routes.get("/{id}", response_model=Envelope[AlertDetail])
    def show_alert(request: Request, id: AlertId) -> Response:
        """One alert, and where it was sent."""
        with database.read() as connection:
            alert = find_alert(connection, id)
            if alert.release not in _SEEN_BY_ALL and not _reads(request):
                raise UnknownNameError("alert", str(id))
            sent = deliveries_of(connection, id)
        deliveries = [
            {"channel": each.channel, "state": each.state, "attempts": each.attempts}
            for each in sent
        ]
        inputs = {"question": "alert", "alert": alert.sha256}
        return answer(request, alert_row(alert) | {"deliveries": deliveries}, inputs=inputs)

    @routes.post(
        "/{id}/signatures",
        response_model=Envelope[AlertRow],
        status_code=201,
        responses=WRITE_ERRORS,
    )
    def sign(
        request: Request, id: AlertId, signing: Signing, caller: Annotated[Caller, needs("sign")]
    ) -> Response:
        """Sign a notice for the token's partner; the last signature that is needed releases it."""
        partner = caller.token.partner.slug
        with database.read() as connection:
            alert = find_alert(connection, id)
        if partner not in alert.signers:
            return problem(403, f"Alert {id} asks for no signature of {partner}.")
        try:
            with database.write() as connection:
                signed = sign_alert(
                    connection,
                    id,
                    partner,
                    f"{signing.signed_by} (token {caller.token.id} of {partner})",
                    sha256=signing.sha256,
                    note=signing.note,
                )
        except InputError as error:  # it is signed, superseded, or another one by now
            return problem(409, str(error), field=error.field, remedy=error.remedy)
        inputs = {"question": "sign", "alert": signed.sha256}
        return answer(request, alert_row(signed), inputs=inputs, status=201)

    return routes


def _reads(request: Request) -> bool:
    caller = caller_of(request)
    return caller is not None and caller.may("read")
