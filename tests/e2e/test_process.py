"""The installed command as a process: speed of `--help`, signals, pipes, terminals."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PERILUNE = Path(sys.executable).parent / "perilune"
HELP_S = 0.3  # the charter's bar

pytestmark = pytest.mark.skipif(
    not PERILUNE.exists(), reason=f"the command is not installed at {PERILUNE}"
)


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PERILUNE, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


def test_help_is_quick() -> None:
    """The best of five, because what else runs on the machine is not the command's doing."""

    def once() -> float:
        began_s = time.perf_counter()
        assert _run("--help").returncode == 0
        return time.perf_counter() - began_s

    assert min(once() for _ in range(5)) <= HELP_S


def test_help_imports_no_science() -> None:
    code = (
        "import sys; from perilune.cli.main import main; main(['--help']); "
        "print([m for m in ('numpy', 'numba', 'scipy', 'astropy', 'erfa', 'rich') "
        "if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_a_closed_pipe_is_no_error() -> None:
    for command in ("cite | true", "cite | head -n 1", "cite --json | head -n 1"):
        done = subprocess.run(
            ["sh", "-c", f"{PERILUNE} {command}"], capture_output=True, text=True, check=False
        )
        assert done.stderr == ""


def test_a_reader_that_leaves_early_is_no_failure() -> None:
    """More than a pipe holds, to a reader of one line: typer made exit code 1 of it."""
    code = (
        "import sys; from perilune.cli.app import app; from perilune.cli.main import main\n"
        "app.command('long')(lambda: print('x' * 1_000_000)); sys.exit(main(['long']))"
    )
    done = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -c "$CODE" | head -c 1; echo "${{PIPESTATUS[0]}}"'],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CODE": code},
    )
    assert (done.stdout, done.stderr) == ("x0\n", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", ["--version", "cite", "cite --json", "convert Eros --to oef"])
def test_a_full_disk_is_said_in_one_line(command: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f"'{PERILUNE}' {command} > /dev/full"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "Error: the output cannot be written: No space left on device.\n"


def test_a_terminal_gets_a_drawn_table_and_a_pipe_does_not() -> None:
    code, drawn = _in_terminal("doctor")
    assert code == 0
    assert "━" in drawn
    assert "━" not in _run("doctor").stdout


def test_no_color_is_honoured() -> None:
    assert "\033[31m" in _in_terminal("convert", "nobody", "--to", "oef")[1]
    plain = _in_terminal("convert", "nobody", "--to", "oef", NO_COLOR="1")[1]
    assert "\033[31m" not in plain


def _in_terminal(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run on a pseudo-terminal; return the exit code and everything shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [PERILUNE, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        | {"TERM": "xterm-256color"}
        | environment,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux says EIO when the last writer has gone
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return process.wait(), shown.decode()


STOP_S = 1.0  # the bar, from Ctrl-C to the end of the process


@pytest.mark.parametrize(
    "work",
    [
        pytest.param("time.sleep(60)", id="in a call that hears nothing"),
        pytest.param("[None for _ in iter(int, 1)]", id="in Python"),
    ],
)
def test_ctrl_c_stops_within_a_second_and_leaves_no_file(work: str, tmp_path: Path) -> None:
    """A command that is in the middle of writing a file; the write itself is made endless."""
    code = (
        "import os, sys, time; from pathlib import Path; from perilune.cli import app, output\n"
        "from perilune.cli.main import main\n"
        f"os.fsync = lambda _: (print('writing', flush=True), {work})\n"
        "app.app = lambda **_: output.write_atomically(Path('orbit.txt'), 'x')\n"
        "sys.exit(main([]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGINT)
        began_s = time.perf_counter()
        try:
            _, talk = process.communicate(timeout=10)
        finally:
            process.kill()
        took_s = time.perf_counter() - began_s
    assert took_s <= STOP_S
    assert process.returncode == 130
    assert talk == "\nInterrupted.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("after_s", [0.2, 1.0, 3.0])
def test_ctrl_c_stops_a_real_computation(after_s: float) -> None:
    """A hundred thousand clones over a century take longer than any of these moments."""
    command = [PERILUNE, "risk", "2024 YR4", "--method", "monte-carlo", "--samples", "100000"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        time.sleep(after_s)
        process.send_signal(signal.SIGINT)
        began_s = time.perf_counter()
        try:
            data, talk = process.communicate(timeout=10)
        finally:
            process.kill()
        took_s = time.perf_counter() - began_s
    assert took_s <= STOP_S
    assert process.returncode == 130
    assert data == ""
    assert talk.endswith("Interrupted.\n")
