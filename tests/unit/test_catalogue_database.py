"""The database: made, kept up to date, append-only where it must be, clear about troubles."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from perilune.catalogue import (
    Database,
    DatabaseDamagedError,
    DatabaseFullError,
    DatabaseLockedError,
    DatabaseTooNewError,
    audit_entries,
    database_url,
    open_database,
    write_audit,
)
from perilune.catalogue.database import SCHEMA, _write_ahead
from perilune.catalogue.tables import APPEND_ONLY, metadata, stations
from perilune.errors import InputError

# Alembic and SQLAlchemy cannot read indexes of expressions back from SQLite, and say so.
pytestmark = [
    pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified"),
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based"),
]


def test_migrations_make_the_tables_that_the_software_thinks_of(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.read() as connection:
        # The columns that order risk lists are expressions, which only a query can compare.
        found = [
            change
            for change in compare_metadata(MigrationContext.configure(connection), metadata)
            if not str(getattr(change[1], "name", "")).startswith("ix_assessments_")
        ]
        assert found == []
        names = {each["name"] for each in inspect(connection).get_indexes("assessments")}
        query = "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND sql LIKE '%coalesce%'"
        if database.is_sqlite:
            assert connection.execute(text(query)).scalar_one() == 3
        else:
            assert {"ix_assessments_palermo", "ix_assessments_date"} <= names
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    assert version == SCHEMA


def test_two_processes_may_make_a_database_at_once(place: str) -> None:
    code = f"from perilune.catalogue import open_database; open_database({place!r})"
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [each.wait(60) for each in both] == [0, 0]
    opened = open_database(place)
    opened.check()
    opened.close()


def test_many_may_switch_a_new_file_to_the_write_ahead_log_at_once(tmp_path: Path) -> None:
    """Without waiting, one in twenty was told that the database is locked."""
    refused: list[Exception] = []

    def switch(place: Path, together: threading.Barrier) -> None:
        connection = sqlite3.connect(place, isolation_level=None)
        together.wait()
        try:
            _write_ahead(connection.cursor(), 10.0)
        except sqlite3.OperationalError as error:
            refused.append(error)
        connection.close()

    for number in range(60):
        together = threading.Barrier(4)
        place = tmp_path / f"{number}.db"
        threads = [threading.Thread(target=switch, args=(place, together)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert refused == []


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_was_submitted_or_decided_cannot_be_changed(database: Database, table: str) -> None:
    """Whatever the program does wrong, the database refuses."""
    with database.write() as connection:
        _one_row(connection, database, table)
    for statement in (f"UPDATE {table} SET id = id + 1", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="append-only"), database.write() as connection:
            connection.execute(text(statement))
    with database.read() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 1


def _one_row(connection, database: Database, table: str) -> None:  # type: ignore[no-untyped-def]
    """A row with something in every column that must not be empty; references are not checked."""
    if database.is_sqlite:
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
    values = {}
    for column in metadata.tables[table].c:
        if column.name == "id" or (column.nullable and not column.foreign_keys):
            continue
        kind = column.type.python_type
        values[column.name] = {int: 1, float: 1.0, bytes: b"x" * 32, bool: False}.get(
            kind, "orbits"
        )
    for reference in ("objects", "partners", "submissions", "alerts"):
        name = {"objects": "object_id"}.get(reference, reference.removesuffix("s") + "_id")
        if name in values and reference != table:
            _ensure(connection, reference)
    connection.execute(insert(metadata.tables[table]).values(**values))


def _ensure(connection, table: str) -> None:  # type: ignore[no-untyped-def]
    found = metadata.tables[table]
    if connection.execute(select(found.c.id).where(found.c.id == 1)).first() is not None:
        return
    values: dict[str, object] = {"id": 1}
    special = {"event": "raised", "release": "internal", "kind": "orbits"}
    for column in found.c:
        if column.name == "id" or column.nullable:
            continue
        if column.foreign_keys:
            _ensure(connection, next(iter(column.foreign_keys)).column.table.name)
        kind = column.type.python_type
        values[column.name] = special.get(
            column.name, {int: 1, float: 1.0, bytes: b"x" * 32, bool: False}.get(kind, "text")
        )
    connection.execute(insert(found).values(**values))


def test_a_transaction_happens_whole_or_not_at_all(database: Database) -> None:
    def fail() -> None:
        with database.write() as connection:
            write_audit(connection, "me", "try", "nothing", {})
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with database.read() as connection:
        assert audit_entries(connection) == []


def test_reading_changes_nothing(database: Database) -> None:
    with database.read() as connection:
        write_audit(connection, "me", "try", "nothing", {})
    with database.read() as connection:
        assert audit_entries(connection) == []


def test_a_locked_database_says_so_and_readers_go_on(place: str) -> None:
    database, impatient = open_database(place), open_database(place, wait_s=0.2)
    with database.write() as connection:
        connection.execute(text("DELETE FROM stations"))
        write_audit(connection, "me", "hold", "lock", {})
        if not database.is_sqlite:
            connection.execute(text("LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(DatabaseLockedError, match="locked") as caught:
            _write_once(impatient, "you")
        assert caught.value.exit_code == 4
        with impatient.read() as other:
            assert other.execute(select(stations.c.slug)).all() == []
    impatient.close()
    with database.read() as connection:
        assert [entry.actor for entry in audit_entries(connection)] == ["me"]
    database.close()


def _write_once(database: Database, actor: str, filling: str = "") -> None:
    with database.write() as connection:
        write_audit(connection, actor, "try", "nothing", {"filling": filling})


def test_a_full_disk_says_so_and_loses_nothing(tmp_path: Path) -> None:
    """SQLite's own limit of pages stands for the disk: it gives the very error of a full one."""
    database = open_database(str(tmp_path / "small.db"))
    with database.write() as connection:
        write_audit(connection, "me", "before", "disk", {})
    with database.read() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
    with pytest.raises(DatabaseFullError, match="no room"):
        _write_once(database, "me", "x" * 100_000)
    database.close()
    database = open_database(str(tmp_path / "small.db"))
    database.check()
    with database.read() as connection:
        assert [entry.action for entry in audit_entries(connection)] == ["before"]
    database.close()


def test_a_damaged_file_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.db"
    file.write_bytes(b"This is no database. " * 1000)
    with pytest.raises(DatabaseDamagedError, match="damaged or no database"):
        open_database(str(file))
    assert file.read_bytes().startswith(b"This is no database")


def test_the_check_finds_damage(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.db"
    database = open_database(str(file))
    with database.write() as connection:
        for k in range(500):
            write_audit(connection, "me", "fill", f"row:{k}", {"k": "x" * 200})
    database.close()
    data = bytearray(file.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 2048] = b"\xaa" * 2048
    file.write_bytes(bytes(data))
    database = open_database(str(file))
    with pytest.raises(DatabaseDamagedError):
        database.check()
    database.close()


def test_a_later_versions_database_is_left_alone(place: str) -> None:
    database = open_database(place)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNewError, match="later version"):
        open_database(place)
    database.close()


def test_where_the_database_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PERILUNE_DATABASE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert str(database_url().database).endswith("catalogue.db")
    monkeypatch.setenv("PERILUNE_DATABASE", "postgresql://someone:secret@host/perilune")
    assert database_url().drivername == "postgresql+psycopg"
    assert database_url("here.db").drivername == "sqlite+pysqlite"
    for wrong in ("mysql://host/x", "http://host/x"):
        with pytest.raises(InputError, match="no database"):
            database_url(wrong)


def test_an_unreachable_server_is_an_error_without_the_password() -> None:
    from perilune.catalogue import DatabaseError

    with pytest.raises(DatabaseError, match="cannot be reached") as caught:
        open_database("postgresql://someone:secret@127.0.0.1:9/perilune", wait_s=2.0)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_was_submitted_or_decided_cannot_be_replaced(database: Database, table: str) -> None:
    """SQLite's REPLACE removes rows without firing the triggers that guard against it."""
    if not database.is_sqlite:
        pytest.skip("only SQLite has INSERT OR REPLACE")
    with database.write() as connection:
        _one_row(connection, database, table)
        before = connection.execute(text(f"SELECT * FROM {table}")).all()
    columns = [column.name for column in metadata.tables[table].c]
    # By its number, and by whatever else is unique under another number.
    for number in ("id", "id + 1") if table != "audit_log" else ("id",):
        values = ", ".join(number if name == "id" else name for name in columns)
        replacing = f"INSERT OR REPLACE INTO {table} SELECT {values} FROM {table}"
        with pytest.raises(DBAPIError, match="append-only"), database.write() as connection:
            connection.execute(text(replacing))
    with database.read() as connection:
        assert connection.execute(text(f"SELECT * FROM {table}")).all() == before


def test_a_database_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    from perilune.catalogue.upgrade import MIGRATIONS

    file = tmp_path / "old.db"
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"], config.attributes["place"] = connection, str(file)
        command.upgrade(config, "0001")
        write_audit(connection, "me", "try", "nothing", {})
    engine.dispose()
    opened = open_database(str(file))
    with opened.read() as connection:
        assert [entry.actor for entry in audit_entries(connection)] == ["me"]
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    assert version == SCHEMA
    replacing = "INSERT OR REPLACE INTO audit_log SELECT * FROM audit_log"
    with pytest.raises(DBAPIError, match="append-only"), opened.write() as connection:
        connection.execute(text(replacing))
    opened.close()
