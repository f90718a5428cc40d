"""`perilune fetch`, against a local server that plays the publishers' answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from servers import WebServer, web_server
from synthetic import blank, seen

from perilune.astrometry import write_obs80
from perilune.catalogue import find_object, observations_of, open_database, orbits_of
from perilune.cli.main import main
from perilune.errors import DataMissingError
from perilune.orbits import catalogue, write_oef, write_sbdb
from perilune.watch import client as client_module
from perilune.watch import sources
from perilune.watch.client import Client

SENTRY = {
    "signature": {"source": "NASA/JPL Sentry Data API", "version": "2.0"},
    "summary": {"des": "2024 YR4", "ip": "3.9e-2", "ps_cum": "-0.2", "ps_max": "-0.2",
                "ts_max": "3", "n_imp": 1, "cdate": "2025-02-18 08:00"},
    "data": [],
}  # fmt: skip


def _json(value: object) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


def _observations() -> str:
    import dataclasses

    orbit = dataclasses.replace(
        catalogue.find("2024 YR4").cartesian(), covariance=None, parameters=()
    )
    epochs = np.array([60675.2 + 3.0 * k + j / 48.0 for k in range(4) for j in range(3)])
    return write_obs80(seen(blank(epochs, "W84"), orbit))[0]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[WebServer]:
    """A server that answers for all publishers; nothing waits, and nothing is kept from before."""
    monkeypatch.setenv("PERILUNE_DATABASE", str(tmp_path / "catalogue.db"))
    monkeypatch.setattr(client_module, "cache_root", lambda: tmp_path / "cache")
    monkeypatch.setattr(client_module, "_APART_S", 0.01)
    monkeypatch.setattr(client_module, "_FIRST_WAIT_S", 0.01)
    yr4 = catalogue.find("2024 YR4")
    with web_server() as server:
        for name in sources.ADDRESSES:
            monkeypatch.setitem(sources.ADDRESSES, name, f"{server.url}/{name}")
        server.by_path = {
            "/jpl": (200, {}, write_sbdb(yr4).encode()),
            "/sentry": _json(SENTRY),
            "/neocc": (200, {}, write_oef([catalogue.find("2024 BX1")]).encode()),
            "/mpc": _json([{"OBS80": _observations()}]),
        }
        yield server


def _fetch(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert main(["fetch", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)["data"]


def test_what_is_published_comes_into_the_catalogue(
    played: WebServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = _fetch(
        capsys, "2024 YR4", "--from", "jpl", "--from", "sentry", "--from", "neocc", "--from", "mpc"
    )
    assert [(row["kind"], row.get("added")) for row in rows] == [
        ("orbits", 1), ("risk", None), ("orbits", 1), ("observations", 12),
    ]  # fmt: skip
    assert rows[1]["published"]["impact_probability"] == 0.039
    opened = open_database(str(tmp_path / "catalogue.db"))
    with opened.read() as connection:
        known = find_object(connection, "2024 YR4")
        (stored,) = orbits_of(connection, known.id)
        assert stored.orbit.solution == catalogue.find("2024 YR4").solution
        assert stored.orbit.covariance is not None
        assert stored.added_by == "fetch:jpl"
        assert len(observations_of(connection, known.id, "2024 YR4")) == 12
    opened.close()
    paths = [post.path for post in played.came]
    assert paths[0].startswith("/jpl?sstr=2024+YR4&full-prec=1&cov=mat") or "2024%20YR4" in paths[0]
    assert paths[2] == "/neocc?file=2024YR4.ke0"
    assert json.loads(played.came[3].body) == {"desigs": ["2024 YR4"], "output_format": ["OBS80"]}
    assert all(post.headers["User-Agent"].startswith("perilune/") for post in played.came)
    # Within the hour nobody is asked again; with --again they are, and nothing is doubled.
    assert _fetch(capsys, "2024 YR4", "--from", "jpl")[0] | {"source": ""} == {
        "object": "2024 YR4", "source": "", "kind": "orbits", "added": 0, "known": 1,
    }  # fmt: skip
    assert len(played.came) == 4
    _fetch(capsys, "2024 YR4", "--from", "jpl", "--again")
    assert len(played.came) == 5


def test_a_table_for_people(played: WebServer, capsys: pytest.CaptureFixture[str]) -> None:
    played.by_path["/sentry"] = _json({"error": "specified object not found"})
    assert main(["fetch", "2024 YR4", "--from", "sentry", "--from", "jpl"]) == 0
    printed = capsys.readouterr().out
    assert "not on its list" in printed
    assert "JPL SBDB" in printed


@pytest.mark.parametrize(
    ("path", "answer", "said", "code"),
    [
        ("/jpl", _json({"code": "200", "message": "specified object was not found"}),
         "was not found", 4),
        ("/jpl", _json({"list": [{"pdes": "433"}, {"pdes": "1036"}]}), "several objects", 4),
        ("/jpl", (200, {}, b"<html>"), "no JSON", 2),
        ("/jpl", _json({"orbit": {}}), "jpl-X.json", 2),
        ("/jpl", (404, {}, b""), "HTTP 404", 4),
        ("/neocc", (200, {}, b""), "no orbit", 4),
        ("/neocc", (200, {}, b"<!DOCTYPE html>"), "no orbit", 4),
        ("/mpc", _json([{"OBS80": ""}]), "no observations", 4),
        ("/mpc", _json({"error": "no"}), "damaged", 2),
        ("/sentry", _json({"summary": {"ip": "much"}}), "damaged", 2),
    ],
)  # fmt: skip
def test_what_publishers_do_not_have_or_send_wrongly(
    played: WebServer,
    capsys: pytest.CaptureFixture[str],
    path: str,
    answer: tuple[int, dict[str, str], bytes],
    said: str,
    code: int,
) -> None:
    played.by_path[path] = answer
    assert main(["fetch", "X", "--from", path[1:]]) == code
    assert said in capsys.readouterr().err


def test_patience_with_a_busy_publisher(
    played: WebServer, capsys: pytest.CaptureFixture[str]
) -> None:
    good = played.by_path.pop("/jpl")
    played.answers = [(503, {}, b""), (429, {"Retry-After": "0"}, b""), good]
    assert main(["fetch", "2024 YR4", "--from", "jpl"]) == 0
    assert len(played.came) == 3
    assert "trying again" in capsys.readouterr().err


def test_a_publisher_that_is_away_is_given_up_in_the_end(
    played: WebServer, capsys: pytest.CaptureFixture[str]
) -> None:
    played.by_path["/jpl"] = (503, {}, b"")
    assert main(["fetch", "2024 YR4", "--from", "jpl", "--from", "mpc"]) == 4
    assert "cannot be fetched (HTTP 503" in capsys.readouterr().err
    assert len(played.came) == 5  # four times in vain, and then the other publisher


def test_an_old_answer_is_better_than_none_and_says_so(
    played: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    url = f"{played.url}/x"
    played.by_path["/x"] = (200, {"ETag": '"1"'}, b"first")
    assert Client().get(url, {}).body == b"first"
    monkeypatch.setattr(client_module, "FRESH_S", 0.0)
    played.by_path["/x"] = (304, {}, b"")
    answer = Client().get(url, {})
    assert (answer.body, answer.from_cache) == (b"first", False)
    assert played.came[-1].headers["If-None-Match"] == '"1"'
    played.by_path["/x"] = (500, {}, b"")
    answer = Client(talk=said.append).get(url, {})
    assert (answer.body, answer.from_cache) == (b"first", True)
    assert "What is used was fetched on" in said[-1]
    played.by_path["/y"] = (500, {}, b"")
    with pytest.raises(DataMissingError):
        Client().get(f"{played.url}/y", {})


def test_a_damaged_cache_is_asked_anew(played: WebServer, tmp_path: Path) -> None:
    url = f"{played.url}/x"
    played.by_path["/x"] = (200, {}, b"whole")
    Client().get(url, {})
    (body,) = (tmp_path / "cache" / "fetched").glob("*.body")
    body.write_bytes(b"who")
    assert Client().get(url, {}).body == b"whole"
    assert len(played.came) == 2


def test_requests_to_one_publisher_keep_apart(
    played: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setattr(client_module, "_APART_S", 0.2)
    played.by_path["/x"] = (200, {}, b"")
    client = Client(again=True)
    began_s = time.monotonic()
    for _ in range(3):
        client.get(f"{played.url}/x", {})
    assert time.monotonic() - began_s >= 0.4


def test_too_large_an_answer_is_not_read_to_its_end(
    played: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_LARGEST_BYTES", 1000)
    played.by_path["/x"] = (200, {}, b"x" * 5000)
    with pytest.raises(DataMissingError, match="more than"):
        Client().get(f"{played.url}/x", {})
