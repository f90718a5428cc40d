"""The audit log: who did what, when. Rows are added, never changed; triggers see to that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from perilune.catalogue.records import from_json, to_json, utc_now
from perilune.catalogue.tables import audit_log


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the log.

    Attributes:
        id: lines are numbered as they come.
        at_utc: when.
        actor: who: "partner:name", "watch", "operator".
        action: what was done: "sign", "release", "prefer", "submit", ...
        subject: to what: "alert:12", "orbit:7".
        detail: the particulars.
    """

    id: int
    at_utc: str
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def write_audit(
    connection: Connection, actor: str, action: str, subject: str, detail: Mapping[str, Any]
) -> None:
    """Add a line, in the transaction of what it tells of: both happen or neither."""
    connection.execute(
        insert(audit_log).values(
            at_utc=utc_now(),
            actor=actor,
            action=action,
            subject=subject,
            detail_json=to_json(dict(detail)),
        )
    )


def audit_entries(
    connection: Connection, *, subject: str | None = None, limit: int = 100, before: int = 0
) -> list[AuditEntry]:
    """The latest lines first.

    Args:
        connection: any.
        subject: only of this subject.
        limit: at most so many.
        before: only lines with a smaller number than this, if it is not 0.
    """
    query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(audit_log.c.subject == subject)
    if before:
        query = query.where(audit_log.c.id < before)
    return [
        AuditEntry(r.id, r.at_utc, r.actor, r.action, r.subject, from_json(r.detail_json))
        for r in connection.execute(query)
    ]
