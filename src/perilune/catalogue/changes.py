"""Whether a database has changed: what was read before can be told again if it has not."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from perilune.catalogue.database import Database

if TYPE_CHECKING:
    from sqlalchemy import PoolProxiedConnection


class Changes:
    """Tells one state of a database from another; for several threads.

    SQLite counts the commits of others that a connection sees ("data_version"): one connection is
    kept for that. PostgreSQL has its snapshots, which change with every transaction that writes.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._connection: PoolProxiedConnection | None = None
        self._opened = 0

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
            self._connection = self._database.engine.raw_connection()
            self._connection.detach()
            if not self._database.is_sqlite:
                driver: Any = self._connection.driver_connection
                driver.autocommit = True
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
