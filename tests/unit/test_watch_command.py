"""`perilune watch`: what it prints, its options, its exit codes, its journal."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from watching import fill_inbox, observed

from perilune.catalogue import find_object, open_database, preferred_orbit
from perilune.catalogue.fits import fits_of
from perilune.cli.main import main
from perilune.orbits import catalogue, write_perilune
from perilune.watch import intake


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A built-in catalogue of two objects, and a new database; its name."""
    objects = tuple(catalogue.find(name) for name in ("2024 BX1", "Ceres"))
    monkeypatch.setattr(catalogue, "orbits", lambda: objects)
    database = str(tmp_path / "catalogue.db")
    monkeypatch.setenv("PERILUNE_DATABASE", database)
    return database


def _json(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert main(["watch", "--years", "3", *arguments, "--json"]) == code
    text = capsys.readouterr().out
    assert "NaN" not in text
    return json.loads(text)


@pytest.mark.usefixtures("few")
def test_both_bodies_are_listed_and_what_has_hit_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["watch", "--years", "3"]) == 0
    captured = capsys.readouterr()
    assert captured.out.index("Risk for the Earth") < captured.out.index("Risk for the Moon")
    assert "Next approaches within 0.05 au" in captured.out
    assert "2024 BX1 hit the Earth on 2024-01-21" in captured.err
    assert max(map(len, captured.out.splitlines())) <= 80
    envelope = _json(capsys)
    assert set(envelope) == {"signature", "units", "data"}
    data = envelope["data"]
    assert len(data["risk"]) == 4
    assert data["warnings"] == ["2024 BX1 hit the Earth on 2024-01-21; its orbit ends there."]
    # The first cycle has done it all: the second assesses nothing again.
    assert data["cycle"]["steps"]["risk"] == {"assessed": 0, "failed": 0}
    assert data["cycle"]["id"] == 2


@pytest.mark.usefixtures("few")
def test_what_is_assessed_again(capsys: pytest.CaptureFixture[str]) -> None:
    def assessed(*arguments: str) -> int:
        return int(_json(capsys, *arguments)["data"]["cycle"]["steps"]["risk"]["assessed"])

    assert assessed("--now", "2026-01-01") == 2
    assert assessed("--now", "2026-01-02") == 0
    assert assessed("--now", "2026-01-10") == 2  # the scales count from its date
    assert assessed("--now", "2026-01-11", "--again") == 2
    assert assessed("--now", "2026-01-11", "--years", "4") == 2


def test_the_inbox_is_taken_in_fitted_and_assessed(
    few: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox = fill_inbox(tmp_path / "inbox")
    (inbox / "broken.json").write_text('{"format": "perilune orbits", "version"')
    (inbox / ".hidden").write_text("not for us")
    (inbox / "half.psv.part").write_text("not yet for us")
    log = tmp_path / "log.jsonl"
    arguments = ("--inbox", str(inbox), "--empty", "--log", str(log), "--now", "2023-06-01")
    data = _json(capsys, *arguments, code=2)["data"]
    assert data["cycle"]["steps"]["intake"] == {
        "files": 2, "refused": 1, "observations": 15, "orbits": 2,
    }  # fmt: skip
    assert data["cycle"]["steps"]["fit"]["converged"] == 1
    assert ["broken.json" in failure for failure in data["failures"]] == [True]
    assert sorted({row["object"] for row in data["risk"]}) == ["1 Ceres", "2024 YR4", "2030 AB1"]
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"at_utc", "level", "event", "cycle"} <= set(events[0])
    assert [e["level"] for e in events if e["event"] == "intake"].count("error") == 1
    assert {e["event"] for e in events} == {
        "cycle", "intake", "step", "fit", "risk", "approaches", "done",
    }  # fmt: skip
    # More of the same object: it is fitted anew, and its newer fit is preferred.
    (inbox / "broken.json").unlink()
    (inbox / "more.psv").write_text(observed("2030 AB1", 7))
    data = _json(capsys, *arguments)["data"]
    assert data["cycle"]["steps"]["fit"] == {"converged": 1, "unconstrained": 0, "failed": 0}
    assert data["cycle"]["steps"]["risk"]["assessed"] == 1
    opened = open_database(few)
    with opened.read() as connection:
        object_id = find_object(connection, "2030 AB1").id
        newer, older = fits_of(connection, object_id)
        stored = preferred_orbit(connection, object_id)
    opened.close()
    assert stored is not None
    assert stored.id == newer.orbit_id != older.orbit_id
    assert (newer.used + newer.rejected) > (older.used + older.rejected) == 15


def test_an_orbit_without_covariance_has_approaches_but_no_risk(
    few: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    bare = replace(catalogue.find("2024 BX1"), covariance=None, covariance_parameters=())
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "bare.json").write_text(write_perilune([bare]))
    data = _json(capsys, "--empty", "--inbox", str(tmp_path / "inbox"))["data"]
    assert data["risk"] == []
    assert data["cycle"]["steps"]["approaches"] == {"searched": 1, "failed": 0}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--every", "often"], "no length of time"),
        (["--every", "0h"], "no length of time"),
        (["--every", "6h", "--now", "2026-01-01"], "exclude each other"),
        (["--inbox", "/no/such/folder"], "no such folder"),
        (["--log", "/no/such/folder/log"], "log cannot be written"),
        (["--database", "mysql://host/x"], "no database"),
    ],
)
@pytest.mark.usefixtures("few")
def test_bad_options_are_named(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["watch", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("few")
def test_a_file_whose_name_is_no_text_ended_every_cycle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox, log = tmp_path / "inbox", tmp_path / "log.jsonl"
    inbox.mkdir()
    try:
        Path(os.fsdecode(bytes(inbox) + b"/\xff.psv")).write_text("no observations")
        Path(os.fsdecode(bytes(inbox) + b"/\xfe.psv")).write_text(observed("2030 AB1", 5))
    except OSError:
        pytest.skip("names of files are texts here")
    data = _json(capsys, "--inbox", str(inbox), "--log", str(log), code=2)["data"]
    assert data["cycle"]["steps"]["intake"]["refused"] == 1
    told = [json.loads(line) for line in log.read_text().splitlines()]
    files = [line["file"] for line in told if line["event"] == "intake"]
    assert files == ["\\xfe.psv", "\\xff.psv"]


@pytest.mark.usefixtures("few")
def test_a_file_that_is_too_large_is_named_and_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_LARGEST_BYTES", 1_000)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "night.psv").write_text(observed("2030 AB1", 5))
    assert main(["watch", "--years", "3", "--inbox", str(tmp_path / "inbox")]) == 2
    assert "night.psv: the file is too large" in capsys.readouterr().err
