"""Alerts: rules, what changed, withdrawals, two keys, and channels that fail and come back."""

from __future__ import annotations

import dataclasses
import email
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import mail_server, web_server

from perilune.catalogue import (
    ApproachSearch,
    Database,
    StoredAlert,
    add_assessments,
    add_orbits,
    add_partner,
    audit_entries,
    deliveries_of,
    find_object,
    list_alerts,
    preferred_orbit,
    replace_approaches,
    sign_alert,
)
from perilune.catalogue.cycles import begin_cycle
from perilune.catalogue.leases import Lease
from perilune.errors import InputError, UnknownNameError
from perilune.impact import Approach, BPlane, ImpactorRow, RiskAssessment
from perilune.orbits import catalogue
from perilune.times import parse_epoch
from perilune.watch.alerting import apply_rules
from perilune.watch.channels import deliver, letter
from perilune.watch.findings import Finding, findings
from perilune.watch.journal import Journal
from perilune.watch.rules import read_rules
from perilune.watch.wording import deciding, one_in
from perilune.watch.work import CycleSettings, Work

NOW = parse_epoch("2026-11-22")
_RULES = """
channels:
  log: {kind: file, path: alerts.jsonl}
rules:
  - name: moon
    when: {body: moon, probability: 1e-4, within_years: 10}
    severity: alarm
    channels: [log]
"""
_TWO_KEYS = """
channels:
  log: {kind: file, path: alerts.jsonl}
  public: {kind: file, path: public.jsonl}
rules:
  - name: moon
    when: {body: moon, torino: 1}
    channels: [log]
    release: {signatures: [cnsa, roscosmos], channels: [public]}
"""


def _risk(probability: float, date: str, *, torino: int = 3, sigma: float = 1.4) -> RiskAssessment:
    impactor = ImpactorRow(
        epoch_utc=date, impact_probability=probability, probability_low=0.9 * probability,
        probability_high=1.1 * probability, sigma_lov=sigma, stretch=24000.0, width_km=30.0,
        speed_km_s=14.0, longitude_deg=-46.4, latitude_deg=-32.0, energy_mt=5.6, palermo=1.3,
        torino=torino,
    )  # fmt: skip
    return RiskAssessment(
        object="", solution="", body="moon", impact_probability=probability,
        probability_low=0.9 * probability, probability_high=1.1 * probability, method="lov",
        method_reason="a test", samples=100, palermo_cumulative=1.3, palermo_max=1.3,
        torino_max=torino, virtual_impactors=(impactor,), linear_probability=None,
        until_utc="2126-01-01T00:00:00Z", seed=1,
    )  # fmt: skip


@pytest.fixture
def watched(database: Database) -> Database:
    with database.write() as connection:
        add_orbits(connection, [catalogue.find("2024 YR4")], "me")
        add_partner(connection, "cnsa", "CNSA", by="operator")
        add_partner(connection, "roscosmos", "Roscosmos", by="operator")
    return database


def _assess(database: Database, risk: RiskAssessment) -> None:
    with database.write() as connection:
        stored = preferred_orbit(connection, find_object(connection, "2024 YR4").id)
        assert stored is not None
        mark = hashlib.sha256(repr(risk).encode()).digest()
        add_assessments(
            connection, stored.id, [risk], inputs_sha256=mark, assessed_mjd_tdb=NOW,
            software_version="0", ephemeris="DE440",
        )  # fmt: skip


@pytest.fixture
def apply(watched: Database, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Applies a file of rules, and delivers; what both steps counted."""

    def run(text: str, now: float = NOW, failures: int = 0) -> dict[str, Any]:
        file = tmp_path / "rules.yaml"
        file.write_text(text)
        rules = read_rules(file)
        with watched.write() as connection:
            cycle = begin_cycle(connection, {}, ["alerts"], now, now + 36525.0)
        with Lease(watched, "watch") as lease:
            work = Work(
                watched, lease, cycle, CycleSettings(), rules, Journal(None), lambda *_: None
            )
            counts = apply_rules(work, rules) | deliver(work, rules)
        assert len(work.failures) == failures, work.failures
        return counts

    return run


def _alerts(database: Database) -> list[StoredAlert]:
    with database.read() as connection:
        return list_alerts(connection)


def test_an_alert_is_raised_once_changed_and_withdrawn(
    watched: Database, apply: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    _assess(watched, _risk(0.04, "2032-12-22T15:18:00Z"))
    assert apply(_RULES)["raised"] == 1
    assert apply(_RULES) == {
        "raised": 0, "changed": 0, "withdrawn": 0, "sent": 0, "waiting": 0, "failed": 0,
    }  # fmt: skip
    _assess(watched, _risk(0.05, "2032-12-22T15:20:00Z"))
    assert apply(_RULES)["changed"] == 0  # less than twice as likely
    _assess(watched, _risk(0.1, "2032-12-22T15:20:00Z"))
    assert apply(_RULES)["changed"] == 1
    _assess(watched, _risk(1e-7, "2032-12-22T15:20:00Z", torino=0))
    assert apply(_RULES)["withdrawn"] == 1
    assert apply(_RULES)["withdrawn"] == 0
    third, second, first = _alerts(watched)
    assert [each.event for each in (first, second, third)] == ["raised", "changed", "withdrawn"]
    assert not any(each.is_open for each in (first, second, third))
    assert first.title == ("2024 YR4: chance of hitting the Moon 1 in 25 (4 %), first 2032-12-22")
    assert first.message["figures"]["chance"] == "1 in 25 (4 %), 95 % interval 3.6 % to 4.4 %"
    assert second.message["changes"] == ["the chance rose from 1 in 25 (4 %) to 1 in 10 (10 %)"]
    assert second.message["replaces"] == first.sha256
    assert third.title == "Withdrawn: 2024 YR4 and the Moon, rule moon"
    lines = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["raised", "changed", "withdrawn"]
    # The same again is news again.
    _assess(watched, _risk(0.04, "2032-12-22T15:18:00Z"))
    assert apply(_RULES, NOW + 1.0)["raised"] == 1


def test_past_and_far_impacts_do_not_count(
    watched: Database, apply: Callable[..., dict[str, Any]]
) -> None:
    for date in ("2024-01-21T00:33:00Z", "2058-01-01T00:00:00Z"):
        _assess(watched, _risk(1.0, date))
        assert apply(_RULES)["raised"] == 0


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{probability: 0.04}", 1), ("{probability: 0.041}", 0), ("{torino: 3}", 1),
        ("{torino: 4}", 0), ("{palermo: 1.2}", 1), ("{palermo: 1.4}", 0),
        ("{body: earth, torino: 1}", 0), ("{torino: 1, within_years: 5}", 0),
        ("{distance_km: 20000}", 1), ("{distance_km: 9000}", 0),
        ("{distance_km: 20000, torino: 3}", 1), ("{distance_km: 9000, torino: 3}", 0),
        ("{near_site: {station: s.yaml, site: there, within_km: 120}}", 1),
        ("{near_site: {station: s.yaml, site: there, within_km: 80}}", 0),
    ],
)  # fmt: skip
def test_each_condition(watched: Database, tmp_path: Path, when: str, expected: int) -> None:
    """The site lies 3.3 degrees north of the impact: 100 km on the Moon."""
    _assess(watched, _risk(0.04, "2032-12-22T15:18:00Z"))
    with watched.write() as connection:
        stored = preferred_orbit(connection, find_object(connection, "2024 YR4").id)
        assert stored is not None
        epoch = parse_epoch("2032-12-22T15:09")
        approach = Approach(
            "", "moon", epoch, 1.0, 10682.0, 2e4, 13.9, BPlane(1.0, 1.0, None), False
        )
        search = ApproachSearch(stored.object_id, stored.id, NOW, NOW + 7305.0, 7e6, "0")
        replace_approaches(connection, search, [approach])
    (tmp_path / "s.yaml").write_text(
        "name: s\nsites:\n  - {id: there, body: moon, longitude: -46.4 deg, "
        "latitude: -28.7 deg, height: 0 m}\n"
    )
    file = tmp_path / "rules.yaml"
    file.write_text(
        "channels: {log: {kind: file, path: a}}\n"
        f"rules: [{{name: r, when: {when}, channels: [log]}}]\n"
    )
    with watched.read() as connection:
        assert len(findings(connection, read_rules(file).rules[0], NOW)) == expected


def test_release_needs_the_signature_of_every_partner(
    watched: Database, apply: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    _assess(watched, _risk(0.04, "2032-12-22T15:18:00Z"))
    assert apply(_TWO_KEYS)["sent"] == 1
    (alert,) = _alerts(watched)
    assert alert.release == "awaiting"
    assert "waits for the signature of cnsa, roscosmos" in letter(alert)
    with watched.write() as connection:
        signed = sign_alert(connection, alert.id, "cnsa", "token:1", sha256=alert.sha256)
        assert signed.release == "awaiting"
        with pytest.raises(InputError, match="has signed alert 1 already"):
            sign_alert(connection, alert.id, "cnsa", "token:1", sha256=alert.sha256)
        with pytest.raises(InputError, match="not the one that was read"):
            sign_alert(connection, alert.id, "roscosmos", "token:2", sha256="00" * 32)
        add_partner(connection, "egypt", "Egypt", by="operator")
        with pytest.raises(InputError, match="needs no signature of egypt"):
            sign_alert(connection, alert.id, "egypt", "token:3", sha256=alert.sha256)
        with pytest.raises(UnknownNameError):
            sign_alert(connection, alert.id, "nobody", "token:3", sha256=alert.sha256)
    apply(_TWO_KEYS)
    assert not (tmp_path / "public.jsonl").exists()
    with watched.write() as connection:
        signed = sign_alert(
            connection, alert.id, "roscosmos", "token:2", sha256=alert.sha256, note="agreed"
        )
    assert signed.release == "released"
    assert apply(_TWO_KEYS)["sent"] == 1
    (line,) = [json.loads(text) for text in (tmp_path / "public.jsonl").read_text().splitlines()]
    assert [each["partner"] for each in line["signatures"]] == ["cnsa", "roscosmos"]
    with watched.read() as connection:
        entries = audit_entries(connection, subject=f"alert:{alert.id}")
        assert [(each.actor, each.action) for each in reversed(entries)] == [
            ("watch", "raised"), ("token:1", "sign"), ("token:2", "sign"), ("watch", "release"),
        ]  # fmt: skip
        assert entries[1].detail["note"] == "agreed"
        assert entries[1].detail["sha256"] == alert.sha256


def test_a_withdrawal_of_what_went_out_needs_both_keys_too(
    watched: Database, apply: Callable[..., dict[str, Any]]
) -> None:
    _assess(watched, _risk(0.04, "2032-12-22T15:18:00Z"))
    apply(_TWO_KEYS)
    (first,) = _alerts(watched)
    _assess(watched, _risk(0.2, "2032-12-22T15:18:00Z"))
    apply(_TWO_KEYS)
    second, first = _alerts(watched)
    assert (first.release, second.release) == ("superseded", "awaiting")
    with watched.write() as connection, pytest.raises(InputError, match="waits for no signature"):
        sign_alert(connection, first.id, "cnsa", "token:1", sha256=first.sha256)
    with watched.write() as connection:
        for partner in ("cnsa", "roscosmos"):
            sign_alert(connection, second.id, partner, "token", sha256=second.sha256)
    _assess(watched, _risk(1e-9, "2032-12-22T15:18:00Z", torino=0))
    apply(_TWO_KEYS)
    assert [(each.event, each.release) for each in _alerts(watched)] == [
        ("withdrawn", "awaiting"), ("changed", "released"), ("raised", "superseded"),
    ]  # fmt: skip


def test_a_withdrawal_of_what_never_went_out_stays_inside(
    watched: Database, apply: Callable[..., dict[str, Any]]
) -> None:
    _assess(watched, _risk(0.04, "2032-12-22T15:18:00Z"))
    apply(_TWO_KEYS)
    _assess(watched, _risk(1e-9, "2032-12-22T15:18:00Z", torino=0))
    apply(_TWO_KEYS)
    assert [(each.event, each.release) for each in _alerts(watched)] == [
        ("withdrawn", "internal"), ("raised", "superseded"),
    ]  # fmt: skip


def test_a_webhook_is_signed_and_tried_again(
    watched: Database, apply: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "a shared secret")
    monkeypatch.setattr("perilune.watch.channels._FIRST_WAIT_S", 0.01)
    _assess(watched, _risk(0.04, "2032-12-22T15:18:00Z"))
    with web_server() as server:
        rules = _RULES.replace(
            "kind: file, path: alerts.jsonl",
            f"kind: webhook, url: '{server.url}/in', secret_env: HOOK_SECRET",
        )
        server.answers = [(503, {}, b""), (503, {}, b""), (503, {}, b""), (503, {}, b""),
                          (204, {}, b"")]  # fmt: skip
        assert apply(rules, failures=1)["waiting"] == 1
        (alert,) = _alerts(watched)
        with watched.read() as connection:
            (delivery,) = deliveries_of(connection, alert.id)
        assert (delivery.state, delivery.attempts) == ("waiting", 1)
        assert delivery.last_error is not None
        assert "HTTP 503" in delivery.last_error
        assert apply(rules)["sent"] == 1
        assert apply(rules)["sent"] == 0
    assert len(server.came) == 5
    post = server.came[-1]
    assert post.headers["Perilune-Alert"] == alert.sha256
    signed = post.headers["Perilune-Time"].encode() + b"." + post.body
    expected = hmac.new(b"a shared secret", signed, hashlib.sha256).hexdigest()
    assert post.headers["Perilune-Signature"] == expected
    assert json.loads(post.body)["figures"]["impact_probability"] == 0.04


def test_a_webhook_that_refuses_is_not_pressed(
    watched: Database, apply: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "a shared secret")
    _assess(watched, _risk(0.04, "2032-12-22T15:18:00Z"))
    with web_server() as server:
        rules = _RULES.replace(
            "kind: file, path: alerts.jsonl",
            f"kind: webhook, url: '{server.url}/in', secret_env: HOOK_SECRET",
        )
        server.answers = [(403, {}, b"")]
        assert apply(rules, failures=1)["waiting"] == 1
        assert len(server.came) == 1
        monkeypatch.delenv("HOOK_SECRET")
        apply(rules, failures=1)
        assert len(server.came) == 1


def test_a_letter_says_it_all(
    watched: Database, apply: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perilune.watch.channels._FIRST_WAIT_S", 0.01)
    _assess(watched, _risk(0.04, "2032-12-22T15:18:00Z"))
    with mail_server() as server:
        rules = _RULES.replace(
            "kind: file, path: alerts.jsonl",
            f"kind: email, host: 127.0.0.1, port: {server.port}, from: watch@example.org, "
            "to: [desk@example.org, chief@example.org]",
        )
        server.refusals = ["451 try later"]
        assert apply(rules)["sent"] == 1
    ((recipients, raw),) = server.letters
    assert recipients == ["desk@example.org", "chief@example.org"]
    message = email.message_from_bytes(raw)
    (alert,) = _alerts(watched)
    assert message["Subject"].startswith("[perilune alarm] 2024 YR4: chance of hitting the Moon")
    assert alert.sha256[:40] in message["Message-ID"]
    text, attached = message.get_payload()  # type: ignore[misc]
    body = text.get_payload(decode=True).decode()  # type: ignore[union-attr]
    for said in (
        "1 in 25 (4 %), 95 % interval 3.6 % to 4.4 %", "in 6.09 years", "Torino 3, Palermo +1.30",
        "What would decide it", "1.4 standard deviations", "24,000 km", "DE440", alert.sha256,
    ):  # fmt: skip
        assert said in body, said
    held = json.loads(attached.get_payload(decode=True))  # type: ignore[union-attr,arg-type]
    assert held["alert"] == alert.sha256


def test_a_mail_server_that_is_away(
    watched: Database, apply: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perilune.watch.channels._FIRST_WAIT_S", 0.01)
    _assess(watched, _risk(0.04, "2032-12-22T15:18:00Z"))
    rules = _RULES.replace(
        "kind: file, path: alerts.jsonl",
        "kind: email, host: 127.0.0.1, port: 9, from: a@b.c, to: [d@e.f]",
    )
    assert apply(rules, failures=1)["waiting"] == 1


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.042, "1 in 24 (4.2 %)"), (1.0 / 1820, "1 in 1,800 (0.0549 %)"),
        (4.2e-7, "1 in 2.4 million (4.2e-05 %)"), (1e-3, "1 in 1,000 (0.1 %)"),
        (0.9999999, "over 99.99 %"), (1.0, "100 %"), (0.0, "none found"), (0.5, "1 in 2 (50 %)"),
    ],
)  # fmt: skip
def test_a_chance_as_people_read_it(probability: float, said: str) -> None:
    assert one_in(probability) == said


def test_what_would_decide_it_is_what_the_geometry_says() -> None:
    """An orbit n times better makes the one or the other true, by the normal distribution."""
    from scipy.special import ndtr

    risk = _risk(0.04, "2032-12-22T15:18:00Z")
    finding = Finding(1, "moon", None, risk.virtual_impactors, 0.04, 0.03, 0.05, None, 3, None)
    text = deciding(finding)
    half = 1737.4 / 24000.0
    exclude, confirm = 5.0 / (1.4 - half), 0.674 / half
    assert f"{exclude:.2g} times better to exclude" in text
    assert f"{confirm:.2g} times better to make it likelier than not" in text
    # If it misses: the piece is then five standard deviations away. If it hits in the middle:
    assert ndtr(-(1.4 - half) * exclude) < 3e-7
    assert 2.0 * ndtr(half * confirm) - 1.0 == pytest.approx(0.5, abs=1e-3)
    near = dataclasses.replace(finding, impactors=_risk(0.99, "2032-12-22T15:18:00Z", sigma=0.01)
                               .virtual_impactors)  # fmt: skip
    near = dataclasses.replace(
        near, impactors=(dataclasses.replace(near.impactors[0], stretch=100.0),)
    )
    assert "The best orbit hits" in deciding(near)


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ("probability: 2.0", "rules.0.when.probability", "less than or equal to 1"),
        ("probabilty: 0.1", "rules.0.when.probabilty", "not permitted"),
        ("body: mars, torino: 1", "rules.0.when.body", "'earth' or 'moon'"),
        ("body: moon", "rules.0.when", "one of probability"),
    ],
)
def test_wrong_rules_are_named(tmp_path: Path, wrong: str, field: str, said: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(_RULES.replace("body: moon, probability: 1e-4, within_years: 10", wrong))
    with pytest.raises(InputError, match=said) as caught:
        read_rules(file)
    assert caught.value.field == field


def test_rules_that_name_what_there_is_not(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    for text, said in (
        (_RULES.replace("[log]", "[lag]"), "names the channel lag"),
        (_RULES + _RULES.partition("rules:")[2], "two rules are named moon"),
        ("channels: [", "no YAML"),
        ("channels: \x01", "no YAML"),  # ended the watch with a traceback
        ("", "rules"),
    ):
        file.write_text(text)
        with pytest.raises(InputError, match=said):
            read_rules(file)
    with pytest.raises(InputError, match="cannot be read"):
        read_rules(tmp_path / "absent.yaml")
