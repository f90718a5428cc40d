"""Peak memory of a process of its own: `python -m benchmarks.memory NAME` does a row's work."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]


def run_measured(command: Sequence[str], stdout: IO[bytes] | None = None) -> tuple[float, float]:
    """Run a command from the repository's root: seconds and peak resident memory in MB.

    Raises:
        RuntimeError: the command failed.
    """
    began = time.perf_counter()
    process = subprocess.Popen(list(command), cwd=ROOT, stdout=stdout)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with exit status {process.returncode}")
    kilobytes = usage.ru_maxrss / (1024.0 if sys.platform == "darwin" else 1.0)
    return seconds, kilobytes / 1024.0


def peak_memory_mb(row: str) -> float:
    """Peak resident memory of a process that does our side of a row's work and nothing else."""
    return run_measured([sys.executable, "-m", "benchmarks.memory", row])[1]


if __name__ == "__main__":
    importlib.import_module(f"benchmarks.{sys.argv[1]}").our_work()
