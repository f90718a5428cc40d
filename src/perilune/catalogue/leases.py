"""A lock that outlives no process: held by a row with a heartbeat, lost when that stops.

Whoever holds it writes under it: `Lease.confirm` in each writing transaction makes sure that the
lock is still held when that commits. A holder that slept too long finds its transaction refused.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from types import TracebackType
from typing import Final

from sqlalchemy import Connection, delete, insert, select, text, update

from perilune.catalogue.database import Database
from perilune.catalogue.errors import DatabaseError, DatabaseLockedError
from perilune.catalogue.tables import leases

LEASE_S: Final = 60.0


class LeaseHeldError(DatabaseLockedError):
    """Somebody else holds the lock."""


class LeaseLostError(DatabaseError):
    """The lock was lost while we held it; what was under way was undone."""


class Lease:
    """The lock of a name, for a `with` statement.

    Raises:
        LeaseHeldError: somebody else holds it, and is alive.
    """

    def __init__(self, database: Database, name: str, lease_s: float = LEASE_S) -> None:
        self._database = database
        self._name = name
        self._lease_s = lease_s
        self.holder = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex[:8]}"
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, name=f"lease {name}", daemon=True)

    def __enter__(self) -> Lease:
        with self._database.write() as connection:
            self._take(connection)
        self._heart.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._heart.join(1.0)
        with self._database.write() as connection:
            mine = (leases.c.name == self._name) & (leases.c.holder == self.holder)
            connection.execute(delete(leases).where(mine))

    def confirm(self, connection: Connection) -> None:
        """Make sure, in a writing transaction, that the lock is ours until it commits.

        Raises:
            LeaseLostError: it is not.
        """
        result = connection.execute(
            update(leases)
            .where(leases.c.name == self._name, leases.c.holder == self.holder)
            .values(heartbeat_unix_s=_now_s(connection))
        )
        if result.rowcount != 1:
            raise LeaseLostError(
                f"The lock {self._name!r} of {self._database.place} went to another process, since "
                "this one did not give a sign of life in time. What it was about to write was "
                "undone; run it again."
            )

    def _take(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql":  # SQLite has one writer as it is
            connection.execute(text("LOCK TABLE leases IN EXCLUSIVE MODE"))
        row = connection.execute(select(leases).where(leases.c.name == self._name)).first()
        now = _now_s(connection)
        if row is not None:
            age_s = now - row.heartbeat_unix_s
            if age_s < row.lease_s and not _is_dead(row.holder):
                raise LeaseHeldError(
                    f"Another watch works on {self._database.place} (host and process "
                    f"{row.holder.rpartition(' ')[0]}, sign of life {max(age_s, 0.0):.0f} s ago). "
                    "Wait until it is done, or stop it."
                )
            connection.execute(delete(leases).where(leases.c.name == self._name))
        connection.execute(
            insert(leases).values(
                name=self._name,
                holder=self.holder,
                acquired_unix_s=now,
                heartbeat_unix_s=now,
                lease_s=self._lease_s,
            )
        )

    def _beat(self) -> None:
        while not self._ended.wait(self._lease_s / 4.0):
            try:
                with self._database.write() as connection:
                    self.confirm(connection)
            except LeaseLostError:
                return  # the next write of the work itself will say so
            except DatabaseError:
                continue  # busy: there is time for more tries


def is_held(connection: Connection, name: str) -> bool:
    """Whether somebody holds the lock and, as far as can be seen, is alive."""
    row = connection.execute(select(leases).where(leases.c.name == name)).first()
    if row is None:
        return False
    is_fresh = _now_s(connection) - row.heartbeat_unix_s < row.lease_s
    return bool(is_fresh) and not _is_dead(row.holder)


def _now_s(connection: Connection) -> float:
    """The time of the database's own clock, the same for all who ask: seconds since 1970."""
    if connection.dialect.name == "postgresql":
        query = text("SELECT extract(epoch FROM clock_timestamp())")
        return float(connection.execute(query).scalar_one())
    return time.time()  # a SQLite file is on this machine


def _is_dead(holder: str) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    host, pid, _ = holder.rsplit(" ", 2)
    if host != socket.gethostname():
        return False
    if int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
