"""What a cycle did in all, from the catalogue: also what it had done before it was broken off."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from perilune.catalogue.tables import (
    alerts,
    approach_searches,
    assessments,
    deliveries,
    fits,
    observations,
    orbits,
    submissions,
)


def intake_tally(connection: Connection, since_utc: str) -> dict[str, int]:
    """Files of the inbox, and what they and the built-in catalogue brought."""
    taken = submissions.c.submitted_by.startswith("inbox:") & (
        submissions.c.submitted_utc >= since_utc
    )
    brought = (orbits.c.added_utc >= since_utc) & (
        orbits.c.added_by.startswith("inbox:") | (orbits.c.added_by == "built-in")
    )
    rows = select(func.count()).select_from(observations.join(submissions)).where(taken)
    return {
        "files": _count(connection, submissions.c.id, taken),
        "observations": int(connection.execute(rows).scalar_one()),
        "orbits": _count(connection, orbits.c.id, brought),
    }


def fit_tally(connection: Connection, since_utc: str) -> dict[str, int]:
    """Fits by their verdict."""
    return {"converged": 0, "unconstrained": 0, "failed": 0} | _by(
        connection, fits.c.status, fits.c.fitted_utc >= since_utc
    )


def risk_tally(connection: Connection, since_utc: str) -> int:
    """Orbits that were assessed."""
    counted = func.count(assessments.c.orbit_id.distinct())
    query = select(counted).where(assessments.c.assessed_utc >= since_utc)
    return int(connection.execute(query).scalar_one())


def approach_tally(connection: Connection, since_utc: str) -> int:
    """Objects whose approaches were searched for."""
    made = approach_searches.c.searched_utc >= since_utc
    return _count(connection, approach_searches.c.object_id, made)


def alert_tally(connection: Connection, since_utc: str) -> dict[str, int]:
    """Alerts by what happened."""
    return {"raised": 0, "changed": 0, "withdrawn": 0} | _by(
        connection, alerts.c.event, alerts.c.raised_utc >= since_utc
    )


def delivery_tally(connection: Connection, since_utc: str) -> dict[str, int]:
    """Deliveries that were made, and those that wait or were given up."""
    made = (deliveries.c.state == "done") & (deliveries.c.delivered_utc >= since_utc)
    given_up = (deliveries.c.state == "failed") & (deliveries.c.last_attempt_utc >= since_utc)
    return {
        "sent": _count(connection, deliveries.c.id, made),
        "waiting": _count(connection, deliveries.c.id, deliveries.c.state == "waiting"),
        "failed": _count(connection, deliveries.c.id, given_up),
    }


def _count(connection: Connection, what: Any, condition: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count(what)).where(condition)).scalar_one())


def _by(connection: Connection, what: Any, condition: ColumnElement[bool]) -> dict[str, int]:
    query = select(what, func.count()).where(condition).group_by(what)
    return {str(row[0]): int(row[1]) for row in connection.execute(query)}
