"""A watch that is killed at any moment loses nothing and repeats nothing."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from watching import fill_inbox, held, rules_for

from perilune.catalogue import open_database
from perilune.catalogue.cycles import latest_cycle

pytestmark = pytest.mark.slow

_KILLS = 10
_COMMAND = "from perilune.cli.main import main; import sys; sys.exit(main(sys.argv[1:]))"
# No file may grow beyond this: the writes of a full disk fail in the same place, with another word.
_SMALL_DISK = (
    "import os, resource; size = int(os.environ['LARGEST_BYTES']); "
    "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)); " + _COMMAND
)


def _watch(
    database: Path | str, inbox: Path, folder: Path, largest_bytes: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a watch whose alerts go to `folder`."""
    arguments = [
        "watch", "--rules", str(rules_for(folder)),
        "--database", str(database), "--inbox", str(inbox), "--empty", "--years", "3",
        "--now", "2023-06-01", "--threads", "1",
    ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", _COMMAND if largest_bytes is None else _SMALL_DISK, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"LARGEST_BYTES": str(largest_bytes)},
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, float, bytes]:
    """The inbox, the database that a cycle in peace leaves, its time, and what it printed."""
    folder = tmp_path_factory.mktemp("peace")
    inbox = fill_inbox(folder / "inbox")
    _watch(folder / "first.db", inbox, folder).communicate(timeout=300)  # compiles what is not yet
    began_s = time.monotonic()
    run = _watch(folder / "peace.db", inbox, folder)
    out, err = run.communicate(timeout=300)
    assert run.returncode == 0, err.decode()
    return inbox, folder / "peace.db", time.monotonic() - began_s, out


def test_killed_at_random_moments(
    undisturbed: tuple[Path, Path, float, bytes], tmp_path: Path
) -> None:
    inbox, peace, took_s, printed = undisturbed
    chance = random.Random(20261122)
    expected = held(open_database(str(peace)))
    database = tmp_path / "killed.db"
    killed = 0
    for _ in range(_KILLS):
        run = _watch(database, inbox, tmp_path)
        time.sleep(chance.uniform(0.25, 1.0) * took_s)
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=60)
        killed += run.returncode == -signal.SIGKILL
        opened = open_database(str(database))
        opened.check()
        with opened.read() as connection:
            cycle = latest_cycle(connection)
        opened.close()
        if cycle is not None and cycle.state == "done":  # begin anew: nothing is left to disturb
            assert held(open_database(str(database))) == expected
            for file in (*tmp_path.glob("killed.db*"), tmp_path / "alerts.jsonl"):
                file.unlink()
    # How many of the moments fall inside a cycle depends on how busy the machine is.
    assert killed >= 1
    run = _watch(database, inbox, tmp_path)
    out, err = run.communicate(timeout=300)
    assert run.returncode == 0, err.decode()
    assert out == printed
    opened = open_database(str(database))
    opened.check()
    assert held(opened) == expected
    opened.close()
    alerts = (tmp_path / "alerts.jsonl").read_text().splitlines()
    assert len(alerts) == len(set(alerts)) == len(expected["alerts"]) > 0


def test_killed_on_postgresql(
    undisturbed: tuple[Path, Path, float, bytes], postgres_place: str, tmp_path: Path
) -> None:
    """The same with a server, whose transactions end when their client is gone."""
    inbox, peace, took_s, printed = undisturbed
    for fraction in (0.4, 0.6, 0.8):
        run = _watch(postgres_place, inbox, tmp_path)
        time.sleep(fraction * took_s)
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=60)
    run = _watch(postgres_place, inbox, tmp_path)
    out, err = run.communicate(timeout=300)
    assert (run.returncode, out) == (0, printed), err.decode()
    opened, expected = open_database(postgres_place), open_database(str(peace))
    opened.check()
    before, after = held(expected), held(opened)
    # On a quicker machine than a moment ago a cycle ends before it is killed, and another follows.
    has_more = len(after["cycles"]) > 1
    for table in before:
        if not (has_more and table in ("cycles", "cycle_steps")):
            assert after[table] == before[table], table
    opened.close()
    expected.close()


def test_a_second_cycle_finds_nothing_to_do(
    undisturbed: tuple[Path, Path, float, bytes], tmp_path: Path
) -> None:
    inbox, peace, _, printed = undisturbed
    shutil.copy(peace, tmp_path / "again.db")
    run = _watch(tmp_path / "again.db", inbox, tmp_path)
    out, _ = run.communicate(timeout=300)
    assert (run.returncode, out) == (0, printed)
    before, after = held(open_database(str(peace))), held(open_database(str(tmp_path / "again.db")))
    for table in before:
        if table not in ("cycles", "cycle_steps"):
            assert after[table] == before[table], table


def test_two_watches_at_once(undisturbed: tuple[Path, Path, float, bytes], tmp_path: Path) -> None:
    """One does the work, the other says who does; the result is that of one."""
    inbox, peace, _, printed = undisturbed
    runs = [_watch(tmp_path / "both.db", inbox, tmp_path) for _ in range(2)]
    ends = [run.communicate(timeout=300) for run in runs]
    codes = [run.returncode for run in runs]
    if codes == [0, 0]:
        pytest.skip("the machine was so busy that the first was done before the second began")
    assert sorted(codes) == [0, 4], [err.decode() for _, err in ends]
    busy = codes.index(4)
    assert b"Another watch works on" in ends[busy][1]
    assert ends[1 - busy][0] == printed
    assert held(open_database(str(tmp_path / "both.db"))) == held(open_database(str(peace)))


def test_interrupted_it_ends_cleanly_and_is_gone_on_with(
    undisturbed: tuple[Path, Path, float, bytes], tmp_path: Path
) -> None:
    inbox, peace, took_s, printed = undisturbed
    run = _watch(tmp_path / "stopped.db", inbox, tmp_path)
    time.sleep(0.6 * took_s)
    os.kill(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=60)
    if run.returncode == -signal.SIGINT:  # it was in the interpreter's own end: a shell says 130
        assert out == printed
    elif run.returncode != 0:  # else it was done before the signal
        assert run.returncode == 130
        assert err.decode().strip().endswith("Interrupted.")
        assert b"Traceback" not in err
    run = _watch(tmp_path / "stopped.db", inbox, tmp_path)
    out, err = run.communicate(timeout=300)
    assert (run.returncode, out) == (0, printed), err.decode()
    assert held(open_database(str(tmp_path / "stopped.db"))) == held(open_database(str(peace)))


def test_a_full_disk_ends_the_cycle_and_loses_nothing(
    undisturbed: tuple[Path, Path, float, bytes], tmp_path: Path
) -> None:
    """The first cycle makes the tables; in the second the disk is full half-way."""
    inbox, peace, _, printed = undisturbed
    database = tmp_path / "full.db"
    open_database(str(database)).close()
    run = _watch(database, inbox, tmp_path, largest_bytes=300_000)
    _, err = run.communicate(timeout=300)
    assert run.returncode == 4, err.decode()
    assert b"There is no room to write" in err
    assert b"Traceback" not in err
    opened = open_database(str(database))
    opened.check()
    opened.close()
    run = _watch(database, inbox, tmp_path)
    out, err = run.communicate(timeout=300)
    assert (run.returncode, out) == (0, printed), err.decode()
    assert held(open_database(str(database))) == held(open_database(str(peace)))
