"""Opening a database: SQLite in a file by default, PostgreSQL by URL; transactions; its check.

SQLite is used in WAL mode, so that readers never wait for the writer, with every commit synced to
the disk. A writing transaction takes the write lock at its beginning (BEGIN IMMEDIATE): it waits
there, rather than fail half-way.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from perilune.catalogue.errors import (
    DatabaseDamagedError,
    DatabaseError,
    DatabaseFullError,
    DatabaseLockedError,
    DatabaseTooNewError,
)
from perilune.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import URL

ENVIRONMENT: Final = "PERILUNE_DATABASE"
SCHEMA: Final = "0002"  # the revision of `migrations/versions` that this software works with
_WAIT_S: Final = 30.0
_CACHE_KIB: Final = 65_536
_WRITES: Final = "perilune_writes"


@dataclass(frozen=True, slots=True)
class Database:
    """An open database.

    Attributes:
        engine: SQLAlchemy's.
        place: the file or the URL without its password, for messages.
    """

    engine: Engine
    place: str

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a SQLite file rather than PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database; what it changes is undone.

        Raises:
            DatabaseError: see `catalogue.errors`.
        """
        with self._connection(writes=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: all of it happens, or nothing.

        Raises:
            DatabaseError: see `catalogue.errors`. Nothing was changed.
        """
        with self._connection(writes=True) as connection:
            yield connection

    @contextmanager
    def _connection(self, *, writes: bool) -> Iterator[Connection]:
        try:
            engine = self.engine.execution_options(**{_WRITES: writes})
            with engine.connect() as connection, connection.begin() as transaction:
                yield connection
                if not writes:
                    transaction.rollback()
        except DBAPIError as error:
            raise self._typed(error) from error

    def _typed(self, error: DBAPIError) -> Exception:
        """Our error for what the database's driver reports; the driver's own for a defect."""
        said = str(error.orig).strip()
        lowered = said.lower()
        if any(word in lowered for word in ("locked", "lock timeout", "busy", "deadlock")):
            return DatabaseLockedError(
                f"Another process keeps {self.place} locked ({said}). Nothing was changed; try "
                "again when it has finished."
            )
        if "disk is full" in lowered or "no space left" in lowered or "disk i/o error" in lowered:
            return DatabaseFullError(
                f"There is no room to write to {self.place} ({said}). What was under way was "
                "undone, nothing else is lost; make room and run the same again."
            )
        if "not a database" in lowered or "malformed" in lowered:
            return DatabaseDamagedError(
                f"{self.place} is damaged or no database ({said}). Put a copy back, or name "
                "another database."
            )
        if "readonly" in lowered or "read-only" in lowered or "unable to open" in lowered:
            return DatabaseError(
                f"{self.place} cannot be opened for writing ({said}). Check the folder and its "
                f"permissions, or name another database by --database or {ENVIRONMENT}."
            )
        if error.connection_invalidated or "connection" in lowered or "authentication" in lowered:
            return DatabaseError(
                f"{self.place} cannot be reached ({said}). Check the URL and that the server runs."
            )
        return error

    def check(self) -> None:
        """The database's own check of its integrity, and of every reference between tables.

        PostgreSQL checks its pages as it reads them: there all tables are read through.

        Raises:
            DatabaseDamagedError: what the check found.
        """
        with self.read() as connection:
            if not self.is_sqlite:
                from perilune.catalogue.tables import metadata

                for table in metadata.sorted_tables:
                    connection.execute(text(f"SELECT count(*) FROM {table.name}"))
                return
            found = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check"))]
            found = [] if found == ["ok"] else found
            found += [
                f"a row of {row[0]} refers to a row of {row[2]} that is not there"
                for row in connection.execute(text("PRAGMA foreign_key_check"))
            ]
        if found:
            raise DatabaseDamagedError(f"{self.place} is damaged: {'; '.join(found[:5])}.")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def default_place() -> Path:
    """Where the database is if nobody says: the user's folder for data."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "perilune" / "catalogue.db"


def database_url(given: str | None = None) -> URL:
    """The database that is meant: as given, by PERILUNE_DATABASE, or the default file.

    A path without a scheme is a SQLite file.

    Raises:
        InputError: neither a path nor a URL of SQLite or PostgreSQL.
    """
    wanted = given or os.environ.get(ENVIRONMENT) or str(default_place())
    field = "--database" if given else ENVIRONMENT
    if "://" not in wanted:
        return make_url("sqlite+pysqlite://").set(database=wanted)
    try:
        url = make_url(wanted)
    except (ArgumentError, ValueError):
        url = None
    kind = "" if url is None else url.get_backend_name()
    if url is None or kind not in ("sqlite", "postgresql", "postgres"):
        raise InputError(
            "this is no database",
            field=field,
            found=wanted if url is None else url.render_as_string(hide_password=True),
            expected="a file, or a URL such as postgresql://user@host/perilune",
        )
    return url.set(drivername="sqlite+pysqlite" if kind == "sqlite" else "postgresql+psycopg")


def open_database(given: str | None = None, *, wait_s: float = _WAIT_S) -> Database:
    """Open a database, making it or bringing its tables up to date where needed.

    Args:
        given: a path or URL; see `database_url`.
        wait_s: how long to wait for another process's lock.

    Raises:
        InputError: what is given names no database.
        DatabaseError: it cannot be opened, or belongs to a later version of Perilune.
    """
    url = database_url(given)
    if url.get_backend_name() == "sqlite":
        database = _open_sqlite(url, wait_s)
    else:
        database = _open_postgresql(url, wait_s)
    try:
        _bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return database


def _open_sqlite(url: URL, wait_s: float) -> Database:
    place = url.database or ":memory:"
    if place == ":memory:":
        raise InputError(
            "a database in memory would be lost", field="--database", found=place, expected="a file"
        )
    try:
        Path(place).expanduser().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"The folder of {place} cannot be made ({error.strerror}). Name another database by "
            f"--database or {ENVIRONMENT}."
        ) from error
    url = url.set(database=str(Path(place).expanduser()))
    engine = create_engine(url, connect_args={"timeout": wait_s})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin when we say so, not by guesses
        cursor = connection.cursor()
        _write_ahead(cursor, wait_s)
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            f"cache_size=-{_CACHE_KIB}",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return Database(engine, place)


def _open_postgresql(url: URL, wait_s: float) -> Database:
    shown = url.render_as_string(hide_password=True)
    try:
        engine = create_engine(
            url,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": max(int(wait_s), 2),
                "options": f"-c lock_timeout={int(1000 * wait_s)} -c timezone=UTC",
            },
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise DatabaseError(
            f"{shown} needs the driver for PostgreSQL: pip install 'perilune[postgres]'."
        ) from error
    return Database(engine, shown)


def _write_ahead(cursor: sqlite3.Cursor, wait_s: float) -> None:
    """Switch to the write-ahead log; two who make a file at once do so in turn.

    Whatever its timeout, SQLite gives up at once where two wait for each other, as do two that
    have looked into the new file and both want it alone.
    """
    until_s = time.monotonic() + wait_s
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until_s:
                raise
            time.sleep(0.02)
        else:
            return


def _bring_up_to_date(database: Database) -> None:
    """Make the tables, or change them to this version's; two processes at once do no harm."""
    if _schema_of(database) == SCHEMA:
        return
    # alembic takes a quarter of a second to import: only where there is something to do.
    from perilune.catalogue.upgrade import upgrade

    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(7236451)"))
        upgrade(connection, database.place)


def _schema_of(database: Database) -> str | None:
    from sqlalchemy import inspect

    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    found = None if row is None else str(row[0])
    if found is not None and found > SCHEMA:
        raise DatabaseTooNewError(
            f"{database.place} belongs to a later version of Perilune (its tables are of revision "
            f"{found}, this software knows {SCHEMA}). Install that version, or name another "
            "database."
        )
    return found
