"""`perilune serve` under strain: floods, deaths, a full disk and a locked database."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the service is not installed")

from perilune.catalogue import (
    Database,
    add_job,
    add_orbits,
    add_partner,
    claim_job,
    find_job,
    make_token,
    open_database,
)
from perilune.orbits import catalogue as builtin

PERILUNE = Path(sys.executable).parent / "perilune"
pytestmark = pytest.mark.skipif(
    not PERILUNE.exists(), reason=f"the command is not installed at {PERILUNE}"
)
HUGE_MB = 100


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(str(tmp_path / "catalogue.db"), wait_s=1.0)
    with opened.write() as connection:
        add_partner(connection, "cnsa", "CNSA", by="test")
        add_orbits(connection, [builtin.find("433"), builtin.find("2024 YR4")], by="test")
    yield opened
    opened.close()


def _token(database: Database) -> dict[str, str]:
    with database.write() as connection:
        roles = ["read", "observe", "operate", "sign"]
        text, _ = make_token(connection, "cnsa", roles, by="test")
    return {"Authorization": f"Bearer {text}"}


@contextmanager
def _served(database: Database, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [PERILUNE, "serve", "--port", "0", "--database", database.place, *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            address = next(word for word in said.split() if word.startswith("http"))
            yield process, address.split("/v1")[0].rstrip("/").removeprefix("http://")
        finally:
            process.kill()


def _asked(
    place: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, Any]:
    request = urllib.request.Request(f"http://{place}{path}", data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def _largest_mb(process: subprocess.Popen[str]) -> float:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) / 1024.0
    raise AssertionError("no VmHWM")


def _pieces() -> Iterator[bytes]:
    for _ in range(HUGE_MB * 10):
        yield b"x" * 100_000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to read sizes from")
def test_a_huge_upload_is_refused_without_being_read_into_memory(database: Database) -> None:
    held = _token(database)
    with _served(database, "--upload-limit", "2") as (process, place):
        assert _asked(place, "/v1/objects/433", {})[0] == 200
        before_mb = _largest_mb(process)
        for declared in (False, True):
            connection = http.client.HTTPConnection(place, timeout=60)
            headers = {**held, "Content-Type": "text/plain"}
            if declared:
                headers["Content-Length"] = str(HUGE_MB * 1_000_000)
            connection.request(
                "POST", "/v1/observations", body=_pieces(), headers=headers,
                encode_chunked=not declared,
            )  # fmt: skip
            response = connection.getresponse()
            problem = json.load(response)
            assert response.status == problem["status"] == 413
            assert "2000000 bytes" in problem["detail"]
            connection.close()
        # A limit's worth at most, and what passes through the sockets.
        assert _largest_mb(process) - before_mb < 20.0
        assert _asked(place, "/v1/objects/433", {})[0] == 200


def test_a_client_that_waits_for_leave_is_refused_at_once(database: Database) -> None:
    held = _token(database)
    with _served(database) as (_, place):
        connection = http.client.HTTPConnection(place, timeout=10)
        connection.putrequest("POST", "/v1/observations")
        for name, value in {**held, "Content-Length": "100000000"}.items():
            connection.putheader(name, value)
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()


def test_nothing_is_read_without_a_token_where_that_is_wanted(database: Database) -> None:
    held = _token(database)
    with _served(database, "--no-anonymous") as (_, place):
        assert _asked(place, "/v1/objects/433", {})[0] == 401
        assert _asked(place, "/v1/objects/433", {"Authorization": "Bearer no"})[0] == 401
        assert _asked(place, "/v1/objects/433", held)[0] == 200


def test_too_many_requests_are_held_up(database: Database) -> None:
    with _served(database, "--rate", "2") as (_, place):
        answers = [_asked(place, "/v1/health", {})[0] for _ in range(12)]
        assert answers[0] == 200
        assert 429 in answers
        time.sleep(1.1)
        assert _asked(place, "/v1/health", {})[0] == 200


def test_a_job_outlives_the_service_that_was_killed(database: Database) -> None:
    # What a service and its worker leave that were killed at once: a job that runs, and no lock.
    with database.write() as connection:
        job = add_job(connection, "assess", {"object": "433", "until": "2027-06-01"}, "cnsa")
        claim_job(connection, job.id)
    with _served(database):
        until_s = time.monotonic() + 60.0
        while time.monotonic() < until_s:
            with database.read() as connection:
                found = find_job(connection, job.id)
            if found.state in ("done", "failed"):
                break
            time.sleep(0.3)
    assert found.state == "done", found.error
    assert found.error is None


def test_a_service_that_ends_leaves_its_job_to_the_next(database: Database) -> None:
    held = _token(database) | {"Content-Type": "application/json"}
    asked = json.dumps({"kind": "assess", "object": "2024 YR4", "until": "2050-01-01"}).encode()
    with _served(database) as (process, place):
        status, told = _asked(place, "/v1/jobs", held, asked)
        assert status == 202
        job_id = told["data"]["id"]
        until_s = time.monotonic() + 30.0
        while _state(database, job_id) == "waiting" and time.monotonic() < until_s:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0
    if _state(database, job_id) == "done":
        pytest.skip("this machine was done with the job before the service ended")
    with _served(database):
        until_s = time.monotonic() + 90.0
        while _state(database, job_id) != "done" and time.monotonic() < until_s:
            time.sleep(0.3)
    assert _state(database, job_id) == "done"


def _state(database: Database, job_id: str) -> str:
    with database.read() as connection:
        return find_job(connection, job_id).state


def test_a_locked_database_is_a_503_that_says_so(database: Database) -> None:
    held = _token(database) | {"Content-Type": "application/json"}
    with _served(database, "--no-jobs") as (_, place):
        assert _asked(place, "/v1/objects/433", {})[0] == 200
        with contextlib.closing(sqlite3.connect(database.place, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            began_s = time.monotonic()
            status, problem = _asked(place, "/v1/jobs", held, b'{"kind": "cycle"}')
            other.execute("ROLLBACK")
        assert status == 503, problem
        assert "locked" in problem["detail"]
        assert time.monotonic() - began_s < 15.0
        assert _asked(place, "/v1/jobs", held, b'{"kind": "cycle"}')[0] == 202


def test_a_full_disk_is_a_507_and_nothing_is_lost(database: Database) -> None:
    pytest.importorskip("resource", reason="no limits on files here")
    held = _token(database) | {"Content-Type": "text/plain"}
    line = "     K23D00Z  C2023 02 15.19920 07 56 49.712+20 17 50.56         18.5 GV     W84\n"
    room = os.path.getsize(database.place) + 200_000
    # Writing beyond is refused (EFBIG), as on a disk that is full.
    wrapper = (
        "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}));"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [PERILUNE, "serve", "--port", "0", "--database", database.place, "--no-jobs"]
    with subprocess.Popen(
        [sys.executable, "-c", wrapper, *command], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            address = next(word for word in said.split() if word.startswith("http"))
            place = address.split("/v1")[0].rstrip("/").removeprefix("http://")
            body = b"# " + b"x" * 1_000_000 + b"\n" + line.encode()
            status, problem = _asked(place, "/v1/observations", held, body)
            assert status == 507, problem
            assert "no room" in problem["detail"].lower()
            assert _asked(place, "/v1/objects/433", {})[0] == 200
        finally:
            process.kill()
    database.check()
