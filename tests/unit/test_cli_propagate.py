"""`perilune propagate`: epochs, origins and axes as asked, and what it says of objects that end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perilune.cli.main import main
from perilune.ephemeris import planets
from perilune.frames.ecliptic import ecliptic_from_icrf
from perilune.orbits import CartesianState, catalogue, write_opm

EROS = catalogue.find("Eros")
OWN_EPOCH = f"mjd:{EROS.epoch_mjd_tdb!r}@tdb"


def _rows(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["propagate", *arguments, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["data"]
    assert isinstance(rows, list)
    return rows


def test_at_its_own_epoch_an_orbit_is_where_its_elements_put_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (row,) = _rows(capsys, "Eros", "--to", OWN_EPOCH)
    own = EROS.cartesian()
    assert row["object"] == "433 Eros"
    assert row["status"] == "reached"
    # Taking the Sun's place away and adding it again costs the last digit of 1e8 km.
    assert np.abs(np.array(row["position_km"]) - own.position_km).max() < 1e-6
    assert np.abs(np.array(row["velocity_km_s"]) - own.velocity_km_s).max() < 1e-12
    assert own.covariance is not None
    scale = np.sqrt(np.outer(np.diag(own.covariance), np.diag(own.covariance)))
    assert np.abs((np.array(row["covariance"]) - own.covariance) / scale).max() < 1e-9


def test_origin_and_axes_are_those_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = _rows(capsys, "Eros", "--to", OWN_EPOCH, "--center", "earth", "--frame", "ecliptic")
    sun_km, _ = planets().state("sun", EROS.epoch_mjd_tdb)
    earth_km, _ = planets().state("earth", EROS.epoch_mjd_tdb)
    expected_km = ecliptic_from_icrf(EROS.cartesian().position_km + sun_km - earth_km)
    assert np.abs(np.array(row["position_km"]) - expected_km).max() < 1e-6


def test_several_epochs_follow_one_option(capsys: pytest.CaptureFixture[str]) -> None:
    rows = _rows(capsys, "Eros", "--to", "2030-01-01", "mjd:62000.0@tdb", "2029-06-01T12:00@tt")
    assert [round(row["epoch_mjd_tdb"], 3) for row in rows] == [62502.001, 62000.0, 62288.5]


def test_an_object_that_has_hit_has_no_state_after_and_is_said_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["propagate", "2024 BX1", "--to", "2024-01-20", "2024-02-01", "--json"]) == 0
    captured = capsys.readouterr()
    before, after = json.loads(captured.out)["data"]
    assert None not in before["position_km"]
    assert after["position_km"] == [None, None, None]
    assert "impacted EARTH" in captured.err
    assert main(["propagate", "2024 BX1", "--to", "2024-02-01"]) == 0
    assert "nan" not in capsys.readouterr().out


def test_an_object_inside_a_body_is_named_with_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = CartesianState((5000.0, 0.0, 0.0), (0.0, 7.0, 0.0), "ICRF", "EARTH")
    inside = replace(EROS, elements=state, covariance=None, covariance_parameters=())
    path = tmp_path / "inside.opm"
    path.write_text(write_opm(inside), encoding="utf-8")
    assert main(["propagate", str(path), "--to", "2030-01-01"]) == 2
    said = capsys.readouterr().err
    assert f"{path}: 433 Eros: the object starts inside Earth; found '5000.000 km" in said


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["Eros", "--to", "2030-13-01"], 2),
        (["Eros", "--to", "someday"], 2),
        (["Eros", "--to", "mjd:nan"], 2),
        (["Eros", "--to", "9000-01-01"], 4),
        (["Eros"], 2),
        (["--to", "2030-01-01"], 2),
        (["--to", "2030-01-01", "2031-01-01"], 2),
        (["Nibiru", "--to", "2030-01-01"], 2),
    ],
)
def test_bad_requests(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["propagate", *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "rror: " in captured.err


def test_two_threads_and_one_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    one = _rows(capsys, "Eros", "--to", "2030-01-01", "--threads", "1")
    two = _rows(capsys, "Eros", "--to", "2030-01-01", "--threads", "2")
    assert one == two
