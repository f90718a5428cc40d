"""Rules applied to the catalogue: alerts raised, changed and withdrawn."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from perilune.catalogue import NewAlert, StoredAlert, object_by_id, raise_alert
from perilune.catalogue.alerts import Event, open_alerts, was_released
from perilune.times import format_utc, parse_epoch
from perilune.watch.findings import Finding, findings
from perilune.watch.rules import Rule, Rules
from perilune.watch.tally import alert_tally
from perilune.watch.wording import BODY_NAMES, changes, deciding, figures, title
from perilune.watch.work import Work

_MOVED_D = 1.0


def apply_rules(work: Work, rules: Rules) -> dict[str, Any]:
    """Compare what holds now with the open alerts of each rule, one transaction a rule."""
    for rule in rules.rules:
        told = []
        with work.commit() as connection:
            found = {
                (each.object_id, each.body): each
                for each in findings(connection, rule, work.cycle.now_mjd_tdb)
            }
            before = open_alerts(connection, rule.name)
            for key in sorted(found.keys() | before.keys()):
                alert = _alert(
                    connection, rule, found.get(key), before.get(key), work.cycle.now_mjd_tdb
                )
                if alert is not None and raise_alert(connection, alert) is not None:
                    told.append(alert)
        for alert in told:
            work.told("alert", {"rule": rule.name, "change": alert.event, "title": alert.title})
    with work.database.read() as connection:
        return alert_tally(connection, work.cycle.started_utc)


def _alert(
    connection: Connection,
    rule: Rule,
    found: Finding | None,
    before: StoredAlert | None,
    now_mjd_tdb: float,
) -> NewAlert | None:
    """The alert that is due; None where nothing is new."""
    if found is None:
        return None if before is None else _withdrawal(connection, rule, before, now_mjd_tdb)
    numbers = figures(found, now_mjd_tdb)
    if before is not None and not _is_new(rule, before.message["figures"], numbers):
        return None
    event: Event = "raised" if before is None else "changed"
    name = object_by_id(connection, found.object_id).full_name
    line = title(found, name)
    message = {
        "object": name,
        "body": found.body,
        "rule": rule.name,
        "severity": rule.severity,
        "event": event,
        "title": line,
        "figures": numbers,
        "changes": [] if before is None else changes(before, numbers),
        "decides": deciding(found) if found.impactors else None,
        "replaces": None if before is None else before.sha256,
        "as_of_utc": format_utc(now_mjd_tdb, 0),
    }
    return NewAlert(
        object_id=found.object_id,
        rule=rule.name,
        body=found.body,
        event=event,
        severity=rule.severity,
        title=line if before is None else f"Changed: {line}",
        message=message,
        assessment_id=None if found.assessment is None else found.assessment.id,
        channels=rule.channels,
        signers=rule.release.signatures if rule.release else (),
        release_channels=rule.release.channels if rule.release else (),
    )


def _withdrawal(
    connection: Connection, rule: Rule, before: StoredAlert, now_mjd_tdb: float
) -> NewAlert:
    """The announcement that an alert no longer holds; for release only if it had gone out."""
    went_out = was_released(connection, rule.name, before.object_id, before.body)
    line = f"Withdrawn: {before.object} and {BODY_NAMES[before.body]}, rule {rule.name}"
    message: dict[str, Any] = {
        "object": before.object,
        "body": before.body,
        "rule": rule.name,
        "severity": rule.severity,
        "event": "withdrawn",
        "title": line,
        "figures": {},
        "changes": [f"what the rule {rule.name} asks for no longer holds; it was: {before.title}"],
        "decides": None,
        "replaces": before.sha256,
        "as_of_utc": format_utc(now_mjd_tdb, 0),
    }
    released = rule.release if rule.release and went_out else None
    return NewAlert(
        object_id=before.object_id,
        rule=rule.name,
        body=before.body,
        event="withdrawn",
        severity=rule.severity,
        title=line,
        message=message,
        assessment_id=None,
        channels=rule.channels,
        signers=released.signatures if released else (),
        release_channels=released.channels if released else (),
    )


def _is_new(rule: Rule, before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether a change is worth an alert."""
    was, chance = before.get("impact_probability"), now.get("impact_probability")
    if was is not None and chance is not None:
        low, high = sorted((was, chance))
        if high > rule.changed_by * low or before["torino"] != now["torino"]:
            return True
    elif was != chance:
        return True
    for key in ("first_impact_utc", "approach_utc"):
        if (key in before) != (key in now):
            return True
        if key in before and abs(parse_epoch(before[key]) - parse_epoch(now[key])) > _MOVED_D:
            return True
    was, near = before.get("distance_km"), now.get("distance_km")
    if was is not None and near is not None:
        low, high = sorted((was, near))
        return bool(high > rule.changed_by * low)
    return False
