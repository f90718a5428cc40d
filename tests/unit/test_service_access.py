"""Tokens and roles: what is wrong or missing gets 401 or 403 and never data; no secret is told."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")
import httpx
from service import running

from perilune.catalogue import (
    ROLES,
    Database,
    add_orbits,
    add_partner,
    make_token,
    open_database,
    revoke_token,
)
from perilune.orbits import catalogue as builtin
from perilune.service.app import make_app
from perilune.service.settings import ServiceSettings

READ = (
    "/v1/health", "/v1/objects", "/v1/objects/Apophis", "/v1/objects/Apophis/orbits", "/v1/risk",
    "/v1/approaches", "/v1/station", "/v1/bodies?body=moon&start=2026-01-01&stop=2026-01-02",
    "/v1/token",
)  # fmt: skip


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database(str(tmp_path_factory.mktemp("access") / "catalogue.db"))
    with opened.write() as connection:
        add_orbits(connection, builtin.orbits(), by="test")
        add_partner(connection, "cnsa", "China National Space Administration", by="test")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def closed(database: Database) -> Iterator[httpx.Client]:
    """A service that nobody reads without a token."""
    app = make_app(database, ServiceSettings(anonymous=False, works=False))
    with running(app) as address, httpx.Client(base_url=address) as opened:
        yield opened


@pytest.fixture(scope="module")
def open_to_all(database: Database) -> Iterator[httpx.Client]:
    app = make_app(database, ServiceSettings(works=False))
    with running(app) as address, httpx.Client(base_url=address) as opened:
        yield opened


def _token(database: Database, *roles: str, expires: str | None = None) -> dict[str, str]:
    with database.write() as connection:
        text, _ = make_token(connection, "cnsa", roles, expires_utc=expires, by="test")
    return {"Authorization": f"Bearer {text}"}


def _is_refused(response: httpx.Response, status: int) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"].startswith('Bearer realm="perilune"')
    problem = response.json()
    assert problem["status"] == status
    assert "data" not in problem


@pytest.mark.parametrize("address", READ)
def test_without_a_token_nothing_is_read(closed: httpx.Client, address: str) -> None:
    _is_refused(closed.get(address), 401)


@pytest.mark.parametrize(
    "given",
    [
        "Bearer perilune_wrong",
        "Bearer",
        "Basic Y25zYTpjbnNh",
        "perilune_wrong",
        "Bearer " + "x" * 500,
        "Bearer \xff\xfe",
    ],
)
def test_a_wrong_token_is_refused_even_where_none_is_needed(
    open_to_all: httpx.Client, closed: httpx.Client, given: str
) -> None:
    headers = {"Authorization": given.encode("latin-1")}
    for client in (open_to_all, closed):
        _is_refused(client.get("/v1/objects", headers=headers), 401)
        _is_refused(client.get("/v1/objects/Apophis", headers=headers), 401)


def test_a_token_that_reads_reads(
    closed: httpx.Client, open_to_all: httpx.Client, database: Database
) -> None:
    held = _token(database, "read")
    for client in (closed, open_to_all):
        assert client.get("/v1/objects/Apophis", headers=held).json()["data"]["number"] == 99942
    told = closed.get("/v1/token", headers=held).json()["data"]
    assert (told["partner"], told["roles"]) == ("cnsa", ["read"])
    # What one may read is not told to another from what was kept.
    _is_refused(closed.get("/v1/objects/Apophis"), 401)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "read"])
def test_another_role_does_not_read(
    closed: httpx.Client, open_to_all: httpx.Client, database: Database, role: str
) -> None:
    held = _token(database, role)
    _is_refused(closed.get("/v1/objects", headers=held), 403)
    assert closed.get("/v1/token", headers=held).json()["data"]["roles"] == [role]
    assert open_to_all.get("/v1/objects", headers=held).status_code == 200


def test_a_token_ends_when_it_is_revoked_or_expires(
    closed: httpx.Client, database: Database
) -> None:
    with database.write() as connection:
        text, made = make_token(connection, "cnsa", ["read"], by="test")
    held = {"Authorization": f"Bearer {text}"}
    assert closed.get("/v1/objects", headers=held).status_code == 200
    with database.write() as connection:
        revoke_token(connection, made.id, "test")
    _is_refused(closed.get("/v1/objects", headers=held), 401)
    past = _token(database, "read", expires="2020-01-01T00:00:00Z")
    _is_refused(closed.get("/v1/objects", headers=past), 401)
    coming = _token(database, "read", expires="2999-01-01T00:00:00Z")
    assert closed.get("/v1/objects", headers=coming).status_code == 200


def test_two_tokens_at_once_are_none(closed: httpx.Client, database: Database) -> None:
    held = _token(database, "read")["Authorization"]
    both = [("Authorization", held), ("Authorization", held)]
    _is_refused(closed.get("/v1/objects", headers=both), 401)


def test_what_may_be_asked_is_no_secret(closed: httpx.Client) -> None:
    document = closed.get("/v1/openapi.json").json()
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_no_secret_is_logged(
    closed: httpx.Client,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    held = _token(database, "read")
    text = held["Authorization"].removeprefix("Bearer ")
    with caplog.at_level(logging.DEBUG):
        closed.get("/v1/objects", headers=held)
        closed.get("/v1/objects/nothing", headers=held)
        closed.get("/v1/objects", headers={"Authorization": f"Bearer {text}x"})
        closed.get("/v1/jobs/none", headers=held)
    ours = [each for each in caplog.records if not each.name.startswith(("httpcore", "httpx"))]
    said = "".join(each.getMessage() for each in ours) + "".join(capfd.readouterr())
    assert text not in said


def test_a_served_process_says_no_secret(tmp_path: Path, database: Database) -> None:
    held = _token(database, "read")
    text = held["Authorization"].removeprefix("Bearer ")
    program = (
        "import logging, sys, httpx; from service import running;"
        "from perilune.catalogue import open_database; from perilune.service.app import make_app;"
        "token = sys.stdin.readline().strip();"
        "app = make_app(open_database(sys.argv[1]));\n"
        "@app.get('/v1/defect')\n"
        "def defect(): raise RuntimeError('a defect')\n"
        "app.router.routes.insert(0, app.router.routes.pop())\n"  # before the page, which is all
        "with running(app) as a:\n"
        "  logging.basicConfig(level=0); logging.getLogger('uvicorn.error').setLevel(0)\n"
        "  h = {'Authorization': 'Bearer ' + token}\n"
        "  print([httpx.get(a + p, headers=h).status_code for p in ('/v1/risk', '/v1/defect')])\n"
    )
    support = str(Path(__file__).resolve().parents[1] / "support")
    done = subprocess.run(
        [sys.executable, "-c", program, database.place],
        input=text, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": support},
    )  # fmt: skip
    assert "[200, 500]" in done.stdout, done.stderr
    assert "a defect" in done.stderr  # what went wrong is logged
    assert text not in done.stdout + done.stderr
