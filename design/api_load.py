"""How many risk lists a second `perilune serve` gives, and how soon.

    python design/api_load.py [--objects MPCORB] [--rate 200] [--seconds 20]

It fills a catalogue with the objects of an MPCORB file and an assessment for each of a thousand of
them, serves it as a process of its own, and asks for risk lists at an even rate, whether earlier
answers have come or not, over connections that stay open. A writer commits twice a second, so that
what the service keeps has to be made anew. Printed are the shares of the answers' times, from the
moment when each was due.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from perilune.catalogue import (
    Database,
    add_assessments,
    add_orbits,
    add_partner,
    count_objects,
    open_database,
    preferred_orbit,
)
from perilune.impact.assessment import ImpactorRow, RiskAssessment
from perilune.orbits import read_orbits

ASSESSED = 1_000
ADDRESSES = (
    "/v1/risk?body=moon&min_probability=1e-6",
    "/v1/risk?body=earth&limit=50",
    "/v1/risk?limit=100&order=probability",
)


def fill(database: Database, file: Path) -> int:
    """The file's objects, and made-up assessments; how many objects there are."""
    with database.write() as connection:
        add_partner(connection, "load", "Load", by="load")
        object_ids = add_orbits(connection, read_orbits(file), by="load").object_ids
    random = np.random.default_rng(1)
    with database.write() as connection:
        for object_id in object_ids[:ASSESSED]:
            held = preferred_orbit(connection, object_id)
            assert held is not None
            chance = float(10.0 ** random.uniform(-9.0, -2.0))
            rows = tuple(
                ImpactorRow(
                    f"{2030 + k}-01-01T00:00:00", chance / 3, chance / 4, chance / 2, 0.1 * k,
                    1e5, 1e2, 15.0, 10.0, 20.0, 1.0, -4.0, 0,
                )
                for k in range(3)
            )  # fmt: skip
            risks = [
                RiskAssessment(
                    held.orbit.full_name, held.orbit.solution, body, chance, chance / 2,
                    chance * 2, "lov", "made up", 1000, -3.0, -3.5, 0, rows, None,
                    "2126-01-01T00:00:00", 1,
                )
                for body in ("earth", "moon")
            ]  # fmt: skip
            add_assessments(
                connection, held.id, risks, inputs_sha256=random.bytes(32),
                assessed_mjd_tdb=61000.0, software_version="0", ephemeris="DE440",
            )  # fmt: skip
        return count_objects(connection)


async def _connection(
    port: int, jobs: asyncio.Queue[float | None], times: list[float], bad: list[str]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = 0
    while (due_s := await jobs.get()) is not None:
        address = ADDRESSES[number % len(ADDRESSES)]
        number += 1
        request = f"GET {address} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
        writer.write(request.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1])
            for line in head.split("\r\n")
            if line.lower().startswith("content-length")
        )
        await reader.readexactly(length)
        times.append(time.perf_counter() - due_s)
        if " 200 " not in head.split("\r\n")[0]:
            bad.append(head)
    writer.close()


async def load(port: int, rate: float, seconds: float, database: Database, server: int) -> None:
    """Ask, and print how that went."""
    cpu_s = _cpu_s(server)
    jobs: asyncio.Queue[float | None] = asyncio.Queue()
    times: list[float] = []
    bad: list[str] = []
    connections = 32
    tasks = [asyncio.create_task(_connection(port, jobs, times, bad)) for _ in range(connections)]
    stopped = asyncio.Event()

    async def write() -> None:
        while not stopped.is_set():
            await asyncio.to_thread(_touch, database)
            await asyncio.sleep(0.5)

    writing = asyncio.create_task(write())
    began_s = time.perf_counter()
    for k in range(int(rate * seconds)):
        due_s = began_s + k / rate
        await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
        jobs.put_nowait(due_s)
    for _ in tasks:
        jobs.put_nowait(None)
    await asyncio.gather(*tasks)
    took_s = time.perf_counter() - began_s
    stopped.set()
    await writing
    ms = 1e3 * np.sort(np.array(times))
    shares = "  ".join(f"p{q:g} {np.percentile(ms, q):.1f}" for q in (50, 90, 99, 99.9))
    print(f"{len(ms) / took_s:.0f} answers a second of {rate:g} asked for; {len(bad)} failed")
    print(f"{shares}  most {ms[-1]:.1f} ms; load of the machine {os.getloadavg()[0]:.1f}")
    served_ms = 1e3 * (_cpu_s(server) - cpu_s) / len(ms)
    print(f"{served_ms:.2f} ms of the processor for an answer")


def _cpu_s(process: int) -> float:
    """Seconds that a process has had of the processors."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _touch(database: Database) -> None:
    with database.write() as connection:
        add_partner(connection, "load", f"Load {time.time()}", by="load")


def main() -> None:
    """Fill, serve, ask."""
    here = Path(__file__).resolve()
    population = here.parents[2] / "shared/data/population/NEA_2019_mpcorb.txt"
    parser = argparse.ArgumentParser(description="Load the API.")
    parser.add_argument("--objects", type=Path, default=population)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(str(Path(folder) / "catalogue.db"))
        print(f"{fill(database, asked.objects):,} objects, {2 * ASSESSED:,} assessments")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        perilune = Path(sys.executable).parent / "perilune"
        command = [perilune, "serve", "--port", str(port), "--database", database.place]
        with subprocess.Popen([*command, "--no-jobs"], stderr=subprocess.PIPE, text=True) as served:
            assert served.stderr is not None
            served.stderr.readline()
            asyncio.run(load(port, asked.rate, 3.0, database, served.pid))
            asyncio.run(load(port, asked.rate, asked.seconds, database, served.pid))
            served.kill()
        database.close()


if __name__ == "__main__":
    main()
