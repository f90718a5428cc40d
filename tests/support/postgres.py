"""A real PostgreSQL for the tests: its own data folder and port, stopped and removed afterwards.

Where the server's programs are not installed, and we are root on a system with apt-get, they are
installed, quietly. PostgreSQL refuses to run as root; root starts it as the user `postgres`, whom
Debian's package makes.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_INSTALL_S = 240
_START_S = 60
_PROGRAMS = ("initdb", "pg_ctl", "postgres")


class NoPostgres(Exception):
    """There is none here, and why."""


@contextmanager
def running_postgres() -> Iterator[str]:
    """A server; yields the URL of an empty database on it.

    Raises:
        NoPostgres: it cannot be had here.
    """
    folder = _programs()
    user = _user()
    with tempfile.TemporaryDirectory(prefix="perilune-pg-", dir="/tmp") as name:
        data = Path(name) / "data"
        if user is not None:
            shutil.chown(name, user)
            os.chmod(name, 0o755)
        port = _free_port()
        _run(user, folder / "initdb", "-D", data, "-U", "perilune", "-A", "trust", "-E", "UTF8",
             "-N", "--locale=C.UTF-8")  # fmt: skip
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {name} -c fsync=off -c jit=off"
        _run(user, folder / "pg_ctl", "-D", data, "-w", "-t", str(_START_S), "-l",
             Path(name) / "log", "-o", options, "start")  # fmt: skip
        try:
            yield f"postgresql://perilune@127.0.0.1:{port}/postgres"
        finally:
            _run(user, folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _programs() -> Path:
    found = _find()
    if found is None and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update", "-qq"], ["install", "-qq", "--no-install-recommends",
                                              "postgresql"]):  # fmt: skip
            try:
                subprocess.run(
                    ["apt-get", *arguments],
                    env=quiet, check=True, capture_output=True, timeout=_INSTALL_S,
                )  # fmt: skip
            except (subprocess.SubprocessError, OSError) as error:
                raise NoPostgres(f"apt-get {arguments[0]} failed: {error}") from error
        found = _find()
    if found is None:
        raise NoPostgres("PostgreSQL's programs (initdb, pg_ctl, postgres) are not installed")
    return found


def _find() -> Path | None:
    versions = Path("/usr/lib/postgresql")
    folders = [each / "bin" for each in versions.iterdir()] if versions.is_dir() else []
    folders.sort(key=lambda each: [int(part) for part in each.parent.name.split(".")], reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).parent)
    for folder in folders:
        if all((folder / program).exists() for program in _PROGRAMS):
            return folder
    return None


def _user() -> str | None:
    """Who runs the server; None for ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        raise NoPostgres("we are root, and there is no user postgres to run the server") from None


def _run(user: str | None, *command: object) -> None:
    done = subprocess.run(
        [str(each) for each in command],
        user=user, group=user, extra_groups=[] if user else None, cwd="/",
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        timeout=2 * _START_S,
    )  # fmt: skip
    if done.returncode:
        raise NoPostgres(f"{Path(str(command[0])).name} failed: {done.stderr.strip()[-500:]}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
