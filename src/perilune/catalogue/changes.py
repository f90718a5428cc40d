"""Whether a database has changed: what was read before can be told again if it has not."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy.exc import DBAPIError

from perilune.catalogue.database import Database


class Changes:
    """Tells one state of a database from another; for several threads.

    SQLite counts the commits of others that a connection sees ("data_version"): one connection is
    kept for that. PostgreSQL has its snapshots, which change with every transaction that writes.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._connection: Any = None  # the driver's
        self._opened = 0

    @property
    def is_quick(self) -> bool:
        """Whether to ask takes microseconds."""
        return self._database.is_sqlite

    def state(self) -> str:
        """A text that is another one after every commit; "" where the database does not answer."""
        with self._lock:
            try:
                return self._ask()
            except (DBAPIError, self._database.engine.dialect.loaded_dbapi.Error):
                self._drop()
                return ""

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._drop()

    def _ask(self) -> str:
        if self._connection is None:
            # The driver's own connection, out of the pool and without any transaction.
            pooled = self._database.engine.raw_connection()
            driver: Any = pooled.driver_connection
            pooled.detach()
            if not self._database.is_sqlite:
                driver.autocommit = True
            self._connection = driver
            self._opened += 1  # another connection counts from another beginning
        question = "PRAGMA data_version"
        if not self._database.is_sqlite:
            question = "SELECT pg_current_snapshot()::text"
        cursor = self._connection.cursor()
        try:
            cursor.execute(question)
            row = cursor.fetchone()
        finally:
            cursor.close()
        return f"{self._opened}:{row and row[0]}"

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
