"""Kill a monitoring cycle at random moments, and see that nothing is lost and nothing done twice.

    python design/kill_the_watch.py [KILLS] [DATABASE-URL]

After each SIGKILL the database must pass its integrity check, and the next cycle goes on from
there. Each time that a cycle comes to its end the database must hold what one holds that nobody
disturbed (`tests/support/watching.py` says what is compared), and its file of alerts each alert
once; then everything begins anew. A PostgreSQL URL must name an empty database, which is filled
but not emptied: there one cycle is killed again and again.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from watching import fill_inbox, held, rules_for

from perilune.catalogue import open_database
from perilune.catalogue.cycles import latest_cycle

_COMMAND = "from perilune.cli.main import main; import sys; sys.exit(main(sys.argv[1:]))"


def _start(database: str, inbox: Path, folder: Path) -> subprocess.Popen[bytes]:
    arguments = [
        "watch", "--database", database, "--inbox", str(inbox), "--rules", str(rules_for(folder)),
        "--empty", "--years", "3", "--now", "2023-06-01", "--threads", "1",
    ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", _COMMAND, *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _contents(database: str) -> dict[str, list[tuple[object, ...]]]:
    opened = open_database(database)
    opened.check()
    found = held(opened)
    opened.close()
    return found


def _is_done(database: str) -> bool:
    opened = open_database(database)
    opened.check()
    with opened.read() as connection:
        cycle = latest_cycle(connection)
    opened.close()
    return cycle is not None and cycle.state == "done"


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inbox = fill_inbox(folder / "inbox")
        (folder / "peace").mkdir()
        peace = str(folder / "peace" / "catalogue.db")
        _start(str(folder / "peace" / "first.db"), inbox, folder / "peace").wait()
        (folder / "peace" / "alerts.jsonl").unlink()
        began_s = time.monotonic()
        assert _start(peace, inbox, folder / "peace").wait() == 0
        took_s = time.monotonic() - began_s
        expected = _contents(peace)
        print(
            f"undisturbed: {took_s:.1f} s, {len(expected['assessments'])} assessments, "
            f"{len(expected['alerts'])} alerts"
        )
        database = sys.argv[2] if len(sys.argv) > 2 else str(folder / "catalogue.db")
        killed = ends = 0
        while killed < kills:
            run = _start(database, inbox, folder)
            time.sleep(chance.uniform(0.1, 1.0) * took_s)
            run.send_signal(signal.SIGKILL)
            killed += run.wait() == -signal.SIGKILL
            print(f"killed {killed} times", end="\r", flush=True)
            if _is_done(database) and len(sys.argv) < 3:
                ends += 1
                _compare(database, folder, expected)
                for file in (*folder.glob("catalogue.db*"), folder / "alerts.jsonl"):
                    file.unlink()
        assert _start(database, inbox, folder).wait() == 0
        _compare(database, folder, expected)
        print(f"killed {killed} times; {ends + 1} cycles came to their end as if undisturbed")


def _compare(database: str, folder: Path, expected: dict[str, list[tuple[object, ...]]]) -> None:
    found = _contents(database)
    for table, rows in expected.items():
        assert found[table] == rows, table
    alerts = (folder / "alerts.jsonl").read_text().splitlines()
    assert len(alerts) == len(set(alerts)) == len(expected["alerts"])


if __name__ == "__main__":
    main()
