"""`perilune data`: fetching, carrying on, refusing what is not what it should be."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import MappingProxyType

import pytest

from perilune import datasets
from perilune.cli.main import main
from perilune.datasets import DEBIAS_2018, Dataset, fetch
from perilune.errors import DataMissingError

CONTENT = b"! a table\n" + random.Random(3).randbytes(1_000_000)  # does not compress
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def archive() -> bytes:
    """A gzipped tar with the table in a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo("debias/bias.dat")
        info.size = len(CONTENT)
        tar.addfile(info, io.BytesIO(CONTENT))
    return buffer.getvalue()


class Server(HTTPServer):
    """Serves one archive; `cut` bytes at most an answer; ranges if it `resumes`."""

    body = archive()
    cut: int | None = None
    resumes = True
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        start = int(wanted[6:-1]) if wanted and self.server.resumes else 0
        if start >= len(self.server.body):
            self.send_error(416)
            return
        body = self.server.body[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.cut])

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def wanted(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The data set, at the local server, kept in an empty folder."""
    monkeypatch.setenv("PERILUNE_CACHE", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    local = replace(
        DEBIAS_2018, url=f"http://127.0.0.1:{server.server_port}/debias.tgz", sha256=DIGEST
    )
    monkeypatch.setattr(datasets, "DATASETS", MappingProxyType({local.name: local}))
    return local


def nothing(_done: float, _label: str) -> None:
    """Progress that nobody watches."""


def test_get_installs_the_table_and_leaves_nothing_else(
    wanted: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "get", "debias-2018"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "is here now" in captured.err
    assert wanted.path.read_bytes() == CONTENT
    assert [file.name for file in wanted.path.parent.iterdir()] == ["bias.dat"]
    # A second time nothing is fetched.
    assert main(["data", "get", "debias-2018"]) == 0
    assert main(["data", "list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["data"]
    assert row["is_installed"] is True
    assert row["path"] == str(wanted.path)


def test_progress_rises_to_one(wanted: Dataset) -> None:
    told: list[float] = []
    fetch(wanted, lambda done, _label: told.append(done))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_broken_download_is_carried_on(wanted: Dataset, server: Server) -> None:
    server.cut = 5000
    with pytest.raises(DataMissingError, match="goes on from there"):
        fetch(wanted, nothing)
    server.cut = None
    fetch(wanted, nothing)
    assert server.asked == [None, "bytes=5000-"]
    assert wanted.path.read_bytes() == CONTENT


def test_a_server_that_cannot_carry_on_starts_anew(wanted: Dataset, server: Server) -> None:
    server.cut, server.resumes = 5000, False
    with pytest.raises(DataMissingError):
        fetch(wanted, nothing)
    server.cut = None
    fetch(wanted, nothing)
    assert wanted.path.read_bytes() == CONTENT


def test_a_complete_part_is_used(wanted: Dataset, server: Server) -> None:
    wanted.path.parent.mkdir(parents=True)
    (wanted.path.parent / "archive.part").write_bytes(server.body)
    fetch(wanted, nothing)
    assert wanted.path.read_bytes() == CONTENT


def test_another_digest_is_refused_and_named(
    wanted: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataMissingError, match=DIGEST):
        fetch(replace(wanted, sha256="0" * 64), nothing)
    assert list(wanted.path.parent.iterdir()) == []
    assert main(["data", "get", "debias-2018", "--sha256", "f" * 64]) == 4
    assert DIGEST in capsys.readouterr().err
    assert main(["data", "get", "debias-2018", "--sha256", DIGEST.upper()]) == 0


@pytest.mark.parametrize("body", [b"<html>not here</html>", b"", archive()[:-2000]])
def test_what_is_no_archive_is_refused(body: bytes, wanted: Dataset, server: Server) -> None:
    server.body = body
    with pytest.raises(DataMissingError):
        fetch(wanted, nothing)
    assert list(wanted.path.parent.iterdir()) == []


def test_offline_is_said_with_what_can_be_done(
    wanted: Dataset,
    server: Server,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.status = 503
    assert main(["data", "get", "debias-2018"]) == 4
    assert "503" in capsys.readouterr().err
    away = replace(wanted, url="http://127.0.0.1:9/debias.tgz")
    with pytest.raises(DataMissingError, match=r"put it at .*bias\.dat"):
        fetch(away, nothing)


def test_unknown_names_come_back_with_near_ones(
    wanted: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "get", "debias"]) == 2
    assert "debias-2018" in capsys.readouterr().err


def test_list_says_what_is_not_here(wanted: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list"]) == 0
    assert "not here" in capsys.readouterr().out
