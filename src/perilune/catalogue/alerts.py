"""Alerts, the notices that go out of them, and the partners' signatures.

Of a rule, an object and a body at most one alert is open: the latest. What changed is a new alert
that takes its place; a withdrawal is one too, and leaves none open. An alert whose rule asks for
signatures is sent to the rule's own channels at once; the notice for release waits ("awaiting")
until every partner that the rule names has signed the message as it stands, and goes out with the
last signature, in the same transaction. A notice that waits is superseded by the next alert.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Select, insert, select, update

from perilune.catalogue.audit import write_audit
from perilune.catalogue.partners import find_partner
from perilune.catalogue.records import digest, from_json, to_json, utc_now
from perilune.catalogue.tables import alerts, deliveries, objects, partners, signatures
from perilune.errors import InputError, UnknownNameError

Event = Literal["raised", "changed", "withdrawn"]
Release = Literal["internal", "awaiting", "released", "superseded"]


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert that is to be raised.

    Attributes:
        object_id: the object.
        rule: the rule's name.
        body: "earth" or "moon".
        event: what happened.
        severity: as the rule has it.
        title: one line.
        message: all of it, as JSON values.
        assessment_id: the assessment that it tells of, if any.
        channels: where it goes at once.
        signers: partners who must sign before it is released; none if it is not to be.
        release_channels: where it goes then.
    """

    object_id: int
    rule: str
    body: str
    event: Event
    severity: str
    title: str
    message: Mapping[str, Any]
    assessment_id: int | None
    channels: tuple[str, ...]
    signers: tuple[str, ...] = ()
    release_channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """A partner's consent to the release of a notice.

    Attributes:
        partner: the partner's short name.
        signed_by: who signed for it.
        signed_utc: when.
        note: what was added, if anything.
    """

    partner: str
    signed_by: str
    signed_utc: str
    note: str | None


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """One alert in the catalogue.

    Attributes:
        id, object_id, assessment_id: numbers in this database.
        sha256: hexadecimal digest of the message; signatures are of this.
        object: the object's full name.
        rule, body, event, severity, title, message: see `NewAlert`.
        is_open: whether it holds still.
        signers: partners who must sign; signatures: those who did.
        release: "internal" (not to be released), "awaiting" signatures, "released", "superseded".
        raised_utc, released_utc: when.
    """

    id: int
    object_id: int
    assessment_id: int | None
    sha256: str
    object: str
    rule: str
    body: str
    event: Event
    severity: str
    title: str
    message: Mapping[str, Any]
    is_open: bool
    signers: tuple[str, ...]
    signatures: tuple[Signature, ...]
    release: Release
    raised_utc: str
    released_utc: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert on its way to one channel; attempts are counted, the last error is kept."""

    id: int
    alert_id: int
    channel: str
    state: Literal["waiting", "done", "failed"]
    attempts: int
    last_error: str | None


def raise_alert(connection: Connection, alert: NewAlert) -> int | None:
    """Put down an alert and what is to be sent; its number, or None if it is there already.

    The alert that was open before it is closed, and its notice, if it still waits, superseded.
    """
    message = to_json(dict(alert.message))
    sha256 = digest(alert.rule, alert.body, alert.event, message)
    if connection.execute(select(alerts.c.id).where(alerts.c.sha256 == sha256)).first() is not None:
        return None
    mine = (
        (alerts.c.rule == alert.rule)
        & (alerts.c.object_id == alert.object_id)
        & (alerts.c.body == alert.body)
    )
    waiting = mine & (alerts.c.release == "awaiting")
    connection.execute(update(alerts).where(waiting).values(release="superseded"))
    connection.execute(update(alerts).where(mine, alerts.c.is_open).values(is_open=False))
    result = connection.execute(
        insert(alerts).values(
            sha256=sha256,
            object_id=alert.object_id,
            rule=alert.rule,
            body=alert.body,
            event=alert.event,
            severity=alert.severity,
            title=alert.title,
            assessment_id=alert.assessment_id,
            is_open=alert.event != "withdrawn",
            message_json=message,
            signers_json=to_json(sorted(alert.signers)),
            release_channels_json=to_json(list(alert.release_channels)),
            release="awaiting" if alert.signers else "internal",
            raised_utc=utc_now(),
        )
    )
    key = result.inserted_primary_key
    assert key is not None
    _send(connection, int(key[0]), alert.channels)
    write_audit(
        connection,
        "watch",
        alert.event,
        f"alert:{key[0]}",
        {"rule": alert.rule, "title": alert.title, "sha256": sha256.hex()},
    )
    return int(key[0])


def sign_alert(
    connection: Connection,
    alert_id: int,
    partner: str,
    signed_by: str,
    *,
    sha256: str,
    note: str | None = None,
) -> StoredAlert:
    """Sign a notice for a partner; the last signature that is needed releases it. Audited.

    Args:
        connection: in a writing transaction.
        alert_id: the alert.
        partner: the partner's short name.
        signed_by: who signs for the partner.
        sha256: the digest of the message that was read; another one is not signed.
        note: what is to be added.

    Raises:
        UnknownNameError: there is no such alert or partner.
        InputError: the notice does not wait for this partner, or is another one than was read.
    """
    # Whoever signs at the same time waits here, and then sees this signature: one is the last.
    connection.execute(select(alerts.c.id).where(alerts.c.id == alert_id).with_for_update())
    alert = find_alert(connection, alert_id)
    owner = find_partner(connection, partner)
    if alert.sha256 != sha256:
        raise InputError(
            "the notice is not the one that was read",
            field="sha256",
            found=sha256,
            expected=alert.sha256,
            remedy="Read it again, and sign that.",
        )
    if alert.release != "awaiting":
        raise InputError(
            f"alert {alert_id} waits for no signature", field="alert", found=alert.release,
            expected="awaiting",
        )  # fmt: skip
    signed = {each.partner for each in alert.signatures}
    if partner not in alert.signers or partner in signed:
        raise InputError(
            f"{partner} has signed alert {alert_id} already"
            if partner in signed
            else f"alert {alert_id} needs no signature of {partner}",
            field="partner",
            found=partner,
            expected=" and ".join(sorted(set(alert.signers) - signed)),
        )
    connection.execute(
        insert(signatures).values(
            alert_id=alert_id,
            partner_id=owner.id,
            signed_by=signed_by,
            signed_utc=utc_now(),
            message_sha256=bytes.fromhex(sha256),
            note=note,
        )
    )
    detail = {"partner": partner, "sha256": sha256, "note": note}
    write_audit(connection, signed_by, "sign", f"alert:{alert_id}", detail)
    if signed | {partner} == set(alert.signers):
        _release(connection, alert_id)
    return find_alert(connection, alert_id)


def find_alert(connection: Connection, alert_id: int) -> StoredAlert:
    """The alert of a number.

    Raises:
        UnknownNameError: there is none.
    """
    found = _stored(connection, _select().where(alerts.c.id == alert_id))
    if not found:
        raise UnknownNameError("alert", str(alert_id))
    return found[0]


def list_alerts(
    connection: Connection,
    *,
    only_open: bool = False,
    release: Release | None = None,
    among: Sequence[Release] | None = None,
    object_id: int | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[StoredAlert]:
    """The latest alerts first.

    Args:
        connection: any.
        only_open: those that hold still.
        release: of this state of release only.
        among: of these only.
        object_id: of this object only.
        limit, offset: which part of the list.
    """
    query = _select()
    if only_open:
        query = query.where(alerts.c.is_open)
    if release is not None:
        query = query.where(alerts.c.release == release)
    if among is not None:
        query = query.where(alerts.c.release.in_(among))
    if object_id is not None:
        query = query.where(alerts.c.object_id == object_id)
    return _stored(connection, query.order_by(alerts.c.id.desc()).limit(limit).offset(offset))


def open_alerts(connection: Connection, rule: str) -> dict[tuple[int, str], StoredAlert]:
    """The open alerts of a rule, by object and body."""
    query = _select().where(alerts.c.rule == rule, alerts.c.is_open)
    return {(each.object_id, each.body): each for each in _stored(connection, query)}


def was_released(connection: Connection, rule: str, object_id: int, body: str) -> bool:
    """Whether the latest notice of this matter that went out was no withdrawal."""
    query = (
        select(alerts.c.event)
        .where(
            alerts.c.rule == rule,
            alerts.c.object_id == object_id,
            alerts.c.body == body,
            alerts.c.release == "released",
        )
        .order_by(alerts.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).scalar() in ("raised", "changed")


def waiting_deliveries(connection: Connection) -> list[Delivery]:
    """What is still to be sent, in the order in which it was raised."""
    query = select(deliveries).where(deliveries.c.state == "waiting").order_by(deliveries.c.id)
    return [
        Delivery(row.id, row.alert_id, row.channel, row.state, row.attempts, row.last_error)
        for row in connection.execute(query)
    ]


def deliveries_of(connection: Connection, alert_id: int) -> list[Delivery]:
    """Where an alert was sent, and how that went."""
    query = select(deliveries).where(deliveries.c.alert_id == alert_id).order_by(deliveries.c.id)
    return [
        Delivery(row.id, row.alert_id, row.channel, row.state, row.attempts, row.last_error)
        for row in connection.execute(query)
    ]


def note_delivery(
    connection: Connection, delivery_id: int, error: str | None, *, give_up: bool = False
) -> None:
    """Put down that something was sent, or why it was not."""
    now = utc_now()
    values: dict[str, Any] = {
        "attempts": deliveries.c.attempts + 1,
        "last_attempt_utc": now,
        "last_error": error,
    }
    if error is None:
        values |= {"state": "done", "delivered_utc": now}
    elif give_up:
        values["state"] = "failed"
    connection.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(**values))


def _release(connection: Connection, alert_id: int) -> None:
    query = select(alerts.c.release_channels_json).where(alerts.c.id == alert_id)
    channels = from_json(connection.execute(query).scalar_one())
    connection.execute(
        update(alerts)
        .where(alerts.c.id == alert_id)
        .values(release="released", released_utc=utc_now())
    )
    _send(connection, alert_id, channels)
    write_audit(connection, "watch", "release", f"alert:{alert_id}", {"channels": channels})


def _send(connection: Connection, alert_id: int, channels: Sequence[str]) -> None:
    """Put an alert on its way to channels that it is not on the way to yet."""
    present = {each.channel for each in deliveries_of(connection, alert_id)}
    rows = [
        {"alert_id": alert_id, "channel": channel, "state": "waiting", "attempts": 0}
        for channel in dict.fromkeys(channels)
        if channel not in present
    ]
    if rows:
        connection.execute(insert(deliveries), rows)


def _select() -> Select[Any]:
    return select(alerts, objects.c.full_name).join(objects, alerts.c.object_id == objects.c.id)


def _stored(connection: Connection, query: Select[Any]) -> list[StoredAlert]:
    rows = connection.execute(query).all()
    signed = _signatures(connection, [row.id for row in rows])
    return [
        StoredAlert(
            id=row.id,
            object_id=row.object_id,
            assessment_id=row.assessment_id,
            sha256=bytes(row.sha256).hex(),
            object=row.full_name,
            rule=row.rule,
            body=row.body,
            event=row.event,
            severity=row.severity,
            title=row.title,
            message=from_json(row.message_json),
            is_open=row.is_open,
            signers=tuple(from_json(row.signers_json)),
            signatures=tuple(signed.get(row.id, ())),
            release=row.release,
            raised_utc=row.raised_utc,
            released_utc=row.released_utc,
        )
        for row in rows
    ]


def _signatures(connection: Connection, alert_ids: Sequence[int]) -> dict[int, list[Signature]]:
    found: dict[int, list[Signature]] = {}
    if not alert_ids:
        return found
    query = (
        select(signatures, partners.c.slug)
        .join(partners, signatures.c.partner_id == partners.c.id)
        .where(signatures.c.alert_id.in_(alert_ids))
        .order_by(signatures.c.id)
    )
    for row in connection.execute(query):
        found.setdefault(row.alert_id, []).append(
            Signature(row.slug, row.signed_by, row.signed_utc, row.note)
        )
    return found
