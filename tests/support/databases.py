"""Fixtures by which a test runs on both databases: `place` and `database`; a plugin of pytest."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from postgres import NoPostgres, running_postgres

from perilune.catalogue import Database, open_database

_MADE = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL that runs while the tests do; skips, saying why, if none can."""
    try:
        server = running_postgres()
        url = server.__enter__()
    except NoPostgres as why:
        pytest.skip(f"no PostgreSQL to test with: {why}")
    yield url
    server.__exit__(None, None, None)


@pytest.fixture
def postgres_place(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database on the server."""
    with _database_on(postgres_server, "template1") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, as `--database` names it; one of each kind in turn."""
    if request.param == "sqlite":
        return str(tmp_path / "catalogue.db")
    return str(request.getfixturevalue("postgres_place"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A database with empty tables, open; copied from one that is made once."""
    made = request.session.stash.setdefault(_MADE, {})
    if request.param == "sqlite":
        if "sqlite" not in made:
            made["sqlite"] = str(tmp_path_factory.mktemp("made") / "empty.db")
            open_database(made["sqlite"]).close()
        file = tmp_path / "tables.db"
        shutil.copy(made["sqlite"], file)
        opened = open_database(str(file), wait_s=5.0)
        yield opened
        opened.close()
        return
    server = request.getfixturevalue("postgres_server")
    if "postgresql" not in made:
        made["postgresql"] = "perilune_tables"
        _run(server, "CREATE DATABASE perilune_tables")
        open_database(server.rpartition("/")[0] + "/perilune_tables").close()
    with _database_on(server, made["postgresql"]) as url:
        opened = open_database(url, wait_s=5.0)
        yield opened
        opened.close()


@contextmanager
def _database_on(server: str, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.rpartition("/")[0] + "/" + name
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


def _run(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]
