"""The lock of the watch: one holder at a time, lost with its heartbeat, no write without it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import pytest
from sqlalchemy import insert, update

from perilune.catalogue import Database, audit_entries, write_audit
from perilune.catalogue.leases import Lease, LeaseHeldError, LeaseLostError
from perilune.catalogue.tables import leases


def _put(database: Database, holder: str, age_s: float) -> None:
    at = time.time() - age_s
    with database.write() as connection:
        connection.execute(
            insert(leases).values(
                name="watch", holder=holder, acquired_unix_s=at, heartbeat_unix_s=at, lease_s=60.0
            )
        )


def test_one_holder_at_a_time(database: Database) -> None:
    with Lease(database, "watch"):
        with pytest.raises(LeaseHeldError, match="Another watch works") as caught:
            Lease(database, "watch").__enter__()
        assert caught.value.exit_code == 4
        with Lease(database, "other"):
            pass
    with Lease(database, "watch"):
        pass


def test_a_holder_without_a_sign_of_life_loses_it(database: Database) -> None:
    _put(database, "elsewhere 12 ab", 50.0)
    with pytest.raises(LeaseHeldError):
        Lease(database, "watch").__enter__()
    with database.write() as connection:
        connection.execute(update(leases).values(heartbeat_unix_s=time.time() - 61.0))
    with Lease(database, "watch"):
        pass


def test_a_holder_that_was_killed_here_loses_it_at_once(database: Database) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _put(database, f"{socket.gethostname()} {gone.pid} ab", 1.0)
    with Lease(database, "watch"):
        pass


def test_a_living_process_of_this_machine_keeps_it(database: Database) -> None:
    _put(database, f"{socket.gethostname()} {os.getppid()} ab", 1.0)
    with pytest.raises(LeaseHeldError):
        Lease(database, "watch").__enter__()


def test_who_lost_it_writes_nothing(database: Database) -> None:
    def write(lease: Lease) -> None:
        with database.write() as connection:
            write_audit(connection, "me", "try", "nothing", {})
            lease.confirm(connection)

    with Lease(database, "watch") as lease:
        write(lease)
        with database.write() as connection:
            connection.execute(update(leases).values(holder="someone else"))
        with pytest.raises(LeaseLostError, match="went to another process"):
            write(lease)
    with database.read() as connection:
        assert len(audit_entries(connection)) == 1


def test_the_heart_beats(database: Database) -> None:
    with Lease(database, "watch", lease_s=0.4), database.read() as connection:
        first = connection.execute(leases.select()).one().heartbeat_unix_s
    with Lease(database, "watch", lease_s=0.4):
        time.sleep(1.0)
        with database.read() as connection:
            row = connection.execute(leases.select()).one()
    assert row.heartbeat_unix_s > row.acquired_unix_s >= first
