"""`perilune fit`: what it prints, writes, sets aside and refuses to call an orbit."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import blank, seen

from perilune.astrometry import write_ades_psv
from perilune.astrometry.observations import FloatArray, Observations, concatenate
from perilune.cli.main import main
from perilune.orbits import CartesianOrbit, resolve_target

CONTRACT = {
    "object", "status", "reason", "epoch_mjd_tdb", "elements", "state", "covariance", "rms_arcsec",
    "chi2_reduced", "used", "rejected", "arc_days",
}  # fmt: skip


def _orbit(name: str) -> CartesianOrbit:
    found = resolve_target(name)[0].cartesian()
    return replace(found, covariance=None, parameters=(), non_gravitational=None)


def _nights(first_mjd: float, count: int, apart_d: float = 3.0) -> FloatArray:
    return np.array([first_mjd + apart_d * k + j / 48.0 for k in range(count) for j in range(3)])


def _write(path: Path, observations: Observations) -> str:
    path.write_text(write_ades_psv(observations))
    return str(path)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A month of 2024 YR4 from three places on the Earth."""
    epochs = _nights(60675.2, 10)
    stations = np.array(["W84", "W68", "I11"])[np.arange(epochs.size) // 3 % 3]
    rows = replace(blank(epochs, "W84"), station=stations)
    path = tmp_path_factory.mktemp("fit") / "yr4.psv"
    return _write(path, seen(rows, _orbit("2024 YR4")))


def _run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert main(["fit", *arguments, "--json"]) == code
    text = capsys.readouterr().out
    assert "NaN" not in text
    assert "Infinity" not in text
    return json.loads(text)


def test_the_envelope_holds_the_contract(one: str, capsys: pytest.CaptureFixture[str]) -> None:
    envelope = _run(capsys, one)
    assert set(envelope) == {"signature", "units", "data"}
    (row,) = envelope["data"]
    assert set(row) >= CONTRACT
    assert row["status"] == "converged"
    assert (row["used"] + row["rejected"], row["object"]) == (30, "2024 YR4")
    assert len(row["covariance"]) == 6
    assert math.isclose(row["arc_days"], 27.0 + 2.0 / 48.0, abs_tol=1e-6)
    assert abs(row["elements"]["e"] - 0.6615) < 0.01
    assert row["elements"]["a_au"] * (1.0 - row["elements"]["e"]) == pytest.approx(
        row["elements"]["q_au"], rel=1e-9
    )
    assert "observations" not in row


def test_every_observation_is_accounted_for(one: str, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = _run(capsys, one, "--residuals")["data"]
    assert len(row["observations"]) == 30
    used = [each for each in row["observations"] if each["is_used"]]
    assert len(used) == row["used"]
    squares = [each[key] ** 2 for each in used for key in ("ra_arcsec", "dec_arcsec")]
    assert math.sqrt(sum(squares) / len(squares)) == pytest.approx(row["rms_arcsec"], rel=1e-9)
    assert all(each["reason"] for each in row["observations"] if not each["is_used"])


def test_what_is_written_is_a_target(
    one: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "orbit.json"
    (row,) = _run(capsys, one, "--output", str(file))["data"]
    epoch = f"mjd:{row['epoch_mjd_tdb']!r}@tdb"
    assert main(["propagate", str(file), "--to", epoch, "--json"]) == 0
    (state,) = json.loads(capsys.readouterr().out)["data"]
    assert state["position_km"] == pytest.approx(row["state"]["position_km"], abs=1e-6)
    found = np.array(state["covariance"])
    expected = np.array(row["covariance"])
    scale = np.sqrt(np.diag(expected))
    assert np.abs((found - expected) / np.outer(scale, scale)).max() < 1e-6


def test_the_same_file_gives_the_same_digest_and_orbit(
    one: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = _run(capsys, one), _run(capsys, one, "--threads", "1")
    assert first["signature"]["inputs_sha256"] == second["signature"]["inputs_sha256"]
    assert first["data"] == second["data"]


def test_an_hour_is_no_orbit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Four places within an hour of an asteroid 0.24 au away."""
    rows = seen(blank(60725.2 + np.arange(4) / 72.0, "W84"), _orbit("2024 YR4"))
    file = tmp_path / "orbit.json"
    arguments = (_write(tmp_path / "hour.psv", rows), "--output", str(file))
    (row,) = _run(capsys, *arguments, code=3)["data"]
    assert row["status"] == "unconstrained"
    assert "hours" in row["reason"]
    assert not file.exists()


def test_two_observations_are_no_orbit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = seen(blank(np.array([60725.2, 60729.2]), "W84"), _orbit("2024 YR4"))
    (row,) = _run(capsys, _write(tmp_path / "two.psv", rows), code=3)["data"]
    assert row["status"] == "unconstrained"
    assert "three" in row["reason"]


def test_repeated_and_contradictory_rows_neither_crash_nor_win(
    one: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row twice, and a row with its place off by a degree at the same station and time."""
    from perilune.astrometry import read_observations

    (plain,) = _run(capsys, one)["data"]
    table = read_observations(one).observations
    again = table.where(np.array([5]))
    other = table.where(np.array([11]))
    other = replace(other, dec_rad=other.dec_rad + np.radians(1.0))
    file = _write(tmp_path / "more.psv", concatenate([table, again, other]))
    (row,) = _run(capsys, file, "--residuals")["data"]
    assert row["status"] == "converged"
    assert row["used"] >= plain["used"] - 1
    assert abs(row["elements"]["a_au"] - plain["elements"]["a_au"]) < (
        3.0 * plain["elements_sigma"]["a_au"]
    )
    odd = [each for each in row["observations"] if each["line"] > 31 and not each["is_used"]]
    assert odd
    assert all(each["reason"] for each in odd)


def test_swapped_columns_are_noticed(
    one: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Right ascension and declination exchanged on one night: rejected, with its reason."""
    from perilune.astrometry import read_observations

    table = read_observations(one).observations
    rows = np.array([12, 13, 14])
    ra, dec = table.ra_rad.copy(), table.dec_rad.copy()
    ra[rows], dec[rows] = dec[rows] % (2 * np.pi), np.clip(ra[rows], -1.5, 1.5)
    file = _write(tmp_path / "swapped.psv", replace(table, ra_rad=ra, dec_rad=dec))
    (row,) = _run(capsys, file, "--residuals")["data"]
    assert row["status"] == "converged"
    assert [each["is_used"] for each in row["observations"]][12:15] == [False] * 3


def test_two_objects_under_one_name_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    epochs = _nights(60675.2, 10)
    mine = seen(blank(epochs, "W84"), _orbit("2024 YR4"), name="X")
    few = _nights(60676.2, 6)
    theirs = seen(blank(few, "I11"), _orbit("Eros"), name="X", seed=2)
    (row,) = _run(capsys, _write(tmp_path / "x.psv", concatenate([mine, theirs])), code=3)["data"]
    assert row["other_object"] is not None
    assert len(row["other_object"]["lines"]) >= 15
    assert "two objects" in row["reason"]
    # 18 of 48 rows are the other's: more than an orbit may reject.
    assert row["status"] == "failed"


def test_a_spoilt_line_is_named_and_the_rest_used(
    one: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = Path(one).read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if "2024 YR4" in line) + 4
    lines[at] = lines[at].replace("2025", "20x5")
    file = tmp_path / "spoilt.psv"
    file.write_text("\n".join(lines) + "\n")
    assert main(["fit", str(file), "--json"]) == 0
    printed = capsys.readouterr()
    (row,) = json.loads(printed.out)["data"]
    assert row["used"] + row["rejected"] == 29
    assert f"{file}, line {at + 1}, obsTime" in printed.err


def test_an_object_that_is_not_there(one: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", one, "--object", "2020 XX"]) == 2
    assert "2024 YR4" in capsys.readouterr().err


def test_a_file_of_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear sir,\nI saw a comet.\n")
    assert main(["fit", str(file)]) == 2
    assert "letter.txt" in capsys.readouterr().err


def test_the_plain_table_fits_eighty_columns(one: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", one, "--residuals"]) == 0
    for line in capsys.readouterr().out.splitlines():
        assert len(line) <= 80, line


STATION = """\
name: A ridge
sites:
  - id: ridge
    body: moon
    longitude: -137 deg
    latitude: -89.45 deg
    height: 1200 m
"""


def test_a_station_file_s_site_observes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows under the site's id: set aside without the file, an orbit with it."""
    epochs = _nights(60675.2, 10)
    n = epochs.size
    at_ridge = replace(
        blank(epochs, "ridge"),
        position_system=np.full(n, "IAU"),
        position_center=np.full(n, 301),
        position=np.tile([np.radians(-137.0), np.radians(-89.45), 1.2], (n, 1)),
    )
    rows = seen(at_ridge, _orbit("2024 YR4"))
    bare = replace(
        rows,
        position_system=np.full(n, ""),
        position_center=np.zeros(n, dtype=np.int64),
        position=np.full((n, 3), np.nan),
    )
    file = _write(tmp_path / "ridge.psv", bare)
    station = tmp_path / "station.yaml"
    station.write_text(STATION)
    (without,) = _run(capsys, file, code=3)["data"]
    assert without["status"] == "unconstrained"
    assert len(without["set_aside"]) == n
    (row,) = _run(capsys, file, "--station", str(station))["data"]
    assert row["status"] == "converged"
    assert row["used"] + row["rejected"] == n
    assert abs(row["elements"]["e"] - 0.6615) < 0.001


def test_a_missing_table_of_biases_is_said_once(
    one: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from perilune.astrometry import read_observations

    monkeypatch.setenv("PERILUNE_CACHE", str(tmp_path))
    table = read_observations(one).observations
    file = _write(tmp_path / "old.psv", replace(table, catalog=np.full(len(table), "USNOB1")))
    assert main(["fit", file, "--json"]) == 0
    assert capsys.readouterr().err.count("perilune data get debias-2018") == 1
    assert main(["fit", one, "--json"]) == 0
    assert "debias" not in capsys.readouterr().err
