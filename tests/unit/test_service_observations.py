"""Observations handed in over the API: kept as they are, once, with what was not taken named."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
import httpx
from service import running
from watching import observed

from perilune.astrometry import parse_observations, write_obs80
from perilune.catalogue import (
    Database,
    add_partner,
    audit_entries,
    count_observations,
    make_token,
    open_database,
    submission_content,
)
from perilune.service.app import make_app
from perilune.service.settings import ServiceSettings

LIMIT = 100_000
PSV = observed("2030 AB1", 3)


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database(str(tmp_path_factory.mktemp("observations") / "catalogue.db"))
    with opened.write() as connection:
        add_partner(connection, "isonscope", "A telescope", by="test")
    yield opened
    opened.close()


@pytest.fixture
def client(database: Database) -> Iterator[httpx.Client]:
    with database.write() as connection:
        text, _ = make_token(connection, "isonscope", ["observe"], by="test")
    app = make_app(database, ServiceSettings(upload_bytes=LIMIT, works=False))
    headers = {"Authorization": f"Bearer {text}"}
    with running(app) as address, httpx.Client(base_url=address, headers=headers) as opened:
        yield opened


PLACE = {
    "provID": "2030 AB1", "mode": "CCD", "stn": "W84", "obsTime": "2023-02-15T04:46:50.815Z",
    "ra": "119.2071", "dec": "20.2974", "astCat": "Gaia3",
}  # fmt: skip
XML = "<ades version='2022'><obsBlock><obsData><optical>{}</optical></obsData></obsBlock></ades>"


def _submit(client: httpx.Client, content: bytes, status: int, file: str = "night.psv") -> Any:
    response = client.post("/v1/observations", params={"file": file}, content=content)
    assert response.status_code == status, response.text
    return response.json() if status >= 400 else response.json()["data"]


def test_a_file_is_kept_once_as_it_came(client: httpx.Client, database: Database) -> None:
    lines = PSV.splitlines(keepends=True)
    bad = lines[-1].replace("2023-", "20x3-")
    content = "".join([*lines, bad]).encode()
    found = _submit(client, content, 201)
    assert (found["added"], found["known"], found["is_new"]) == (9, 0, True)
    assert found["objects"] == ["2030 AB1"]
    (rejected,) = found["rejected"]
    assert rejected["line"] == len(lines) + 1
    assert rejected["field"] == "obsTime"
    assert rejected["reason"]
    again = _submit(client, content, 200)
    assert (again["added"], again["known"], again["is_new"]) == (0, 9, False)
    assert again["submission_id"] == found["submission_id"]
    # Other bytes with the same rows are another file, and no new observations.
    other = _submit(client, PSV.encode(), 201)
    assert (other["added"], other["known"]) == (0, 9)
    with database.read() as connection:
        assert submission_content(connection, found["submission_id"]) == content
        assert count_observations(connection) == 9
        log = audit_entries(connection, subject=f"submission:{found['submission_id']}")
    assert [(entry.action, entry.actor) for entry in log] == [("submit", "partner:isonscope")]


def test_every_format_and_gzip(client: httpx.Client) -> None:
    table = parse_observations(PSV.encode(), "night.psv").observations
    values = "".join(f"<{name}>{value}</{name}>" for name, value in PLACE.items())
    tree = {"ades": {"obsBlock": [{"obsData": {"optical": [PLACE]}}]}}
    for content, form, rows in (
        (XML.format(values).encode(), "ADES XML", 1),
        (json.dumps(tree).encode(), "ADES JSON", 1),
        (write_obs80(table)[0].encode(), "MPC 80-column", 9),
        (gzip.compress(PSV.encode()), "ADES PSV", 9),
    ):
        found = _submit(client, content, 201, form)
        assert found["format"] == form
        assert found["added"] + found["known"] == rows


def test_what_is_no_file_of_observations_is_refused(
    client: httpx.Client, database: Database
) -> None:
    for content in (b"", b"what is this", b"\x1f\x8bnot gzip", b"{}", b"<a/>", b"\x00\xff" * 50):
        problem = _submit(client, content, 422)
        assert problem["detail"]
    problem = _submit(client, gzip.compress(PSV.encode())[:-20], 422)
    assert "breaks off" in problem["detail"]
    with database.read() as connection:
        assert count_observations(connection) == 0


def test_what_is_too_large_is_refused(client: httpx.Client, database: Database) -> None:
    problem = _submit(client, b"x" * (LIMIT + 1), 413)
    assert str(LIMIT) in problem["detail"]

    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * 10_000

    response = client.post("/v1/observations", content=pieces())
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    bomb = gzip.compress(b" " * (LIMIT * 21))
    assert len(bomb) < LIMIT
    assert "Unpacked" in _submit(client, bomb, 413)["detail"]
    with database.read() as connection:
        assert count_observations(connection) == 0


def test_only_who_may_hands_in(client: httpx.Client, database: Database) -> None:
    with database.write() as connection:
        text, _ = make_token(connection, "isonscope", ["read", "sign", "operate"], by="test")
    url = "/v1/observations"
    for headers, status in (
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer perilune_no"}, 401),
        ({"Authorization": f"Bearer {text}"}, 403),
    ):
        response = client.post(url, content=PSV.encode(), headers=headers)
        assert response.status_code == status
    nobody = httpx.post(f"{client.base_url}{url}", content=PSV.encode())
    assert nobody.status_code == 401
    with database.read() as connection:
        assert count_observations(connection) == 0


def test_a_name_that_is_none_is_refused(client: httpx.Client) -> None:
    for file in ("a" * 121, "a\nb"):
        response = client.post("/v1/observations", params={"file": file}, content=PSV.encode())
        assert response.status_code == 422
    response = client.post("/v1/observations?file=%00", content=PSV.encode())
    assert response.status_code == 400
