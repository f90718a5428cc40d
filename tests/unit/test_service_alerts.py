"""Alerts over the API: read, signed by each partner's own token, released by the last of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
import httpx
from service import running

from perilune.catalogue import (
    Database,
    NewAlert,
    add_orbits,
    add_partner,
    audit_entries,
    deliveries_of,
    find_object,
    make_token,
    raise_alert,
)
from perilune.orbits import catalogue as builtin
from perilune.service.app import make_app
from perilune.service.settings import ServiceSettings

SIGNERS = ("cnsa", "roscosmos")


@pytest.fixture
def client(database: Database) -> Iterator[httpx.Client]:
    with database.write() as connection:
        add_orbits(connection, [builtin.find("2024 YR4"), builtin.find("433")], by="test")
        for slug in (*SIGNERS, "egypt"):
            add_partner(connection, slug, slug.upper(), by="test")
    app = make_app(database, ServiceSettings(works=False))
    with running(app) as address, httpx.Client(base_url=address, timeout=30) as opened:
        yield opened


def _token(database: Database, partner: str, *roles: str) -> dict[str, str]:
    with database.write() as connection:
        text, _ = make_token(connection, partner, roles or ("sign", "read"), by="test")
    return {"Authorization": f"Bearer {text}"}


def _raise(database: Database, title: str, *, signed: bool = True, name: str = "2024 YR4") -> int:
    with database.write() as connection:
        found = raise_alert(
            connection,
            NewAlert(
                object_id=find_object(connection, name).id,
                rule="moon",
                body="moon",
                event="raised",
                severity="alarm",
                title=title,
                message={"chance": "1 in 24", "title": title},
                assessment_id=None,
                channels=("log",),
                signers=SIGNERS if signed else (),
                release_channels=("public",) if signed else (),
            ),
        )
    assert found is not None
    return found


def _sign(
    client: httpx.Client, alert: int, held: dict[str, str], sha256: str, status: int = 201
) -> Any:
    body = {"sha256": sha256, "signed_by": "A. Person", "note": "seen"}
    response = client.post(f"/v1/alerts/{alert}/signatures", json=body, headers=held)
    assert response.status_code == status, response.text
    return response.json()


def test_two_keys_release_a_notice(client: httpx.Client, database: Database) -> None:
    number = _raise(database, "The Moon may be hit")
    china, russia = (_token(database, slug) for slug in SIGNERS)
    read = client.get(f"/v1/alerts/{number}", headers=china).json()["data"]
    assert (read["release"], read["missing"]) == ("awaiting", ["cnsa", "roscosmos"])
    assert read["deliveries"] == [{"channel": "log", "state": "waiting", "attempts": 0}]
    first = _sign(client, number, china, read["sha256"])["data"]
    assert (first["release"], first["missing"]) == ("awaiting", ["roscosmos"])
    # The same partner twice is no second signature, by another token neither.
    _sign(client, number, china, read["sha256"], 409)
    _sign(client, number, _token(database, "cnsa"), read["sha256"], 409)
    assert client.get(f"/v1/alerts/{number}", headers=china).json()["data"]["missing"] == [
        "roscosmos"
    ]
    last = _sign(client, number, russia, read["sha256"])["data"]
    assert (last["release"], last["missing"]) == ("released", [])
    assert last["released_utc"]
    with database.read() as connection:
        channels = [each.channel for each in deliveries_of(connection, number)]
        log = audit_entries(connection, subject=f"alert:{number}")
    assert channels == ["log", "public"]
    assert [each.action for each in log] == ["release", "sign", "sign", "raised"]
    assert {each.detail["partner"] for each in log if each.action == "sign"} == set(SIGNERS)
    assert all("A. Person" in each.actor for each in log if each.action == "sign")


def test_what_is_not_signed(client: httpx.Client, database: Database) -> None:
    number = _raise(database, "One")
    china = _token(database, "cnsa")
    sha256 = client.get(f"/v1/alerts/{number}", headers=china).json()["data"]["sha256"]
    _sign(client, number, china, "0" * 64, 409)  # another message than was read
    _sign(client, number, china, "no digest", 422)
    _sign(client, number, _token(database, "egypt"), sha256, 403)  # the rule does not name it
    _sign(client, number, _token(database, "cnsa", "read", "operate"), sha256, 403)
    _sign(client, number, {}, sha256, 401)
    _sign(client, 10**12, china, sha256, 404)
    later = _raise(database, "Two")
    assert later != number
    _sign(client, number, china, sha256, 409)  # superseded
    internal = _raise(database, "Three", signed=False, name="433")
    row = client.get(f"/v1/alerts/{internal}").json()["data"]
    _sign(client, internal, china, row["sha256"], 403)


def test_a_notice_that_waits_is_for_those_who_read_by_a_token(
    client: httpx.Client, database: Database
) -> None:
    number = _raise(database, "Not yet")
    internal = _raise(database, "For all", signed=False, name="433")
    china, russia = (_token(database, slug) for slug in SIGNERS)
    only_signs = _token(database, "cnsa", "sign")

    def numbers(held: dict[str, str], query: str = "") -> list[int]:
        rows = client.get(f"/v1/alerts{query}", headers=held).json()["data"]
        return [row["id"] for row in rows]

    for _ in range(2):  # the second time from what was kept
        assert numbers(china) == [internal, number]
        assert numbers({}) == numbers(only_signs) == [internal]
        assert client.get(f"/v1/alerts/{number}", headers=china).status_code == 200
        assert client.get(f"/v1/alerts/{number}").status_code == 404
    assert numbers({}, "?release=awaiting") == []
    assert numbers(china, "?release=awaiting&object=2024%20YR4") == [number]
    sha256 = client.get(f"/v1/alerts/{number}", headers=china).json()["data"]["sha256"]
    _sign(client, number, china, sha256)
    _sign(client, number, russia, sha256)
    assert numbers({}) == [internal, number]


def test_both_sign_at_once(client: httpx.Client, database: Database) -> None:
    for k in range(4):
        number = _raise(database, f"Round {k}")
        held = [_token(database, slug) for slug in SIGNERS]
        sha256 = client.get(f"/v1/alerts/{number}", headers=held[0]).json()["data"]["sha256"]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda h, n=number, s=sha256: _sign(client, n, h, s), held))
        assert client.get(f"/v1/alerts/{number}").json()["data"]["release"] == "released"
