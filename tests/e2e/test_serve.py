"""`perilune serve` as a process: it says where it is, answers, and ends cleanly on Ctrl-C."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the service is not installed")

PERILUNE = Path(sys.executable).parent / "perilune"
pytestmark = pytest.mark.skipif(
    not PERILUNE.exists(), reason=f"the command is not installed at {PERILUNE}"
)


def test_it_answers_and_ends_cleanly_on_ctrl_c(tmp_path: Path) -> None:
    command = [PERILUNE, "serve", "--port", "0", "--database", str(tmp_path / "catalogue.db")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            address = next(word for word in said.split() if word.startswith("http"))
            base = address.split("/v1")[0].rstrip("/")
            with urllib.request.urlopen(f"{base}/v1/health") as response:
                assert json.load(response)["data"]["status"] == "ok"
            process.send_signal(signal.SIGINT)
            _, rest = process.communicate(timeout=10)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "Traceback" not in rest


def test_a_port_that_is_taken_is_an_error_that_says_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        done = subprocess.run(
            [PERILUNE, "serve", "--port", str(held.getsockname()[1]), "--database",
             str(tmp_path / "catalogue.db")],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 2
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
